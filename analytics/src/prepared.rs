//! Questions that were asked before: pages ask the same texts with other values, and planning a view that stands on
//! others takes longer than reading its rows.
//!
//! A text is planned and optimized once per session with its parameters open; values are put in afterwards. With the same
//! values its answer is the same, too, as long as the session lives. Who may ask what is not decided here.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use arrow::array::RecordBatch;
use arrow::datatypes::{DataType, SchemaRef};
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
use datafusion::optimizer::Optimizer;
use datafusion::optimizer::optimize_projections::OptimizeProjections;
use datafusion::physical_plan::ExecutionPlan;

use crate::kept;

/// More texts than this are not remembered: some are as various as the words that people search for.
const MOST: usize = 128;

/// More bytes of answers than these are not remembered.
const MOST_BYTES: usize = 32 << 20;

/// The plans of one session, and what came out.
pub(crate) struct Prepared {
    /// Runs what is optimized already.
    state: SessionState,
    plans: Mutex<HashMap<String, Arc<Plan>>>,
    answers: Mutex<Answers>,
}

/// The columns and the rows of an answer.
pub(crate) type Answer = (SchemaRef, Vec<RecordBatch>);

/// Answers by text and values.
#[derive(Default)]
struct Answers {
    known: HashMap<(String, Vec<ScalarValue>), Answer>,
    byte_count: usize,
}

impl Answers {
    fn learn(&mut self, question: (String, Vec<ScalarValue>), answer: Answer) {
        let byte_count: usize = answer.1.iter().map(RecordBatch::get_array_memory_size).sum();
        if self.byte_count + byte_count > MOST_BYTES {
            *self = Self::default();
        }
        if byte_count <= MOST_BYTES && self.known.insert(question, answer).is_none() {
            self.byte_count += byte_count;
        }
    }
}

/// An optimized plan.
struct Plan {
    plan: LogicalPlan,
    /// The types of its parameters (`$1` …), where they follow from the text.
    types: HashMap<String, Option<DataType>>,
}

/// Returns whether what a plan asks for depends on a function whose answer holds for one query only, as `now()` and
/// `random()` do: a column of a view that nobody reads does not count.
fn is_fleeting(plan: &LogicalPlan, state: &SessionState) -> Result<bool> {
    if !calls_of_one_query(plan)? {
        return Ok(false);
    }
    let plan = state.analyzer().execute_and_check(plan.clone(), state.config_options(), |_, _| {})?;
    let unread = Optimizer::with_rules(vec![Arc::new(OptimizeProjections::new())]);
    calls_of_one_query(&unread.optimize(plan, state, |_, _| {})?)
}

fn calls_of_one_query(plan: &LogicalPlan) -> Result<bool> {
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
    call.func.signature().volatility != Volatility::Immutable
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
        Self { state, plans: Mutex::default(), answers: Mutex::default() }
    }

    /// Returns the answer of a text that was asked with these values before.
    pub(crate) fn answer(&self, sql: &str, values: &[ScalarValue]) -> Option<Answer> {
        let answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        answers.known.get(&(sql.to_owned(), values.to_vec())).cloned()
    }

    /// Remembers the answer of a text with these values, if it holds as long as the session; returns it without what it
    /// does not show.
    pub(crate) fn remember(&self, sql: &str, values: &[ScalarValue], (schema, batches): Answer) -> Result<Answer> {
        if !self.plans.lock().unwrap_or_else(PoisonError::into_inner).contains_key(sql) {
            return Ok((schema, batches));
        }
        let batches = batches.into_iter().map(kept::own_batch).collect::<Result<Vec<_>>>()?;
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        answers.learn((sql.to_owned(), values.to_vec()), (schema.clone(), batches.clone()));
        Ok((schema, batches))
    }

    /// Returns the frame of a text that was asked before, with these values.
    pub(crate) fn known(&self, sql: &str, values: &[ScalarValue]) -> Option<Result<DataFrame>> {
        let plan = self.plans.lock().unwrap_or_else(PoisonError::into_inner).get(sql).cloned();
        plan.map(|plan| self.frame(&plan, values))
    }

    /// Returns the frame of a text that was just planned, with these values; it is known from now on.
    pub(crate) fn learn(&self, sql: &str, frame: DataFrame, values: &[ScalarValue]) -> Result<DataFrame> {
        // The optimizer puts in the time at which it runs, and that is another one when the text is asked again; nor may the
        // answer be remembered.
        let (state, plan) = frame.into_parts();
        if is_fleeting(&plan, &state)? {
            return DataFrame::new(state, plan).with_param_values(values.to_vec());
        }
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

#[cfg(test)]
mod tests {
    use arrow::array::{ArrayRef, Int64Array};
    use datafusion::prelude::SessionContext;

    use super::*;

    fn answer(rows: usize) -> Answer {
        let numbers: ArrayRef = Arc::new(Int64Array::from_iter_values(0..rows.try_into().unwrap()));
        let batch = RecordBatch::try_from_iter([("number", numbers)]).unwrap();
        (batch.schema(), vec![batch])
    }

    #[test]
    fn answers_are_bounded_by_their_bytes() {
        let mut answers = Answers::default();
        let question = |number: i64| ("SELECT $1".to_owned(), vec![ScalarValue::from(number)]);
        for number in 0..40 {
            answers.learn(question(number), answer((1 << 20) / 8));
            assert!(answers.byte_count <= MOST_BYTES && answers.known.contains_key(&question(number)), "{number}");
        }
        assert!(answers.known.len() < 40, "the first were let go");
        answers.learn(question(40), answer(MOST_BYTES / 8 + 1));
        assert!(!answers.known.contains_key(&question(40)), "one answer is too large");
    }

    #[tokio::test]
    async fn what_is_read_of_a_view_decides_whether_its_plan_holds() {
        let context = SessionContext::new();
        // The types of a union agree only once it is analyzed.
        let view = "CREATE VIEW note AS SELECT 1 AS number, now() AS at UNION ALL SELECT NULL, now()";
        context.sql(view).await.unwrap();
        let prepared = Prepared::new(&context.state());
        for (sql, holds) in
            [("SELECT number FROM note", true), ("SELECT number FROM note WHERE at > '2020-01-01'", false)]
        {
            let frame = prepared.learn(sql, context.sql(sql).await.unwrap(), &[]).unwrap();
            assert_eq!(frame.count().await.unwrap(), 2, "{sql}");
            assert_eq!(prepared.known(sql, &[]).is_some(), holds, "{sql}");
        }
    }
}
