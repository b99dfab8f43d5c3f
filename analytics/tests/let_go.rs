//! Outcomes that were let go: what is known of them is kept, as it can be known from nowhere else.

use std::collections::HashSet;
use std::time::Duration;

use annals_analytics::{Error, Warehouse};
use annals_data::store::{Ingest, Location, Retained, Rule, Store};
use arrow::array::RecordBatch;
use arrow::util::display::array_value_to_string;
use tempfile::TempDir;

use crate::world::{BuildFacts, World};

const STORY: &str = "\
change a1 by Ada
change a2 by Ada
change a3 by Ada
change a4 by Ada
build a1 linux x=pass y=fail
build a3 linux x=fail y=fail
build a2 linux x=fail y=pass";

/// A store of the first builds of a story, and the builds that come later.
struct Told {
    folder: TempDir,
    warehouse: Warehouse,
    later: Vec<BuildFacts>,
}

impl Told {
    async fn new(story: &str, first: usize) -> Self {
        let mut world = World::default();
        world.tell(story).unwrap();
        let later = world.builds.split_off(first);
        let folder = tempfile::tempdir().unwrap();
        let warehouse = Warehouse::open(&location(&folder), Vec::new()).await.unwrap();
        let builds = world.builds.iter().map(BuildFacts::facts).collect();
        warehouse.commit(vec![Ingest { changes: world.changes, builds }]).await.unwrap();
        Self { folder, warehouse, later }
    }

    /// Lets outcomes go whose builds began more than a day ago.
    async fn let_go(&self) -> Retained {
        let rule = Rule { outcomes: Some(Duration::from_secs(86_400)), ..Rule::default() };
        let folded = self.warehouse.watermark().unwrap();
        self.warehouse.store().retain(&[rule], &HashSet::new(), folded, false).await.unwrap()
    }

    /// Commits the builds that come later, as one batch.
    async fn go_on(&self) {
        let builds = self.later.iter().map(BuildFacts::facts).collect();
        self.warehouse.commit(vec![Ingest { changes: Vec::new(), builds }]).await.unwrap();
    }

    async fn streaks(&self) -> Vec<String> {
        const ALL: &str = "SELECT concat_ws(' ', name, verdict, first_position, last_position, position_count, is_head) \
            FROM raw.streak ORDER BY 1";
        self.texts(ALL).await
    }

    /// Returns the texts that are the answer.
    async fn texts(&self, sql: &str) -> Vec<String> {
        let session = self.warehouse.session().await.unwrap();
        let batches = session.query(sql).await.unwrap().collect().await.unwrap();
        let text = |batch: &RecordBatch, row| array_value_to_string(batch.column(0), row).unwrap();
        batches.iter().flat_map(|batch| (0..batch.num_rows()).map(move |row| text(batch, row))).collect()
    }

    async fn check(&self) {
        let differences = self.warehouse.check().await.unwrap();
        assert!(differences.is_empty(), "{differences:?}");
    }
}

fn location(folder: &TempDir) -> Location {
    Location { root: folder.path().to_owned(), facts: None }
}

#[tokio::test]
async fn what_is_known_of_them_stays() {
    let told = Told::new(STORY, 2).await;
    let known = told.streaks().await;
    assert_eq!(told.let_go().await.outcome_count, 4);
    assert!(matches!(told.warehouse.rebuild().await, Err(Error::LetGo { lanes: 1 })));
    assert_eq!(told.streaks().await, known);
    // What comes late cannot be put among outcomes that are not there.
    told.go_on().await;
    assert_eq!(told.streaks().await, known);
    told.check().await;
}

#[tokio::test]
async fn what_is_new_is_folded_also_when_it_comes_with_what_is_late() {
    let story = "\
change a1 by Ada
change a2 by Ada
change a3 by Ada
build a1 linux x=pass y=pass
build a2 linux x=pass y=pass
build a2 linux x=fail y=pass
build a3 linux x=fail y=pass";
    let told = Told::new(story, 2).await;
    assert_eq!(told.let_go().await.outcome_count, 4);
    told.go_on().await;
    let known = "SELECT concat_ws(' ', name, verdict, first_revision, last_revision) AS known FROM raw.streak \
        WHERE kind = 'test' ORDER BY 1";
    let opened = "SELECT concat_ws(' ', name, good_revision, opened_revision) AS known FROM problem ORDER BY 1";
    assert_eq!(told.texts(known).await, ["x fail a3 a3", "x pass a1 a2", "y pass a1 a3"]);
    assert_eq!(told.texts(opened).await, ["x a2 a3"]);
    told.check().await;
}

#[tokio::test]
async fn what_is_left_beside_them_is_no_history_of_its_own() {
    let story = "\
change a1 by Ada
change a2 by Ada
change a3 by Ada
change a4 by Ada
build a1 linux x=pass
build a2 linux x=fail
build a3 linux x=pass
build a4 linux x=fail
build a1 linux x=pass";
    let mut told = Told::new(story, 3).await;
    assert_eq!(told.let_go().await.outcome_count, 3);
    // Today the newest revision is built, and the first one again.
    told.later.iter_mut().for_each(|build| build.build.started_at = Some(chrono::Utc::now().timestamp_micros()));
    told.go_on().await;
    assert_eq!(told.let_go().await.outcome_count, 0);
    let ranges = "SELECT concat_ws(' ', good_revision, bad_revision) FROM raw.range ORDER BY 1";
    assert_eq!(told.texts(ranges).await, ["a1 a2", "a3 a4"]);
    told.check().await;
}

#[tokio::test]
async fn a_store_that_has_lost_what_is_known_of_them_is_refused_until_that_is_forgotten() {
    let told = Told::new(STORY, 2).await;
    told.let_go().await;
    told.go_on().await;
    let Told { folder, warehouse, .. } = told;
    drop(warehouse);
    for file in ["knowledge.sqlite", "knowledge.sqlite-wal", "knowledge.sqlite-shm"] {
        let _ = std::fs::remove_file(folder.path().join(file));
    }
    std::fs::remove_dir_all(folder.path().join("streaks")).unwrap();
    let refused = Warehouse::open(&location(&folder), Vec::new()).await;
    assert!(matches!(refused, Err(Error::Lost { lanes: 1 })));
    Store::open(&location(&folder)).await.unwrap().forget_horizons().unwrap();
    let warehouse = Warehouse::open(&location(&folder), Vec::new()).await.unwrap();
    warehouse.rebuild().await.unwrap();
    assert_eq!(warehouse.watermark().unwrap(), 2);
}
