//! Reports turned into outcomes (a stand-in until the formats are here).

use annals_data::row::{Kind, Outcome, Status};

/// What a report says.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Report {
    /// The outcomes.
    pub cases: Vec<Outcome>,
    /// Whether it lists failures only.
    pub is_failures_only: bool,
    /// What could be read only in part.
    pub warnings: Vec<Warning>,
}

/// Something about a report that its reader should know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning {
    /// The line in the file, from 1.
    pub line: u64,
    /// What is the matter.
    pub text: String,
}

/// Why a report cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("{path}:{line}: {reason}")]
pub struct Error {
    path: String,
    line: usize,
    reason: String,
}

/// Reads a report; `path_label` names it in errors.
pub fn read(path_label: &str, bytes: &[u8]) -> Result<Report, Error> {
    let text = String::from_utf8_lossy(bytes);
    if !text.trim_end().ends_with("</testsuite>") {
        return Err(Error { path: path_label.to_owned(), line: text.lines().count(), reason: "truncated".to_owned() });
    }
    let cases = text.split("<testcase ").skip(1).map(case).collect();
    Ok(Report { cases, ..Report::default() })
}

fn case(text: &str) -> Outcome {
    let value = |key: &str| {
        let rest = text.split_once(&format!("{key}=\"")).map_or("", |(_, rest)| rest);
        rest.split('"').next().unwrap_or_default().to_owned()
    };
    let status = if text.contains("<failure") { Status::Failed } else { Status::Passed };
    Outcome {
        kind: Kind::Test,
        suite: value("classname"),
        name: text.split_once('"').map_or("", |_| "").to_owned() + &value(" name"),
        attempt: 1,
        status,
        error_kind: None,
        duration_us: None,
        message: None,
        file: None,
        line: None,
    }
}
