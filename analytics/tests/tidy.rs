//! What every view file promises: a head in form, every output column documented in order, no `SELECT *`, a test.

use std::path::Path;

use annals_analytics::session;
use annals_analytics::view::{self, View};
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
