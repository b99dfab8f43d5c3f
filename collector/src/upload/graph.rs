//! The commits that a shallow checkout lacks, fetched without their files into a repository of our own.
//!
//! CI checkouts mostly hold one commit. The same remote is asked with the checkout's own way of reaching it (headers,
//! credentials, ssh, rewritten addresses); the checkout itself is only read. Secrets travel in the environment of `git`
//! and are never written into the cache.

use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};

use annals_data::id;
use rustix::process::{Pid, Signal, kill_process_group};

use crate::history::History;
use crate::mirror::without_credentials;
use crate::wire::Head;

/// The keys of a configuration that say how a remote is reached.
const REACH: &str = r"^(http|credential|url|ssh)\.|^core\.(sshcommand|gitproxy|askpass)$";
/// Where the configuration stands that `git` would not find by itself in another repository.
const SCOPES: [&str; 3] = ["local", "worktree", "command"];
/// How often one looks whether `git` has ended.
const POLL: Duration = Duration::from_millis(10);
/// More packs than this are made one.
const PACK_LIMIT: usize = 30;
/// Bytes of what `git` says that are kept.
const TALK_LIMIT: u64 = 1 << 20;
/// How long its output may stay open after it has ended.
const DRAIN: Duration = Duration::from_secs(2);
/// Nothing of the cache is worth a process that outlives this one.
const QUIET: [(&str, &str); 2] = [("gc.auto", "0"), ("maintenance.auto", "false")];

/// How `git` reaches the remote: its address and the checkout's configuration, as pairs.
struct Reach {
    dir: PathBuf,
    config: Vec<(String, String)>,
    address: String,
}

/// Returns the whole history of the head's revision; the error is the end of a sentence.
pub(super) fn complete(checkout: &History, head: &Head, cache: &Path, bound: Duration) -> Result<History, String> {
    let until = Instant::now() + bound;
    let reach = Reach::of(checkout, until)?;
    let name = format!("{:016x}", id::id(&[&without_credentials(&reach.address)]));
    let dir = cache.join(format!("{name}.git"));
    let failed = |error: io::Error| format!("{}: {error}", cache.display());
    fs::create_dir_all(cache).map_err(failed)?;
    let lock = File::create(cache.join(format!("{name}.lock"))).map_err(failed)?;
    wait_for(&lock, until)?;
    let open = || History::open_with(&dir, checkout).ok().filter(|history| is_whole(history, &head.revision));
    if let Some(history) = open() {
        return Ok(history);
    }
    fetch(&reach, &dir, head, until)?;
    open().ok_or_else(|| "its remote does not have the revision".to_owned())
}

/// The lender's objects do not count: they are those of the shallow checkout.
fn is_whole(history: &History, revision: &str) -> bool {
    let Ok(own) = History::open(history.path()) else { return false };
    !own.is_shallow().unwrap_or(true) && own.resolve(revision).is_ok()
}

fn fetch(reach: &Reach, dir: &Path, head: &Head, until: Instant) -> Result<(), String> {
    if !dir.join("HEAD").exists() {
        let mut command = reach.git(None);
        command.args(["init", "--quiet", "--bare", "--template="]).arg(dir);
        run(command, until)?;
    }
    remove_torn(dir);
    // Most servers give any commit that a branch has; others give branches only.
    let names = [head.revision.clone(), format!("refs/heads/{}", head.branch)];
    let mut said = String::new();
    for name in names {
        let kept = format!("refs/annals/{:016x}", id::id(&[&name]));
        let mut command = reach.git(Some(dir));
        command.args(["fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--no-recurse-submodules"]);
        command.args(["--filter=tree:0", "origin", &format!("+{name}:{kept}")]);
        match run(command, until) {
            Ok(_) if History::open(dir).is_ok_and(|history| is_whole(&history, &head.revision)) => {
                tidy(reach, dir, until);
                return Ok(());
            }
            Ok(_) => {}
            Err(reason) if said.is_empty() => said = reason,
            Err(_) => {}
        }
    }
    Err(if said.is_empty() { "its remote does not have the revision".to_owned() } else { said })
}

/// Each fetch leaves a pack; on a machine that stays they would become many.
fn tidy(reach: &Reach, dir: &Path, until: Instant) {
    let packs = fs::read_dir(dir.join("objects/pack")).into_iter().flatten().flatten();
    if packs.filter(|entry| entry.path().extension().is_some_and(|kind| kind == "pack")).count() > PACK_LIMIT {
        let mut command = reach.git(Some(dir));
        command.args(["repack", "--quiet", "-a", "-d"]);
        // Without it reading only takes longer.
        let _ = run(command, until);
    }
}

/// A fetch that was ended leaves what it had so far.
fn remove_torn(dir: &Path) {
    for entry in fs::read_dir(dir.join("objects/pack")).into_iter().flatten().flatten() {
        if entry.file_name().to_string_lossy().starts_with("tmp_") {
            let _ = fs::remove_file(entry.path());
        }
    }
}

