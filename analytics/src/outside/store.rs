//! The only files that a query may read: the Parquet files of the tables.
//!
//! Each table brings a store that begins at its own folder. What a query from outside gets of it reads Parquet files, and
//! can neither write nor list.

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

/// The schemes of tables: facts and streaks. Nothing else has a store here, whoever brings it.
const SCHEMES: [&str; 2] = ["facts", "streaks"];

/// The stores that tables brought along, each behind the fence.
#[derive(Debug, Default)]
pub(super) struct FencedStores(RwLock<HashMap<String, Arc<dyn ObjectStore>>>);

/// Returns what tells stores apart: scheme and host.
fn key(url: &Url) -> String {
    format!("{}://{}", url.scheme(), url.authority())
}

impl ObjectStoreRegistry for FencedStores {
    fn register_store(&self, url: &Url, store: Arc<dyn ObjectStore>) -> Option<Arc<dyn ObjectStore>> {
        if !SCHEMES.contains(&url.scheme()) {
            return None;
        }
        self.0.write().unwrap_or_else(PoisonError::into_inner).insert(key(url), Arc::new(Fenced(store)))
    }

    fn get_store(&self, url: &Url) -> Result<Arc<dyn ObjectStore>> {
        let stores = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let missing = || DataFusionError::Plan("no files can be reached from here".into());
        stores.get(&key(url)).cloned().ok_or_else(missing)
    }
}

/// A store behind the fence.
#[derive(Debug)]
struct Fenced(Arc<dyn ObjectStore>);

fn open(path: &Path) -> StoreResult<()> {
    if path.extension() == Some("parquet") { Ok(()) } else { Err(shut(path.as_ref())) }
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
        open(path)?;
        self.0.get_opts(path, options).await
    }

    async fn get_ranges(&self, path: &Path, ranges: &[Range<u64>]) -> StoreResult<Vec<bytes::Bytes>> {
        open(path)?;
        self.0.get_ranges(path, ranges).await
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
    async fn only_parquet_of_tables_is_read() {
        let inner = Arc::new(InMemory::new());
        for path in ["a.parquet", "key.pem", "_delta_log/0.json"] {
            inner.put(&path.into(), "x".into()).await.unwrap();
        }
        let stores = FencedStores::default();
        let disk: Url = "file:///".parse().unwrap();
        stores.register_store(&disk, inner.clone());
        assert!(stores.get_store(&disk).is_err(), "a store of the whole disk is none of a table");
        for url in ["facts://1a", "streaks://0f"] {
            let url: Url = url.parse().unwrap();
            assert!(stores.get_store(&url).is_err(), "nothing is there before a table brings it");
            stores.register_store(&url, inner.clone());
            let store = stores.get_store(&url).unwrap();
            assert!(store.get(&"a.parquet".into()).await.is_ok());
            for path in ["key.pem", "_delta_log/0.json"] {
                assert!(store.get(&path.into()).await.is_err(), "{path}");
            }
            assert!(store.put(&"b.parquet".into(), "y".into()).await.is_err());
            assert!(store.delete(&"a.parquet".into()).await.is_err());
            assert!(store.list(None).next().await.unwrap().is_err());
        }
    }
}
