//! Tables that are computed once per session, when somebody first asks, and then read from memory.
//!
//! A plain view is planned into every query that reads it, so one that many others stand on would be computed again for
//! each of them. What is kept follows from one version of the tables, as everything in a session does, so it needs no
//! renewal: the next session keeps its own. What is judged takes long, so the next session may be shown with that of the
//! one before, until its own is computed. Which views are kept is said in their heads, see [`crate::view`]; the evidence
//! against changes is kept, too, see [`crate::judge`].

use std::fmt::Debug;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, StringViewBuilder};
use arrow::compute::cast;
use arrow::datatypes::{FieldRef, Fields, Schema, SchemaRef};
use async_trait::async_trait;
use datafusion::catalog::{MemTable, MemoryCatalogProviderList, Session, TableProvider};
use datafusion::common::Result;
use datafusion::dataframe::DataFrame;
use datafusion::execution::{SessionState, SessionStateBuilder};
use datafusion::logical_expr::{Expr, LogicalPlan, TableProviderFilterPushDown, TableType};
use datafusion::physical_plan::ExecutionPlan;
use tokio::sync::OnceCell;

mod place;

use place::Places;
pub(crate) use place::sought;

/// Rows that are computed at once. A column of texts refers to all that its texts were read from, and so does each piece
/// that a join makes of it; where the next join puts these pieces together, it refers to that as often as there are pieces.
const ROWS: usize = 1 << 16;

/// What can be computed once.
#[async_trait]
pub(crate) trait Source: Debug + Send + Sync + 'static {
    /// Returns the columns.
    fn schema(&self) -> SchemaRef;

    /// Computes the rows.
    async fn compute(&self) -> Result<MemTable>;
}

/// A table whose rows stay in memory once they are computed.
#[derive(Debug)]
pub(crate) struct Kept<S> {
    source: S,
    rows: OnceCell<Rows>,
}

/// The rows of a table, and where to find those of one value.
#[derive(Debug)]
struct Rows {
    table: MemTable,
    places: Places,
}

/// A view whose rows stay in memory.
pub(crate) type KeptView = Kept<Planned>;

impl KeptView {
    /// Returns the view as it was planned.
    pub(crate) fn plan(&self) -> &LogicalPlan {
        &self.source.plan
    }
}

impl<S: Source> Kept<S> {
    /// Returns the table of what `source` computes.
    pub(crate) fn of(source: S) -> Self {
        Self { source, rows: OnceCell::new() }
    }

    /// Returns what computes the rows.
    pub(crate) fn source(&self) -> &S {
        &self.source
    }

    /// Computes the rows, if nobody has asked for them yet.
    pub(crate) async fn warm(&self) -> Result<()> {
        self.rows().await.map(drop)
    }

    /// Returns the rows.
    pub(crate) async fn batches(&self) -> Result<Vec<RecordBatch>> {
        Ok(self.rows().await?.places.batches().to_vec())
    }

    async fn rows(&self) -> Result<&Rows> {
        let compute = || async {
            let table = self.source.compute().await?;
            let mut batches = Vec::new();
            for partition in &table.batches {
                batches.extend(partition.read().await.iter().cloned());
            }
            Ok(Rows { table, places: Places::new(batches) })
        };
        self.rows.get_or_try_init(compute).await
    }
}

#[async_trait]
impl<S: Source> TableProvider for Kept<S> {
    fn schema(&self) -> SchemaRef {
        self.source.schema()
    }

    fn table_type(&self) -> TableType {
        TableType::View
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let Rows { table, places } = self.rows().await?;
        match places.find(&self.schema(), filters)? {
            Some(found) => {
                let table = MemTable::try_new(self.schema(), vec![vec![found]])?;
                table.scan(state, projection, filters, limit).await
            }
            None => table.scan(state, projection, filters, limit).await,
        }
    }

    fn supports_filters_pushdown(&self, filters: &[&Expr]) -> Result<Vec<TableProviderFilterPushDown>> {
        let is_sought = |filter: &&Expr| match sought(filter) {
            Some(_) => TableProviderFilterPushDown::Inexact,
            None => TableProviderFilterPushDown::Unsupported,
        };
        Ok(filters.iter().map(is_sought).collect())
    }
}

/// Returns the engine of a session without its catalog: the catalog will hold what is kept, and a state that holds the
/// catalog would keep the session alive for ever. It is the session's own engine: whoever asks first must not have a
/// table computed within bounds of their own.
pub(crate) fn engine(state: &SessionState) -> SessionState {
    let nothing = Arc::new(MemoryCatalogProviderList::new());
    let config = state.config().clone().with_batch_size(ROWS);
    SessionStateBuilder::new_from_existing(state.clone()).with_config(config).with_catalog_list(nothing).build()
}

/// The plan of a view.
#[derive(Debug)]
pub(crate) struct Planned {
    plan: LogicalPlan,
    schema: SchemaRef,
    state: SessionState,
}

impl Planned {
    /// Returns the source that `plan` computes.
    pub(crate) fn new(plan: LogicalPlan, state: &SessionState) -> Self {
        // Plan and execution do not always agree on which columns have no null, so none promises it.
        let nullable = plan.schema().fields().iter().map(|field| field.as_ref().clone().with_nullable(true));
        let schema = Arc::new(Schema::new(nullable.collect::<Fields>()));
        Self { plan, schema, state: engine(state) }
    }
}

