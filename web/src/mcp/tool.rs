//! The tools of an assistant: each is a query over the desk, and answers with lines of JSON, the names of the columns first.
//! Nothing is escaped for a page or a spreadsheet there, so what is read is what there is.

use annals_analytics::outside::Asker;
use datafusion::common::ScalarValue;
use serde_json::{Map, Value, json};

use crate::export::arrays;
use crate::{App, Error, query};

/// Rows that an answer has unless more are asked for, and at most.
const ROWS: (usize, usize) = (100, 1000);

/// Bytes of an answer: an assistant reads it whole.
const BYTES: usize = 200_000;

/// A tool.
pub(super) struct Tool {
    name: &'static str,
    about: &'static str,
    arguments: &'static [Argument],
}

/// What a tool takes.
struct Argument {
    name: &'static str,
    about: &'static str,
    is_needed: bool,
}

const fn needed(name: &'static str, about: &'static str) -> Argument {
    Argument { name, about, is_needed: true }
}

const fn optional(name: &'static str, about: &'static str) -> Argument {
    Argument { name, about, is_needed: false }
}

/// The number of rows, which every tool that lists takes.
const LIMIT: Argument = optional("limit", "rows at most: 100 unless said otherwise, 1000 at most");

/// All tools.
pub(super) const TOOLS: &[Tool] = &[
    Tool { name: "views", about: "Lists all views: what each shows, and what one row of it is.", arguments: &[] },
    Tool {
        name: "describe",
        about: "Tells the columns of a view, with their types and meanings.",
        arguments: &[needed("view", "its name: `problem`, or with its layer: `raw.change`")],
    },
    Tool {
        name: "query",
        about: "Asks in SQL (DataFusion's dialect, close to PostgreSQL's). Only reads. The answer is a line of column names, then a line for each row.",
        arguments: &[needed("sql", "one SELECT; `mart` is the schema that needs no name"), LIMIT],
    },
    Tool {
        name: "problems",
        about: "Lists what is broken: tests that passed and fail now, since when, and who is held guilty. The oldest first.",
        arguments: &[
            optional("project", "only this project"),
            optional("builder", "only this builder"),
            optional("name", "only tests whose name holds this"),
            optional("state", "open, resolved, vanished or all; open unless said otherwise"),
            LIMIT,
        ],
    },
    Tool {
        name: "blamelist",
        about: "Tells who may have broken a test: the suspects with their suspicion (a probability) and its evidence, and all \
            changes between the last good and the first bad revision. Both are empty where a test failed from its first run.",
        arguments: &[needed("problem_id", "a problem, as `problems` lists it"), LIMIT],
    },
];

/// Why a call gives nothing.
pub(super) enum Failure {
    /// The call is wrong.
    Call(String),
    /// The tool says no, in words that help to ask better.
    Tool(String),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Tool(match error.place() {
            Some((line, column)) => format!("{error} (line {line}, column {column})"),
            None => error.to_string(),
        })
    }
}

impl Tool {
    /// Returns what a client is told of the tool.
    pub(super) fn told(&self) -> Value {
        let mut properties = Map::new();
        for argument in self.arguments {
            let told = match argument.name {
                "limit" => json!({"type": "integer", "minimum": 1, "maximum": ROWS.1, "description": argument.about}),
                _ => json!({"type": "string", "description": argument.about}),
            };
            properties.insert(argument.name.to_owned(), told);
        }
        let needed: Vec<_> = self.arguments.iter().filter(|a| a.is_needed).map(|a| a.name).collect();
        json!({
            "name": self.name,
            "description": self.about,
            "inputSchema": {"type": "object", "properties": properties, "required": needed},
            "annotations": {"readOnlyHint": true, "openWorldHint": false},
        })
    }
}

/// What a client has sent with a call.
struct Given<'a>(&'a Map<String, Value>);

impl Given<'_> {
    fn text(&self, name: &str) -> Result<Option<&str>, Failure> {
        match self.0.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(Failure::Call(format!("`{name}` is a text"))),
        }
    }

    /// Returns a text, empty where none was sent.
    fn word(&self, name: &str) -> Result<&str, Failure> {
        Ok(self.text(name)?.unwrap_or_default())
    }

    fn limit(&self) -> Result<usize, Failure> {
        match self.0.get("limit") {
            None | Some(Value::Null) => Ok(ROWS.0),
            Some(value) => {
                let number =
                    value.as_u64().and_then(|number| usize::try_from(number).ok()).filter(|number| *number > 0);
                Ok(number.ok_or_else(|| Failure::Call("`limit` is a number from 1 on".into()))?.min(ROWS.1))
            }
        }
    }
}

