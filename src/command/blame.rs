//! `annals blame`: the newest problem of a test on each builder, its blamelist and why we think so.

use annals_analytics::{Session, Warehouse};
use anyhow::Result;
use datafusion::common::ScalarValue;

use super::{Rows, plain, short, test_name};
use crate::{cli, style};

/// Runs the command.
pub(super) async fn run(options: &cli::Test, warehouse: &Warehouse) -> Result<()> {
    let session = warehouse.session().await?;
    for found in test_name::find(&session, options).await? {
        let sql = format!(
            "SELECT problem_id, state, origin, opened_at, opened_revision, good_revision, resolved_revision, message \
             FROM problem WHERE series_id = {} ORDER BY opened_position DESC LIMIT 1",
            found.series_id
        );
        anstream::println!("{}{}{} on {}", style::STRONG, found.title, style::PLAIN, found.lane);
        match &Rows::ask(&session, &sql, &[]).await?.texts()?[..] {
            [row] => print(&session, row).await?,
            _ => anstream::println!("    it never failed"),
        }
    }
    Ok(())
}

async fn print(session: &Session, row: &[String]) -> Result<()> {
    let [problem_id, state, origin, at, opened, good, resolved, message] = row else { return Ok(()) };
    let (color, sign) = style::of(state);
    anstream::println!("    {color}{sign} {state}{}, since {at}", style::PLAIN);
    match origin.as_str() {
        "born_failing" => anstream::println!("    failing since its first run at {}: nobody is blamed", short(opened)),
        _ => anstream::println!("    last good {}, first bad {}", short(good), short(opened)),
    }
    let parameters = [super::parameter(Some(problem_id))];
    if !resolved.is_empty() {
        anstream::println!("    good again at {}", short(resolved));
        mended(session, &parameters).await?;
    }
    let guilty = "SELECT author, revision FROM guilty WHERE problem_id = $1";
    let guilty = Rows::ask(session, guilty, &parameters).await?.texts()?;
    const SUSPECTS: &str = "SELECT rank, revision, author, subject, suspicion, evidence, nobody FROM suspect \
        WHERE problem_id = $1 ORDER BY rank LIMIT 20";
    let suspects = Rows::ask(session, SUSPECTS, &parameters).await?.texts()?;
    if let Some(nobody) = suspects.first().and_then(|row| row.last()?.parse::<f64>().ok()) {
        anstream::println!("        {}nobody {nobody:.2}{}", style::QUIET, style::PLAIN);
    }
    for suspect in suspects {
        let [rank, revision, author, subject, suspicion, evidence, _] = &suspect[..] else { continue };
        let is_guilty = guilty.iter().any(|g| g[1] == *revision);
        let mark = if is_guilty { format!("{}guilty{} ", style::BAD, style::PLAIN) } else { String::new() };
        let suspicion: f64 = suspicion.parse().unwrap_or_default();
        let (author, subject) = (plain(author), plain(subject));
        anstream::println!("    {rank:>2}. {mark}{} {author}: {subject}", short(revision));
        anstream::println!("        {}suspicion {suspicion:.2}: {}{}", style::QUIET, plain(evidence), style::PLAIN);
    }
    for line in plain(message).lines().take(8) {
        anstream::println!("    {}| {line}{}", style::QUIET, style::PLAIN);
    }
    Ok(())
}

/// Tells which change most likely mended it.
async fn mended(session: &Session, parameters: &[ScalarValue]) -> Result<()> {
    const FIX: &str = "SELECT revision, author, subject, probability, evidence FROM fix_suspect \
        WHERE problem_id = $1 AND rank = 1";
    for fix in Rows::ask(session, FIX, parameters).await?.texts()? {
        let [revision, author, subject, probability, evidence] = &fix[..] else { continue };
        let probability: f64 = probability.parse().unwrap_or_default();
        let (author, subject, evidence) = (plain(author), plain(subject), plain(evidence));
        let reason = if evidence.is_empty() { String::new() } else { format!(": {evidence}") };
        anstream::println!("    mended by {} {author}: {subject}", short(revision));
        anstream::println!("        {}probability {probability:.2}{reason}{}", style::QUIET, style::PLAIN);
    }
    Ok(())
}
