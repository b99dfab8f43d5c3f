//! What a server shows while a version is judged: what was built is seen at once, under the judgement of the version
//! before.

use std::sync::Arc;

use annals_analytics::{Session, Warehouse};
use annals_data::store::{Ingest, Location};

use crate::world::World;

const BEFORE: &str = "\
change a1 by Ada
change a2 by Bob
build a1 linux x=pass y=pass";

async fn count(session: &Session, from: &str) -> usize {
    session.query(&format!("SELECT 1 FROM {from}")).await.unwrap().count().await.unwrap()
}

/// Returns how many builds, problems and suspects are shown, and whether what is shown is judged.
async fn shown(warehouse: &Warehouse) -> (usize, usize, usize, bool, i64) {
    let session: Arc<Session> = warehouse.ready_session().await.unwrap();
    let [builds, problems, suspects] = ["build_summary", "problem", "suspect"].map(|from| count(&session, from));
    (builds.await, problems.await, suspects.await, session.is_judged, session.version)
}

#[tokio::test]
async fn a_version_is_shown_before_it_is_judged() {
    let mut world = World::default();
    world.tell(BEFORE).unwrap();
    world.tell("build a2 linux x=fail y=pass").unwrap();
    let late = world.builds.pop().unwrap().facts();
    let builds = world.builds.iter().map(crate::world::BuildFacts::facts).collect();
    let folder = tempfile::tempdir().unwrap();
    let location = Location { root: folder.path().to_owned(), facts: None };
    let warehouse = Warehouse::open(&location, Vec::new()).await.unwrap();
    warehouse.commit(vec![Ingest { changes: world.changes, builds }]).await.unwrap();

    warehouse.show().await.unwrap();
    assert!(
        warehouse.ready_session().await.unwrap().is_judged,
        "nothing was judged before, so nothing is shown under it"
    );
    warehouse.judge().await.unwrap();
    let (builds, problems, suspects, is_judged, before) = shown(&warehouse).await;
    assert_eq!((builds, problems, suspects, is_judged), (1, 0, 0, true));

    let mut news = warehouse.news();
    warehouse.commit(vec![Ingest { changes: Vec::new(), builds: vec![late] }]).await.unwrap();
    news.wait(std::time::Duration::from_secs(60)).await;
    assert_eq!(shown(&warehouse).await, (1, 0, 0, true, before), "nobody has made it ready");
    warehouse.show().await.unwrap();
    let (builds, problems, suspects, is_judged, at_once) = shown(&warehouse).await;
    assert_eq!((builds, problems, suspects, is_judged), (2, 1, 0, false));
    assert!(at_once > before, "an answer that was kept is no longer right");
    assert!(warehouse.judged_session().await.unwrap().version == before);

    warehouse.judge().await.unwrap();
    let (builds, problems, suspects, is_judged, judged) = shown(&warehouse).await;
    assert_eq!((builds, problems, suspects, is_judged), (2, 1, 1, true));
    assert!(judged > at_once);
    warehouse.show().await.unwrap();
    assert_eq!(shown(&warehouse).await.4, judged, "it is not judged by the version before again");
}
