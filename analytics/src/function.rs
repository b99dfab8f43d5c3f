//! Functions that questions need, in SQL for everybody: registered wherever a session is made.
//!
//! One file per function or pair. What each means is said in its [`Function`], from which `docs/functions.md` is
//! written. Nothing here reads a file, a clock or the network.

mod blamelist;
mod changepoints;
mod compare_windows;
mod duration_steps;
mod entropy;
mod failure_steps;
mod fisher_exact;
mod fisher_tail;
mod flake_probability;
mod flip_rate;
mod least_by;
mod list;
mod rerun_order;
mod signature;
mod text_clusters;
mod time_bucket;
mod wilson;

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use arrow::array::ArrayRef;
use arrow::datatypes::DataType;
use datafusion::error::Result;
use datafusion::logical_expr::{ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature};
use datafusion::prelude::SessionContext;

/// What readers are told of a function.
#[derive(Debug)]
pub struct Function {
    /// How it is called.
    pub call: &'static str,
    /// The type of what it gives, in Postgres' words; `setof record` is a table.
    pub returns: &'static str,
    /// What it gives, with its unit.
    pub about: &'static str,
    /// How that is computed.
    pub formula: &'static str,
    /// Where that is from.
    pub source: &'static str,
    /// A query that shows it.
    pub example: &'static str,
}

/// All functions, by name.
pub const FUNCTIONS: &[&Function] = &[
    &blamelist::FUNCTION,
    &changepoints::FUNCTION,
    &compare_windows::FUNCTION,
    &duration_steps::FUNCTION,
    &entropy::FUNCTION,
    &failure_steps::FUNCTION,
    &fisher_exact::FUNCTION,
    &fisher_tail::FUNCTION,
    &flake_probability::FUNCTION,
    &flip_rate::FUNCTION,
    &least_by::FUNCTION,
    &rerun_order::FUNCTION,
    &signature::FUNCTION,
    &text_clusters::FUNCTION,
    &time_bucket::FUNCTION,
    &wilson::HIGH,
    &wilson::LOW,
];

/// Makes the functions known to a session.
pub(crate) fn register(context: &SessionContext) {
    let of_series = [
        changepoints::scalar(),
        duration_steps::scalar(),
        entropy::scalar(),
        failure_steps::scalar(),
        flip_rate::scalar(),
        least_by::scalar(),
        text_clusters::scalar(),
    ];
    let of_values = [
        fisher_exact::scalar(),
        fisher_tail::scalar(),
        flake_probability::scalar(),
        signature::scalar(),
        wilson::high(),
        wilson::low(),
    ];
    for scalar in of_series.into_iter().chain(of_values) {
        context.register_udf(ScalarUDF::new_from_impl(scalar));
    }
    if let Some(time_bucket) = time_bucket::scalar(context) {
        context.register_udf(time_bucket);
    }
    context.register_udtf("blamelist", Arc::new(blamelist::Table));
    context.register_udtf("compare_windows", Arc::new(compare_windows::Table));
    context.register_udtf("rerun_order", Arc::new(rerun_order::Table::default()));
}

/// Returns the full names of what the table of a function is planned on, of one that may stand in views.
pub(crate) fn reads(name: &str) -> Option<&'static [&'static str]> {
    (name == "compare_windows").then_some(&compare_windows::READS)
}

/// A function of whole columns.
#[derive(Debug)]
pub(crate) struct Scalar {
    name: &'static str,
    signature: Signature,
    returns: DataType,
    compute: fn(&[ArrayRef]) -> Result<ArrayRef>,
}

impl PartialEq for Scalar {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Scalar {}

impl Hash for Scalar {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name.hash(state);
    }
}

impl ScalarUDFImpl for Scalar {
    fn name(&self) -> &str {
        self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(self.returns.clone())
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let arrays = ColumnarValue::values_to_arrays(&args.args)?;
        Ok(ColumnarValue::Array((self.compute)(&arrays)?))
    }
}
