//! How a piece of many outcomes stands in a temporary file: lengths and bytes, as fast as memory is copied.
//!
//! It is read only by the process that wrote it, so it has no version.

use crate::row::{Kind, Measure, Outcome, Status};

/// Stands for a text that is none.
const NONE: u32 = u32::MAX;
const STATUSES: [Status; 6] =
    [Status::Passed, Status::Failed, Status::Errored, Status::Skipped, Status::Xfailed, Status::Xpassed];

/// Returns about how many bytes an outcome takes.
pub(super) fn size(outcome: &Outcome) -> usize {
    let optional = [&outcome.error_kind, &outcome.message, &outcome.file];
    let texts: usize = optional.into_iter().flatten().map(String::len).sum();
    let measures: usize =
        outcome.measures.iter().map(|m| m.metric.len() + m.unit.as_ref().map_or(0, String::len)).sum();
    size_of::<Outcome>() + outcome.suite.len() + outcome.name.len() + texts + measures
}

/// Returns outcomes as bytes.
pub(super) fn encode(outcomes: &[Outcome]) -> Vec<u8> {
    let mut out = Vec::with_capacity(outcomes.iter().map(|outcome| size(outcome) / 2).sum());
    for outcome in outcomes {
        let status = STATUSES.iter().position(|status| *status == outcome.status).unwrap_or_default() as u8;
        out.extend_from_slice(&[status, u8::from(outcome.kind == Kind::Step)]);
        out.extend_from_slice(&outcome.attempt.to_le_bytes());
        for number in [outcome.duration_us, outcome.line] {
            out.push(u8::from(number.is_some()));
            out.extend_from_slice(&number.unwrap_or_default().to_le_bytes());
        }
        text(&mut out, Some(&outcome.suite));
        text(&mut out, Some(&outcome.name));
        [&outcome.error_kind, &outcome.message, &outcome.file].into_iter().for_each(|t| text(&mut out, t.as_deref()));
        out.extend_from_slice(&(outcome.measures.len() as u32).to_le_bytes());
        for Measure { metric, value, unit } in &outcome.measures {
            text(&mut out, Some(metric));
            out.extend_from_slice(&value.to_le_bytes());
            text(&mut out, unit.as_deref());
        }
    }
    out
}

fn text(out: &mut Vec<u8>, text: Option<&str>) {
    out.extend_from_slice(&text.map_or(NONE, |text| text.len() as u32).to_le_bytes());
    out.extend_from_slice(text.unwrap_or_default().as_bytes());
}

/// An outcome as it stands in the file.
pub(super) struct Stored<'b> {
    pub(super) kind: Kind,
    pub(super) suite: &'b str,
    pub(super) name: &'b str,
    pub(super) status: Status,
    attempt: i64,
    error_kind: Option<&'b str>,
    duration_us: Option<i64>,
    message: Option<&'b str>,
    file: Option<&'b str>,
    line: Option<i64>,
    measures: Vec<Measure>,
}

impl Stored<'_> {
    fn into_outcome(self) -> Outcome {
        let own = |text: Option<&str>| text.map(str::to_owned);
        Outcome {
            kind: self.kind,
            suite: self.suite.to_owned(),
            name: self.name.to_owned(),
            attempt: self.attempt,
            status: self.status,
            error_kind: own(self.error_kind),
            duration_us: self.duration_us,
            message: own(self.message),
            file: own(self.file),
            line: self.line,
            measures: self.measures,
        }
    }
}

/// Returns the outcomes that `bytes` are; nothing where they are not.
pub(super) fn decode(bytes: &[u8]) -> Option<Vec<Outcome>> {
    let mut outcomes = Vec::new();
    each(bytes, |stored| outcomes.push(stored.into_outcome()))?;
    Some(outcomes)
}

/// Shows each outcome that `bytes` are; nothing where they are none.
pub(super) fn each<'b>(mut bytes: &'b [u8], mut see: impl FnMut(Stored<'b>)) -> Option<()> {
    while !bytes.is_empty() {
        see(stored(&mut bytes)?);
    }
    Some(())
}

fn stored<'b>(bytes: &mut &'b [u8]) -> Option<Stored<'b>> {
    let [status, kind] = take::<2>(bytes)?;
    let attempt = i64::from_le_bytes(take(bytes)?);
    let [duration_us, line] = [optional_number(bytes)?, optional_number(bytes)?];
    let (suite, name) = (optional_text(bytes)??, optional_text(bytes)??);
    let [error_kind, message, file] = [optional_text(bytes)?, optional_text(bytes)?, optional_text(bytes)?];
    let count = u32::from_le_bytes(take(bytes)?);
    let measures = (0..count).map(|_| measure(bytes)).collect::<Option<_>>()?;
    let kind = if kind == 0 { Kind::Test } else { Kind::Step };
    let status = *STATUSES.get(usize::from(status))?;
    Some(Stored { kind, suite, name, attempt, status, error_kind, duration_us, message, file, line, measures })
}

fn measure(bytes: &mut &[u8]) -> Option<Measure> {
    let metric = optional_text(bytes)??.to_owned();
    let value = f64::from_le_bytes(take(bytes)?);
    Some(Measure { metric, value, unit: optional_text(bytes)?.map(str::to_owned) })
}

fn optional_number(bytes: &mut &[u8]) -> Option<Option<i64>> {
    let [is_some] = take(bytes)?;
    let number = i64::from_le_bytes(take(bytes)?);
    Some((is_some != 0).then_some(number))
}

fn optional_text<'b>(bytes: &mut &'b [u8]) -> Option<Option<&'b str>> {
    let length = u32::from_le_bytes(take(bytes)?);
    if length == NONE {
        return Some(None);
    }
    let (text, rest) = bytes.split_at_checked(length as usize)?;
    *bytes = rest;
    Some(Some(std::str::from_utf8(text).ok()?))
}

fn take<const N: usize>(bytes: &mut &[u8]) -> Option<[u8; N]> {
    let (head, rest) = bytes.split_first_chunk()?;
    *bytes = rest;
    Some(*head)
}
