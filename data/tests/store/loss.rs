//! The state is gone, or comes back from a backup that is older than the tables: these say what it lacks.

use annals_data::store::{Ingest, Store};
use tempfile::TempDir;

use super::{build, change, count, location, refuse_publications};

pub(crate) fn lose_state(folder: &TempDir) {
    for file in ["state.sqlite", "state.sqlite-wal", "state.sqlite-shm"] {
        let _ = std::fs::remove_file(folder.path().join(file));
    }
}

fn builds(keys: &[&str]) -> Vec<Ingest> {
    vec![Ingest { changes: vec![], builds: keys.iter().map(|key| build(key)).collect() }]
}

#[tokio::test]
async fn what_is_known_survives_the_loss_of_the_state() {
    let folder = TempDir::new().unwrap();
    let store = Store::open(&location(&folder)).await.unwrap();
    store.commit(vec![Ingest { changes: vec![change("r1")], builds: vec![build("k1")] }]).await.unwrap();
    drop(store);
    lose_state(&folder);
    let store = Store::open(&location(&folder)).await.unwrap();
    let receipt = store.commit(vec![Ingest { changes: vec![change("r1")], builds: vec![build("k1")] }]).await.unwrap();
    assert_eq!(receipt.batch, None);
    let receipt = store.commit(vec![Ingest { changes: vec![], builds: vec![build("k2")] }]).await.unwrap();
    assert_eq!(receipt.batch, Some(2));
    let people =
        store.state().read(|c| c.query_row("SELECT count(*) FROM person WHERE is_bot = 1", [], |r| r.get::<_, i64>(0)));
    assert_eq!(people.unwrap(), 1);
}

#[tokio::test]
async fn what_came_after_the_backup_of_the_state_is_known_and_what_comes_is_kept() {
    let folder = TempDir::new().unwrap();
    let [state, backup] = ["state.sqlite", "backup"].map(|name| folder.path().join(name));
    let store = Store::open(&location(&folder)).await.unwrap();
    store.commit(builds(&["k1"])).await.unwrap();
    drop(store);
    std::fs::copy(&state, &backup).unwrap();
    let store = Store::open(&location(&folder)).await.unwrap();
    store.commit(builds(&["k2"])).await.unwrap();
    store.commit(builds(&["k3"])).await.unwrap();
    let published = store.publication().unwrap();
    drop(store);
    lose_state(&folder);
    std::fs::copy(&backup, &state).unwrap();
    let store = Store::open(&location(&folder)).await.unwrap();
    // Who has folded the third batch finds it.
    assert_eq!(store.publication_of(3).unwrap().batch, published.batch);
    assert_eq!(store.commit(builds(&["k1", "k2", "k3"])).await.unwrap().replayed, ["k1", "k2", "k3"]);
    assert_eq!(store.commit(builds(&["k4"])).await.unwrap().batch, Some(4));
    assert_eq!(count(&store, "SELECT count(*) FROM outcome").await, 12);
    assert_eq!(count(&store, "SELECT count(*) FROM message").await, 1);
}

/// A batch was interrupted before the state knew it: after all tables had it, or before the last one had.
async fn interrupted(is_whole: bool) -> TempDir {
    let folder = TempDir::new().unwrap();
    let store = Store::open(&location(&folder)).await.unwrap();
    store.commit(builds(&["k1"])).await.unwrap();
    store.commit(builds(&["k2"])).await.unwrap();
    refuse_publications(&folder, true);
    store.commit(builds(&["k3"])).await.unwrap_err();
    drop(store);
    if !is_whole {
        std::fs::remove_file(folder.path().join("facts/build/_delta_log/00000000000000000003.json")).unwrap();
    }
    folder
}

#[tokio::test]
async fn all_is_known_when_the_state_is_lost_while_a_batch_is_interrupted() {
    for is_whole in [true, false] {
        let folder = interrupted(is_whole).await;
        lose_state(&folder);
        let store = Store::open(&location(&folder)).await.unwrap();
        assert_eq!(store.commit(builds(&["k1", "k2", "k3"])).await.unwrap().replayed, ["k1", "k2", "k3"]);
        assert_eq!(store.commit(builds(&["k4"])).await.unwrap().batch, Some(4));
        assert_eq!(count(&store, "SELECT count(*) FROM build").await, 4);
        assert_eq!(count(&store, "SELECT count(*) FROM outcome").await, 12);
        assert_eq!(std::fs::read_dir(folder.path().join("journal")).unwrap().count(), 0);
    }
}
