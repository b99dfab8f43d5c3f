//! Cursors: queries that are declared once and fetched in parts, forward only.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arrow::array::{ArrayRef, BooleanArray, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use async_trait::async_trait;
use datafusion::catalog::{MemTable, Session, TableProvider};
use datafusion::logical_expr::{Expr, TableType};
use datafusion::physical_plan::ExecutionPlan;
use pgwire::api::portal::Format;
use pgwire::api::results::FieldInfo;
use pgwire::error::PgWireResult;

use super::error::failed;
use super::rows::{Answer, fields};

/// Cursors that one connection may hold open: each holds a query open.
const CURSORS: usize = 4;

/// The cursors of one connection.
#[derive(Default)]
pub(super) struct Cursors(Mutex<HashMap<String, Cursor>>);

#[derive(Clone)]
struct Cursor {
    answer: Arc<tokio::sync::Mutex<Answer>>,
    schema: SchemaRef,
    text: String,
    /// It outlives its transaction.
    is_held: bool,
}

impl fmt::Debug for Cursors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Cursors")
    }
}

impl Cursors {
    fn lock(&self) -> MutexGuard<'_, HashMap<String, Cursor>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Refuses a cursor that there is no place for.
    pub(super) fn check(&self, name: &str) -> PgWireResult<()> {
        let cursors = self.lock();
        if cursors.contains_key(name) {
            return Err(failed("42P03", format!("cursor \"{name}\" already exists")));
        }
        if cursors.len() >= CURSORS {
            return Err(failed("53000", format!("a connection has at most {CURSORS} cursors")));
        }
        Ok(())
    }

    /// Opens a cursor over an answer; `text` is the statement that declared it.
    pub(super) fn open(&self, name: String, answer: Answer, text: &str, is_held: bool) {
        let (schema, answer) = (answer.schema(), Arc::new(tokio::sync::Mutex::new(answer)));
        self.lock().insert(name, Cursor { answer, schema, text: text.to_owned(), is_held });
    }

    /// Returns what a cursor has left.
    pub(super) fn answer(&self, name: &str) -> PgWireResult<Arc<tokio::sync::Mutex<Answer>>> {
        let missing = || failed("34000", format!("cursor \"{name}\" does not exist"));
        self.lock().get(name).map(|cursor| Arc::clone(&cursor.answer)).ok_or_else(missing)
    }

    /// Returns the columns of a cursor.
    pub(super) fn fields(&self, name: &str, format: &Format) -> Option<PgWireResult<Vec<FieldInfo>>> {
        Some(fields(&self.lock().get(name)?.schema, format))
    }

    /// Closes a cursor, or all.
    pub(super) fn close(&self, name: Option<&str>) {
        match name {
            Some(name) => drop(self.lock().remove(name)),
            None => self.lock().clear(),
        }
    }

    /// Closes what ends with a transaction.
    pub(super) fn end(&self) {
        self.lock().retain(|_, cursor| cursor.is_held);
    }

    fn rows(&self) -> datafusion::error::Result<RecordBatch> {
        let cursors = self.lock();
        let flags = |flag: fn(&Cursor) -> bool| -> ArrayRef {
            Arc::new(cursors.values().map(|cursor| Some(flag(cursor))).collect::<BooleanArray>())
        };
        let columns: Vec<ArrayRef> = vec![
            Arc::new(StringArray::from_iter_values(cursors.keys())),
            Arc::new(StringArray::from_iter_values(cursors.values().map(|cursor| &cursor.text))),
            flags(|cursor| cursor.is_held),
            flags(|_| false),
            flags(|_| false),
        ];
        Ok(RecordBatch::try_new(Listed.schema(), columns)?)
    }
}

/// `pg_cursors`: the cursors of the connection that reads it, which its session carries.
#[derive(Debug)]
pub(super) struct Listed;

#[async_trait]
impl TableProvider for Listed {
    fn schema(&self) -> SchemaRef {
        let texts = ["name", "statement"].map(|name| Field::new(name, DataType::Utf8, true));
        let flags = ["is_holdable", "is_binary", "is_scrollable"];
        let flags = flags.map(|name| Field::new(name, DataType::Boolean, true));
        Arc::new(Schema::new(texts.into_iter().chain(flags).collect::<Vec<_>>()))
    }

    fn table_type(&self) -> TableType {
        TableType::View
    }

    async fn scan(
        &self,
        session: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> datafusion::error::Result<Arc<dyn ExecutionPlan>> {
        let cursors = session.config().get_extension::<Cursors>().unwrap_or_default();
        MemTable::try_new(self.schema(), vec![vec![cursors.rows()?]])?.scan(session, projection, filters, limit).await
    }
}
