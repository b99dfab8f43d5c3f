//! The database of the `.slt` files: it takes SQL, and stories under the word `history`.
//!
//! ```text
//! statement ok
//! history
//!   change a1 by Ada
//!   build a1 linux parse=pass
//!
//! query TT
//! SELECT name, verdict FROM streak
//! ----
//! parse  pass
//! ```
//!
//! Several stories in one file go on from one another: what a later one brings has arrived late.

use annals_analytics::Session;
use annals_analytics::session;
use arrow::array::RecordBatch;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use sqllogictest::{DBOutput, DefaultColumnType};
use tokio::runtime::Runtime;

use crate::oracle::{self, Range};
use crate::tables;
use crate::world::World;

/// A failure of a statement, in words.
#[derive(Debug)]
pub(crate) struct Failure(String);

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Failure {}

/// A world that is told step by step, and the session on it.
pub(crate) struct Teller {
    runtime: Runtime,
    world: World,
    history: Vec<(Range, i64)>,
    session: Option<Session>,
}

impl Teller {
    /// Returns the teller of an empty world.
    pub(crate) fn new() -> Result<Self, Failure> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| Failure(error.to_string()))?;
        Ok(Self { runtime, world: World::default(), history: Vec::new(), session: None })
    }

    fn tell(&mut self, story: &str) -> Result<(), Failure> {
        self.world.tell(story).map_err(Failure)?;
        for range in oracle::ranges(&oracle::streaks(&self.world)) {
            if !self.history.iter().any(|(known, _)| *known == range) {
                self.history.push((range, self.world.now));
            }
        }
        self.session = None;
        Ok(())
    }

    fn ask(&mut self, sql: &str) -> Result<Vec<RecordBatch>, Failure> {
        let failure = |error: &dyn std::fmt::Display| Failure(error.to_string());
        self.runtime.block_on(async {
            if self.session.is_none() {
                let tables = tables::raw(&self.world, &self.history).map_err(|e| failure(&e))?;
                self.session =
                    Some(session::build(&tables, &[], 1, std::sync::Arc::default()).await.map_err(|e| failure(&e))?);
            }
            let session = self.session.as_ref().ok_or_else(|| Failure("no session".into()))?;
            let frame = session.query(sql).await.map_err(|e| failure(&e))?;
            frame.collect().await.map_err(|e| failure(&e))
        })
    }
}

impl sqllogictest::DB for Teller {
    type Error = Failure;
    type ColumnType = DefaultColumnType;

    fn run(&mut self, sql: &str) -> Result<DBOutput<DefaultColumnType>, Failure> {
        if let Some(story) = sql.strip_prefix("history") {
            self.tell(story)?;
            return Ok(DBOutput::StatementComplete(0));
        }
        let batches = self.ask(sql)?;
        let types = vec![DefaultColumnType::Text; batches.first().map_or(0, RecordBatch::num_columns)];
        let mut rows = Vec::new();
        for batch in &batches {
            rows.extend(texts(batch).map_err(|error| Failure(error.to_string()))?);
        }
        Ok(DBOutput::Rows { types, rows })
    }
}

fn texts(batch: &RecordBatch) -> Result<Vec<Vec<String>>, arrow::error::ArrowError> {
    let options = FormatOptions::default().with_null("NULL");
    let columns = batch.columns().iter().map(|column| ArrayFormatter::try_new(column.as_ref(), &options));
    let columns = columns.collect::<Result<Vec<_>, _>>()?;
    let cell = |text: String| if text.is_empty() { "(empty)".into() } else { text };
    Ok((0..batch.num_rows()).map(|row| columns.iter().map(|c| cell(c.value(row).to_string())).collect()).collect())
}
