//! What waits on disk, and what is found to be sent; the way to servers is tested with the binary.

use std::fs;
use std::path::Path;

use annals_collector::ingest::Given;
use annals_collector::provider::Run;
use annals_collector::report::Limits;
use annals_collector::upload::{Pack, Parcel, Queue, Wish};
use annals_collector::wire::Head;

use crate::world::World;

const REPORT: &str = r#"<testsuite name="s"><testcase classname="s" name="good" time="0.1"/></testsuite>"#;
const REVISION: &str = "1111111111111111111111111111111111111111";

fn parcel(key: &str) -> Parcel {
    let head = Head { key: Some(key.to_owned()), ..Head::default() };
    let mut pack = Pack::default();
    pack.stream(REPORT.as_bytes(), |_| {});
    Parcel::new("https://annals.example.org", head, &pack.reports)
}

fn keys(queue: &Queue) -> Vec<String> {
    let paths = queue.waiting().unwrap();
    let mut waiting = paths.iter().map(|path| queue.take(path).unwrap().unwrap());
    waiting.by_ref().map(|mut one| one.parcel().unwrap().unwrap().label.head.key.unwrap()).collect()
}

#[test]
fn what_waits_is_read_as_it_was_written_oldest_first() {
    let folder = tempfile::tempdir().unwrap();
    let queue = Queue::open(&folder.path().join("deep/queue")).unwrap();
    for key in ["a", "b", "c"] {
        queue.put(&parcel(key)).unwrap();
    }
    assert_eq!(keys(&queue), ["a", "b", "c"]);
    let first = queue.waiting().unwrap().remove(0);
    let mut taken = queue.take(&first).unwrap().unwrap();
    assert!(queue.take(&first).unwrap().is_none(), "what one sends, nobody else takes");
    let read = taken.parcel().unwrap().unwrap();
    assert_eq!((read.label.report_count, read.label.server.as_str()), (1, "https://annals.example.org"));
    taken.remove().unwrap();
    assert!(queue.take(&first).unwrap().is_none());
    assert_eq!(keys(&queue), ["b", "c"]);
}

#[test]
fn the_oldest_go_where_there_is_no_room() {
    let folder = tempfile::tempdir().unwrap();
    let queue = Queue::open(folder.path()).unwrap().bounded(2, 1 << 20);
    let (held, _) = queue.put(&parcel("held")).unwrap();
    for key in ["a", "b"] {
        queue.put(&parcel(key)).unwrap();
    }
    // What a process holds is being sent, however old it is.
    drop(held);
    assert_eq!(keys(&queue), ["held", "b"]);
    let size = fs::metadata(&queue.waiting().unwrap()[0]).unwrap().len();
    let (last, gone) = queue.clone().bounded(9, size * 3 / 2).put(&parcel("c")).unwrap();
    drop(last);
    assert_eq!((gone.len(), keys(&queue)), (2, vec!["c".to_owned()]));
    let old = queue.waiting().unwrap().remove(0);
    fs::rename(&old, folder.path().join("00000000000000000001-00.upload")).unwrap();
    queue.put(&parcel("d")).unwrap();
    assert_eq!(keys(&queue), ["d"]);
}

#[test]
fn damage_is_seen_and_what_was_half_written_goes() {
    let folder = tempfile::tempdir().unwrap();
    let queue = Queue::open(folder.path()).unwrap();
    queue.put(&parcel("a")).unwrap();
    let path = queue.waiting().unwrap().remove(0);
    let whole = fs::read(&path).unwrap();
    for damaged in [&whole[..20], b"", b"\n\n", b"{}\n--x", &[whole.as_slice(), b"\n"].concat()[1..]] {
        fs::write(&path, damaged).unwrap();
        assert_eq!(queue.take(&path).unwrap().unwrap().parcel().unwrap(), None);
    }
    fs::write(folder.path().join("1-1.partial"), "half").unwrap();
    queue.put(&parcel("b")).unwrap();
    assert!(!folder.path().join("1-1.partial").exists());
}

#[test]
fn one_process_at_a_time_sends_what_others_left() {
    let folder = tempfile::tempdir().unwrap();
    let queue = Queue::open(folder.path()).unwrap();
    let turn = queue.turn().unwrap();
    assert!(turn.is_some() && queue.turn().unwrap().is_none());
    drop(turn);
    assert!(queue.turn().unwrap().is_some());
}

