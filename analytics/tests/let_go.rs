//! Outcomes that were let go: what is known of them is kept, as it can be known from nowhere else.

use std::collections::HashSet;
use std::time::Duration;

use annals_analytics::{Error, Warehouse};
use annals_data::store::{Ingest, Location, Rule};
use arrow::util::pretty::pretty_format_batches;

use crate::world::{BuildFacts, World};

const STORY: &str = "\
change a1 by Ada
change a2 by Ada
change a3 by Ada
build a1 linux x=pass y=fail
build a3 linux x=fail y=fail
build a2 linux x=fail y=pass";

async fn streaks(warehouse: &Warehouse) -> String {
    const ALL: &str = "SELECT name, verdict, first_position, last_position, position_count, is_head FROM raw.streak \
        ORDER BY name, first_position";
    let session = warehouse.session().await.unwrap();
    pretty_format_batches(&session.query(ALL).await.unwrap().collect().await.unwrap()).unwrap().to_string()
}

#[tokio::test]
async fn what_is_known_of_them_stays() {
    let mut world = World::default();
    world.tell(STORY).unwrap();
    let late = world.builds.pop().unwrap().facts();
    let builds = world.builds.iter().map(BuildFacts::facts).collect();
    let folder = tempfile::tempdir().unwrap();
    let location = Location { root: folder.path().to_owned(), facts: None };
    let warehouse = Warehouse::open(&location, Vec::new()).await.unwrap();
    warehouse.commit(vec![Ingest { changes: world.changes, builds }]).await.unwrap();
    let known = streaks(&warehouse).await;
    let everything = Rule { outcomes: Some(Duration::ZERO), ..Rule::default() };
    let folded = warehouse.watermark().unwrap();
    let gone = warehouse.store().retain(&[everything], &HashSet::new(), folded, false).await.unwrap();
    assert_eq!(gone.outcome_count, 4);
    assert!(matches!(warehouse.rebuild().await, Err(Error::LetGo { lanes: 1 })));
    assert_eq!(streaks(&warehouse).await, known);
    // What comes late cannot be put among outcomes that are not there.
    warehouse.commit(vec![Ingest { changes: Vec::new(), builds: vec![late] }]).await.unwrap();
    assert_eq!(streaks(&warehouse).await, known);
    let differences = warehouse.check().await.unwrap();
    assert!(differences.is_empty(), "{differences:?}");
}
