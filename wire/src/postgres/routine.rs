//! Our own functions in `pg_proc`, where clients look for functions.
//!
//! What they do is said in `annals_analytics::function`; the engine's own functions are not listed.

use std::ops::RangeInclusive;
use std::sync::Arc;

use annals_analytics::function::{FUNCTIONS, Function};
use arrow::array::{ArrayRef, BooleanArray, Int32Array, RecordBatch, StringArray, new_null_array};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, Schema};
use datafusion::catalog::{MemTable, TableProvider};
use datafusion::error::Result;
use datafusion::prelude::SessionContext;

use super::texts::Texts;

/// The numbers of our functions, behind all of Postgres' own.
pub(super) const ROUTINES: RangeInclusive<i64> = 900_000..=909_999;

/// Returns the functions with their numbers.
fn numbered() -> impl Iterator<Item = (i64, &'static Function)> {
    ROUTINES.zip(FUNCTIONS.iter().copied())
}

fn name(function: &Function) -> &'static str {
    function.call.split('(').next().unwrap_or_default()
}

/// Adds what is told of the functions.
pub(super) fn tell(texts: &mut Texts) {
    for (number, function) in numbered() {
        let arguments = function.call.split_once('(').map_or("", |(_, rest)| rest.trim_end_matches(')'));
        texts.comments.insert((number, 0), function.about.to_owned());
        texts.arguments.insert((number, 0), arguments.to_owned());
        texts.results.insert((number, 0), function.returns.to_owned());
        texts.bodies.insert((number, 0), body(function));
        texts.routines.insert(name(function).to_owned(), number);
    }
}

/// Returns a function as Postgres would have been told of it, with its formula for a body.
fn body(function: &Function) -> String {
    let Function { call, returns, formula, source, .. } = function;
    format!(
        "CREATE OR REPLACE FUNCTION mart.{call}\n RETURNS {returns}\n LANGUAGE internal\nAS $function$\n\
        -- {formula}\n-- {source}\n$function$\n"
    )
}

/// Returns `pg_proc`: Postgres' own rows, and ours in `mart`.
pub(super) async fn table(context: &SessionContext) -> Result<Arc<dyn TableProvider>> {
    let own = context.sql("SELECT * FROM pg_catalog.pg_proc").await?.collect().await?;
    let mart = "SELECT CAST(oid AS INT) FROM pg_catalog.pg_namespace WHERE nspname = 'mart'";
    let mart = context.sql(mart).await?.collect().await?.into_iter().find(|batch| batch.num_rows() > 0);
    let Some(first) = own.first() else { return Ok(Arc::new(MemTable::try_new(Arc::new(Schema::empty()), vec![])?)) };
    // Ours leave most columns empty, so all of them may be.
    let fields =
        first.schema().fields().iter().map(|field| field.as_ref().clone().with_nullable(true)).collect::<Vec<_>>();
    let schema = Arc::new(Schema::new(fields));
    let count = FUNCTIONS.len();
    let columns = schema.fields().iter().map(|field| {
        let known = match (field.name().as_str(), &mart) {
            ("pronamespace", Some(mart)) => {
                let index = Int32Array::from(vec![0; count]);
                Some(arrow::compute::take(mart.column(0), &index, None)?)
            }
            (name, _) => column(name),
        };
        Ok(match known {
            Some(array) => cast(&array, field.data_type())?,
            None => empty(field, count),
        })
    });
    let ours = RecordBatch::try_new(Arc::clone(&schema), columns.collect::<Result<Vec<_>>>()?)?;
    let own = own.into_iter().map(|batch| RecordBatch::try_new(Arc::clone(&schema), batch.columns().to_vec()));
    let mut batches = own.collect::<Result<Vec<_>, _>>()?;
    batches.push(ours);
    Ok(Arc::new(MemTable::try_new(schema, vec![batches])?))
}

/// Returns a column of our functions, where it is known.
fn column(column: &str) -> Option<ArrayRef> {
    let texts = |text: fn(&'static Function) -> &'static str| -> ArrayRef {
        Arc::new(FUNCTIONS.iter().map(|function| Some(text(function))).collect::<StringArray>())
    };
    let flags = |flag: fn(&Function) -> bool| -> ArrayRef {
        Arc::new(FUNCTIONS.iter().map(|function| Some(flag(function))).collect::<BooleanArray>())
    };
    Some(match column {
        "oid" => Arc::new(numbered().map(|(number, _)| i32::try_from(number).ok()).collect::<Int32Array>()),
        "proname" | "prosrc" => texts(name),
        "prokind" => texts(|_| "f"),
        "provolatile" => texts(|_| "i"),
        "proparallel" => texts(|_| "s"),
        "proretset" => flags(|function| function.returns.starts_with("setof")),
        "proisstrict" | "prosecdef" | "proleakproof" => flags(|_| false),
        _ => return None,
    })
}

/// Returns a column without values; numbers are 0, as nothing is in Postgres' catalogs.
fn empty(field: &Field, count: usize) -> ArrayRef {
    let zero: ArrayRef = Arc::new(Int32Array::from(vec![0; count]));
    match field.data_type() {
        kind @ (DataType::Int16 | DataType::Int32 | DataType::Int64) => {
            cast(&zero, kind).unwrap_or_else(|_| new_null_array(kind, count))
        }
        kind => new_null_array(kind, count),
    }
}
