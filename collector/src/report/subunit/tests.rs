//! Tests of the subunit reader: its rules by packets and lines made here.

use annals_data::row::Status;

use crate::report::{Report, read};

/// Returns a packet with these flags and this body.
fn packet(flags: u16, body: &[u8]) -> Vec<u8> {
    let length = u16::try_from(body.len() + 9).unwrap() | 0x4000;
    let mut bytes = vec![0xb3];
    bytes.extend((0x2000 | flags).to_be_bytes());
    bytes.extend(length.to_be_bytes());
    bytes.extend(body);
    bytes.extend(crc32fast::hash(&bytes).to_be_bytes());
    bytes
}

/// Returns a text as packets hold it.
fn text(text: &str) -> Vec<u8> {
    [&[u8::try_from(text.len()).unwrap()], text.as_bytes()].concat()
}

/// Returns an event of a test at a second.
fn event(status: u16, second: u8, id: &str) -> Vec<u8> {
    packet(0x0a00 | status, &[vec![0, 0, 0, second, 0], text(id)].concat())
}

fn report(bytes: &[u8]) -> Report {
    let report = read("a.subunit", bytes).unwrap();
    assert_eq!(report.format, "subunit");
    report
}

fn refused(bytes: &[u8]) -> String {
    read("a.subunit", bytes).expect_err("must be refused").to_string()
}

#[test]
fn statuses_follow_the_table() {
    let table = [
        (3, "success", Status::Passed),
        (4, "uxsuccess", Status::Xpassed),
        (5, "skip", Status::Skipped),
        (6, "failure", Status::Failed),
        (7, "xfail", Status::Xfailed),
    ];
    for (code, word, status) in table {
        assert_eq!(report(&event(code, 1, "a")).cases[0].status, status, "{word}");
        assert_eq!(report(format!("test: a\n{word}: a\n").as_bytes()).cases[0].status, status, "{word}");
    }
    assert_eq!(report(b"test: a b\nerror: a b\n").cases[0].status, Status::Errored);
    assert_eq!(report(b"testing: a\nsuccessful: a\n").cases[0].status, Status::Passed);
    assert_eq!(report(&event(6, 1, "setUpClass (a.B)")).cases[0].status, Status::Errored);
}

#[test]
fn a_test_that_is_listed_and_not_run_is_left_out() {
    let report = report(&[event(1, 0, "a"), event(1, 0, "b"), event(3, 0, "b")].concat());
    assert_eq!(report.cases.len(), 1);
    assert_eq!(report.ignored.get("tests that were listed and not run"), Some(&1));
}

#[test]
fn workers_are_told_apart_by_routes_and_attempts_by_ends() {
    let routed = |status: u16, second: u8, route: &str| {
        packet(0x0e00 | status, &[vec![0, 0, 0, second, 0], text("a"), text(route)].concat())
    };
    let stream = [routed(2, 1, "0"), routed(2, 2, "1"), routed(6, 4, "1"), routed(3, 9, "0")].concat();
    let report = report(&stream);
    let told: Vec<_> = report.cases.iter().map(|case| (case.attempt, case.status, case.duration_us)).collect();
    assert_eq!(told, [(1, Status::Failed, Some(2_000_000)), (2, Status::Passed, Some(8_000_000))]);
    assert_eq!(report.started_at, Some(1_000_000));
}

#[test]
fn letters_across_packets_and_text_between_them_are_kept_whole() {
    let piece = |bytes: &[u8]| {
        let body = [text("a"), text("traceback"), vec![u8::try_from(bytes.len()).unwrap()], bytes.to_vec()].concat();
        packet(0x0840, &body)
    };
    let stream = [
        "m\u{b3} before\n".as_bytes().to_vec(),
        event(2, 1, "a"),
        piece(b"caf\xc3"),
        b"dots without an end..".to_vec(),
        piece(b"\xa9"),
        event(6, 2, "a"),
    ];
    let report = report(&stream.concat());
    assert_eq!(report.cases.len(), 1);
    assert_eq!(report.cases[0].message.as_deref(), Some("caf\u{e9}"));
    assert_eq!(report.ignored.get("texts between packets"), Some(&2));
}

