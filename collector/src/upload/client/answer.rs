//! What a server's answer means: done, no, or not now.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use serde::de::DeserializeOwned;
use ureq::Body;
use ureq::http::{Response, StatusCode};

use super::{ANSWER_LIMIT, Failure, Trouble};
use crate::mirror;

pub(super) fn understand<T: DeserializeOwned>(mut answer: Response<Body>) -> Result<Result<T, Failure>, Trouble> {
    let status = answer.status();
    let pause = header(&answer, "retry-after").and_then(|text| retry_after(&text, Utc::now()));
    let target = header(&answer, "location").map(|target| mirror::without_credentials(&target)).unwrap_or_default();
    let text = answer.body_mut().with_config().limit(ANSWER_LIMIT).read_to_string();
    let again = |reason: String| Trouble { reason, pause, is_lasting: false };
    if status.is_success() {
        let text = text.map_err(|error| again(format!("the answer is torn: {error}")))?;
        let foreign = |_| Trouble { is_lasting: true, ..again("what answers is no server of Annals".to_owned()) };
        return serde_json::from_str(&text).map(Ok).map_err(foreign);
    }
    let reason = reason(&text.unwrap_or_default(), status);
    let is_passing = status.is_server_error() || matches!(status.as_u16(), 408 | 425 | 429);
    if is_passing {
        return Err(again(format!("it answers {}: {reason}", status.as_u16())));
    }
    Ok(Err(refusal(status, reason, &target)))
}

/// Only what is said of the upload itself is final.
fn refusal(status: StatusCode, reason: String, target: &str) -> Failure {
    let number = status.as_u16();
    match number {
        400 | 409 | 413 | 415 | 422 => Failure::Refused { status: number, reason },
        401 | 403 => Failure::Stranger { status: number, reason },
        _ if status.is_redirection() => {
            Failure::Misdirected { status: number, reason: format!("it has moved to {target}") }
        }
        _ => Failure::Misdirected { status: number, reason },
    }
}

fn header(answer: &Response<Body>, name: &str) -> Option<String> {
    Some(answer.headers().get(name)?.to_str().ok()?.trim().to_owned())
}

/// Returns what an answer says is wrong: the detail of a problem (RFC 9457), else its first line.
pub(super) fn reason(text: &str, status: StatusCode) -> String {
    let problem: serde_json::Value = serde_json::from_str(text).unwrap_or_default();
    let said = ["detail", "title"].iter().find_map(|name| problem[*name].as_str());
    let said = said.or_else(|| text.lines().next()).map(str::trim).filter(|line| !line.is_empty());
    let said = said.or(status.canonical_reason()).unwrap_or("no reason given");
    said.chars().take(500).collect()
}

/// Returns the pause that `Retry-After` asks for: seconds or a date (RFC 9110, section 10.2.3).
pub(super) fn retry_after(text: &str, now: DateTime<Utc>) -> Option<Duration> {
    match text.parse() {
        Ok(seconds) => Some(Duration::from_secs(seconds)),
        Err(_) => {
            (DateTime::parse_from_rfc2822(text).ok()?.with_timezone(&Utc) - now).max(TimeDelta::zero()).to_std().ok()
        }
    }
}
