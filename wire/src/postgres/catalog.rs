//! The catalogs that Postgres' clients read, over the tables that an asker sees.
//!
//! They are made once per version and role and shared: nothing that a client sets reaches them.

mod table;

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use annals_analytics::Session;
use annals_analytics::outside::{Asker, Desk, Role};
use arrow::array::{ArrayRef, AsArray};
use arrow::compute::cast;
use arrow::datatypes::DataType;
use async_trait::async_trait;
use datafusion::catalog::{SchemaProvider, TableFunction, TableProvider};
use datafusion::error::Result;
use datafusion::execution::SessionStateBuilder;
use datafusion::logical_expr::ScalarUDF;
use datafusion::prelude::{SessionConfig, SessionContext};
use datafusion_pg_catalog::pg_catalog::context::EmptyContextProvider;
use datafusion_pg_catalog::pg_catalog::oid_type_planner::PgOidTypePlanner;
use datafusion_pg_catalog::pg_catalog::{PgCatalogSchemaProvider, PgCatalogStaticTables};
use datafusion_pg_catalog::setup_pg_catalog;
use tokio::sync::Mutex;

use super::cursor::{Cursors, Listed};
use super::routine;
use super::setting::Settings;
use super::shim;
use super::texts::Texts;

/// What is the same for all sessions.
struct Fixed {
    tables: Arc<PgCatalogStaticTables>,
    functions: Vec<Arc<ScalarUDF>>,
    table_functions: Vec<Arc<TableFunction>>,
}

/// Reads the tables of Postgres' own types and functions, once.
fn fixed() -> Result<&'static Fixed> {
    static FIXED: OnceLock<Fixed> = OnceLock::new();
    if let Some(fixed) = FIXED.get() {
        return Ok(fixed);
    }
    let config = SessionConfig::new().with_default_catalog_and_schema("annals", "mart");
    let context = SessionContext::new_with_config(config);
    let known: Vec<_> = context.state().scalar_functions().keys().cloned().collect();
    setup_pg_catalog(&context, "annals", EmptyContextProvider).map_err(|error| *error)?;
    let state = context.state();
    let is_new = |name: &String| !known.contains(name);
    let functions = state.scalar_functions().iter().filter(|(name, _)| is_new(name)).map(|(_, f)| Arc::clone(f));
    let table_functions = ["generate_series", "range", "pg_get_keywords"].into_iter();
    let table_functions = table_functions.filter_map(|name| state.table_functions().get(name).cloned()).collect();
    let tables = Arc::new(PgCatalogStaticTables::try_new()?);
    let made = Fixed { tables, functions: functions.collect(), table_functions };
    Ok(FIXED.get_or_init(|| made))
}

/// The newest contexts, by role.
#[derive(Default)]
pub(super) struct Catalogs(Mutex<HashMap<bool, Known>>);

/// A context with what its functions tell.
#[derive(Clone)]
pub(super) struct Known {
    pub(super) version: i64,
    context: SessionContext,
    texts: Arc<Texts>,
}

impl Known {
    /// Returns the context as a connection sees it, with its settings, its cursors and its user.
    pub(super) fn settled(&self, settings: &Settings, cursors: &Arc<Cursors>, user: &str) -> SessionContext {
        let mut config = self.context.copied_config().with_extension(Arc::clone(cursors));
        if let Some(schema) = settings.path().first() {
            config.options_mut().catalog.default_schema = (*schema).to_owned();
        }
        let state = SessionStateBuilder::new_from_existing(self.context.state()).with_config(config).build();
        let context = SessionContext::new_with_state(state);
        for function in shim::settled(&self.texts, settings, user) {
            context.register_udf(function);
        }
        context
    }
}

impl Catalogs {
    /// Returns the context of a session for an asker.
    pub(super) async fn context(&self, desk: &Desk, session: &Session, asker: &Asker) -> Result<Known> {
        let mut all = self.0.lock().await;
        let role = asker.role == Role::Private;
        if let Some(known) = all.get(&role).filter(|known| known.version == session.version) {
            return Ok(known.clone());
        }
        let (context, texts) = build(desk, session, asker).await?;
        let known = Known { version: session.version, context, texts };
        all.insert(role, known.clone());
        Ok(known)
    }
}

async fn build(desk: &Desk, session: &Session, asker: &Asker) -> Result<(SessionContext, Arc<Texts>)> {
    let fixed = fixed()?;
    // Others of the role will use it, too: it must not show what this one asked.
    let asker = &Asker { name: String::new(), ..asker.clone() };
    // The catalog lists the tables of a context that does not hold it, or the two would keep each other alive for ever;
    // to list itself too, as clients expect, it lists one like itself.
    let plain = desk.context(session, asker, vec![])?;
    let listed = desk.context(session, asker, vec![("pg_catalog".into(), catalog(&plain, fixed)?)])?;
    let own = catalog(&listed, fixed)?;
    let bare = with_functions(desk.context(session, asker, vec![("pg_catalog".into(), own.clone())])?, fixed);
    // Tables are numbered as they are first met: all of them now, in their order, and not by whichever of several catalogs
    // a question happens to read first. What somebody was told of one version is asked of the next.
    rows(&bare, "SELECT oid FROM pg_catalog.pg_class").await?;
    let texts = Arc::new(texts(&bare, session).await?);
    let (description, functions) = (table::description(&texts)?, routine::table(&bare).await?);
    let (settings, views) = (table::settings()?, table::views(&texts)?);
    let described = Arc::new(Described { own, description, functions, settings, views });
    let context = with_functions(desk.context(session, asker, vec![("pg_catalog".into(), described)])?, fixed);
    for function in shim::functions(&texts) {
        context.register_udf(function);
    }
    Ok((context, texts))
}

