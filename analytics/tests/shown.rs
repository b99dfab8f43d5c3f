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

/// The last two builds and the changes before them come after the judgement.
const NEW: &str = "\
change a1 by Ada touches src/tree.rs
change a2 by Bob touches src/old.rs
change a3 by Ada touches src/tree.rs
change b1 by Cid touches docs/index.md
change b2 by Dan touches src/lexer.rs
change b3 by Eve touches src/tree.rs
build a1 linux old=pass lexer=pass grows=pass
build a2 linux old=fail lexer=pass grows=pass
build a3 linux old=fail lexer=pass grows=pass
build b3 linux old=fail lexer=fail grows=fail
build b3 mac lexer=pass grows=pass";

async fn count(session: &Session, from: &str) -> usize {
    session.query(&format!("SELECT 1 FROM {from}")).await.unwrap().count().await.unwrap()
}

/// Returns how many builds, problems and suspects are shown, and whether what is shown is judged.
async fn shown(warehouse: &Warehouse) -> (usize, usize, usize, bool, i64) {
    let session: Arc<Session> = warehouse.ready_session().await.unwrap();
    let [builds, problems, suspects] = ["build_summary", "problem", "suspect"].map(|from| count(&session, from));
    (builds.await, problems.await, suspects.await, session.is_judged, session.version)
}

const SUSPECTS: &str = "SELECT p.name, s.rank, s.revision, s.author, s.evidence, \
    CAST(round(s.suspicion, 1) AS VARCHAR) AS suspicion, CAST(round(s.nobody, 1) AS VARCHAR) AS nobody \
    FROM suspect AS s JOIN problem AS p ON p.problem_id = s.problem_id ORDER BY p.name, s.rank";

const SCORES: &str = "SELECT problem_id, revision, round(score, 6) AS score FROM step.judgement \
    WHERE turn = 'break' ORDER BY problem_id, revision";

/// Returns the suspects that are shown with their scores, and who is told to be guilty.
async fn suspects(warehouse: &Warehouse) -> String {
    let session = warehouse.ready_session().await.unwrap();
    let mut shown = String::new();
    for sql in [SUSPECTS, SCORES, "SELECT author, revision FROM guilty ORDER BY author, revision"] {
        let rows = session.query(sql).await.unwrap().collect().await.unwrap();
        shown += &arrow::util::pretty::pretty_format_batches(&rows).unwrap().to_string();
    }
    shown
}

#[tokio::test]
async fn new_incidents_are_judged_at_once() {
    let mut world = World::default();
    world.tell(NEW).unwrap();
    let late = world.builds.split_off(3);
    let builds = world.builds.iter().map(crate::world::BuildFacts::facts).collect();
    let new = world.changes.split_off(3);
    let folder = tempfile::tempdir().unwrap();
    let location = Location { root: folder.path().to_owned(), facts: None };
    let warehouse = Warehouse::open(&location, Vec::new()).await.unwrap();
    warehouse.commit(vec![Ingest { changes: world.changes, builds }]).await.unwrap();
    warehouse.judge().await.unwrap();
    let before = suspects(&warehouse).await;
    assert!(before.contains("| old  | 1    | a2 ") && !before.contains("lexer"), "{before}");

    let mut new = Some(new);
    for build in &late {
        let changes = new.take().unwrap_or_default();
        warehouse.commit(vec![Ingest { changes, builds: vec![build.facts()] }]).await.unwrap();
        assert_eq!(warehouse.show().await.unwrap().problem_count, 2, "they are new to the judgement still");
        let session = warehouse.ready_session().await.unwrap();
        assert!(!session.is_judged);
        assert!(count(&session, "system.lineage WHERE \"view\" = 'suspect'").await > 0, "it is made of the same");
    }
    let early = suspects(&warehouse).await;
    assert!(early.contains("| lexer | 1    | b2 "), "{early}");
    warehouse.judge().await.unwrap();
    assert_eq!(early, suspects(&warehouse).await);
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
    assert_eq!((builds, problems, suspects, is_judged), (2, 1, 1, false));
    assert!(at_once > before, "an answer that was kept is no longer right");
    assert!(warehouse.judged_session().await.unwrap().version == before);

    warehouse.judge().await.unwrap();
    let (builds, problems, suspects, is_judged, judged) = shown(&warehouse).await;
    assert_eq!((builds, problems, suspects, is_judged), (2, 1, 1, true));
    assert!(judged > at_once);
    warehouse.show().await.unwrap();
    assert_eq!(shown(&warehouse).await.4, judged, "it is not judged by the version before again");
}