/// Calls a tool.
pub(super) async fn call(app: &App, asker: &Asker, params: &Value) -> Result<String, Failure> {
    let name = params.get("name").and_then(Value::as_str).unwrap_or_default();
    let tool = TOOLS.iter().find(|tool| tool.name == name);
    let tool = tool.ok_or_else(|| Failure::Call(format!("there is no tool `{name}`")))?;
    let nothing = Map::new();
    let given = match params.get("arguments") {
        None | Some(Value::Null) => Given(&nothing),
        Some(Value::Object(given)) => Given(given),
        Some(_) => return Err(Failure::Call("arguments are an object".into())),
    };
    if let Some(unknown) = given.0.keys().find(|key| !tool.arguments.iter().any(|a| a.name == key.as_str())) {
        return Err(Failure::Call(format!("`{name}` takes no `{unknown}`")));
    }
    for argument in tool.arguments.iter().filter(|argument| argument.is_needed) {
        if given.text(argument.name)?.is_none() {
            return Err(Failure::Call(format!("`{}` is needed, as a text", argument.name)));
        }
    }
    match name {
        "views" => {
            let sql = "SELECT layer, name, title, grain FROM system.view ORDER BY layer <> 'mart', layer, name";
            table(app, asker, sql, &[], ROWS.1).await
        }
        "describe" => describe(app, asker, given.word("view")?).await,
        "query" => table(app, asker, given.word("sql")?, &[], given.limit()?).await,
        "problems" => problems(app, asker, &given).await,
        _ => blamelist(app, asker, given.word("problem_id")?, given.limit()?).await,
    }
}

async fn blamelist(app: &App, asker: &Asker, problem: &str, limit: usize) -> Result<String, Failure> {
    const SUSPECTS: &str = "SELECT rank, suspicion, revision, author, subject, evidence FROM suspect \
        WHERE problem_id = $1 ORDER BY rank";
    const CHANGES: &str = "SELECT ordinal, revision, author, is_merge, committed_at, subject FROM blamelist \
        WHERE problem_id = $1 ORDER BY ordinal";
    let suspects = table(app, asker, SUSPECTS, &[problem], limit).await?;
    let changes = table(app, asker, CHANGES, &[problem], limit).await?;
    Ok(format!("Suspects:\n\n{suspects}\nAll changes of the blamelist, the newest first:\n\n{changes}"))
}

async fn problems(app: &App, asker: &Asker, given: &Given<'_>) -> Result<String, Failure> {
    const SQL: &str = "SELECT problem_id, project, branch, builder, suite, name, state, opened_at, opened_revision, \
        change_count, guilty FROM problem_guilty \
        WHERE ($1 = '' OR project = $1) AND ($2 = '' OR builder = $2) AND ($3 = '' OR strpos(name, $3) > 0) \
        AND ($4 = 'all' OR state = $4) ORDER BY opened_at, problem_id";
    let state = given.text("state")?.unwrap_or("open");
    table(
        app,
        asker,
        SQL,
        &[given.word("project")?, given.word("builder")?, given.word("name")?, state],
        given.limit()?,
    )
    .await
}

async fn describe(app: &App, asker: &Asker, view: &str) -> Result<String, Failure> {
    let (layer, name) = view.split_once('.').unwrap_or(("mart", view));
    let sql = "SELECT name, type, doc FROM system.column WHERE layer = $1 AND \"view\" = $2";
    let columns = table(app, asker, sql, &[layer, name], ROWS.1).await?;
    if columns.lines().count() <= 1 {
        return Err(Failure::Tool(format!("there is no view `{layer}.{name}`; `views` lists them")));
    }
    Ok(columns)
}

async fn table(app: &App, asker: &Asker, sql: &str, values: &[&str], rows: usize) -> Result<String, Failure> {
    let session = app.session().await?;
    let values = values.iter().map(|value| ScalarValue::Utf8(Some((*value).to_owned()))).collect();
    let question = query::plan(app, &session, asker, sql, values).await?;
    let answer = query::answer(app, asker, question, rows).await?;
    let names: Vec<_> = answer.schema.fields().iter().map(|field| field.name().as_str()).collect();
    let lines = arrays(&answer.batches, false).map_err(|error| Failure::Tool(error.to_string()))?;
    let mut text = format!("{}\n", json!(names));
    lines.iter().for_each(|line| text.push_str(&format!("{line}\n")));
    if text.len() > BYTES {
        return Err(Failure::Tool(format!("the answer has {} bytes; ask for fewer rows or columns", text.len())));
    }
    if answer.is_truncated {
        text.push_str(&format!("There are more rows than these {rows}.\n"));
    }
    Ok(text)
}