fn catalog(over: &SessionContext, fixed: &Fixed) -> Result<Arc<dyn SchemaProvider>> {
    let listed = over.state().catalog_list().clone();
    Ok(Arc::new(PgCatalogSchemaProvider::try_new(listed, fixed.tables.clone(), EmptyContextProvider)?))
}

fn with_functions(context: SessionContext, fixed: &Fixed) -> SessionContext {
    for function in &fixed.functions {
        context.register_udf(function.as_ref().clone());
    }
    for function in &fixed.table_functions {
        context.register_udtf(function.name(), function.function().clone());
    }
    let planner = Arc::new(PgOidTypePlanner);
    let state = SessionStateBuilder::new_from_existing(context.state()).with_type_planner(planner).build();
    SessionContext::new_with_state(state)
}

/// Returns what the catalog of views says of each table and column.
async fn texts(context: &SessionContext, session: &Session) -> Result<Texts> {
    const NUMBERS: &str = "SELECT CAST(c.oid AS BIGINT), n.nspname, c.relname, CAST(0 AS BIGINT), '' \
        FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace UNION ALL \
        SELECT CAST(c.oid AS BIGINT), n.nspname, c.relname, CAST(a.attnum AS BIGINT), a.attname \
        FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
        JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid";
    let views = rows(&session.context, "SELECT layer, name, title, text FROM system.view").await?;
    let columns = rows(&session.context, "SELECT layer, \"view\", name, doc FROM system.column").await?;
    let mut known: HashMap<[&str; 3], [&str; 2]> = HashMap::new();
    for [layer, name, title, text] in views.iter().filter_map(|row| four(row)) {
        known.insert([layer, name, ""], [title, text]);
    }
    for [layer, view, name, doc] in columns.iter().filter_map(|row| four(row)) {
        known.insert([layer, view, name], [doc, ""]);
    }
    let mut texts = Texts::default();
    for row in rows(context, NUMBERS).await? {
        let [number, schema, table, place, column] = &row[..] else { continue };
        let key = (number.parse().unwrap_or_default(), place.parse().unwrap_or_default());
        if key.1 == 0 {
            texts.tables.insert((schema.clone(), table.clone()), key.0);
        }
        let Some([comment, definition]) = known.get(&[schema.as_str(), table, column]) else { continue };
        for (map, text) in [(&mut texts.comments, comment), (&mut texts.definitions, definition)] {
            if !text.is_empty() {
                map.insert(key, (*text).to_owned());
            }
        }
    }
    routine::tell(&mut texts);
    Ok(texts)
}

fn four(row: &[String]) -> Option<[&str; 4]> {
    let [a, b, c, d] = row else { return None };
    Some([a, b, c, d])
}

/// Returns the rows of a query as texts.
async fn rows(context: &SessionContext, sql: &str) -> Result<Vec<Vec<String>>> {
    let mut rows = Vec::new();
    for batch in context.sql(sql).await?.collect().await? {
        let columns = batch.columns().iter().map(|column| cast(column, &DataType::Utf8));
        let columns = columns.collect::<Result<Vec<_>, _>>()?;
        let text = |column: &ArrayRef, row: usize| column.as_string::<i32>().value(row).to_owned();
        rows.extend((0..batch.num_rows()).map(|row| columns.iter().map(|column| text(column, row)).collect()));
    }
    Ok(rows)
}

/// Catalogs that only a superuser of Postgres may read.
const HIDDEN: &[&str] = &["pg_authid", "pg_shadow"];

/// The catalog of the cursors of whoever reads it.
const CURSORS: &str = "pg_cursors";

/// Returns the names of the catalogs that the library lacks.
pub(super) fn own_names() -> impl Iterator<Item = &'static str> {
    table::empty_names().chain([CURSORS])
}

/// Postgres' catalogs, with comments and with our own functions.
#[derive(Debug)]
struct Described {
    own: Arc<dyn SchemaProvider>,
    description: Arc<dyn TableProvider>,
    functions: Arc<dyn TableProvider>,
    settings: Arc<dyn TableProvider>,
    views: Arc<dyn TableProvider>,
}

#[async_trait]
impl SchemaProvider for Described {
    fn table_names(&self) -> Vec<String> {
        let mut names = self.own.table_names();
        names.retain(|name| !HIDDEN.contains(&name.as_str()));
        names.extend(own_names().map(str::to_owned));
        names
    }

    async fn table(&self, name: &str) -> Result<Option<Arc<dyn TableProvider>>> {
        match name {
            "pg_description" => Ok(Some(Arc::clone(&self.description))),
            "pg_proc" => Ok(Some(Arc::clone(&self.functions))),
            "pg_views" => Ok(Some(Arc::clone(&self.views))),
            CURSORS => Ok(Some(Arc::new(Listed))),
            "pg_settings" => Ok(Some(Arc::clone(&self.settings))),
            // Those of another server, and nobody's here.
            name if HIDDEN.contains(&name) => Ok(None),
            name => match table::empty(name) {
                Some(table) => Ok(Some(table)),
                None => self.own.table(name).await,
            },
        }
    }

    fn table_exist(&self, name: &str) -> bool {
        !HIDDEN.contains(&name) && (self.own.table_exist(name) || own_names().any(|own| own == name))
    }
}
