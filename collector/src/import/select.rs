//! One statement: planned, its columns checked, its rows read column by column with lenient types.

use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, PrimitiveArray, RecordBatch, StringArray};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{
    ArrowPrimitiveType, DataType, Field, Float64Type, Int64Type, TimeUnit, TimestampMicrosecondType,
};
use datafusion::common::{Column as ColumnName, ScalarValue};
use datafusion::dataframe::DataFrame;
use datafusion::error::DataFusionError;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::logical_expr::{Expr, cast as cast_expression, lit};
use datafusion::prelude::{SQLOptions, SessionContext};

use super::column::Table;
use crate::error::{Error, Result};

/// A planned statement.
#[derive(Clone, Debug)]
pub(super) struct Select {
    pub(super) table: &'static Table,
    /// The option that gave it, for messages.
    name: &'static str,
    frame: DataFrame,
}

impl Select {
    /// Plans a query that only reads, and checks its columns.
    pub(super) async fn plan(context: &SessionContext, table: &'static Table, text: &str) -> Result<Self> {
        let read_only = SQLOptions::new().with_allow_ddl(false).with_allow_dml(false).with_allow_statements(false);
        let planned = context.sql_with_options(text, read_only).await;
        let select = Self { table, name: table.name, frame: planned.map_err(|error| fault(table.name, &error))? };
        select.check()?;
        Ok(select)
    }

    /// Returns the distinct rows of some of its columns as a statement of `table`, each column as `source` calls it.
    pub(super) fn distinct(&self, table: &'static Table, source: fn(&'static str) -> &'static str) -> Result<Self> {
        let frame = self.part(table, source).and_then(DataFrame::distinct);
        Ok(Self { table, name: self.name, frame: frame.map_err(|error| fault(self.name, &error))? })
    }

    /// Returns the rows that have one of `present` as a statement of `table`.
    pub(super) fn rows(&self, table: &'static Table, present: &[&str]) -> Result<Self> {
        let is_there = present.iter().map(|name| self.column(name).is_not_null()).reduce(Expr::or);
        let kept = match is_there {
            Some(is_there) => self.frame().filter(is_there),
            None => Ok(self.frame()),
        };
        let frame = kept.and_then(|frame| Self { frame, ..self.clone() }.part(table, |name| name));
        Ok(Self { table, name: self.name, frame: frame.map_err(|error| fault(self.name, &error))? })
    }

    fn part(&self, table: &Table, source: fn(&'static str) -> &'static str) -> Result<DataFrame, DataFusionError> {
        let given = table.columns.iter().filter(|column| self.has(source(column.name)));
        self.frame().select(given.map(|column| self.column(source(column.name)).alias(column.name)))
    }

    fn check(&self) -> Result<()> {
        let mut seen = Vec::new();
        for name in self.frame.schema().fields().iter().map(|field| field.name().as_str()) {
            if !self.table.columns.iter().any(|column| column.name == name) {
                return Err(self.error(format!("there is no column `{name}`; known are {}", self.table.names())));
            }
            if seen.contains(&name) {
                return Err(self.error(format!("the column `{name}` stands twice")));
            }
            seen.push(name);
        }
        match self.table.columns.iter().find(|column| column.absent.is_none() && !seen.contains(&column.name)) {
            Some(column) => Err(self.error(format!("the column `{}` is missing: {}", column.name, column.doc))),
            None => Ok(()),
        }
    }

    /// Returns whether the statement gives the column.
    pub(super) fn has(&self, name: &str) -> bool {
        self.frame.schema().fields().iter().any(|field| field.name() == name)
    }

    /// Returns a column of the statement as an expression.
    pub(super) fn column(&self, name: &str) -> Expr {
        let mut columns = self.frame.schema().iter();
        let found = columns.find(|(_, field)| field.name() == name).map(ColumnName::from);
        Expr::Column(found.unwrap_or_else(|| ColumnName::from_name(name)))
    }

    /// Returns the option that gave the statement, without its dashes.
    pub(super) fn name(&self) -> &'static str {
        self.name
    }

    /// Returns the statement, to count over it.
    pub(super) fn frame(&self) -> DataFrame {
        self.frame.clone()
    }

    /// Runs the statement.
    pub(super) async fn stream(&self) -> Result<SendableRecordBatchStream> {
        self.frame.clone().execute_stream().await.map_err(|error| fault(self.name, &error))
    }

    /// Runs the statement for rows whose `key` is one of `keys`; the engine moves the condition as close to the files
    /// as the statement allows.
    pub(super) async fn stream_of(&self, keys: &[&str]) -> Result<SendableRecordBatchStream> {
        let filtered = self.frame.clone().filter(self.condition(keys));
        let run = async { filtered?.execute_stream().await };
        run.await.map_err(|error| fault(self.name, &error))
    }

    /// A comparison in the column's own type lets the engine leave out files and row groups.
    fn condition(&self, keys: &[&str]) -> Expr {
        let key = self.column("key");
        let fields = self.frame.schema().fields();
        let data_type = fields.iter().find(|field| field.name() == "key").map(|field| field.data_type());
        match data_type {
            Some(data_type) if data_type.is_integer() => {
                let own = |text: &&str| {
                    let value = ScalarValue::try_from_string((*text).to_owned(), data_type).ok()?;
                    (value.to_string() == **text).then(|| lit(value))
                };
                key.in_list(keys.iter().filter_map(own).collect(), false)
            }
            _ => cast_expression(key, DataType::Utf8).in_list(keys.iter().map(|text| lit(*text)).collect(), false),
        }
    }

    /// Returns what came from the stream as a batch of this statement.
    pub(super) fn batch(&self, batch: Result<RecordBatch, DataFusionError>) -> Result<Batch> {
        let rows = batch.map_err(|error| fault(self.name, &error))?;
        Ok(Batch { name: self.name, rows })
    }

    fn error(&self, reason: String) -> Error {
        Error::Import { select: self.name, reason }
    }
}

