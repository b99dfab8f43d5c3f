//! Files as tables: `FROM 'history.csv.gz'`.
//!
//! The engine finds files of all kinds by itself; JSON lines go by three endings. Only the types of CSV columns are found here, because the engine's
//! own way cuts the text at line ends before it looks for quotes: a failure text with a backslash before a quote, or
//! several lines long, defeats it.

use std::collections::HashMap;
use std::io::Read;
use std::pin::Pin;
use std::sync::Arc;

use datafusion::arrow::csv::reader::Format;
use datafusion::arrow::datatypes::{DataType, Field, Schema};
use datafusion::catalog::Session;
use datafusion::catalog::{DynamicFileCatalog, TableProvider, UrlTableFactory};
use datafusion::common::GetExt;
use datafusion::datasource::dynamic_file::DynamicListTableFactory;
use datafusion::datasource::file_format::file_compression_type::FileCompressionType;
use datafusion::datasource::file_format::json::JsonFormatFactory;
use datafusion::datasource::file_format::{FileFormat, FileFormatFactory};
use datafusion::datasource::listing::{ListingTable, ListingTableConfig, ListingTableConfigExt, ListingTableUrl};
use datafusion::error::{DataFusionError, Result};
use datafusion::execution::SessionState;
use datafusion::object_store::{GetResultPayload, ObjectStoreExt, path::Path};
use datafusion::prelude::{SessionConfig, SessionContext};
use futures::TryStreamExt;

/// Rows of a CSV or JSON file that decide the types of its columns.
const ROWS_FOR_TYPES: usize = 100_000;

/// Returns a session that reads files named in `FROM`; for the person's own command only.
pub(super) fn session() -> SessionContext {
    let mut config = SessionConfig::new();
    // Failure texts have line ends inside their quotes.
    config.options_mut().catalog.newlines_in_values = true;
    let context = SessionContext::new_with_config(config);
    {
        let state = context.state_ref();
        let mut state = state.write();
        state.table_options_mut().json.schema_infer_max_rec = Some(ROWS_FOR_TYPES);
        for ending in ["ndjson", "jsonl"] {
            // Fails only where the engine knows the ending by itself.
            let _ = state.register_file_format(Arc::new(JsonLines(ending)), false);
        }
    }
    let known = Arc::clone(context.state().catalog_list());
    let files = Arc::new(Files(DynamicListTableFactory::default()));
    let catalogs = Arc::new(DynamicFileCatalog::new(known, files.clone()));
    let context: SessionContext = context.into_state_builder().with_catalog_list(catalogs).build().into();
    files.0.session_store().with_state(context.state_weak_ref());
    context
}

/// JSON lines by another ending than `json`.
#[derive(Debug)]
struct JsonLines(&'static str);

impl GetExt for JsonLines {
    fn get_ext(&self) -> String {
        self.0.to_owned()
    }
}

impl FileFormatFactory for JsonLines {
    fn create(&self, state: &dyn Session, options: &HashMap<String, String>) -> Result<Arc<dyn FileFormat>> {
        JsonFormatFactory::new().create(state, options)
    }

    fn default(&self) -> Arc<dyn FileFormat> {
        FileFormatFactory::default(&JsonFormatFactory::new())
    }
}

/// Makes tables of the names that no table has.
#[derive(Debug)]
struct Files(DynamicListTableFactory);

/// The answer of an asynchronous trait method, as the trait's own macro writes it.
type Making<'f> = Pin<Box<dyn Future<Output = Result<Option<Arc<dyn TableProvider>>>> + Send + 'f>>;

impl UrlTableFactory for Files {
    fn try_new<'a, 'b, 'f>(&'a self, name: &'b str) -> Making<'f>
    where
        'a: 'f,
        'b: 'f,
        Self: 'f,
    {
        Box::pin(async move {
            match self.csv(name).await? {
                Some(table) => Ok(Some(table)),
                None => self.0.try_new(name).await,
            }
        })
    }
}

impl Files {
    /// Returns the table of CSV files on this machine; `None` for whatever else the name may be.
    async fn csv(&self, name: &str) -> Result<Option<Arc<dyn TableProvider>>> {
        let Ok(url) = ListingTableUrl::parse(name) else { return Ok(None) };
        let Some(session) = self.0.session_store().get_session().upgrade() else { return Ok(None) };
        let Some(state) = session.read().as_any().downcast_ref::<SessionState>().cloned() else { return Ok(None) };
        let Ok(config) = ListingTableConfig::new(url.clone()).infer_options(&state).await else { return Ok(None) };
        let Some(options) = config.options.as_ref().filter(|options| options.format.get_ext() == "csv") else {
            return Ok(None);
        };
        let compression = options.format.compression_type().unwrap_or(FileCompressionType::UNCOMPRESSED);
        let store = state.runtime_env().object_store(&url)?;
        let files = url.list_all_files(&state, store.as_ref(), &options.file_extension).await?;
        let (mut fields, mut rows_left) = (Vec::new(), ROWS_FOR_TYPES);
        for file in files.try_collect::<Vec<_>>().await? {
            let GetResultPayload::File(open, _) = store.get(&file.location).await?.payload else { return Ok(None) };
            let (schema, rows) = types(compression.convert_read(open)?, rows_left, &file.location)?;
            merge(&mut fields, &schema);
            rows_left -= rows.min(rows_left);
            if rows_left == 0 {
                break;
            }
        }
        let config = config.infer_partitions_from_path(&state).await?.with_schema(Arc::new(Schema::new(fields)));
        Ok(Some(Arc::new(ListingTable::try_new(config)?)))
    }
}

/// Returns the columns of a file with their types, and how many rows decided them.
fn types(text: Box<dyn Read + Send>, rows: usize, path: &Path) -> Result<(Schema, usize)> {
    let found = Format::default().with_header(true).infer_schema(text, Some(rows));
    found.map_err(|error| DataFusionError::from(error).context(format!("/{path}")))
}

/// Adds the columns of a further file; a column that has several types is text.
fn merge(fields: &mut Vec<Field>, schema: &Schema) {
    for field in schema.fields() {
        match fields.iter_mut().find(|known| known.name() == field.name()) {
            Some(known) if known.data_type() == field.data_type() => {}
            Some(known) => *known = known.clone().with_data_type(DataType::Utf8),
            None => fields.push(field.as_ref().clone()),
        }
    }
}
