//! `annals rerun`: the tests that a change most likely breaks, first those that it is most likely to.

use annals_analytics::Warehouse;
use anyhow::{Result, bail};

use super::{Rows, parameter, plain};
use crate::cli;

/// Runs the command: suite, name and share in columns between tabs.
pub(super) async fn run(options: &cli::Rerun, warehouse: &Warehouse) -> Result<()> {
    if !options.revision.chars().all(|c| c.is_ascii_alphanumeric()) {
        bail!("`{}` is no revision", plain(&options.revision));
    }
    let sql = format!(
        "SELECT project, suite, name, share FROM rerun_order('{}') WHERE $1 IS NULL OR project = $1 \
         ORDER BY project, rank LIMIT {}",
        options.revision, options.limit
    );
    let session = warehouse.session().await?;
    for row in Rows::ask(&session, &sql, &[parameter(options.project.as_deref())]).await?.texts()? {
        let [_, suite, name, share] = &row[..] else { continue };
        let share: f64 = share.parse().unwrap_or_default();
        anstream::println!("{}\t{}\t{share:.4}", plain(suite), plain(name));
    }
    Ok(())
}
