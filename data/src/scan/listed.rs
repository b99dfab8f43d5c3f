//! Where a file may hold one of many numbers, by what is known of its pages.
//!
//! The engine looks for lists of up to 20 values in pages and reads all of a file for longer ones. Where rows lie in the
//! order of a column, as outcomes do by their tests, a hundred values are in a few pages each.

use std::ops::Range;

use datafusion::common::extensions::Extensions;
use datafusion::common::{Result, ScalarValue};
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::physical_plan::parquet::{
    ParquetAccessPlan, ParquetFileReaderFactory, ParquetRowSelection, RowGroupAccess,
};
use datafusion::logical_expr::Expr;
use datafusion::logical_expr::expr::InList;
use datafusion::parquet::arrow::arrow_reader::RowSelection;
use datafusion::parquet::file::metadata::ParquetMetaData;
use datafusion::parquet::file::page_index::column_index::{ColumnIndexMetaData, PrimitiveColumnIndex};
use datafusion::physical_plan::metrics::ExecutionPlanMetricsSet;

/// The engine looks for as many values by itself (`datafusion.execution.parquet.max_in_list_size`).
const OF_THE_ENGINE: usize = 20;

/// A column and the numbers of which it must hold one, least first.
struct Listed<'a> {
    column: &'a str,
    values: Vec<i64>,
}

/// Returns whether a filter may tell where to look: values may be open yet.
pub(super) fn is_list(filter: &Expr) -> bool {
    matches!(filter, Expr::InList(InList { expr, list, negated: false })
        if list.len() > OF_THE_ENGINE && matches!(expr.as_ref(), Expr::Column(_)))
}

/// Returns the files, each with the rows to look at where the filters tell of them: no more than those it brings.
pub(super) async fn narrowed(
    files: &[PartitionedFile],
    filters: &[Expr],
    opener: &dyn ParquetFileReaderFactory,
) -> Result<Vec<PartitionedFile>> {
    let mut files = files.to_vec();
    let lists: Vec<Listed<'_>> = filters.iter().filter_map(Listed::of).collect();
    if lists.is_empty() {
        return Ok(files);
    }
    for file in &mut files {
        let mut reader = opener.create_reader(0, file.clone(), None, &ExecutionPlanMetricsSet::new())?;
        let pages = reader.get_metadata(None).await?;
        let mut plan = match file.extension::<ParquetRowSelection>() {
            Some(rows) => {
                let rows = rows.selection().clone();
                ParquetAccessPlan::try_new_from_overall_row_selection(rows, pages.row_groups())?
            }
            None => ParquetAccessPlan::new_all(pages.num_row_groups()),
        };
        for list in &lists {
            for group in 0..plan.len() {
                match list.rows(&pages, group) {
                    Some(rows) if rows.row_count() == 0 => plan.skip(group),
                    Some(rows) => plan.scan_selection(group, rows),
                    None => {}
                }
            }
        }
        if plan.inner().iter().any(|group| *group != RowGroupAccess::Scan) {
            // The engine refuses a file that tells of its rows twice.
            file.extensions = Extensions::new();
            file.extensions.insert(plan);
        }
    }
    Ok(files)
}

impl<'a> Listed<'a> {
    fn of(filter: &'a Expr) -> Option<Self> {
        let Expr::InList(InList { expr, list, negated: false }) = filter else { return None };
        let Expr::Column(column) = expr.as_ref() else { return None };
        let value = |value: &Expr| match value {
            Expr::Literal(ScalarValue::Int64(value), _) => *value,
            _ => None,
        };
        let mut values = list.iter().map(value).collect::<Option<Vec<_>>>()?;
        values.sort_unstable();
        (values.len() > OF_THE_ENGINE).then_some(Self { column: &column.name, values })
    }

    /// Returns the rows of a row group that lie in pages which may hold one of the values; `None` if that is not known.
    fn rows(&self, file: &ParquetMetaData, group: usize) -> Option<RowSelection> {
        let columns = file.file_metadata().schema_descr().columns();
        let column = columns.iter().position(|column| column.path().string() == self.column)?;
        let ColumnIndexMetaData::INT64(index) = file.column_index()?.get(group)?.get(column)? else { return None };
        let pages = file.offset_index()?.get(group)?.get(column)?.page_locations();
        let row_count = usize::try_from(file.row_group(group).num_rows()).ok()?;
        let begins: Vec<usize> =
            pages.iter().map(|page| usize::try_from(page.first_row_index)).collect::<Result<_, _>>().ok()?;
        let ends = begins.iter().copied().skip(1).chain([row_count]);
        let rows = begins.iter().zip(ends).enumerate().filter(|(page, _)| self.may_be_in(index, *page));
        let rows = rows.map(|(_, (begin, end))| Range { start: *begin, end });
        Some(RowSelection::from_consecutive_ranges(rows, row_count))
    }