/// Says what the engine says, in one line and without its internals.
pub(super) fn fault(select: &'static str, error: &DataFusionError) -> Error {
    let text = error.strip_backtrace();
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut reason = words.trim_start_matches("Error during planning: ").replace("'datafusion.public.", "'");
    if reason.starts_with("table '") && reason.ends_with("not found") {
        reason.push_str("; a file is named in single quotes and ends in csv, json, ndjson, jsonl, parquet or arrow; after csv and json \
             comes gz, bz2, xz or zst where it is compressed");
    }
    Error::Import { select, reason }
}

/// Some rows of a statement.
pub(super) struct Batch {
    name: &'static str,
    rows: RecordBatch,
}

/// The values of a column of numbers or times; all null where the statement does not give it.
pub(super) struct Values<T: ArrowPrimitiveType>(Option<PrimitiveArray<T>>);

/// The values of a column of texts.
pub(super) struct Texts(Option<StringArray>);

/// The values of a column of lists of texts, or of texts that a separator divides.
pub(super) struct Lists(Option<ArrayRef>, fn(char) -> bool);

impl Batch {
    /// Returns the number of rows.
    pub(super) fn row_count(&self) -> usize {
        self.rows.num_rows()
    }

    /// Returns a column as texts.
    pub(super) fn texts(&self, name: &str) -> Result<Texts> {
        Ok(Texts(self.cast(name, &DataType::Utf8)?.map(|array| array.as_string::<i32>().clone())))
    }

    /// Returns a column as whole numbers.
    pub(super) fn integers(&self, name: &str) -> Result<Values<Int64Type>> {
        self.values(name, &DataType::Int64)
    }

    /// Returns a column as numbers.
    pub(super) fn numbers(&self, name: &str) -> Result<Values<Float64Type>> {
        self.values(name, &DataType::Float64)
    }

