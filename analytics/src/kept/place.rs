//! Where the rows of one value lie in a table that is kept: most pages ask for one problem, one incident, one person.
//!
//! A column is indexed when somebody first looks for a value of it. What is found may hold a little more than what is
//! sought, so whoever asks filters it still.

use std::collections::HashMap;
use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::compute::interleave_record_batch;
use arrow::datatypes::{DataType, Int64Type, Schema};
use datafusion::common::{Result, ScalarValue};
use datafusion::logical_expr::{BinaryExpr, Expr, Operator};

/// Tables of fewer rows are read whole.
const FEW: usize = 1 << 10;
/// So are tables where one row of so many has the value: to copy them would take longer.
const MANY: usize = 16;

/// The rows of a table with what was indexed of them.
#[derive(Debug)]
pub(super) struct Places {
    batches: Vec<RecordBatch>,
    indices: Mutex<HashMap<usize, Arc<Index>>>,
}

/// The hashes of a column's values with the places of their rows (batch and row), in order.
type Index = Vec<(u64, (u32, u32))>;

impl Places {
    /// Returns the places of these rows; nothing is indexed yet.
    pub(super) fn new(batches: Vec<RecordBatch>) -> Self {
        Self { batches, indices: Mutex::default() }
    }

    /// Returns the rows.
    pub(super) fn batches(&self) -> &[RecordBatch] {
        &self.batches
    }

    /// Returns the rows that have the value which one of the filters demands, if one demands a rare value.
    pub(super) fn find(&self, schema: &Schema, filters: &[Expr]) -> Result<Option<RecordBatch>> {
        let rows: usize = self.batches.iter().map(RecordBatch::num_rows).sum();
        if rows < FEW {
            return Ok(None);
        }
        let found = filters.iter().filter_map(|filter| self.found(schema, filter)).min_by_key(|(_, found)| found.len());
        let Some((index, found)) = found.filter(|(_, found)| found.len() * MANY < rows) else { return Ok(None) };
        let found: Vec<_> = index[found].iter().map(|(_, (batch, row))| (*batch as usize, *row as usize)).collect();
        let batches: Vec<_> = self.batches.iter().collect();
        Ok(Some(interleave_record_batch(&batches, &found)?))
    }

    /// Returns where an index has the rows of the value that a filter demands.
    fn found(&self, schema: &Schema, filter: &Expr) -> Option<(Arc<Index>, Range<usize>)> {
        let (name, Expr::Literal(value, _)) = sought(filter)? else { return None };
        let column = schema.index_of(name).ok()?;
        let hash = hash_of(schema.field(column).data_type(), value)?;
        let index = self.index(column);
        let first = index.partition_point(|(known, _)| *known < hash);
        let count = index[first..].partition_point(|(known, _)| *known == hash);
        Some((index, first..first + count))
    }

    fn index(&self, column: usize) -> Arc<Index> {
        let mut indices = self.indices.lock().unwrap_or_else(PoisonError::into_inner);
        indices.entry(column).or_insert_with(|| Arc::new(index(&self.batches, column))).clone()
    }
}

/// Returns the column and the value, when a filter demands one value of one column; a parameter may stand for it.
pub(crate) fn sought(filter: &Expr) -> Option<(&str, &Expr)> {
    let Expr::BinaryExpr(BinaryExpr { left, op: Operator::Eq, right }) = filter else { return None };
    match (left.as_ref(), right.as_ref()) {
        (Expr::Column(column), value @ (Expr::Literal(..) | Expr::Placeholder(_)))
        | (value @ (Expr::Literal(..) | Expr::Placeholder(_)), Expr::Column(column)) => Some((&column.name, value)),
        _ => None,
    }
}

fn index(batches: &[RecordBatch], column: usize) -> Index {
    let mut index = Index::new();
    for (number, batch) in (0..).zip(batches) {
        let values = batch.column(column).as_ref();
        let rows = (0..).zip(0..values.len()).filter(|(_, row)| values.is_valid(*row));
        index.extend(rows.map(|(place, row)| (hash_at(values, row), (number, place))));
    }
    index.sort_unstable();
    index
}

