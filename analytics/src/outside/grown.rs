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

/// Bytes that one call may make of one batch.
const BOUND: f64 = (256 << 20) as f64;

/// How many bytes a call makes of one row, given its arguments as numbers: a text's is its length.
type Size = fn(&[f64]) -> f64;

/// The functions, by name.
const GROWING: &[(&str, Size)] = &[
    ("repeat", |a| at(a, 0) * at(a, 1)),
    ("lpad", |a| 4.0 * at(a, 1)),
    ("rpad", |a| 4.0 * at(a, 1)),
    ("array_repeat", |a| 16.0 * at(a, 1)),
    ("array_resize", |a| 16.0 * at(a, 1)),
    ("range", |a| 8.0 * steps(a)),
    ("generate_series", |a| 8.0 * steps(a)),
    ("replace", |a| at(a, 0) * at(a, 2).max(1.0)),
    ("regexp_replace", |a| (at(a, 0) + 1.0) * at(a, 2).max(1.0)),
    ("translate", |a| at(a, 0) * 4.0),
    ("concat", |a| a.iter().sum()),
    ("concat_ws", |a| a.iter().skip(1).map(|n| n + at(a, 0)).sum()),
];

fn at(arguments: &[f64], place: usize) -> f64 {
    arguments.get(place).copied().unwrap_or(0.0).max(0.0)
}

/// Returns the length of a series from one bound or two, by one or by a step.
fn steps(a: &[f64]) -> f64 {
    match a {
        [end] => end.abs(),
        [start, end] => (end - start).abs(),
        [start, end, step, ..] => ((end - start) / if *step == 0.0 { 1.0 } else { *step }).abs(),
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

/// Returns how many bytes the call would make of its whole batch.
fn size(args: &ScalarFunctionArgs, size: Size) -> Result<f64> {
    let columns = args.args.iter().map(numbers).collect::<Result<Vec<_>>>()?;
    let is_scalar = columns.iter().all(|column| column.len() == 1);
    let rows = if is_scalar { 1 } else { args.number_rows };
    let at = |column: &Vec<f64>, row: usize| column.get(if column.len() == 1 { 0 } else { row }).copied();
    let mut row_values = Vec::with_capacity(columns.len());
    let mut sum = 0.0;
    for row in 0..rows {
        row_values.clear();
        row_values.extend(columns.iter().map(|column| at(column, row).unwrap_or(0.0)));
        sum += size(&row_values);
    }
    Ok(sum)
}

/// Returns numbers as they are, times as microseconds, and the lengths of texts; anything else counts as nothing.
fn numbers(value: &ColumnarValue) -> Result<Vec<f64>> {
    match value {
        ColumnarValue::Scalar(ScalarValue::Utf8(t) | ScalarValue::LargeUtf8(t) | ScalarValue::Utf8View(t)) => {
            Ok(vec![t.as_ref().map_or(0.0, |t| t.len() as f64)])
        }
        ColumnarValue::Scalar(value) => numbers_of(&value.to_array()?),
        ColumnarValue::Array(array) => numbers_of(array),
    }
}

fn numbers_of(array: &dyn Array) -> Result<Vec<f64>> {
    let lengths = match array.data_type() {
        DataType::Utf8 | DataType::LargeUtf8 => arrow::compute::kernels::length::length(array)?,
        DataType::Utf8View => {
            return Ok(array.as_string_view().iter().map(|t| t.map_or(0.0, |t| t.len() as f64)).collect());
        }
        kind if kind.is_numeric() => return floats(array),
        DataType::Date32 | DataType::Date64 | DataType::Timestamp(_, _) => {
            cast(array, &DataType::Timestamp(TimeUnit::Microsecond, None)).and_then(|a| cast(&a, &DataType::Int64))?
        }
        DataType::Interval(IntervalUnit::MonthDayNano) => {
            let micros = |i: IntervalMonthDayNano| {
                (f64::from(i.months) * 30.0 + f64::from(i.days)) * 86_400e6 + i.nanoseconds as f64 / 1e3
            };
            let intervals = array.as_primitive::<IntervalMonthDayNanoType>();
            return Ok(intervals.iter().map(|i| i.map_or(0.0, micros)).collect());
        }
        _ => return Ok(vec![0.0; array.len()]),
    };
    floats(&lengths)
}

fn floats(array: &dyn Array) -> Result<Vec<f64>> {
    let floats = cast(array, &DataType::Float64)?;
    Ok(floats.as_primitive::<Float64Type>().iter().map(|n| n.unwrap_or(0.0)).collect())
}