    fn may_be_in(&self, index: &PrimitiveColumnIndex<i64>, page: usize) -> bool {
        let (Some(least), Some(most)) = (index.min_value(page), index.max_value(page)) else { return false };
        let first = self.values.partition_point(|value| value < least);
        self.values.get(first).is_some_and(|value| value <= most)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{ArrayRef, Int64Array, RecordBatch};
    use datafusion::catalog::TableProvider;
    use datafusion::common::Statistics;
    use datafusion::datasource::physical_plan::FileScanConfig;
    use datafusion::datasource::source::DataSourceExec;
    use datafusion::execution::object_store::ObjectStoreUrl;
    use datafusion::object_store::memory::InMemory;
    use datafusion::object_store::{ObjectStoreExt, PutPayload};
    use datafusion::parquet::arrow::ArrowWriter;
    use datafusion::parquet::arrow::arrow_reader::RowSelector;
    use datafusion::parquet::file::properties::WriterProperties;
    use datafusion::prelude::{SessionContext, col, lit};

    use super::super::FileTable;
    use super::*;

    /// Returns a file of two row groups of 1,000 rows, ten pages each; `id` rises by 10, and every 300th is not known.
    async fn table() -> FileTable {
        let ids = (0..2000).map(|row| (row % 300 != 7).then_some(10 * row));
        let ids: ArrayRef = Arc::new(Int64Array::from_iter(ids));
        let rows = RecordBatch::try_from_iter([("id", ids)]).unwrap();
        let properties = WriterProperties::builder().set_max_row_group_row_count(Some(1000));
        let properties = properties.set_data_page_row_count_limit(100).set_write_batch_size(100).build();
        let mut writer = ArrowWriter::try_new(Vec::new(), rows.schema(), Some(properties)).unwrap();
        writer.write(&rows).unwrap();
        let file = writer.into_inner().unwrap();
        let (store, size) = (InMemory::new(), file.len() as u64);
        store.put(&"one.parquet".into(), PutPayload::from(file)).await.unwrap();
        FileTable {
            url: ObjectStoreUrl::parse("memory://listed").unwrap(),
            store: Arc::new(store),
            folder: None,
            schema: rows.schema(),
            files: vec![PartitionedFile::new("one.parquet", size)],
            statistics: Statistics::new_unknown(&rows.schema()),
        }
    }

    /// Returns how many rows of each row group are looked at; `None` where all are.
    async fn looked_at(table: &FileTable, filter: Expr) -> Option<Vec<usize>> {
        let plan = table.scan(&SessionContext::new().state(), None, &[filter], None).await.unwrap();
        let source = plan.downcast_ref::<DataSourceExec>().unwrap().data_source();
        let files = source.downcast_ref::<FileScanConfig>().unwrap().file_groups[0].files();
        let rows = |group: &RowGroupAccess| match group {
            RowGroupAccess::Skip => 0,
            RowGroupAccess::Scan => 1000,
            RowGroupAccess::Selection(rows) => rows.row_count(),
        };
        files[0].extension::<ParquetAccessPlan>().map(|plan| plan.inner().iter().map(rows).collect())
    }

    fn list(values: impl Iterator<Item = i64>) -> Expr {
        col("id").in_list(values.map(lit).collect(), false)
    }

    #[tokio::test]
    async fn a_long_list_is_looked_for_in_its_pages() {
        let table = table().await;
        // The last of the first page, the first of the third, and what lies between two numbers.
        let values = || [20_000, 2000, 990, 5].into_iter().chain((0..30).map(|value| 2001 + value / 10));
        assert_eq!(looked_at(&table, list(values())).await, Some(vec![200, 0]));
        assert_eq!(looked_at(&table, list(3000..3021)).await, Some(vec![100, 0]));
        assert_eq!(looked_at(&table, list((0..30).map(|value| 10_005 + 1000 * value))).await, Some(vec![0, 1000]));
        assert_eq!(looked_at(&table, list(0..20)).await, None, "the engine does that");
        assert_eq!(looked_at(&table, col("id").in_list((0..30).map(lit).collect(), true)).await, None);
        assert_eq!(looked_at(&table, col("id").gt(lit(7))).await, None);
        assert_eq!(found(table, list(values())).await, 2, "990 and 2000");
    }

    #[tokio::test]
    async fn rows_that_do_not_count_are_not_looked_at() {
        let mut table = table().await;
        // All but the first, the third and the thousandth.
        let rows = [(false, 1), (true, 1), (false, 1), (true, 996), (false, 1), (true, 1000)];
        let selector = |(counts, row_count)| match counts {
            true => RowSelector::select(row_count),
            false => RowSelector::skip(row_count),
        };
        let rows: RowSelection = rows.into_iter().map(selector).collect::<Vec<_>>().into();
        table.files[0].extensions.insert(ParquetRowSelection::new(rows));
        let values = || list((0..30).map(|value| 10 * value).chain([9990, 10_000]));
        assert_eq!(looked_at(&table, values()).await, Some(vec![197, 100]));
        assert_eq!(found(table, values()).await, 28, "0, 20 and 9990 do not count, and no row has 70");
    }

    async fn found(table: FileTable, filter: Expr) -> usize {
        SessionContext::new().read_table(Arc::new(table)).unwrap().filter(filter).unwrap().count().await.unwrap()
    }
}
