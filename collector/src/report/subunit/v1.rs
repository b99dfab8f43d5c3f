//! The lines of version 1, which tell of one test after the other.

use annals_data::outcomes::Outcomes;
use annals_data::row::Status;
use chrono::NaiveDateTime;

use super::super::cases::Cases;
use super::super::text::Source;
use super::super::{Error, Limits, Report};
use super::running::Running;
use super::{FORMAT, PREAMBLE_BYTES};

/// The words that end a test.
const OUTCOMES: [(&str, Status); 7] = [
    ("successful", Status::Passed),
    ("success", Status::Passed),
    ("failure", Status::Failed),
    ("error", Status::Errored),
    ("skip", Status::Skipped),
    ("xfail", Status::Xfailed),
    ("uxsuccess", Status::Xpassed),
];

/// Returns whether a text is a stream of version 1.
pub(super) fn is_like(source: &Source) -> bool {
    let text = &source.text[..source.text.floor_char_boundary(PREAMBLE_BYTES)];
    let mut lines = text.lines();
    let first = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    if first.strip_prefix("time: ").and_then(moment).is_some() {
        return true;
    }
    let mut begun = None;
    lines.any(|line| {
        let (word, rest) = line.split_once(": ").unwrap_or_default();
        if matches!(word, "test" | "testing") {
            begun = Some(rest.trim_end());
        }
        begun.is_some_and(|name| is_outcome(word) && rest.split(" [").next() == Some(name))
    })
}

fn is_outcome(word: &str) -> bool {
    OUTCOMES.iter().any(|(known, _)| *known == word)
}

struct Reading<'r> {
    bytes: &'r [u8],
    position: usize,
    cases: Cases<'r>,
    limits: &'r Limits,
    clock: Option<i64>,
    started_at: Option<i64>,
    current: Option<(String, Running)>,
}

/// Reads a stream.
pub(super) fn read(source: &Source, limits: &Limits) -> Result<Report<Outcomes>, Error> {
    let cases = Cases::new(source, limits);
    let mut reading =
        Reading { bytes: source.bytes, position: 0, cases, limits, clock: None, started_at: None, current: None };
    while let Some((position, line)) = reading.next_line() {
        reading.line(position, &String::from_utf8_lossy(line))?;
    }
    reading.abandon()?;
    let mut report = reading.cases.finish(&FORMAT)?;
    report.started_at = reading.started_at;
    Ok(report)
}

impl<'r> Reading<'r> {
    /// Returns the next line without its end, and where it begins.
    fn next_line(&mut self) -> Option<(usize, &'r [u8])> {
        let position = self.position;
        let rest = self.bytes.get(position..).filter(|rest| !rest.is_empty())?;
        let length = rest.iter().position(|&byte| byte == b'\n').map_or(rest.len(), |at| at + 1);
        self.position += length;
        Some((position, rest[..length].trim_ascii_end()))
    }

    fn line(&mut self, position: usize, text: &str) -> Result<(), Error> {
        let (word, rest) = text.split_once([':', ' ']).unwrap_or((text, ""));
        let rest = rest.trim_start();
        match word {
            "test" | "testing" if !rest.is_empty() => self.begin(position, rest),
            "time" if moment(rest).is_some() => {
                self.clock = moment(rest);
                Ok(())
            }
            "progress" | "tags" => Ok(()),
            word => match OUTCOMES.iter().find(|(known, _)| *known == word) {
                Some(&(_, status)) if self.is_about_a_test(rest) => self.end(position, word, status, rest),
                _ => {
                    self.cases.ignore("lines that are not subunit");
                    Ok(())
                }
            },
        }
    }

    /// Returns whether an outcome names the running test, or any test where none runs; programs print `error: …` too.
    fn is_about_a_test(&self, rest: &str) -> bool {
        let name = rest.strip_suffix(" [ multipart").or_else(|| rest.strip_suffix(" [")).unwrap_or(rest);
        match &self.current {
            Some((current, _)) => current == name,
            None => rest != name,
        }
    }

    fn begin(&mut self, position: usize, name: &str) -> Result<(), Error> {
        self.abandon()?;
        let mut running = Running::new(position);
        running.has_begun = true;
        running.tick(self.clock);
        self.started_at = self.started_at.or(self.clock);
        self.current = Some((name.to_owned(), running));
        Ok(())
    }

