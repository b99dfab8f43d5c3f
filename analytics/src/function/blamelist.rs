//! The changes among which something broke, between any two revisions.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, Int64Array, RecordBatch, StringArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use async_trait::async_trait;
use datafusion::catalog::{Session, TableFunctionArgs, TableFunctionImpl, TableProvider};
use datafusion::common::{ScalarValue, plan_err};
use datafusion::error::Result;
use datafusion::logical_expr::Expr;

use super::Function;
use crate::computed::{self, Compute, Computed};
use crate::graph::Graph;

pub(super) const FUNCTION: Function = Function {
    call: "blamelist(good, bad)",
    returns: "setof record",
    about: "a table of the changes that a revision has and another has not, newest first: revision, ordinal (1 is the newest), \
        is_complete (all of them are known)",
    formula: "ancestors(bad) minus ancestors(good) over the commit graph, merges included; both are whole revisions or \
        beginnings of at least 6 characters that name one",
    source: "git rev-list good..bad",
    example: "SELECT b.ordinal, c.author_name, c.subject FROM blamelist('4f2a91', '9c01be') b \
        JOIN raw.change c USING (revision) ORDER BY b.ordinal",
};

/// The shortest beginning of a revision.
const SHORTEST: usize = 6;

/// The table function.
#[derive(Debug)]
pub(super) struct Table;

impl TableFunctionImpl for Table {
    fn call_with_args(&self, args: TableFunctionArgs) -> Result<Arc<dyn TableProvider>> {
        let [good, bad] = args.exprs() else { return plan_err!("blamelist(good, bad) takes two revisions") };
        Ok(Arc::new(Computed(Blamelist { good: revision(good)?, bad: revision(bad)? })))
    }
}

fn revision(expr: &Expr) -> Result<String> {
    match expr {
        Expr::Literal(ScalarValue::Utf8(Some(text)) | ScalarValue::Utf8View(Some(text)), _)
            if text.len() >= SHORTEST && text.chars().all(|c| c.is_ascii_alphanumeric()) =>
        {
            Ok(text.clone())
        }
        _ => plan_err!("blamelist(good, bad) takes revisions as texts, of {SHORTEST} characters at least"),
    }
}

/// The changes between two revisions.
#[derive(Debug)]
struct Blamelist {
    good: String,
    bad: String,
}

fn schema() -> SchemaRef {
    Arc::new(Schema::new(vec![
        Field::new("revision", DataType::Utf8, false),
        Field::new("ordinal", DataType::Int64, false),
        Field::new("is_complete", DataType::Boolean, false),
    ]))
}

#[async_trait]
impl Compute for Blamelist {
    fn schema(&self) -> SchemaRef {
        schema()
    }

    async fn compute(&self, session: &dyn Session) -> Result<Vec<RecordBatch>> {
        let known = changes(session).await?;
        let (good, bad) = (whole(&known, &self.good)?, whole(&known, &self.bad)?);
        if good.project != bad.project {
            return plan_err!("{} and {} are of different projects", self.good, self.bad);
        }
        let mut graph = Graph::default();
        let own = known.iter().filter(|change| change.project == bad.project);
        graph.extend(own.map(|c| (c.revision.as_str(), c.parents.iter().map(String::as_str).collect())));
        let list = graph.blamelist(&good.revision, &bad.revision);
        let count = list.revisions.len();
        let columns: [ArrayRef; 3] = [
            Arc::new(StringArray::from(list.revisions)),
            Arc::new(Int64Array::from_iter_values(1..=count as i64)),
            Arc::new(BooleanArray::from(vec![list.is_complete; count])),
        ];
        Ok(vec![RecordBatch::try_new(schema(), columns.into())?])
    }
}

/// Returns the change whose revision begins so.
fn whole<'a>(known: &'a [Change], beginning: &str) -> Result<&'a Change> {
    let mut found = known.iter().filter(|change| change.revision.starts_with(beginning));
    match (found.next(), found.next()) {
        (Some(one), None) => Ok(one),
        (Some(one), Some(_)) if one.revision == beginning => Ok(one),
        (None, _) => plan_err!("no change is known as {beginning}"),
        _ => plan_err!("several changes begin with {beginning}"),
    }
}

struct Change {
    project: String,
    revision: String,
    parents: Vec<String>,
}

/// Reads the commit graph from the session's own table: whoever asks sees no more than that.
async fn changes(session: &dyn Session) -> Result<Vec<Change>> {
    const SELECT: &str = "SELECT project, revision, parents FROM raw.change";
    let mut changes = Vec::new();
    for batch in computed::ask(session, SELECT).await? {
        let text = |place: usize| cast(batch.column(place), &DataType::Utf8);
        let (projects, revisions) = (text(0)?, text(1)?);
        let (projects, revisions) = (projects.as_string::<i32>(), revisions.as_string::<i32>());
        let texts = DataType::List(Arc::new(Field::new_list_field(DataType::Utf8, true)));
        let parents = cast(batch.column(2), &texts)?;
        for row in 0..batch.num_rows() {
            let of_row = parents.as_list::<i32>().value(row);
            let parents = match parents.is_null(row) {
                true => vec![],
                false => of_row.as_string::<i32>().iter().flatten().map(str::to_owned).collect(),
            };
            let (project, revision) = (projects.value(row).to_owned(), revisions.value(row).to_owned());
            changes.push(Change { project, revision, parents });
        }
    }
    Ok(changes)
}