#[test]
fn a_stream_without_end_is_passed_on_and_refused() {
    let mut pack = Pack::new(Limits { streamed_bytes: 1 << 20, ..Limits::default() });
    let mut count = 0_u64;
    let endless = std::io::Read::take(std::io::repeat(b'x'), (9 << 20) + 1);
    pack.stream(endless, |piece| count += piece.len() as u64);
    assert_eq!((count, pack.reports.len()), ((9 << 20) + 1, 0));
    assert_eq!(pack.refused, ["standard input: longer than 1048576 bytes"]);
}

fn packed(dir: &Path, words: &[&str]) -> Vec<String> {
    let mut pack = Pack::default();
    let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
    pack.gather(dir, &words, None);
    pack.reports.into_iter().map(|report| report.name).collect()
}

#[test]
fn a_file_is_sent_once_however_often_it_is_named() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir_all(folder.path().join("a/.git")).unwrap();
    for name in ["a/TEST-x.xml", "a/other.xml", "a/.git/TEST-y.xml", "[odd].xml"] {
        fs::write(folder.path().join(name), REPORT).unwrap();
    }
    assert_eq!(packed(folder.path(), &[]), ["a/TEST-x.xml"]);
    assert_eq!(packed(folder.path(), &["a", "a/*.xml", "a/TEST-x.xml"]), ["a/TEST-x.xml", "a/other.xml"]);
    assert_eq!(packed(folder.path(), &["[odd].xml"]), ["[odd].xml"]);
}

#[test]
fn a_compressed_report_is_the_report() {
    let folder = tempfile::tempdir().unwrap();
    let packed = zstd::bulk::compress(REPORT.as_bytes(), 3).unwrap();
    fs::write(folder.path().join("a.xml.zst"), &packed).unwrap();
    fs::write(folder.path().join("damaged.xml.zst"), &packed[..packed.len() - 9]).unwrap();
    let mut pack = Pack::default();
    pack.gather(folder.path(), &["a.xml.zst".to_owned(), "damaged.xml.zst".to_owned()], None);
    let sent: Vec<_> = pack.reports.iter().map(|report| zstd::decode_all(report.bytes.as_slice()).unwrap()).collect();
    assert_eq!((sent, pack.outcome_count), (vec![REPORT.as_bytes().to_vec()], 1));
    assert_eq!(pack.refused.len(), 1);
    assert!(pack.refused[0].starts_with("damaged.xml.zst") && pack.refused[0].contains("zstd stream is damaged"));
}

fn wish(part: Option<&str>) -> Wish {
    let given = Given { project: Some("p".to_owned()), revision: Some(REVISION.to_owned()), ..Given::default() };
    Wish { given, part: part.map(str::to_owned), is_final: false }
}

#[test]
fn what_must_be_known_is_asked_for() {
    let run = Run { builder: Some("b".to_owned()), ..Run::default() };
    let head = |wish: Wish, run: Option<&Run>| wish.head(run, None, &Pack::default()).map_err(|e| e.to_string());
    assert!(head(wish(None), None).unwrap_err().starts_with("the builder is not known"));
    assert!(head(wish(Some("1")), Some(&run)).unwrap_err().starts_with("the key is not known"));
    assert!(head(wish(Some("auto")), Some(&run)).unwrap_err().starts_with("the part is not known"));
    let mut short = wish(None);
    short.given.revision = Some("4f2a91c".to_owned());
    assert!(head(short, Some(&run)).unwrap_err().contains("`4f2a91c` is no full commit id"));
    let head = head(wish(None), Some(&run)).unwrap();
    assert_eq!((head.branch.as_str(), head.key, head.position), ("main", None, None));
}

#[test]
fn a_request_without_a_target_goes_to_the_branch_that_the_remote_calls_its_own() {
    let mut world = World::new();
    world.line(2);
    let tip = world.history().tip("main").unwrap();
    let id = git2::Oid::from_str(&tip).unwrap();
    world.repository.reference("refs/remotes/origin/trunk", id, true, "test").unwrap();
    let link = ("refs/remotes/origin/HEAD", "refs/remotes/origin/trunk");
    world.repository.reference_symbolic(link.0, link.1, true, "test").unwrap();
    let request = Run { provider: "circleci", pull_request: Some("12".to_owned()), ..Run::default() };
    let head = |run: &Run| wish(None).head(Some(run), Some(&world.history()), &Pack::default()).unwrap();
    assert_eq!(head(&request).branch, "trunk");
    // Somebody wrote it, so that it is no build of the branch itself.
    assert_eq!(head(&request).patch_author, Some(("author of 12".to_owned(), String::new())));
    let push = Run { branch: Some("rope".to_owned()), pull_request: None, ..request };
    assert_eq!((head(&push).branch, head(&push).patch_author), ("rope".to_owned(), None));
}
