//! Functions whose result can be far larger than what they are given.
//!
//! The engine counts what its operators hold, not what a function makes: `repeat('x', 2000000000)` would be made before
//! anybody asks whether there is room. These functions look at what they are asked for first.

use std::sync::Arc;

use arrow::array::{Array, AsArray};
use arrow::compute::cast;
use arrow::datatypes::{
    DataType, FieldRef, Float64Type, IntervalMonthDayNano, IntervalMonthDayNanoType, IntervalUnit, TimeUnit,
};
use datafusion::common::ScalarValue;
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::simplify::{ExprSimplifyResult, SimplifyContext};
use datafusion::logical_expr::{
    ColumnarValue, Documentation, Expr, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature,
};

use super::width;

/// Bytes that one call may make of one batch.
const BOUND: f64 = (256 << 20) as f64;

/// One argument in one row: as a number, which is a text's or a list's length, and the bytes that it takes.
#[derive(Clone, Copy, Default)]
struct Argument {
    number: f64,
    bytes: f64,
}

/// How many bytes a call makes of one row, given its arguments.
type Size = fn(&[Argument]) -> f64;

/// The functions, by name.
const GROWING: &[(&str, Size)] = &[
    ("repeat", |a| number(a, 0) * number(a, 1)),
    ("lpad", |a| 4.0 * number(a, 1)),
    ("rpad", |a| 4.0 * number(a, 1)),
    ("range", |a| 8.0 * steps(a)),
    ("generate_series", |a| 8.0 * steps(a)),
    ("replace", |a| number(a, 0) * number(a, 2).max(1.0)),
    ("regexp_replace", |a| (number(a, 0) + 1.0) * number(a, 2).max(1.0)),
    ("translate", |a| number(a, 0) * 4.0),
    ("concat", sum),
    ("concat_ws", |a| sum(a) + a.len() as f64 * number(a, 0)),
    ("array_repeat", |a| bytes(a, 0).max(16.0) * number(a, 1)),
    ("array_resize", |a| bytes(a, 0) + bytes(a, 2).max(16.0) * number(a, 1)),
    ("array_to_string", |a| 3.0 * bytes(a, 0) + number(a, 0) * (bytes(a, 1) + bytes(a, 2))),
    ("array_replace", |a| bytes(a, 0) + bytes(a, 2)),
    ("array_replace_n", |a| bytes(a, 0) + number(a, 0) * bytes(a, 2)),
    ("array_replace_all", |a| bytes(a, 0) + number(a, 0) * bytes(a, 2)),
    ("array_append", sum),
    ("array_prepend", sum),
    ("array_concat", sum),
    ("array_union", sum),
    ("arrays_zip", sum),
    ("make_array", sum),
    ("struct", sum),
    ("named_struct", sum),
    ("make_map", sum),
];

fn argument(arguments: &[Argument], place: usize) -> Argument {
    arguments.get(place).copied().unwrap_or_default()
}

fn number(arguments: &[Argument], place: usize) -> f64 {
    argument(arguments, place).number.max(0.0)
}

fn bytes(arguments: &[Argument], place: usize) -> f64 {
    argument(arguments, place).bytes
}

fn sum(arguments: &[Argument]) -> f64 {
    arguments.iter().map(|argument| argument.bytes).sum()
}

/// Returns the length of a series from one bound or two, by one or by a step.
fn steps(a: &[Argument]) -> f64 {
    match a {
        [end] => end.number.abs(),
        [start, end] => (end.number - start.number).abs(),
        [start, end, step, ..] => {
            ((end.number - start.number) / if step.number == 0.0 { 1.0 } else { step.number }).abs()
        }
        [] => 0.0,
    }
}

/// Returns the function under the bound, if it is one that needs it.
pub(super) fn bounded(function: &Arc<ScalarUDF>) -> Option<ScalarUDF> {
    let (_, size) = GROWING.iter().find(|(name, _)| *name == function.name())?;
    Some(ScalarUDF::new_from_impl(Bounded { inner: Arc::clone(function), size: SizeOf(*size) }))
}

#[derive(Clone, Copy, Debug)]
struct SizeOf(Size);

/// A function that is asked whether its result has room.
#[derive(Debug)]
struct Bounded {
    inner: Arc<ScalarUDF>,
    size: SizeOf,
}

impl PartialEq for Bounded {
    fn eq(&self, other: &Self) -> bool {
        self.inner == other.inner
    }
}

impl Eq for Bounded {}

impl std::hash::Hash for Bounded {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.inner.hash(state);
    }
}

impl ScalarUDFImpl for Bounded {
    fn name(&self) -> &str {
        self.inner.name()
    }