#[test]
fn what_never_ends_is_crashed() {
    for stream in [event(2, 1, "a"), b"test: a\n\ntest: b\nsuccess: b\n".to_vec()] {
        let report = report(&stream);
        let case = &report.cases[0];
        assert_eq!((case.status, case.error_kind.as_deref()), (Status::Errored, Some("crashed")));
        assert_eq!(report.warnings[0].text, "the test began and never ended: a");
    }
}

#[test]
fn damaged_packets_are_refused() {
    let whole = [event(3, 1, "first"), event(3, 1, "second")].concat();
    let mut wrong = whole.clone();
    wrong[30] ^= 1;
    insta::assert_snapshot!(
        refused(&wrong),
        @"a.subunit:1: the checksum of the packet is wrong (after byte 20); the last complete test is `first`"
    );
    insta::assert_snapshot!(
        refused(&whole[..whole.len() - 3]),
        @"a.subunit:1: the stream is truncated: a packet of 21 bytes has only 18 (after byte 20); the last complete test is `first`"
    );
    insta::assert_snapshot!(
        refused(b"\xb3\x20\x00\x04"),
        @"a.subunit:1: the header of the packet is damaged or truncated (after byte 0); no test is complete"
    );
    insta::assert_snapshot!(
        refused(&packet(0x0800, &[63])),
        @"a.subunit:1: the fields of the packet do not fit into it (after byte 0); no test is complete"
    );
}

#[test]
fn details_of_version_1_are_read_in_both_shapes() {
    let message = |text: &str| report(text.as_bytes()).cases[0].message.clone().unwrap_or_default();
    assert_eq!(message("test: a\nfailure: a [\none\n ]\ntwo\n]\n"), "one\n]\ntwo");
    let part = |name: &str, text: &str| format!("Content-Type: text/plain\n{name}\n{:x}\r\n{text}0\r\n", text.len());
    let parts = format!("test: a\nfailure: a [ multipart\n{}{}]\n", part("stdout", "said"), part("traceback", "broke"));
    assert_eq!(message(&parts), "broke\n\nstdout:\nsaid");
}

#[test]
fn version_1_knows_output_from_events() {
    let text = "time: 2026-11-21 03:12:30Z\ntest: a\nerror: cannot open the file\ntests are fun\ntime: 2026-11-21 03:12:31Z\nsuccess: a\n";
    let report = report(text.as_bytes());
    assert_eq!(report.cases.len(), 1);
    assert_eq!((report.cases[0].status, report.cases[0].duration_us), (Status::Passed, Some(1_000_000)));
    assert_eq!(report.started_at, Some(1_795_230_750_000_000));
    for other in ["test: a\n", "error: a\n", "test: a\nsuccess: b\n", "time: now\n"] {
        assert!(refused(other.as_bytes()).contains("known formats"), "{other}");
    }
}

#[test]
fn truncated_details_are_refused() {
    for text in [
        "test: a\nfailure: a [\none\n",
        "test: a\nfailure: a [ multipart\n",
        "test: a\nfailure: a [ multipart\nContent-Type: text/plain\n",
        "test: a\nfailure: a [ multipart\nContent-Type: text/plain\nx\nff\r\nshort",
        "test: a\nfailure: a [ multipart\nContent-Type: text/plain\nx\nffffffffffffffff\r\n",
    ] {
        assert!(refused(text.as_bytes()).contains("truncated"), "{text}");
    }
    let text = "test: a\nfailure: a [ multipart\nContent-Type: text/plain\nx\nno number\n]\n";
    assert!(refused(text.as_bytes()).starts_with("a.subunit:5: the length of a piece"));
}

#[test]
fn hostile_streams_are_read_in_time() {
    let begun = event(3, 1, "a");
    // Headers of packets of 1 MiB in the middle of a line, each to be summed in vain.
    let headers = [begun.clone(), b"x".to_vec(), b"\xb3\x20\x00\x90\x00\x00y".repeat(300_000)].concat();
    assert!(refused(&headers).contains("too much looks like packets"));
    let signatures = [begun.clone(), vec![0xb3; 2_000_000]].concat();
    assert_eq!(report(&signatures).cases.len(), 1);
    let open: Vec<u8> = (0..10_000_u32).flat_map(|id| event(2, 1, &id.to_string())).collect();
    assert_eq!(report(&open).cases.len(), 10_000);
    let lines = format!("test: a\nsuccess: a\n{}", "test: b\nfailure: b [\nx\n]\n".repeat(10_000));
    assert_eq!(report(lines.as_bytes()).cases.len(), 10_001);
}