    /// Returns a column as microseconds since 1970 UTC.
    pub(super) fn times(&self, name: &str) -> Result<Values<TimestampMicrosecondType>> {
        if self.rows.column_by_name(name).is_some_and(|array| array.data_type().is_numeric()) {
            let reason = format!("`{name}` is a number and no time; write to_timestamp_seconds(…) or the like");
            return Err(self.error(reason));
        }
        self.values(name, &DataType::Timestamp(TimeUnit::Microsecond, Some("+00:00".into())))
    }

    /// Returns a column as lists; texts are divided where `is_separator` holds.
    pub(super) fn lists(&self, name: &str, is_separator: fn(char) -> bool) -> Result<Lists> {
        let is_list = self.rows.column_by_name(name).is_some_and(|array| array.data_type().is_nested());
        let list = DataType::List(Arc::new(Field::new_list_field(DataType::Utf8, true)));
        Ok(Lists(self.cast(name, if is_list { &list } else { &DataType::Utf8 })?, is_separator))
    }

    /// Returns the error of a row of this statement.
    pub(super) fn error(&self, reason: String) -> Error {
        Error::Import { select: self.name, reason }
    }

    fn values<T: ArrowPrimitiveType>(&self, name: &str, to: &DataType) -> Result<Values<T>> {
        Ok(Values(self.cast(name, to)?.map(|array| array.as_primitive::<T>().clone())))
    }

    /// Returns the column in another type. A value that has no meaning there is an error that shows it, except the
    /// empty text, which is null.
    fn cast(&self, name: &str, to: &DataType) -> Result<Option<ArrayRef>> {
        let Some(array) = self.rows.column_by_name(name) else { return Ok(None) };
        let wrong = |error: &dyn std::fmt::Display| self.error(format!("`{name}`: {error}"));
        let done = cast(array, to).map_err(|error| wrong(&error))?;
        if done.null_count() > array.logical_null_count() && !to.is_nested() {
            let texts = cast(array, &DataType::Utf8).map_err(|error| wrong(&error))?;
            let texts = texts.as_string::<i32>();
            let mut lost = (0..done.len()).filter(|row| done.is_null(*row) && !texts.is_null(*row));
            if let Some(row) = lost.find(|row| !texts.value(*row).trim().is_empty()) {
                let what = if matches!(to, DataType::Timestamp(..)) { "time" } else { "number" };
                return Err(wrong(&format!("`{}` is no {what}", texts.value(row))));
            }
        }
        Ok(Some(done))
    }
}

impl<T: ArrowPrimitiveType> Values<T> {
    /// Returns the value of a row.
    pub(super) fn get(&self, row: usize) -> Option<T::Native> {
        self.0.as_ref().filter(|array| array.is_valid(row)).map(|array| array.value(row))
    }
}

impl Texts {
    /// Returns the text of a row; the empty text is none.
    pub(super) fn get(&self, row: usize) -> Option<&str> {
        let array = self.0.as_ref().filter(|array| array.is_valid(row))?;
        Some(array.value(row)).filter(|text| !text.is_empty())
    }

    /// Returns the text of a row as the table's own.
    pub(super) fn own(&self, row: usize) -> Option<String> {
        self.get(row).map(str::to_owned)
    }
}

impl Lists {
    /// Returns the texts of a row.
    pub(super) fn get(&self, row: usize) -> Vec<String> {
        let Some(array) = self.0.as_ref().filter(|array| array.is_valid(row)) else { return Vec::new() };
        let own = |text: &str| (!text.trim().is_empty()).then(|| text.trim().to_owned());
        match array.as_list_opt::<i32>() {
            Some(lists) => lists.value(row).as_string::<i32>().iter().flatten().filter_map(own).collect(),
            None => array.as_string::<i32>().value(row).split(self.1).filter_map(own).collect(),
        }
    }
}
