//! Tests of decoding and cleaning.

use super::*;

fn decoded(bytes: &[u8]) -> (String, Vec<String>) {
    let source = Source::new("a", bytes);
    (source.text.into_owned(), source.warnings.into_iter().map(|warning| warning.text).collect())
}

#[test]
fn encodings_are_told_by_mark_by_declaration_or_by_shape() {
    let utf16: Vec<u8> = "<a>é</a>".encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert_eq!(decoded(&utf16).0, "<a>é</a>");
    assert_eq!(decoded(&[b"\xff\xfe".as_slice(), &utf16].concat()).0, "<a>é</a>");
    let big: Vec<u8> = "<a>é</a>".encode_utf16().flat_map(u16::to_be_bytes).collect();
    assert_eq!(decoded(&[b"\xfe\xff".as_slice(), &big].concat()).0, "<a>é</a>");
    let latin = b"<?xml version='1.0' encoding='ISO-8859-1'?><a>\xe9</a>";
    assert!(decoded(latin).0.ends_with("<a>é</a>"));
    let lie = "<?xml version=\"1.0\" encoding=\"utf-16\"?><a>é</a>";
    assert_eq!(decoded(lie.as_bytes()), (lie.to_owned(), vec![]));
}

#[test]
fn damaged_text_is_repaired_and_told() {
    assert_eq!(decoded(b"<a>\xff</a>"), ("<a>�</a>".into(), vec!["bytes that are not UTF-8 became U+FFFD".into()]));
    let (_, warnings) = decoded(b"<?xml version='1.0' encoding='klingon'?><a/>");
    assert_eq!(warnings, ["the encoding `klingon` is not known; read as UTF-8"]);
}

#[test]
fn the_root_stands_after_declaration_comments_and_document_type() {
    let root = |text: &str| Source::new("a", text.as_bytes()).root().map(str::to_owned);
    assert_eq!(root("\n<?xml?><!-- <x> --><!DOCTYPE r [<!ENTITY a \"b\">]><n:r a='1'/>").as_deref(), Some("r"));
    assert_eq!(root("<r/>").as_deref(), Some("r"));
    assert_eq!(root("a < b >"), None);
    assert_eq!(root("<1>"), None);
}

#[test]
fn terminal_colours_vanish_and_control_characters_are_replaced() {
    assert_eq!(clean("\u{1b}[1;31mred\u{1b}[0m #x1B[31mtoo#x1B[0m\0\r\nnext\rlast\u{1b}"), "red too�\nnext\nlast�");
}

#[test]
fn a_long_name_is_cut_and_stays_distinct() {
    let (a, b) = (name(&("x".repeat(5000) + "a"), 64), name(&("x".repeat(5000) + "b"), 64));
    assert!(a.len() <= 64 && b.len() <= 64 && a != b, "{a} {b}");
    assert_eq!(name(" a\n  b\tc ", 64), "a b c");
}
