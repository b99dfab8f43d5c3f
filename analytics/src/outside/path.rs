//! Where a table is looked for that is named without its schema: in `mart` first, then in the layers below it.

use std::sync::Arc;

use async_trait::async_trait;
use datafusion::catalog::{SchemaProvider, TableProvider};
use datafusion::error::Result;

use super::sealed::Schemas;

/// The schemas that are looked through, in their order.
pub const PATH: [&str; 4] = ["mart", "raw", "step", "system"];

/// Lets `mart` answer for the tables of the others where it has none of that name.
pub(super) fn extend(schemas: &mut Schemas) {
    let find = |name: &&str| schemas.iter().find(|(known, _)| known == name).map(|(_, schema)| Arc::clone(schema));
    let below: Vec<_> = PATH[1..].iter().filter_map(find).collect();
    for (_, schema) in schemas.iter_mut().filter(|(name, _)| name == PATH[0]) {
        *schema = Arc::new(First { own: Arc::clone(schema), below: below.clone() });
    }
}

/// A schema that lists its own tables only, and finds those of others, too.
#[derive(Debug)]
struct First {
    own: Arc<dyn SchemaProvider>,
    below: Vec<Arc<dyn SchemaProvider>>,
}

#[async_trait]
impl SchemaProvider for First {
    fn table_names(&self) -> Vec<String> {
        self.own.table_names()
    }

    async fn table(&self, name: &str) -> Result<Option<Arc<dyn TableProvider>>> {
        for schema in std::iter::once(&self.own).chain(&self.below) {
            if let Some(table) = schema.table(name).await? {
                return Ok(Some(table));
            }
        }
        Ok(None)
    }

    fn table_exist(&self, name: &str) -> bool {
        std::iter::once(&self.own).chain(&self.below).any(|schema| schema.table_exist(name))
    }
}
