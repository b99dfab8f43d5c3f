//! The events of version 2, which may come from several workers at once.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use annals_data::outcomes::Outcomes;
use annals_data::row;

use super::super::cases::Cases;
use super::super::text::Source;
use super::super::{Error, Limits, Report};
use super::FORMAT;
use super::packet::{Item, Packet, Status, Stream};
use super::running::Running;

/// A test of a worker: routing code and id.
type Key = (String, String);

struct Reading<'r> {
    cases: Cases<'r>,
    limits: &'r Limits,
    running: HashMap<Key, Running>,
    /// Tests that were only listed so far.
    listed: BTreeSet<String>,
    started_at: Option<i64>,
}

/// Reads a stream.
pub(super) fn read(source: &Source, limits: &Limits) -> Result<Report<Outcomes>, Error> {
    let cases = Cases::new(source, limits);
    let mut reading = Reading { cases, limits, running: HashMap::new(), listed: BTreeSet::new(), started_at: None };
    let mut stream = Stream::new(source.bytes);
    loop {
        let position = stream.position;
        let item = stream.next().map_err(|reason| {
            let byte = stream.position;
            reading.cases.refuse(position, format!("{reason} (after byte {byte})"))
        })?;
        match item {
            Some(Item::Packet(packet)) => reading.packet(position, packet)?,
            Some(Item::Text) => reading.cases.ignore("texts between packets"),
            None => return reading.finish(),
        }
    }
}

impl Reading<'_> {
    fn packet(&mut self, position: usize, packet: Packet) -> Result<(), Error> {
        let Some(id) = packet.test else {
            self.cases.ignore("packets of no test");
            return Ok(());
        };
        let key = (packet.route.unwrap_or_default().into_owned(), id.into_owned());
        if packet.status == Status::Exists {
            self.listed.insert(key.1);
            return Ok(());
        }
        let (word, status) = match packet.status {
            Status::Undefined | Status::Exists => ("", None),
            Status::InProgress => ("inprogress", None),
            Status::Success => ("success", Some(row::Status::Passed)),
            Status::UnexpectedSuccess => ("uxsuccess", Some(row::Status::Xpassed)),
            Status::Skip => ("skip", Some(row::Status::Skipped)),
            Status::Fail => ("fail", Some(row::Status::Failed)),
            Status::ExpectedFailure => ("xfail", Some(row::Status::Xfailed)),
        };
        let running = self.running.entry(key.clone()).or_insert_with(|| Running::new(position));
        running.tick(packet.time);
        if let Some((name, piece)) = packet.file {
            if packet.mime.is_none_or(|mime| mime.starts_with("text/")) {
                running.attach(&name, piece, self.limits);
            } else {
                self.cases.ignore("pieces of attachments that are no text");
            }
        }
        if packet.status == Status::InProgress {
            running.has_begun = true;
            self.started_at = self.started_at.into_iter().chain(packet.time).min();
        }
        match status.and_then(|status| Some((status, self.running.remove(&key)?))) {
            Some((status, running)) => {
                self.listed.remove(&key.1);
                running.end(&key.1, word, status, &mut self.cases, self.limits)
            }
            None => Ok(()),
        }
    }

    fn finish(mut self) -> Result<Report<Outcomes>, Error> {
        let unended: BTreeMap<(usize, Key), Running> =
            self.running.into_iter().map(|(key, running)| ((running.position, key), running)).collect();
        for ((_, (_, id)), running) in unended {
            self.listed.remove(&id);
            if running.has_begun {
                running.abandon(&id, &mut self.cases, self.limits)?;
            } else {
                self.cases.ignore("attachments outside of a run of their test");
            }
        }
        for _ in &self.listed {
            self.cases.ignore("tests that were listed and not run");
        }
        let mut report = self.cases.finish(&FORMAT)?;
        report.started_at = self.started_at;
        Ok(report)
    }
}
