//! Exports: what they hold, and what they do to a spreadsheet (nothing).

use std::io::{Cursor, Read};
use std::sync::Arc;

use annals_web::export::{FORMATS, Format, export};
use arrow::array::{
    ArrayRef, Float64Array, Int64Array, ListArray, RecordBatch, StringArray, TimestampMicrosecondArray,
};
use arrow::datatypes::Int32Type;
use axum::http::StatusCode;

use crate::fixture::{get, site};

fn batch() -> RecordBatch {
    let texts = StringArray::from(vec![Some("=1+1"), Some("a|b\n<i>*c*"), None, Some("-2"), Some("plain, \"quoted\"")]);
    let times = TimestampMicrosecondArray::from(vec![Some(1_763_640_000_123_000), None, Some(0), Some(-1), Some(1)]);
    RecordBatch::try_from_iter([
        ("id", Arc::new(Int64Array::from(vec![i64::MAX, -1, 0, 1, 2])) as ArrayRef),
        ("text", Arc::new(texts)),
        ("ratio", Arc::new(Float64Array::from(vec![Some(0.5), Some(f64::NAN), None, Some(-1.0), Some(1e300)]))),
        ("at", Arc::new(times.with_timezone("UTC"))),
    ])
    .unwrap()
}

#[test]
fn csv() {
    insta::assert_snapshot!(String::from_utf8(export(&[batch()], Format::Csv).unwrap()).unwrap());
}

#[tokio::test]
async fn values_are_exact_and_defused_for_spreadsheets() {
    let site = site().await;
    for (format, delimiter) in [("csv", ','), ("tsv", '\t')] {
        let exact = get(&site, &format!("/api/sql?format={format}&q=SELECT+'@scope/pkg'+AS+suite,-2+AS+n")).await;
        assert_eq!(exact.text(), format!("suite{delimiter}n\n@scope/pkg{delimiter}-2\n"));
        let defused = format!("/api/sql?format={format}&defused=true&q=SELECT+'@scope/pkg'+AS+suite,-2+AS+n");
        assert!(get(&site, &defused).await.text().contains(&format!("\n'@scope/pkg{delimiter}-2\n")));
    }
    let page = get(&site, "/sql?q=SELECT+1").await;
    assert!(page.text().contains("format=csv&#38;defused=true&#38;q="), "{}", page.text());
}

#[test]
fn markdown() {
    insta::assert_snapshot!(String::from_utf8(export(&[batch()], Format::Markdown).unwrap()).unwrap());
}

#[test]
fn json() {
    let text = String::from_utf8(export(&[batch()], Format::Json).unwrap()).unwrap();
    let lines = String::from_utf8(export(&[batch()], Format::Ndjson).unwrap()).unwrap();
    assert!(text.starts_with('[') && text.ends_with(']'));
    assert_eq!(serde_json::from_str::<Vec<serde_json::Value>>(&text).unwrap().len(), lines.lines().count());
    insta::assert_snapshot!(lines);
}

#[test]
fn html_stands_alone() {
    let text = String::from_utf8(export(&[batch()], Format::Html).unwrap()).unwrap();
    assert!(
        text.contains("a|b\n&#60;i&#62;*c*")
            && !text.contains("<i>")
            && !text.contains("href")
            && !text.contains("src=")
    );
}

