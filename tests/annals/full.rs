//! A full disk: said in one line, nothing that was acknowledged is lost, and work goes on once there is room.
//!
//! The disk is a small file system in memory, which takes a namespace of the test's own; where the machine lets nobody
//! have one, the test says so.

use std::process::Command;

use tempfile::TempDir;

/// Fills the disk by ingests, tries what needs room, makes room, and goes on; prints what each step gave.
const SCRIPT: &str = r#"
set -u
mount -t tmpfs -o size=3m tmpfs store
annals() { "$ANNALS" --store store "$@" 2> told; }
ingest() { annals ingest report.xml --project p --branch main --revision r --builder b --key "k$1" --position "$1"; }
count=0
while ingest "$count"; do count=$((count + 1)); [ "$count" -lt 200 ] || exit 9; done
echo "full $(cat told)"
for command in compact rebuild; do annals "$command" > /dev/null || echo "$command $(cat told)"; done
mount -o remount,size=200m store
ingest "$count" || exit 8
annals compact > /dev/null || exit 7
annals check > /dev/null || exit 6
echo "builds $((count + 1))"
annals sql "SELECT count(*), count(DISTINCT build_id) FROM raw.outcome" --format csv | tail -n 1
"#;

#[test]
fn a_full_disk_is_said_and_nothing_acknowledged_is_lost() {
    let folder = TempDir::new().unwrap();
    std::fs::create_dir(folder.path().join("store")).unwrap();
    let case = |number: usize| format!("<testcase classname=\"suite\" name=\"test {number}\" time=\"0.{number}\"/>");
    let cases: String = (0..2000).map(case).collect();
    let report = format!("<testsuite name=\"unit\">{cases}</testsuite>");
    std::fs::write(folder.path().join("report.xml"), report).unwrap();
    let own = |script: &str| {
        let mut command = Command::new("unshare");
        command.args(["--map-root-user", "--mount", "sh", "-c", script]).current_dir(folder.path());
        command.env("ANNALS", env!("CARGO_BIN_EXE_annals")).env("HOME", folder.path()).output()
    };
    if !own("mount -t tmpfs tmpfs store").is_ok_and(|output| output.status.success()) {
        eprintln!("this machine lets nobody mount a small disk: not tested");
        return;
    }
    let output = own(SCRIPT).unwrap();
    let (told, errors) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{}: {told}{errors}", output.status);
    let lines: Vec<&str> = told.lines().collect();
    assert!(lines.iter().all(|line| !line.contains("panicked")), "{told}");
    let full: Vec<_> = lines.iter().filter(|line| !line.starts_with("builds ") && line.contains(' ')).collect();
    // The system's words, or those of the state's database.
    let is_told = |line: &str| line.contains("No space left on device") || line.contains("disk is full");
    assert!(full.len() == 3 && full.iter().all(|line| is_told(line)), "{told}");
    let builds: usize = lines.iter().find_map(|line| line.strip_prefix("builds ")?.parse().ok()).unwrap();
    assert!(builds > 2, "{told}");
    assert_eq!(lines.last(), Some(&format!("{},{builds}", 2000 * builds).as_str()), "{told}");
}
