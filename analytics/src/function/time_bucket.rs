//! Times rounded down to whole buckets, under the name that Timescale gave it.

use datafusion::logical_expr::ScalarUDF;
use datafusion::prelude::SessionContext;

use super::Function;

pub(super) const FUNCTION: Function = Function {
    call: "time_bucket(width, time [, origin])",
    returns: "timestamp",
    about: "the beginning of the bucket that a time falls into",
    formula: "origin + width × ⌊(time − origin) / width⌋; the origin is 1970-01-01 where none is given",
    source: "the same as date_bin (PostgreSQL 14, 9.9.3); the name and the order are those of TimescaleDB",
    example: "SELECT time_bucket(INTERVAL '7 days', TIMESTAMP '2026-11-20 10:00:00') AS week",
};

/// Returns the engine's own function under both names.
pub(super) fn scalar(context: &SessionContext) -> Option<ScalarUDF> {
    let state = context.state();
    let own = state.scalar_functions().get("date_bin")?;
    Some(own.as_ref().clone().with_aliases(["time_bucket"]))
}
