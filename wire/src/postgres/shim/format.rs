//! `format`: texts put together as Postgres does it, for names.

use std::sync::Arc;

use arrow::array::{Array, AsArray, StringBuilder};
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::{ColumnarValue, ScalarFunctionArgs};

use super::strings;

/// Bytes of a text that is made: it is there for names.
const FORMATTED: usize = 64 << 10;

/// Puts texts into the places of a pattern: `%s` as they are, `%I` and `%L` quoted.
pub(super) fn format(args: &ScalarFunctionArgs) -> Result<ColumnarValue> {
    let columns = (0..args.args.len()).map(|place| strings(args, place)).collect::<Result<Vec<_>>>()?;
    let cell = |place: usize, row: usize| {
        let column = columns.get(place)?.as_string::<i32>();
        column.is_valid(row).then(|| column.value(row))
    };
    let mut texts = StringBuilder::new();
    for row in 0..args.number_rows {
        let Some(pattern) = cell(0, row) else {
            texts.append_null();
            continue;
        };
        let (mut text, mut place, mut parts) = (String::new(), 0, pattern.chars());
        while let Some(c) = parts.next() {
            let kind = if c == '%' { parts.next() } else { None };
            place += usize::from(matches!(kind, Some('s' | 'I' | 'L')));
            match kind {
                Some('s') => text.push_str(cell(place, row).unwrap_or_default()),
                Some('I') => {
                    text.push_str(&format!("\"{}\"", cell(place, row).unwrap_or_default().replace('"', "\"\"")))
                }
                Some('L') => text.push_str(&format!("'{}'", cell(place, row).unwrap_or_default().replace('\'', "''"))),
                Some(other) => text.push(other),
                None => text.push(c),
            }
            if text.len() > FORMATTED {
                return Err(DataFusionError::Execution("a text is too long".into()));
            }
        }
        texts.append_value(text);
    }
    Ok(ColumnarValue::Array(Arc::new(texts.finish())))
}