    fn aliases(&self) -> &[String] {
        self.inner.aliases()
    }

    fn signature(&self) -> &Signature {
        self.inner.signature()
    }

    fn return_type(&self, types: &[DataType]) -> Result<DataType> {
        self.inner.inner().return_type(types)
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs) -> Result<FieldRef> {
        self.inner.return_field_from_args(args)
    }

    fn coerce_types(&self, types: &[DataType]) -> Result<Vec<DataType>> {
        self.inner.coerce_types(types)
    }

    fn simplify(&self, args: Vec<Expr>, _: &SimplifyContext) -> Result<ExprSimplifyResult> {
        // The inner function would put itself into the plan.
        Ok(ExprSimplifyResult::Original(args))
    }

    fn documentation(&self) -> Option<&Documentation> {
        self.inner.documentation()
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let bytes = size(&args, self.size.0)?;
        if bytes > BOUND {
            let text = format!("{} would make {bytes:.0} bytes at once", self.name());
            return Err(DataFusionError::ResourcesExhausted(text));
        }
        self.inner.invoke_with_args(args)
    }
}

/// Returns how many bytes the call would make of its whole batch. What is the same in each row is written for each, as soon
/// as it meets what is not.
fn size(args: &ScalarFunctionArgs, size: Size) -> Result<f64> {
    let columns = args.args.iter().map(arguments).collect::<Result<Vec<_>>>()?;
    let mut row_values = Vec::with_capacity(columns.len());
    let mut sum = 0.0;
    for row in 0..args.number_rows {
        row_values.clear();
        let of_row = |column: &Vec<Argument>| column.get(if column.len() == 1 { 0 } else { row }).copied();
        row_values.extend(columns.iter().map(|column| of_row(column).unwrap_or_default()));
        sum += size(&row_values);
    }
    Ok(sum)
}

fn arguments(value: &ColumnarValue) -> Result<Vec<Argument>> {
    match value {
        ColumnarValue::Scalar(ScalarValue::Utf8(t) | ScalarValue::LargeUtf8(t) | ScalarValue::Utf8View(t)) => {
            Ok(vec![measured(t.as_ref().map(String::len))])
        }
        ColumnarValue::Scalar(value) => arguments_of(&value.to_array()?),
        ColumnarValue::Array(array) => arguments_of(array),
    }
}

/// Returns what has a length of its own.
fn measured(length: Option<usize>) -> Argument {
    let length = length.unwrap_or_default() as f64;
    Argument { number: length, bytes: length }
}

/// Returns numbers as they are, times as microseconds, and the lengths of texts and lists; anything else counts as nothing.
fn arguments_of(array: &dyn Array) -> Result<Vec<Argument>> {
    let numbers = match array.data_type() {
        DataType::Utf8 => return Ok(array.as_string::<i32>().iter().map(|t| measured(t.map(str::len))).collect()),
        DataType::LargeUtf8 => return Ok(array.as_string::<i64>().iter().map(|t| measured(t.map(str::len))).collect()),
        DataType::Utf8View => return Ok(array.as_string_view().iter().map(|t| measured(t.map(str::len))).collect()),
        DataType::List(_) => {
            let lengths = array.as_list::<i32>().offsets().lengths().enumerate();
            let bytes = |row| width::bytes(array, row..row + 1) as f64;
            return Ok(lengths.map(|(row, n)| Argument { number: n as f64, bytes: bytes(row) }).collect());
        }
        kind if kind.is_numeric() => floats(array)?,
        DataType::Date32 | DataType::Date64 | DataType::Timestamp(_, _) => {
            let micros = cast(array, &DataType::Timestamp(TimeUnit::Microsecond, None))?;
            floats(&cast(&micros, &DataType::Int64)?)?
        }
        DataType::Interval(IntervalUnit::MonthDayNano) => {
            let micros = |i: IntervalMonthDayNano| {
                (f64::from(i.months) * 30.0 + f64::from(i.days)) * 86_400e6 + i.nanoseconds as f64 / 1e3
            };
            let intervals = array.as_primitive::<IntervalMonthDayNanoType>();
            intervals.iter().map(|i| i.map_or(0.0, micros)).collect()
        }
        _ => vec![0.0; array.len()],
    };
    let bytes = width::of(array) as f64;
    Ok(numbers.into_iter().map(|number| Argument { number, bytes }).collect())
}

fn floats(array: &dyn Array) -> Result<Vec<f64>> {
    let floats = cast(array, &DataType::Float64)?;
    Ok(floats.as_primitive::<Float64Type>().iter().map(|n| n.unwrap_or(0.0)).collect())
}
