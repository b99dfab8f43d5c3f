//! What a client says: a question, or one of the words by which a session is held.
//!
//! Everything that is not named here goes to the desk, which refuses what is no question.

mod file;

use std::sync::LazyLock;

use annals_analytics::outside::check_nesting;
use datafusion::sql::sqlparser::ast::{
    CloseCursor, CopySource, CopyTarget, DeclareType, FetchDirection, Ident, Reset, Set, Statement, Value,
};
use datafusion::sql::sqlparser::dialect::PostgreSqlDialect;
use datafusion_pg_catalog::sql::PostgresCompatibilityParser;
use pgwire::error::PgWireError;

use super::error::failed;
use super::rewrite;
use file::file;
pub(super) use file::{File, Kind};

/// Rewrites what clients send into what the engine understands.
static PARSER: LazyLock<PostgresCompatibilityParser> = LazyLock::new(PostgresCompatibilityParser::new);

/// Statements that one message may hold.
const MESSAGE: usize = 64;

/// One statement.
#[derive(Clone, Debug)]
pub(super) enum Said {
    /// For the desk.
    Question(Box<Statement>),
    /// `COPY … TO STDOUT`: a question whose answer is a file.
    Copy(Box<Statement>, File),
    /// A setting.
    Set(String, String),
    /// A setting's default again; `all` are all.
    Reset(String),
    /// A setting's value; `all` are all.
    Show(String),
    /// A transaction begins.
    Begin,
    /// A transaction ends, by this word.
    End(&'static str),
    /// A cursor begins; one that is held outlives its transaction.
    Declare { name: String, statement: Box<Statement>, is_held: bool },
    /// A cursor goes on by so many rows, or to its end.
    Fetch(String, Option<usize>),
    /// A cursor ends; without a name all do.
    Close(Option<String>),
    /// Nothing happens, under this tag.
    Nothing(&'static str),
}

/// Reads a message.
pub(super) fn parse(text: &str) -> Result<Vec<Said>, PgWireError> {
    if let Some(said) = plain(text) {
        return Ok(vec![said]);
    }
    check_nesting(&PostgreSqlDialect {}, text).map_err(|error| failed("54001", error.to_string()))?;
    let statements = PARSER.parse(text).map_err(|error| failed("42601", error.to_string()))?;
    if statements.len() > MESSAGE {
        return Err(failed("54000", format!("a message has at most {MESSAGE} statements")));
    }
    statements.into_iter().map(|statement| said(rewrite::rewritten(statement))).collect()
}

/// Reads what the parser does not know.
fn plain(text: &str) -> Option<Said> {
    let text = text.trim().trim_end_matches(';').trim().to_ascii_lowercase();
    let words: Vec<_> = text.split_whitespace().collect();
    match words[..] {
        ["discard", "all" | "plans" | "sequences" | "temp" | "temporary"] => Some(Said::Nothing("DISCARD ALL")),
        ["deallocate", "all"] | ["deallocate", "prepare", "all"] => Some(Said::Nothing("DEALLOCATE")),
        ["unlisten", ..] => Some(Said::Nothing("UNLISTEN")),
        ["set", "session", "characteristics", "as", "transaction", ..] => Some(Said::Nothing("SET")),
        _ => None,
    }
}

fn said(statement: Statement) -> Result<Said, PgWireError> {
    Ok(match statement {
        Statement::Set(set) => setting(set)?,
        Statement::Reset(reset) => match reset.reset {
            Reset::ALL => Said::Reset("all".into()),
            Reset::ConfigurationParameter(name) => Said::Reset(name.to_string()),
        },
        Statement::ShowVariable { variable } => {
            let words: Vec<_> = variable.iter().map(|word| word.value.to_ascii_lowercase()).collect();
            match words.join(" ").as_str() {
                "transaction isolation level" => Said::Show("transaction_isolation".into()),
                "time zone" => Said::Show("timezone".into()),
                other => Said::Show(other.into()),
            }
        }
        Statement::StartTransaction { .. } => Said::Begin,
        Statement::Commit { .. } => Said::End("COMMIT"),
        Statement::Rollback { savepoint: None, .. } => Said::End("ROLLBACK"),
        Statement::Rollback { .. } => Said::Nothing("ROLLBACK"),
        Statement::Savepoint { .. } => Said::Nothing("SAVEPOINT"),
        Statement::ReleaseSavepoint { .. } => Said::Nothing("RELEASE"),
        Statement::Discard { .. } => Said::Nothing("DISCARD ALL"),
        Statement::UNLISTEN { .. } => Said::Nothing("UNLISTEN"),
        // The protocol's own prepared statements end with their connection, or by its own message.
        Statement::Deallocate { .. } => Said::Nothing("DEALLOCATE"),
        Statement::Declare { mut stmts } if stmts.len() == 1 => {
            let declared = stmts.remove(0);
            match (declared.declare_type, declared.names.first(), declared.for_query) {
                (Some(DeclareType::Cursor), Some(name), Some(query)) => Said::Declare {
                    name: folded(name),
                    statement: Box::new(Statement::Query(query)),
                    is_held: declared.hold == Some(true),
                },
                _ => return Err(failed("0A000", "DECLARE declares a cursor for a query here")),
            }
        }
        Statement::Fetch { name, direction, .. } => Said::Fetch(folded(&name), count(&direction)?),
        Statement::Close { cursor: CloseCursor::All } => Said::Close(None),
        Statement::Close { cursor: CloseCursor::Specific { name } } => Said::Close(Some(folded(&name))),
        Statement::Copy { source, to: true, target: CopyTarget::Stdout, options, legacy_options, .. } => {
            Said::Copy(Box::new(source_of(source)?), file(&options, &legacy_options)?)
        }
        other => Said::Question(Box::new(other)),
    })
}

/// Returns a name as it is kept: in lower case unless it is quoted.
fn folded(name: &Ident) -> String {
    if name.quote_style.is_some() { name.value.clone() } else { name.value.to_lowercase() }
}

fn setting(set: Set) -> Result<Said, PgWireError> {
    match set {
        Set::SingleAssignment { variable, values, .. } => {
            let values: Vec<_> = values.iter().map(|value| value.to_string().trim_matches('\'').to_owned()).collect();
            Ok(Said::Set(variable.to_string(), values.join(", ")))
        }
        Set::SetTimeZone { value, .. } => Ok(Said::Set("timezone".into(), value.to_string())),
        Set::SetNames { charset_name, .. } => Ok(Said::Set("client_encoding".into(), charset_name.value)),
        Set::SetTransaction { .. } => Ok(Said::Nothing("SET")),
        other => Err(failed("0A000", format!("{other} is not known here"))),
    }
}

fn count(direction: &FetchDirection) -> Result<Option<usize>, PgWireError> {
    let number = |value: &Value| match value {
        Value::Number(text, _) => text.parse().map(Some).map_err(|_| failed("22023", "no number of rows")),
        _ => Err(failed("22023", "no number of rows")),
    };
    match direction {
        FetchDirection::Next | FetchDirection::Forward { limit: None } => Ok(Some(1)),
        FetchDirection::Forward { limit: Some(limit) } | FetchDirection::Count { limit } => number(&limit.value),
        FetchDirection::ForwardAll | FetchDirection::All => Ok(None),
        _ => Err(failed("55000", "a cursor only goes forward here")),
    }
}

fn source_of(source: CopySource) -> Result<Statement, PgWireError> {
    match source {
        CopySource::Query(query) => Ok(Statement::Query(query)),
        CopySource::Table { table_name, columns } => {
            let quoted = |column: &Ident| column.to_string();
            let list = columns.iter().map(quoted).collect::<Vec<_>>().join(", ");
            let list = if list.is_empty() { "*".to_owned() } else { list };
            // Both parts are printed from what was parsed, so they are names and nothing else.
            let text = format!("SELECT {list} FROM {table_name}");
            let mut statements = PARSER.parse(&text).map_err(|error| failed("42601", error.to_string()))?;
            statements.pop().ok_or_else(|| failed("42601", "nothing to copy"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(text: &str) -> Said {
        parse(text).unwrap().pop().unwrap()
    }

    #[test]
    fn the_words_of_a_session_are_known() {
        assert!(
            matches!(one("SET application_name TO 'x y'"), Said::Set(n, v) if n == "application_name" && v == "x y")
        );
        assert!(matches!(one("set TIME ZONE 'UTC'"), Said::Set(n, _) if n == "timezone"));
        assert!(matches!(one("DISCARD ALL"), Said::Nothing(_)));
        assert!(matches!(one("UNLISTEN *"), Said::Nothing(_)));
        assert!(matches!(one("RESET ALL"), Said::Reset(n) if n == "all"));
        assert!(matches!(one("BEGIN READ ONLY"), Said::Begin));
        assert!(matches!(one("FETCH FORWARD 10 FROM c"), Said::Fetch(_, Some(10))));
        for (text, known, held) in [("C CURSOR", "c", false), ("\"C\" CURSOR WITH HOLD", "C", true)] {
            let said = one(&format!("DECLARE {text} FOR SELECT 1"));
            assert!(matches!(said, Said::Declare { name, is_held, .. } if name == known && is_held == held), "{text}");
        }
        assert!(matches!(one("SHOW transaction isolation level"), Said::Show(n) if n == "transaction_isolation"));
        assert!(matches!(one("INSERT INTO a VALUES (1)"), Said::Question(_)));
        assert!(parse("").unwrap().is_empty());
        assert!(parse(&"SELECT 1;".repeat(65)).is_err());
    }

    #[test]
    fn copy_goes_to_the_client_and_nowhere_else() {
        let csv = File { kind: Kind::Csv, has_header: true, delimiter: ',', null: String::new() };
        for text in [
            "COPY (SELECT 1) TO STDOUT (FORMAT csv, HEADER)",
            "COPY (SELECT 1) TO STDOUT WITH CSV HEADER",
            "copy problem (name) to stdout with (format CSV, header true)",
        ] {
            assert!(matches!(one(text), Said::Copy(_, file) if file == csv), "{text}");
        }
        assert!(matches!(one("COPY problem TO STDOUT"), Said::Copy(_, file) if file.kind == Kind::Text));
        for text in ["COPY problem TO '/tmp/x'", "COPY problem TO PROGRAM 'sh'", "COPY problem FROM STDIN"] {
            assert!(matches!(one(text), Said::Question(_)), "{text} is for the desk to refuse");
        }
    }
}
