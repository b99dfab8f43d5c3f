//! Two windows of time, branches or builders, test by test: what fails more often than chance explains.

mod window;

use std::sync::Arc;

use datafusion::catalog::{TableFunctionArgs, TableFunctionImpl, TableProvider};
use datafusion::common::{Result, ScalarValue, internal_datafusion_err, plan_err};
use datafusion::datasource::ViewTable;
use datafusion::logical_expr::Expr;
use futures::FutureExt;

use self::window::Window;
use super::Function;
use crate::computed;

pub(super) const FUNCTION: Function = Function {
    call: "compare_windows(base, sample)",
    returns: "setof record",
    about: "a table of the tests of two windows: project, branch, builder, test_id, suite, name, base_passed, base_failed, \
        base_flaky, sample_passed, sample_failed, sample_flaky (positions; flaky ones are also passed), base_rate, sample_rate, \
        p_value, q_value, status (regressed, improved, same, new, new_failing, vanished); a window is words of project=, branch=, \
        builder=, from= and to= (position, date or revision) and days= (7 or 7..37, before the newest); without a time the usual \
        windows; branch and builder are null where a window names its own, else windows are paired by them",
    formula: "p_value by Fisher's exact test, one-sided; q_value by Benjamini and Hochberg over all tests of the answer that failed at all; \
        a test regressed when q_value is at most compare_alpha, its rate is worse by compare_min_effect and it failed \
        compare_min_failures times; a new test fails when it passes less often than compare_new_pass_rate in compare_new_positions",
    source: "the rules of OpenShift Sippy's component readiness, with a false discovery rate besides",
    example: "SELECT suite, name, base_rate, sample_rate, q_value FROM compare_windows('days=7..37', 'days=7') \
        WHERE status = 'regressed' ORDER BY q_value",
};

const SQL: &str = include_str!("compare_windows.sql");
/// What must be registered before the table can be planned.
pub(super) const READS: [&str; 3] = ["raw.setting", "raw.streak", "step.lane_position"];
/// What a window is where it says nothing of time.
const USUAL: [&str; 2] =
    ["l.age_days >= t.sample_days AND l.age_days < t.sample_days + t.base_days", "l.age_days < t.sample_days"];

/// The table function.
#[derive(Debug)]
pub(super) struct Table;

impl TableFunctionImpl for Table {
    fn call_with_args(&self, args: TableFunctionArgs) -> Result<Arc<dyn TableProvider>> {
        let [base, sample] = args.exprs() else { return plan_err!("compare_windows(base, sample) takes two windows") };
        let (base, sample) = (window(base)?, window(sample)?);
        let own = |column: &str| match base.names(column) || sample.names(column) {
            true => "''".to_owned(),
            false => format!("s.{column}"),
        };
        let sql = SQL
            .replace("{base}", &base.condition(USUAL[0]))
            .replace("{sample}", &sample.condition(USUAL[1]))
            .replace("{branch}", &own("branch"))
            .replace("{builder}", &own("builder"));
        // Tables are looked up in memory, so planning does not wait for anything.
        let plan = computed::state(args.session())?.create_logical_plan(&sql).now_or_never();
        let plan = plan.ok_or_else(|| internal_datafusion_err!("a table of compare_windows is not at hand"))??;
        Ok(Arc::new(ViewTable::new(plan, None)))
    }
}

fn window(expr: &Expr) -> Result<Window> {
    match expr {
        Expr::Literal(ScalarValue::Utf8(Some(text)) | ScalarValue::Utf8View(Some(text)), _) => {
            Window::parse(text).or_else(|reason| plan_err!("compare_windows: {reason}"))
        }
        _ => plan_err!("compare_windows(base, sample) takes windows as texts"),
    }
}
