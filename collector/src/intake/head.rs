//! What a sender says of a build: read from a query, checked, and turned into where the build came from.
//!
//! Bounds on names are here because they end up in keys, addresses and pages.

use annals_data::row::BuildResult;
use chrono::{DateTime, Utc};
use serde_json::{Map, Value};

use super::refusal::{Refusal, Result};
use crate::ingest::{Given, Origin};
use crate::wire::Head;

/// Bytes of a project, branch, builder, revision or worker.
const NAME: usize = 300;
/// Bytes of a key, a part or a URL.
const TEXT: usize = 2000;
/// Variables of an environment.
const VARIABLES: usize = 500;
/// Bytes of an environment's name or value.
const VARIABLE: usize = 8 << 10;
/// Later times cannot be shown by most engines: the end of the year 9999.
const LAST: i64 = 253_402_300_799_000_000;

/// Reads a head from the parameters of a query; `also` are parameters that are somebody else's.
pub(super) fn from_query(query: &str, also: &[&str]) -> Result<Head> {
    let (mut fields, mut environment) = (Map::new(), Map::new());
    for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
        match (&*name, name.strip_prefix("environment.")) {
            (name, _) if also.contains(&name) => {}
            (_, Some(variable)) => drop(environment.insert(variable.to_owned(), value.into())),
            (name, None) => drop(fields.insert(name.to_owned(), typed(name, &value)?)),
        }
    }
    if !environment.is_empty() {
        fields.insert("environment".to_owned(), environment.into());
    }
    serde_json::from_value(Value::Object(fields)).map_err(|error| Refusal::malformed(format!("the query: {error}")))
}

/// Returns a parameter in the type that its field has.
fn typed(name: &str, value: &str) -> Result<Value> {
    let wrong = |kind: &str| Refusal::malformed(format!("the query: `{name}` is no {kind}: `{}`", short(value)));
    match name {
        "position" | "number" | "attempt" => value.parse::<i64>().map(Value::from).map_err(|_| wrong("whole number")),
        "is_final" | "is_shallow" => flag(value).map(Value::from).ok_or_else(|| wrong("truth value")),
        "patch_author" => {
            let (name, address) = value.split_once('<').ok_or_else(|| wrong("NAME <ADDRESS>"))?;
            Ok(vec![name.trim(), address.trim_end_matches('>').trim()].into())
        }
        _ => Ok(value.into()),
    }
}

/// Reads `true` and `false` as people write them.
pub(super) fn flag(value: &str) -> Option<bool> {
    match value.to_ascii_lowercase().as_str() {
        "true" | "1" | "yes" | "" => Some(true),
        "false" | "0" | "no" => Some(false),
        _ => None,
    }
}

/// Checks a head; `Err` names the first field that cannot be taken.
pub(super) fn check(head: &mut Head) -> Result<()> {
    if head.branch.is_empty() {
        "main".clone_into(&mut head.branch);
    }
    let needed = [("project", &head.project), ("revision", &head.revision), ("builder", &head.builder)];
    for (field, value) in needed.into_iter().chain([("branch", &head.branch)]) {
        if value.trim().is_empty() {
            return Err(Refusal::unprocessable(format!("the build has no `{field}`")).fact("field", field));
        }
        text(field, value, NAME)?;
    }
    let optional = [("key", &head.key, TEXT), ("part", &head.part, TEXT), ("worker", &head.worker, NAME)];
    for (field, value, bound) in optional.into_iter().chain([("url", &head.url, TEXT)]) {
        value.as_deref().map_or(Ok(()), |value| text(field, value, bound))?;
    }
    if head.url.as_deref().is_some_and(|url| !url.starts_with("https://") && !url.starts_with("http://")) {
        return Err(flaw("url", "it is neither http nor https"));
    }
    if head.position.is_some_and(|position| !(0..1 << 40).contains(&position)) {
        return Err(flaw("position", "it is no number of ancestors"));
    }
    if head.result.as_deref().is_some_and(|word| BuildResult::parse(word).is_none()) {
        return Err(flaw("result", "it is none of cancelled, retry, exception, failure, warnings, success, skipped"));
    }
    let is_large = |(name, value): (&String, &String)| name.len() > VARIABLE || value.len() > VARIABLE;
    if head.environment.len() > VARIABLES || head.environment.iter().any(is_large) {
        return Err(flaw("environment", "it is too large"));
    }
    if let Some((name, address)) = &head.patch_author {
        text("patch_author", name, NAME).and_then(|()| text("patch_author", address, NAME))?;
    }
    Ok(())
}

fn text(field: &str, value: &str, bound: usize) -> Result<()> {
    match () {
        () if value.len() > bound => Err(flaw(field, &format!("it has more than {bound} bytes"))),
        () if value.chars().any(char::is_control) => Err(flaw(field, "it holds a control character")),
        () => Ok(()),
    }
}

fn flaw(field: &str, reason: &str) -> Refusal {
    Refusal::unprocessable(format!("`{field}` cannot be taken: {reason}")).fact("field", field)
}

/// Returns where the build came from; `position` is what the head says or what was found.
pub(super) fn origin(head: &Head, position: i64) -> Origin {
    let mut environment = head.environment.clone();
    if let Some(attempt) = head.attempt {
        environment.entry("attempt".to_owned()).or_insert_with(|| attempt.to_string());
    }
    let json = serde_json::to_string(&environment).expect("a map of texts is JSON");
    let given = Given {
        key: head.key.clone(),
        number: head.number,
        url: head.url.clone(),
        worker: head.worker.clone(),
        environment: (!environment.is_empty()).then_some(json),
        started_at: head.started_at.map(micros),
        finished_at: head.finished_at.map(micros),
        patch_author: head.patch_author.clone(),
        ..Given::default()
    };
    let (project, branch) = (head.project.clone(), head.branch.clone());
    Origin { project, branch, revision: head.revision.clone(), position, builder: head.builder.clone(), given }
}

/// Returns a time as the tables hold it.
pub(super) fn micros(time: DateTime<Utc>) -> i64 {
    time.timestamp_micros().clamp(-LAST, LAST)
}

/// Returns the beginning of a text, for messages.
pub(super) fn short(text: &str) -> String {
    text.chars().take(80).map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_says_what_a_head_says() {
        let head =
            from_query("project=p&position=7&is_final&environment.OS=linux&patch_author=A+B+<a@b>&wait=1", &["wait"]);
        let mut expected = Head { project: "p".into(), position: Some(7), is_final: true, ..Head::default() };
        expected.environment.insert("OS".into(), "linux".into());
        expected.patch_author = Some(("A B".into(), "a@b".into()));
        assert_eq!(head.unwrap(), expected);
        for wrong in ["position=x", "nonsense=1", "is_final=perhaps", "started_at=yesterday"] {
            assert!(from_query(wrong, &[]).is_err(), "{wrong}");
        }
    }
}