fn wait_for(lock: &File, until: Instant) -> Result<(), String> {
    loop {
        match lock.try_lock() {
            Ok(()) => return Ok(()),
            Err(fs::TryLockError::WouldBlock) if Instant::now() < until => thread::sleep(POLL),
            Err(fs::TryLockError::WouldBlock) => return Err("another process completes it for too long".to_owned()),
            Err(fs::TryLockError::Error(error)) => return Err(error.to_string()),
        }
    }
}

impl Reach {
    fn of(checkout: &History, until: Instant) -> Result<Self, String> {
        let repository = checkout.repository().map_err(|error| error.to_string())?;
        let dir = repository.workdir().unwrap_or(repository.path()).to_owned();
        let remote = repository.find_remote("origin").map_err(|_| "it has no remote `origin`".to_owned())?;
        let address = remote.url().map_err(|_| "its remote has no address".to_owned())?.to_owned();
        let mut command = bare_git(&dir);
        command.args(["config", "--includes", "--show-scope", "--null", "--get-regexp", REACH]);
        // It fails where there is no such key.
        let said = run(command, until).unwrap_or_default();
        let mut config = vec![("remote.origin.url".to_owned(), address.clone())];
        config.extend(QUIET.map(|(key, value)| (key.to_owned(), value.to_owned())));
        config.extend(pairs(&said));
        Ok(Self { dir, config, address })
    }

    /// Returns `git` on the repository of our own; a relative address is one from the checkout.
    fn git(&self, repository: Option<&Path>) -> Command {
        let mut command = bare_git(&self.dir);
        command.env("GIT_CONFIG_COUNT", self.config.len().to_string()).env_remove("GIT_CONFIG_PARAMETERS");
        for (index, (key, value)) in self.config.iter().enumerate() {
            command.env(format!("GIT_CONFIG_KEY_{index}"), key).env(format!("GIT_CONFIG_VALUE_{index}"), value);
        }
        if let Some(repository) = repository {
            command.arg("--git-dir").arg(repository);
        }
        command
    }
}

/// Reads `scope NUL key LF value NUL …`.
fn pairs(said: &str) -> Vec<(String, String)> {
    let mut fields = said.split('\0');
    let mut pairs = Vec::new();
    while let (Some(scope), Some(field)) = (fields.next(), fields.next()) {
        if SCOPES.contains(&scope) {
            let (key, value) = field.split_once('\n').unwrap_or((field, "true"));
            pairs.push((key.to_owned(), value.to_owned()));
        }
    }
    pairs
}

fn bare_git(dir: &Path) -> Command {
    let mut command = Command::new("git");
    command.current_dir(dir).stdin(Stdio::null());
    command.env("GIT_TERMINAL_PROMPT", "0").env("GCM_INTERACTIVE", "never").env("LC_ALL", "C");
    for name in ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_SHALLOW_FILE"] {
        command.env_remove(name);
    }
    command
}

/// Runs `git` for at most as long as there is time; returns what it printed.
fn run(mut command: Command, until: Instant) -> Result<String, String> {
    let start = |error: io::Error| format!("the `git` command does not start: {error}");
    command.process_group(0).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(start)?;
    let (out, talk) = (gather(child.stdout.take()), gather(child.stderr.take()));
    loop {
        match child.try_wait().map_err(start)? {
            Some(status) if status.success() => return Ok(content(&out)),
            Some(_) => return Err(last_words(&content(&talk))),
            None if Instant::now() >= until => {
                // Its helpers (ssh, git-remote-https) are in the same group.
                let _ = kill_process_group(Pid::from_child(&child), Signal::KILL);
                let _ = child.wait();
                return Err("its remote does not answer in time".to_owned());
            }
            None => thread::sleep(POLL),
        }
    }
}

/// Reads a pipe beside the command, so that it never waits for its reader.
fn gather(pipe: Option<impl Read + Send + 'static>) -> Receiver<Vec<u8>> {
    let (sender, receiver) = mpsc::channel();
    if let Some(pipe) = pipe {
        thread::spawn(move || {
            let (mut bytes, mut pipe) = (Vec::new(), pipe);
            let _ = pipe.by_ref().take(TALK_LIMIT).read_to_end(&mut bytes);
            // Nobody listens any more after a timeout.
            let _ = sender.send(bytes);
            let _ = io::copy(&mut pipe, &mut io::sink());
        });
    }
    receiver
}

fn content(pipe: &Receiver<Vec<u8>>) -> String {
    String::from_utf8_lossy(&pipe.recv_timeout(DRAIN).unwrap_or_default()).into_owned()
}

/// Returns what git gave up for, without the passwords that addresses may hold.
fn last_words(talk: &str) -> String {
    let line = talk.lines().find(|line| line.starts_with("fatal: ")).or_else(|| talk.lines().last());
    let line = line.unwrap_or("git failed").trim_start_matches("fatal: ").trim();
    let words: Vec<String> = line.split(' ').map(|word| without_credentials(word.trim_matches('\''))).collect();
    format!("git says: {}", words.join(" "))
}