/// Returns the hash of a value in a column of this type; none where values are not hashed.
fn hash_of(data_type: &DataType, value: &ScalarValue) -> Option<u64> {
    match (data_type, value) {
        (DataType::Utf8 | DataType::Utf8View, value) => value.try_as_str().flatten().map(hash_text),
        (DataType::Int64, ScalarValue::Int64(Some(number))) => Some(number.cast_unsigned()),
        _ => None,
    }
}

fn hash_at(values: &dyn Array, row: usize) -> u64 {
    match values.data_type() {
        DataType::Utf8View => hash_text(values.as_string_view().value(row)),
        DataType::Utf8 => hash_text(values.as_string::<i32>().value(row)),
        DataType::Int64 => values.as_primitive::<Int64Type>().value(row).cast_unsigned(),
        // Nobody looks for these.
        _ => 0,
    }
}

fn hash_text(text: &str) -> u64 {
    BuildHasherDefault::<DefaultHasher>::default().hash_one(text)
}

#[cfg(test)]
mod tests {
    use arrow::array::{ArrayRef, Int64Array, StringArray, StringViewArray};
    use datafusion::prelude::{col, lit, placeholder};

    use super::*;

    fn batch(from: i64) -> RecordBatch {
        let numbers = from..from + 1000;
        let name = |number: i64| format!("a name longer than a view {}", number / 2);
        let plain: ArrayRef = Arc::new(StringArray::from_iter_values(numbers.clone().map(name)));
        let viewed: ArrayRef = Arc::new(StringViewArray::from_iter_values(numbers.clone().map(name)));
        let number: ArrayRef = Arc::new(Int64Array::from_iter(numbers.map(|n| (n % 7 != 0).then_some(-n))));
        RecordBatch::try_from_iter([("plain", plain), ("viewed", viewed), ("number", number)]).unwrap()
    }

    #[test]
    fn rows_of_a_value_are_found_in_all_batches() {
        let batches = vec![batch(1), batch(1001)];
        let (schema, places) = (batches[0].schema(), Places::new(batches));
        let find = |filter: Expr| places.find(&schema, &[filter]).unwrap().map(|rows| rows.num_rows());
        let name = "a name longer than a view 500";
        assert_eq!(find(col("plain").eq(lit(name))), Some(2), "one in each batch");
        assert_eq!(find(col("viewed").eq(lit(name))), Some(2));
        assert_eq!(find(lit(-12_i64).eq(col("number"))), Some(1));
        assert_eq!(find(col("number").eq(lit(-7_i64))), Some(0), "it is null there");
        assert_eq!(find(col("plain").eq(lit("another"))), Some(0));
    }

    #[test]
    fn the_rarest_value_is_looked_for_and_a_common_one_is_not() {
        let project: ArrayRef = Arc::new(StringArray::from_iter_values(std::iter::repeat_n("engine", 1000)));
        let batches = [1, 1001].map(|from| {
            let rows = batch(from);
            let [plain, number] = ["plain", "number"].map(|name| rows.column_by_name(name).unwrap().clone());
            RecordBatch::try_from_iter([("project", project.clone()), ("plain", plain), ("number", number)]).unwrap()
        });
        let (schema, places) = (batches[0].schema(), Places::new(batches.to_vec()));
        let find = |filters: &[Expr]| places.find(&schema, filters).unwrap().map(|rows| rows.num_rows());
        let [project, name] = [col("project").eq(lit("engine")), col("plain").eq(lit("a name longer than a view 7"))];
        assert_eq!(find(&[project.clone(), name.clone()]), Some(2));
        assert_eq!(find(&[name, project.clone(), col("number").eq(lit(-15_i64))]), Some(1));
        assert_eq!(find(&[project]), None, "all rows have it");
    }

    #[test]
    fn what_is_no_single_value_is_not_looked_for() {
        let batches = vec![batch(1), batch(1001)];
        let (schema, places) = (batches[0].schema(), Places::new(batches));
        let unknown =
            [col("number").gt(lit(1_i64)), col("number").eq(col("plain")), col("number").eq(placeholder("$1"))];
        assert!(places.find(&schema, &unknown).unwrap().is_none());
        assert!(sought(&unknown[2]).is_some(), "its value comes later");
        let few = Places::new(vec![batch(1).slice(0, 10)]);
        assert!(few.find(&schema, &[col("number").eq(lit(1_i64))]).unwrap().is_none(), "few rows are read whole");
    }
}
