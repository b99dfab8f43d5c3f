//! Questions that were planned before: pages ask the same texts with other values, and planning a view that stands on
//! others takes longer than reading its rows.
//!
//! A text is planned and optimized once per session with its parameters open; values are put in afterwards. Who may ask
//! what is not decided here.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use arrow::datatypes::DataType;
use async_trait::async_trait;
use datafusion::catalog::Session;
use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::common::{ParamValues, ScalarValue};
use datafusion::dataframe::DataFrame;
use datafusion::error::Result;
use datafusion::execution::context::QueryPlanner;
use datafusion::execution::{SessionState, SessionStateBuilder};
use datafusion::logical_expr::expr::ScalarFunction;
use datafusion::logical_expr::{Expr, LogicalPlan, Volatility};
use datafusion::physical_plan::ExecutionPlan;

/// More texts than this are not remembered: some are as various as the words that people search for.
const MOST: usize = 128;

/// The plans of one session.
pub(crate) struct Prepared {
    /// Runs what is optimized already.
    state: SessionState,
    plans: Mutex<HashMap<String, Arc<Plan>>>,
}

/// An optimized plan.
struct Plan {
    plan: LogicalPlan,
    /// The types of its parameters (`$1` …), where they follow from the text.
    types: HashMap<String, Option<DataType>>,
}

/// Returns whether a plan calls a function whose answer holds for one query only, as `now()` does.
fn reads_clock(plan: &LogicalPlan) -> Result<bool> {
    let mut is_found = false;
    plan.apply_with_subqueries(|node| {
        node.apply_expressions(|expr| {
            is_found |= expr.exists(|part| Ok(matches!(part, Expr::ScalarFunction(call) if is_of_one_query(call))))?;
            Ok(TreeNodeRecursion::Continue)
        })
    })?;
    Ok(is_found)
}

fn is_of_one_query(call: &ScalarFunction) -> bool {
    call.func.signature().volatility == Volatility::Stable
}

/// Makes plans of what is optimized already, in the session's own state: tables that ask further need its optimizer.
#[derive(Debug)]
struct Planner(SessionState);

#[async_trait]
impl QueryPlanner for Planner {
    async fn create_physical_plan(&self, plan: &LogicalPlan, _: &dyn Session) -> Result<Arc<dyn ExecutionPlan>> {
        self.0.query_planner().create_physical_plan(plan, &self.0).await
    }
}

impl Prepared {
    /// Returns no plans yet, for sessions in `state`.
    pub(crate) fn new(state: &SessionState) -> Self {
        let planner = Arc::new(Planner(state.clone()));
        let state = SessionStateBuilder::new_from_existing(state.clone()).with_query_planner(planner);
        let state = state.with_analyzer_rules(Vec::new()).with_optimizer_rules(Vec::new()).build();
        Self { state, plans: Mutex::default() }
    }

    /// Returns the frame of a text that was asked before, with these values.
    pub(crate) fn known(&self, sql: &str, values: &[ScalarValue]) -> Option<Result<DataFrame>> {
        let plan = self.plans.lock().unwrap_or_else(PoisonError::into_inner).get(sql).cloned();
        plan.map(|plan| self.frame(&plan, values))
    }

    /// Returns the frame of a text that was just planned, with these values; it is known from now on.
    pub(crate) fn learn(&self, sql: &str, frame: DataFrame, values: &[ScalarValue]) -> Result<DataFrame> {
        // The optimizer puts in the time at which it runs, and that is another one when the text is asked again.
        if reads_clock(frame.logical_plan())? {
            return frame.with_param_values(values.to_vec());
        }
        let (state, plan) = frame.into_parts();
        let types = plan.get_parameter_types()?;
        let plan = Arc::new(Plan { plan: state.optimize(&plan)?, types });
        let mut plans = self.plans.lock().unwrap_or_else(PoisonError::into_inner);
        if plans.len() >= MOST {
            plans.clear();
        }
        plans.insert(sql.to_owned(), plan.clone());
        drop(plans);
        self.frame(&plan, values)
    }

    fn frame(&self, Plan { plan, types }: &Plan, values: &[ScalarValue]) -> Result<DataFrame> {
        // Nothing coerces types after the optimizer, so the values come in those that it has seen.
        let typed = (1..).zip(values).map(|(place, value)| match types.get(&format!("${place}")) {
            Some(Some(data_type)) => value.cast_to(data_type),
            _ => Ok(value.clone()),
        });
        let values = ParamValues::from(typed.collect::<Result<Vec<_>>>()?);
        let plan = if types.is_empty() { plan.clone() } else { plan.clone().with_param_values(values)? };
        Ok(DataFrame::new(self.state.clone(), plan))
    }
}