    fn end(&mut self, position: usize, word: &str, status: Status, rest: &str) -> Result<(), Error> {
        let (name, mut running) = self.current.take().unwrap_or_else(|| {
            let name = rest.strip_suffix(" [ multipart").or_else(|| rest.strip_suffix(" [")).unwrap_or(rest);
            (name.to_owned(), Running::new(position))
        });
        running.tick(self.clock);
        if rest.ends_with(" [ multipart") {
            self.parts(position, &mut running)?;
        } else if rest.ends_with(" [") {
            self.details(position, &mut running)?;
        }
        running.end(&name, word, status, &mut self.cases, self.limits)
    }

    /// Reads lines up to `]`.
    fn details(&mut self, position: usize, running: &mut Running) -> Result<(), Error> {
        while let Some((_, line)) = self.next_line() {
            if line == b"]" {
                return Ok(());
            }
            // A bracket within the text has a space before it.
            let line = if line == b" ]" { b"]" } else { line };
            running.attach("", &[line, b"\n"].concat(), self.limits);
        }
        Err(self.cases.refuse(position, "the report is truncated: the details of an outcome never end"))
    }

    /// Reads attachments up to `]`: a type, a name, and chunks with their lengths.
    fn parts(&mut self, position: usize, running: &mut Running) -> Result<(), Error> {
        let truncated = "the report is truncated: the details of an outcome never end";
        loop {
            let Some((at, line)) = self.next_line() else { return Err(self.cases.refuse(position, truncated)) };
            if line == b"]" {
                return Ok(());
            }
            let Some(mime) = line.strip_prefix(b"Content-Type: ") else {
                return Err(self.cases.refuse(at, "an attachment does not begin with `Content-Type: `"));
            };
            let Some((_, name)) = self.next_line() else { return Err(self.cases.refuse(position, truncated)) };
            let name = String::from_utf8_lossy(name);
            while let Some(chunk) = self.chunk(position)? {
                if mime.starts_with(b"text/") {
                    running.attach(&name, chunk, self.limits);
                } else {
                    self.cases.ignore("pieces of attachments that are no text");
                }
            }
        }
    }

    /// Returns the next chunk of an attachment, or nothing at its end.
    fn chunk(&mut self, position: usize) -> Result<Option<&'r [u8]>, Error> {
        let truncated = "the report is truncated: an attachment never ends";
        let Some((at, line)) = self.next_line() else { return Err(self.cases.refuse(position, truncated)) };
        let length = std::str::from_utf8(line).ok().and_then(|line| usize::from_str_radix(line, 16).ok());
        let Some(length) = length else {
            return Err(self.cases.refuse(at, "the length of a piece of an attachment is no hexadecimal number"));
        };
        if length == 0 {
            return Ok(None);
        }
        let end = self.position.checked_add(length);
        match end.and_then(|end| self.bytes.get(self.position..end)) {
            Some(chunk) => {
                self.position += length;
                Ok(Some(chunk))
            }
            None => Err(self.cases.refuse(position, truncated)),
        }
    }

    /// Tells the running test as one that never ended.
    fn abandon(&mut self) -> Result<(), Error> {
        match self.current.take() {
            Some((name, running)) => running.abandon(&name, &mut self.cases, self.limits),
            None => Ok(()),
        }
    }
}

/// Returns microseconds since 1970 for `2026-11-21 03:12:30.871992Z`; a clock that begins at 1970 is one, too.
fn moment(text: &str) -> Option<i64> {
    let parse = |form| NaiveDateTime::parse_from_str(text.trim(), form).ok();
    let time = ["%Y-%m-%d %H:%M:%S%.fZ", "%Y-%m-%dT%H:%M:%S%.fZ"].into_iter().find_map(parse)?;
    Some(time.and_utc().timestamp_micros()).filter(|&time| time >= 0)
}

#[cfg(test)]
mod tests {
    use super::moment;

    #[test]
    fn moments_are_read() {
        assert_eq!(moment("1970-01-01 00:00:00Z"), Some(0));
        assert_eq!(moment("2026-11-21 03:12:30.871992Z"), Some(1_795_230_750_871_992));
        assert_eq!(moment("2024-02-29T12:00:00Z"), Some(1_709_208_000_000_000));
        for wrong in ["", "Z", "2026-13-01 00:00:00Z", "2026-11-21 25:00:00Z", "2026-11-21", "-1-1-1 0:0:0Z"] {
            assert_eq!(moment(wrong), None, "{wrong}");
        }
    }
}