#[test]
fn xlsx_has_typed_cells_and_no_formula() {
    let bytes = export(&[batch()], Format::Xlsx).unwrap();
    let sheet = part(&bytes, "xl/worksheets/sheet1.xml");
    assert!(!sheet.contains("<f>"), "{sheet}");
    assert!(sheet.contains("state=\"frozen\"") && sheet.contains("<autoFilter ref=\"A1:D6\""), "{sheet}");
    // 20 November 2025 12:00:00.123 UTC as days since 30 December 1899.
    assert!(sheet.contains("45981.5000014"), "{sheet}");
    let texts = part(&bytes, "xl/sharedStrings.xml");
    assert!(texts.contains(">=1+1<") && texts.contains(&i64::MAX.to_string()), "ids beyond 2^53 stay exact: {texts}");
    let long = StringArray::from(vec!["x".repeat(40_000) + "\u{1}"]);
    let long = RecordBatch::try_from_iter([("long", Arc::new(long) as ArrayRef)]).unwrap();
    let texts = part(&export(&[long], Format::Xlsx).unwrap(), "xl/sharedStrings.xml");
    assert!(texts.contains(&"x".repeat(32_767)) && !texts.contains(&"x".repeat(32_768)));
}

/// Reads one part of a workbook with the `unzip` command's own tables: stored and deflated parts both.
fn part(bytes: &[u8], name: &str) -> String {
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).unwrap();
    let mut text = String::new();
    archive.by_name(name).unwrap().read_to_string(&mut text).unwrap();
    text
}

#[test]
fn lists_are_written_in_every_format() {
    let lists = ListArray::from_iter_primitive::<Int32Type, _, _>([Some(vec![Some(1), None]), None]);
    let batch = RecordBatch::try_from_iter([("list", Arc::new(lists) as ArrayRef)]).unwrap();
    for format in FORMATS {
        assert!(!export(std::slice::from_ref(&batch), format).unwrap().is_empty(), "{format}");
        export(&[], format).unwrap();
    }
}

#[test]
fn formats_are_known_by_name_extension_and_media_type() {
    for format in FORMATS {
        assert_eq!(format.name().parse::<Format>().unwrap(), format);
        assert_eq!(format.extension().parse::<Format>().unwrap(), format);
        assert_eq!(format.content_type().split(';').next().unwrap().parse::<Format>().unwrap(), format);
    }
    assert!("exe".parse::<Format>().unwrap_err().to_string().contains("no format `exe`"));
}

#[tokio::test]
async fn a_view_is_a_file_of_every_format_with_filters() {
    let site = site().await;
    for format in FORMATS {
        let reply = get(&site, &format!("/view/problem.{}?state=open", format.extension())).await;
        assert_eq!(reply.status, StatusCode::OK, "{format}: {}", String::from_utf8_lossy(&reply.body));
        assert_eq!(reply.header("content-type"), format.content_type());
        assert_eq!(reply.header("x-annals-row-count"), "2");
    }
    let csv = get(&site, "/view/problem.csv?problem_id=p-3").await;
    assert_eq!(csv.text().lines().count(), 2);
    assert_eq!(csv.header("content-disposition"), "attachment; filename=\"problem.csv\"");
    assert!(csv.text().contains("hours_to_resolve"));
    let html = get(&site, "/view/problem.html?state=open").await;
    assert!(html.text().contains("One row per problem.") && html.text().contains("state = open"), "{}", html.text());
    assert!(html.header("content-security-policy").contains("sandbox"));
    assert_eq!(
        get(&site, "/view/raw.setting.csv").await.text(),
        "name,value,unit,doc\nauthor_stats,1,flag,figures about authors\n"
    );
    assert_eq!(get(&site, "/view/problem.csv?nothing=1").await.status, StatusCode::BAD_REQUEST);
    for way in ["/view/problem", "/view/problem.csv", "/api/view/problem.csv"] {
        assert_eq!(get(&site, &format!("{way}?nothing=")).await.status, StatusCode::BAD_REQUEST, "{way}");
    }
    let none = get(&site, "/api/view/problem.csv?name=").await;
    let none = none.text();
    assert_eq!(none.lines().count(), 1, "an empty text is one: {none}");
    assert_eq!(get(&site, "/view/problem.csv?change_count=abc").await.status, StatusCode::BAD_REQUEST);
    assert_eq!(get(&site, "/view/problem.csv?opened_at=2026-10-11T08:00:00Z").await.text().lines().count(), 2);
}
