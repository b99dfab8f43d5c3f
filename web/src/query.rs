//! How the site asks on behalf of its readers: whatever they may say goes over the desk that all protocols share.
//!
//! Bounds, roles and refusals are not here but in [`annals_analytics::outside`].

use std::collections::HashMap;

use annals_analytics::Session;
use annals_analytics::outside::{Answer, Asker, Question, Rows};
use annals_analytics::saved::Saved;
use datafusion::common::TableReference;
use datafusion::dataframe::DataFrame;
use datafusion::prelude::{Expr, ident, lit};
use datafusion::scalar::ScalarValue;

use crate::{App, Error, Result};

/// Plans a query, with `$1`, `$2`… bound to `params`.
pub(crate) async fn plan(
    app: &App,
    session: &Session,
    asker: &Asker,
    sql: &str,
    params: Vec<ScalarValue>,
) -> Result<Question> {
    let context = app.desk().context(session, asker, vec![])?;
    let question = app.desk().plan(&context, session.version, sql).await?;
    Ok(if params.is_empty() { question } else { question.bind(params)? })
}

/// Plans a saved query with its parameters.
pub(crate) async fn saved(
    app: &App,
    session: &Session,
    asker: &Asker,
    saved: &Saved,
    values: HashMap<String, ScalarValue>,
) -> Result<Question> {
    Ok(app.desk().saved(session, asker, saved, values).await?)
}

/// Begins to answer a question; dropping the rows stops it.
pub(crate) async fn ask(app: &App, asker: &Asker, question: Question, rows: usize) -> Result<Rows> {
    Ok(app.desk().ask(asker, question, rows).await?)
}

/// Answers a question whole.
pub(crate) async fn answer(app: &App, asker: &Asker, question: Question, rows: usize) -> Result<Answer> {
    Ok(ask(app, asker, question, rows).await?.collect().await?)
}

/// Plans to read one table or view where columns equal the given values.
///
/// # Errors
/// [`Error::NotFound`] for a table that is not there, [`Error::BadRequest`] for a column that is not there or a value
/// that its column cannot hold.
pub(crate) async fn table(
    app: &App,
    session: &Session,
    asker: &Asker,
    name: TableReference,
    filters: &[(&str, &str)],
) -> Result<Question> {
    let context = app.desk().context(session, asker, vec![])?;
    let missing = |_| Error::NotFound(format!("there is no view `{}`", name.table()));
    let mut frame = context.table(name.clone()).await.map_err(missing)?;
    for (column, value) in filters {
        let filter = equal(&frame, column, value)?;
        frame = frame.filter(filter).map_err(|error| annals_analytics::outside::Error::of(&error))?;
    }
    let plan = frame.into_unoptimized_plan();
    Ok(Question { plan, context, version: session.version, text: format!("view {name} {filters:?}") })
}

/// Returns `column = value`, the value read as the column's type.
fn equal(frame: &DataFrame, column: &str, value: &str) -> Result<Expr> {
    let found = frame.schema().fields().iter().find(|f| f.name() == column);
    let field = found.ok_or_else(|| Error::BadRequest(format!("there is no column `{column}`")))?;
    let wrong = |_| Error::BadRequest(format!("`{value}` is not a value of column `{column}` ({})", field.data_type()));
    let value = ScalarValue::try_from_string(value.to_owned(), field.data_type()).map_err(wrong)?;
    Ok(ident(column).eq(lit(value)))
}