/// Returns the rows in the types that were planned: what runs may represent texts in another way.
pub(crate) fn in_types(batch: RecordBatch, schema: &SchemaRef) -> Result<RecordBatch> {
    let (_, columns, _) = batch.into_parts();
    let typed = |(column, field): (ArrayRef, &FieldRef)| {
        let typed = cast(&column, field.data_type())?;
        drop(column);
        Ok(own(typed))
    };
    let columns = columns.into_iter().zip(schema.fields()).map(typed).collect::<Result<_>>()?;
    Ok(RecordBatch::try_new(schema.clone(), columns)?)
}

/// Returns the rows without what they do not show.
pub(crate) fn own_batch(batch: RecordBatch) -> Result<RecordBatch> {
    let (schema, columns, _) = batch.into_parts();
    Ok(RecordBatch::try_new(schema, columns.into_iter().map(own).collect())?)
}

/// Returns the column without what it does not show, and without room for more. Each text is there once: views of texts
/// keep all that was read beside them, and the rows of one incident say the same.
fn own(mut column: ArrayRef) -> ArrayRef {
    if let Some(texts) = column.as_string_view_opt() {
        let mut own = StringViewBuilder::with_capacity(texts.len()).with_deduplicate_strings();
        own.extend(texts);
        column = Arc::new(own.finish());
    }
    column.shrink_to_fit();
    column
}

#[async_trait]
impl Source for Planned {
    fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }

    async fn compute(&self) -> Result<MemTable> {
        let partitions = DataFrame::new(self.state.clone(), self.plan.clone()).collect_partitioned().await?;
        let planned =
            |batches: Vec<RecordBatch>| batches.into_iter().map(|batch| in_types(batch, &self.schema)).collect();
        MemTable::try_new(self.schema.clone(), partitions.into_iter().map(planned).collect::<Result<_>>()?)
    }
}

#[cfg(test)]
mod tests {
    use arrow::array::{Int64Array, Int64Builder, StringViewArray};
    use datafusion::common::ScalarValue;
    use datafusion::physical_plan::collect;
    use datafusion::prelude::SessionContext;

    use super::*;
    use crate::Session;

    #[derive(Debug)]
    struct Numbers(RecordBatch);

    #[async_trait]
    impl Source for Numbers {
        fn schema(&self) -> SchemaRef {
            self.0.schema()
        }

        async fn compute(&self) -> Result<MemTable> {
            MemTable::try_new(self.0.schema(), vec![vec![self.0.clone()]])
        }
    }

    fn leaf(plan: &Arc<dyn ExecutionPlan>) -> Arc<dyn ExecutionPlan> {
        plan.children().first().map_or_else(|| Arc::clone(plan), |child| leaf(child))
    }

    #[test]
    fn what_is_kept_takes_no_more_than_it_shows() {
        let mut numbers = Int64Builder::with_capacity(ROWS);
        let mut texts = StringViewBuilder::new();
        for number in 0..10 {
            numbers.append_value(number);
            texts.append_value("a text that is longer than a view");
        }
        let columns: [(&str, ArrayRef); 2] =
            [("number", Arc::new(numbers.finish())), ("text", Arc::new(texts.finish()))];
        let batch = RecordBatch::try_from_iter(columns).unwrap();
        let (schema, before) = (batch.schema(), batch.clone());
        assert!(batch.get_array_memory_size() > ROWS * 8);
        let shared = in_types(batch, &schema).unwrap();
        assert!(shared.get_array_memory_size() > ROWS * 8, "somebody else holds the numbers");
        let own = in_types(before, &schema).unwrap();
        assert_eq!(own, shared);
        drop(shared);
        assert!(own_batch(own).unwrap().get_array_memory_size() < 1000);
    }

    #[tokio::test]
    async fn a_question_for_a_value_reads_its_rows_only() {
        let names: ArrayRef = Arc::new(StringViewArray::from_iter_values((0..5000).map(|n| format!("n{}", n / 2))));
        let numbers: ArrayRef = Arc::new(Int64Array::from_iter_values(0..5000));
        let rows = RecordBatch::try_from_iter([("name", names), ("number", numbers)]).unwrap();
        let context =
            SessionContext::new_with_config(crate::session::config().with_create_default_catalog_and_schema(true));
        context.register_table("kept", Arc::new(Kept::of(Numbers(rows)))).unwrap();
        let session = Session::of(context, 1);
        // The first time it is planned with its parameter open, the second time that plan is known.
        for name in ["n7", "n2000"] {
            let value = [ScalarValue::from(name)];
            let frame = session.query_with("SELECT number FROM kept WHERE name = $1", &value).await.unwrap();
            let context = frame.task_ctx();
            let plan = frame.create_physical_plan().await.unwrap();
            let read = collect(leaf(&plan), Arc::new(context)).await.unwrap();
            assert_eq!(read.iter().map(RecordBatch::num_rows).sum::<usize>(), 2, "{name}");
        }
    }
}
