//! `annals history`: what a test did over the revisions of its branch, and its streaks.

use annals_analytics::Warehouse;
use anyhow::Result;

use super::{Rows, short, test_name};
use crate::{cli, style};

/// Runs the command.
pub(super) async fn run(options: &cli::Test, warehouse: &Warehouse) -> Result<()> {
    let session = warehouse.session().await?;
    for found in test_name::find(&session, options).await? {
        anstream::println!("{}{}{} on {}", style::STRONG, found.title, style::PLAIN, found.lane);
        let sql = format!(
            "SELECT verdict, position_count, first_position, last_position, first_revision, last_revision, first_at \
             FROM streak WHERE series_id = {} ORDER BY first_position",
            found.series_id
        );
        for streak in Rows::ask(&session, &sql, &[]).await?.texts()? {
            let [verdict, count, first, last, from, to, at] = &streak[..] else { continue };
            let (color, sign) = style::of(verdict);
            let signs: String = std::iter::repeat_n(sign, count.parse().unwrap_or(1).min(40)).collect();
            let more = if count.parse().unwrap_or(1) > 40 { "…" } else { "" };
            let ends = if from == to { short(from).to_owned() } else { format!("{}..{}", short(from), short(to)) };
            anstream::println!(
                "    {color}{verdict:5} {signs}{more}{} {}{count} at {first}..{last} {ends} {at}{}",
                style::PLAIN,
                style::QUIET,
                style::PLAIN
            );
        }
    }
    Ok(())
}
