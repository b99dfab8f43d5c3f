//! The outcomes of the tests that are being looked at: a test's page asks for them three times, and its chart once more.
//!
//! They are read from the files once per version, with all their columns, for whoever asks for one test by its id and
//! for nothing narrower.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use async_trait::async_trait;
use datafusion::catalog::{MemTable, Session, TableProvider};
use datafusion::common::{Result, ScalarValue, Statistics};
use datafusion::dataframe::DataFrame;
use datafusion::datasource::provider_as_source;
use datafusion::execution::SessionState;
use datafusion::logical_expr::{Expr, LogicalPlanBuilder, TableProviderFilterPushDown, TableType, col, lit};
use datafusion::physical_plan::ExecutionPlan;
use tokio::sync::OnceCell;

use crate::kept;

/// So many tests are kept, those that were asked for last.
const TESTS: usize = 4;
/// A test of more outcomes is read anew each time.
const MOST_ROWS: usize = 1 << 15;

/// The table of outcomes.
#[derive(Debug)]
pub(crate) struct Histories {
    outcomes: Arc<dyn TableProvider>,
    state: SessionState,
    tests: Mutex<VecDeque<Arc<Test>>>,
}

/// One test; no rows where they are too many.
#[derive(Debug)]
struct Test {
    id: i64,
    rows: OnceCell<Option<MemTable>>,
}

impl Histories {
    /// Returns the table of `outcomes`, read by the engine of `state`.
    pub(crate) fn new(outcomes: Arc<dyn TableProvider>, state: &SessionState) -> Self {
        Self { outcomes, state: kept::engine(state), tests: Mutex::default() }
    }

    /// Returns a test, which is now the one that was asked for last.
    fn test(&self, id: i64) -> Arc<Test> {
        let mut tests = self.tests.lock().unwrap_or_else(PoisonError::into_inner);
        let known = tests.iter().position(|test| test.id == id).and_then(|place| tests.remove(place));
        let test = known.unwrap_or_else(|| Arc::new(Test { id, rows: OnceCell::new() }));
        tests.push_front(Arc::clone(&test));
        tests.truncate(TESTS);
        test
    }

    async fn read(&self, id: i64) -> Result<Option<MemTable>> {
        let plan = LogicalPlanBuilder::scan("outcome", provider_as_source(Arc::clone(&self.outcomes)), None)?
            .filter(col("test_id").eq(lit(id)))?
            .limit(0, Some(MOST_ROWS + 1))?
            .build()?;
        let rows = DataFrame::new(self.state.clone(), plan).collect().await?;
        if rows.iter().map(RecordBatch::num_rows).sum::<usize>() > MOST_ROWS {
            return Ok(None);
        }
        let schema = self.outcomes.schema();
        let rows = rows.into_iter().map(|batch| kept::in_types(batch, &schema)).collect::<Result<_>>()?;
        Ok(Some(MemTable::try_new(schema, vec![rows])?))
    }
}

#[async_trait]
impl TableProvider for Histories {
    fn schema(&self) -> SchemaRef {
        self.outcomes.schema()
    }

    fn table_type(&self) -> TableType {
        self.outcomes.table_type()
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        if let Some(id) = asked(filters) {
            let test = self.test(id);
            if let Some(rows) = test.rows.get_or_try_init(|| self.read(id)).await? {
                return rows.scan(state, projection, filters, limit).await;
            }
        }
        self.outcomes.scan(state, projection, filters, limit).await
    }

    fn supports_filters_pushdown(&self, filters: &[&Expr]) -> Result<Vec<TableProviderFilterPushDown>> {
        let own = |(filter, own): (&&Expr, TableProviderFilterPushDown)| match kept::sought(filter) {
            Some(("test_id" | "series_id", _)) => TableProviderFilterPushDown::Inexact,
            _ => own,
        };
        Ok(filters.iter().zip(self.outcomes.supports_filters_pushdown(filters)?).map(own).collect())
    }

    fn statistics(&self) -> Option<Statistics> {
        self.outcomes.statistics()
    }
}

/// Returns the test that is asked for, all its series.
fn asked(filters: &[Expr]) -> Option<i64> {
    let sought = |name: &str| filters.iter().filter_map(kept::sought).find(|(column, _)| *column == name);
    match (sought("test_id"), sought("series_id")) {
        (Some((_, Expr::Literal(ScalarValue::Int64(id), _))), None) => *id,
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use arrow::array::{ArrayRef, Int64Array};
    use datafusion::prelude::SessionContext;

    use super::*;

    /// A table that counts how often it is read.
    #[derive(Debug)]
    struct Counted {
        table: MemTable,
        count: AtomicUsize,
    }

    #[async_trait]
    impl TableProvider for Counted {
        fn schema(&self) -> SchemaRef {
            self.table.schema()
        }

        fn table_type(&self) -> TableType {
            TableType::Base
        }

        async fn scan(
            &self,
            state: &dyn Session,
            projection: Option<&Vec<usize>>,
            filters: &[Expr],
            limit: Option<usize>,
        ) -> Result<Arc<dyn ExecutionPlan>> {
            self.count.fetch_add(1, Ordering::Relaxed);
            self.table.scan(state, projection, filters, limit).await
        }
    }

    /// Returns outcomes of test 0, which has too many, and of ten others with three each on two series.
    fn outcomes() -> Arc<Counted> {
        let tests = (0..=MOST_ROWS as i64).map(|_| 0).chain((0..30).map(|row| 1 + row / 3));
        let tests: ArrayRef = Arc::new(Int64Array::from_iter_values(tests));
        let series: ArrayRef = Arc::new(Int64Array::from_iter_values((0..tests.len() as i64).map(|row| row % 2)));
        let rows = RecordBatch::try_from_iter([("test_id", tests), ("series_id", series)]).unwrap();
        let table = MemTable::try_new(rows.schema(), vec![vec![rows]]).unwrap();
        Arc::new(Counted { table, count: AtomicUsize::new(0) })
    }

    #[tokio::test]
    async fn a_test_that_is_looked_at_is_read_once() {
        let (outcomes, context) = (outcomes(), SessionContext::new());
        let histories = Histories::new(outcomes.clone(), &context.state());
        context.register_table("outcome", Arc::new(histories)).unwrap();
        let ask = async |condition: &str, expected: usize, reads: usize| {
            let before = outcomes.count.load(Ordering::Relaxed);
            let sql = format!("SELECT series_id FROM outcome WHERE {condition}");
            let rows = context.sql(&sql).await.unwrap().count().await.unwrap();
            let count = outcomes.count.load(Ordering::Relaxed) - before;
            assert_eq!((rows, count), (expected, reads), "{condition}");
        };
        ask("test_id = 7", 3, 1).await;
        ask("test_id = 7", 3, 0).await;
        ask("test_id = 7 AND series_id + 1 = 2", 2, 0).await;
        // One series is less than the test.
        ask("test_id = 7 AND series_id = 0", 1, 1).await;
        for id in 1..=TESTS {
            ask(&format!("test_id = {id}"), 3, 1).await;
        }
        ask("test_id = 7", 3, 1).await;
        // It is known to have too many, so it is not tried again.
        ask("test_id = 0", MOST_ROWS + 1, 2).await;
        ask("test_id = 0", MOST_ROWS + 1, 1).await;
        ask("test_id IN (7, 8)", 6, 1).await;
    }
}
