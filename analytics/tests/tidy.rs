//! What every view file promises: a head in form, every output column documented in order, no `SELECT *`, a test.

use std::collections::BTreeMap;
use std::path::Path;

use annals_analytics::session;
use annals_analytics::view::{self, Keep, View};
use arrow::array::AsArray;
use datafusion::common::TableReference;

use crate::tables;
use crate::world::World;

#[test]
fn every_view_documents_its_columns_in_order() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let tables = tables::raw(&World::default(), &[]).unwrap();
        let session =
            session::build(&tables, &[], 1, std::sync::Arc::default()).await.unwrap_or_else(|error| panic!("{error}"));
        for view in view::all() {
            let table = session
                .context
                .table_provider(TableReference::partial(view.layer.as_str(), view.name.as_str()))
                .await
                .unwrap();
            let planned: Vec<String> = table.schema().fields().iter().map(|field| field.name().clone()).collect();
            let documented: Vec<String> = view.columns.iter().map(|(name, _)| name.clone()).collect();
            assert_eq!(planned, documented, "{}", view.full_name());
        }
    });
}

#[test]
fn every_view_lists_what_it_selects() {
    for view in view::all() {
        assert!(!view.text.contains("SELECT *") && !view.text.contains(".*,"), "{}", view.full_name());
        assert!(view.text.lines().all(|line| line.chars().count() <= 120), "{}: a line is too long", view.full_name());
        assert!(view.grain.starts_with("one row"), "{}: {}", view.full_name(), view.grain);
    }
}

#[test]
fn every_view_has_a_test_of_its_name() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/view");
    let missing = |view: &&View| !folder.join(format!("{}.slt", view.name)).exists();
    let missing: Vec<String> = view::all().iter().filter(missing).map(View::full_name).collect();
    assert!(missing.is_empty(), "no test: {}", missing.join(", "));
}

#[test]
fn names_are_unique_across_layers() {
    let mut names: Vec<&str> = view::all().iter().map(|view| view.name.as_str()).collect();
    names.sort_unstable();
    let count = names.len();
    names.dedup();
    assert_eq!(names.len(), count);
}

/// What is shown before the judgement would be the judgement of the version before for ever.
#[tokio::test]
async fn what_is_kept_reads_nothing_that_is_judged() {
    let tables = tables::raw(&World::default(), &[]).unwrap();
    let session = session::build(&tables, &[], 1, std::sync::Arc::default()).await.unwrap();
    let ask = "SELECT layer || '.' || view, reads_layer || '.' || reads FROM system.lineage WHERE name IS NULL";
    let mut reads: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for batch in session.query(ask).await.unwrap().collect().await.unwrap() {
        let [views, read] = [0, 1].map(|column| batch.column(column).as_string::<i32>());
        for (view, read) in views.iter().zip(read) {
            reads.entry(view.unwrap().to_owned()).or_default().push(read.unwrap().to_owned());
        }
    }
    let of = |keep: Keep| view::all().iter().filter(move |view| view.keep == keep).map(View::full_name);
    let judged: Vec<String> = of(Keep::Judged).chain(["judge.clue".to_owned()]).collect();
    let mut seen: Vec<String> = of(Keep::Kept).collect();
    assert!(!seen.is_empty() && !judged.is_empty());
    while let Some(view) = seen.pop() {
        assert!(!judged.contains(&view), "what is kept stands on {view}, which is judged");
        seen.extend(reads.get(&view).into_iter().flatten().cloned());
    }
}
