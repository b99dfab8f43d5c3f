//! One command in a process group of its own: its output, its end, and the end of everything that it started.
//!
//! Processes that leave the group (a daemon with a session of its own) are not found; they only lose the log.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::{self, Read};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};

use super::log::Log;
use crate::cancellation::CancellationFlag;
use crate::clock;

/// How long a group may take to end itself after it was asked to.
const GRACE: Duration = Duration::from_secs(5);
/// How long the log stays open for output that is still in the pipe after the command has ended.
const DRAIN: Duration = Duration::from_secs(2);

/// What a command is run with.
pub(super) struct Setting<'a> {
    pub(super) dir: &'a Path,
    pub(super) environment: &'a BTreeMap<OsString, OsString>,
    pub(super) timeout: Duration,
    pub(super) log_limit: u64,
    pub(super) cancellation: &'a CancellationFlag,
}

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    Exited(i32),
    Signalled(i32),
    TimedOut,
    Cancelled,
}

/// A command that has ended.
#[derive(Debug)]
pub(super) struct Ran {
    pub(super) ending: Ending,
    pub(super) log: Log,
    pub(super) duration: Duration,
    pub(super) started_at: i64,
}

/// Runs `command` by `sh -c` and returns when its whole process group has ended.
pub(super) fn run(command: &str, setting: &Setting<'_>) -> io::Result<Ran> {
    let (reader, writer) = io::pipe()?;
    let (started_at, started) = (clock::now(), Instant::now());
    let mut shell = Command::new("sh");
    shell.args(["-c", command]).current_dir(setting.dir).env_clear().envs(setting.environment);
    shell.stdin(Stdio::null()).stdout(writer.try_clone()?).stderr(writer).process_group(0);
    let mut child = shell.spawn()?;
    // The command holds the pipe's other end; while it is open here too, the log would never end.
    drop(shell);
    let output = Output::gather(reader, setting.log_limit);
    let ending = end(&mut child, started, setting)?;
    Ok(Ran { ending, log: output.finish(), duration: started.elapsed(), started_at })
}

fn end(child: &mut Child, started: Instant, setting: &Setting<'_>) -> io::Result<Ending> {
    let group = Pid::from_child(child);
    let deadline = started.checked_add(setting.timeout);
    let forced = wait(group, || {
        if setting.cancellation.is_cancelled() {
            return Some(Ending::Cancelled);
        }
        deadline.is_some_and(|deadline| Instant::now() >= deadline).then_some(Ending::TimedOut)
    })?;
    if forced.is_some() {
        let _ = kill_process_group(group, Signal::TERM);
        let patience = Instant::now() + GRACE;
        wait(group, || (Instant::now() >= patience).then_some(()))?;
    }
    // The leader has not been waited for, so that its number cannot belong to another group yet.
    let _ = kill_process_group(group, Signal::KILL);
    let status = child.wait()?;
    Ok(forced.unwrap_or_else(|| exited(status)))
}

/// Waits until the group's leader has ended (`None`) or `interrupt` says otherwise.
fn wait<T>(leader: Pid, interrupt: impl Fn() -> Option<T>) -> io::Result<Option<T>> {
    let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT | WaitIdOptions::NOHANG;
    let mut pause = Duration::from_millis(1);
    loop {
        match waitid(WaitId::Pid(leader), options) {
            Ok(Some(_)) => return Ok(None),
            Ok(None) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        if let Some(reason) = interrupt() {
            return Ok(Some(reason));
        }
        thread::sleep(pause);
        pause = (pause * 2).min(Duration::from_millis(20));
    }
}

fn exited(status: ExitStatus) -> Ending {
    match (status.code(), status.signal()) {
        (Some(code), _) => Ending::Exited(code),
        (None, signal) => Ending::Signalled(signal.unwrap_or(0)),
    }
}

/// The output of a command on its way into the log.
struct Output {
    /// `None` once the log is closed, so that the thread gives up the pipe.
    log: Arc<Mutex<Option<Log>>>,
    done: Receiver<()>,
}

impl Output {
    fn gather(mut reader: io::PipeReader, limit: u64) -> Self {
        let log = Arc::new(Mutex::new(Some(Log::new(limit))));
        let (finished, done) = mpsc::channel();
        let shared = Arc::clone(&log);
        thread::spawn(move || {
            let mut buffer = vec![0; 64 * 1024];
            while let Ok(count @ 1..) = reader.read(&mut buffer) {
                match shared.lock().unwrap_or_else(PoisonError::into_inner).as_mut() {
                    Some(log) => log.push(&buffer[..count]),
                    None => break,
                }
            }
            // Nobody listens any more when the log was closed first.
            let _ = finished.send(());
        });
        Self { log, done }
    }

    fn finish(self) -> Log {
        let _ = self.done.recv_timeout(DRAIN);
        self.log.lock().unwrap_or_else(PoisonError::into_inner).take().unwrap_or_default()
    }
}
