//! The only files that a query may read: the Parquet files below the facts.
//!
//! Delta's tables are scanned by their full paths, so the engine is handed a store that reaches the whole disk. What a
//! query from outside gets instead reads below one folder and can neither write nor list. Streaks bring a store that
//! begins at their own folder; of that, too, only Parquet files are read.

use std::collections::HashMap;
use std::fmt;
use std::ops::Range;
use std::sync::{Arc, PoisonError, RwLock};

use async_trait::async_trait;
use datafusion::error::{DataFusionError, Result};
use datafusion::execution::object_store::ObjectStoreRegistry;
use datafusion::object_store::path::Path;
use datafusion::object_store::{
    CopyOptions, Error, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore,
    PutMultipartOptions, PutOptions, PutPayload, PutResult, Result as StoreResult,
};
use futures::stream::{BoxStream, StreamExt, once};
use url::Url;

/// The scheme of addresses below the folder of the streaks, see `crate::segment`.
const SCHEME: &str = "streaks";

/// The stores that tables brought along, each behind the fence.
#[derive(Debug)]
pub(super) struct FencedStores {
    folder: Path,
    stores: RwLock<HashMap<String, Arc<dyn ObjectStore>>>,
}

impl FencedStores {
    /// Lets nothing through but Parquet files below `folder`.
    pub(super) fn new(folder: Path) -> Self {
        Self { folder, stores: RwLock::default() }
    }
}

/// Returns what tells stores apart: scheme and host.
fn key(url: &Url) -> String {
    format!("{}://{}", url.scheme(), url.authority())
}

impl ObjectStoreRegistry for FencedStores {
    fn register_store(&self, url: &Url, store: Arc<dyn ObjectStore>) -> Option<Arc<dyn ObjectStore>> {
        let folder = if url.scheme() == SCHEME { Path::default() } else { self.folder.clone() };
        let fenced = Arc::new(Fenced { store, folder });
        self.stores.write().unwrap_or_else(PoisonError::into_inner).insert(key(url), fenced)
    }

    fn get_store(&self, url: &Url) -> Result<Arc<dyn ObjectStore>> {
        let stores = self.stores.read().unwrap_or_else(PoisonError::into_inner);
        let missing = || DataFusionError::Plan("no files can be reached from here".into());
        stores.get(&key(url)).cloned().ok_or_else(missing)
    }
}

/// A store behind the fence.
#[derive(Debug)]
struct Fenced {
    store: Arc<dyn ObjectStore>,
    folder: Path,
}

impl Fenced {
    fn open(&self, path: &Path) -> StoreResult<()> {
        let is_below = path.prefix_matches(&self.folder) && path.extension() == Some("parquet");
        if is_below { Ok(()) } else { Err(shut(path.as_ref())) }
    }
}

fn shut(path: &str) -> Error {
    Error::PermissionDenied { path: path.to_owned(), source: "not to be reached by a query".into() }
}

impl fmt::Display for Fenced {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("facts")
    }
}

#[async_trait]
impl ObjectStore for Fenced {
    async fn put_opts(&self, path: &Path, _: PutPayload, _: PutOptions) -> StoreResult<PutResult> {
        Err(shut(path.as_ref()))
    }

    async fn put_multipart_opts(&self, path: &Path, _: PutMultipartOptions) -> StoreResult<Box<dyn MultipartUpload>> {
        Err(shut(path.as_ref()))
    }

    async fn get_opts(&self, path: &Path, options: GetOptions) -> StoreResult<GetResult> {
        self.open(path)?;
        self.store.get_opts(path, options).await
    }

    async fn get_ranges(&self, path: &Path, ranges: &[Range<u64>]) -> StoreResult<Vec<bytes::Bytes>> {
        self.open(path)?;
        self.store.get_ranges(path, ranges).await
    }

    fn delete_stream(&self, _: BoxStream<'static, StoreResult<Path>>) -> BoxStream<'static, StoreResult<Path>> {
        once(async { Err(shut("")) }).boxed()
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, StoreResult<ObjectMeta>> {
        let prefix = prefix.map(ToString::to_string).unwrap_or_default();
        once(async move { Err(shut(&prefix)) }).boxed()
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> StoreResult<ListResult> {
        Err(shut(prefix.map(AsRef::as_ref).unwrap_or_default()))
    }

    async fn copy_opts(&self, from: &Path, _: &Path, _: CopyOptions) -> StoreResult<()> {
        Err(shut(from.as_ref()))
    }
}

#[cfg(test)]
mod tests {
    use datafusion::object_store::ObjectStoreExt;
    use datafusion::object_store::memory::InMemory;

    use super::*;

    #[tokio::test]
    async fn only_parquet_below_the_folder_is_read() {
        let inner = Arc::new(InMemory::new());
        for path in ["store/facts/outcome/a.parquet", "store/state.sqlite", "store/facts/key.pem", "factsish/a.parquet"]
        {
            inner.put(&path.into(), "x".into()).await.unwrap();
        }
        let stores = FencedStores::new("store/facts".into());
        let url: Url = "file:///".parse().unwrap();
        assert!(stores.get_store(&url).is_err(), "nothing is there before a table brings it");
        stores.register_store(&url, inner);
        let store = stores.get_store(&url).unwrap();
        assert!(store.get(&"store/facts/outcome/a.parquet".into()).await.is_ok());
        for path in ["store/state.sqlite", "store/facts/key.pem", "factsish/a.parquet", "etc/passwd"] {
            assert!(store.get(&path.into()).await.is_err(), "{path}");
            assert!(store.put(&path.into(), "y".into()).await.is_err(), "{path}");
        }
        assert!(store.put(&"store/facts/b.parquet".into(), "y".into()).await.is_err());
        assert!(store.delete(&"store/facts/outcome/a.parquet".into()).await.is_err());
        assert!(store.list(None).next().await.unwrap().is_err());
        let streaks = Arc::new(InMemory::new());
        streaks.put(&"a.parquet".into(), "x".into()).await.unwrap();
        let url: Url = "streaks://0f".parse().unwrap();
        stores.register_store(&url, streaks);
        let store = stores.get_store(&url).unwrap();
        assert!(store.get(&"a.parquet".into()).await.is_ok());
        assert!(store.get(&"a.sqlite".into()).await.is_err());
        assert!(store.put(&"a.parquet".into(), "y".into()).await.is_err());
    }
}
