//! `annals note`: what a person says of a problem. It is kept with series and position, so that it stays with its problem
//! when late builds move the problem's edges.

use annals_analytics::{Session, Warehouse};
use anyhow::{Result, bail};
use clap::ValueEnum;

use super::{Rows, parameter, people, plain};
use crate::cli;

const MICROSECONDS_A_DAY: f64 = 86_400e6;

/// What can be said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum NoteKind {
    /// Somebody knows of it
    Acknowledge,
    /// Somebody shall see to it
    Assign,
    /// Nobody is to be told of it
    Mute,
    /// Its failures shall not count
    Quarantine,
    /// Anything else
    Comment,
    /// This change mended it
    FixedBy,
    /// This change broke it, or `nobody`
    BrokenBy,
    /// It fails as those of this cluster do
    SameAs,
    /// It fails as no other does
    Apart,
    /// The test had another name before
    RenamedFrom,
    /// All that began with it belongs to another incident
    Joins,
    /// It alone belongs to another incident, or to one of its own
    Leaves,
}

impl NoteKind {
    /// Returns the word of the table.
    fn word(self) -> &'static str {
        match self {
            Self::Acknowledge => "acknowledge",
            Self::Assign => "assign",
            Self::Mute => "mute",
            Self::Quarantine => "quarantine",
            Self::Comment => "comment",
            Self::FixedBy => "fixed_by",
            Self::BrokenBy => "broken_by",
            Self::SameAs => "same_as",
            Self::Apart => "apart",
            Self::RenamedFrom => "renamed_from",
            Self::Joins => "joins",
            Self::Leaves => "leaves",
        }
    }
}

/// Runs the command.
pub(super) async fn run(options: &cli::Note, warehouse: &Warehouse) -> Result<()> {
    let session = warehouse.session().await?;
    let sql = "SELECT series_id, opened_position FROM problem WHERE problem_id = $1";
    let rows = Rows::ask(&session, sql, &[parameter(Some(&options.problem))]).await?.texts()?;
    let [series, position] = &rows.first().map_or(&[][..], Vec::as_slice) else {
        bail!("there is no problem `{}`", plain(&options.problem));
    };
    let (series, position): (i64, i64) = (series.parse()?, position.parse()?);
    let text = text(&session, options).await?;
    let person = match &options.person {
        Some(name) => Some(people::find(warehouse.store().state(), name)?.person_id),
        None if options.kind == NoteKind::Assign => bail!("say whom, by --person NAME"),
        None => None,
    };
    let now = chrono::Utc::now().timestamp_micros();
    if options.days.is_some_and(|days| !(days > 0.0 && days < 36500.0)) {
        bail!("--days is a number of days above 0");
    }
    let until = options.days.map(|days| now + (days * MICROSECONDS_A_DAY) as i64);
    warehouse.store().state().write(|t| {
        let sql = "INSERT INTO note (series_id, first_position, kind, person_id, text, until, noted_at) \
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
        t.execute(sql, (series, position, options.kind.word(), person, &text, until, now))
    })?;
    anstream::eprintln!("noted");
    Ok(())
}

/// Returns the text of the note: an incident is named by its main problem, which stays when its range narrows.
async fn text(session: &Session, options: &cli::Note) -> Result<String> {
    let text = options.text.trim();
    let is_move = matches!(options.kind, NoteKind::Joins | NoteKind::Leaves);
    if is_move && !text.is_empty() {
        let sql = "SELECT t.problem_id, t.project = p.project AND t.branch = p.branch AS is_near FROM ( \
            SELECT main_problem_id AS problem_id, project, branch FROM incident WHERE incident_id = $1 \
            UNION ALL SELECT problem_id, project, branch FROM problem WHERE problem_id = $1 \
            ) AS t CROSS JOIN problem AS p WHERE p.problem_id = $2";
        let rows =
            Rows::ask(session, sql, &[parameter(Some(text)), parameter(Some(&options.problem))]).await?.texts()?;
        return match rows.first().map(Vec::as_slice) {
            Some([problem, is_near]) if is_near == "true" => Ok(problem.clone()),
            Some(_) => bail!("`{}` is of another branch: only incidents of one branch can be one", plain(text)),
            None => bail!("there is no problem and no incident `{}`", plain(text)),
        };
    }
    let is_bare = text.is_empty();
    match options.kind {
        NoteKind::Joins => bail!("say which incident it joins, or a problem of it"),
        NoteKind::BrokenBy | NoteKind::SameAs | NoteKind::RenamedFrom if is_bare => {
            bail!("say what it is: `{}` needs a text", options.kind.word())
        }
        NoteKind::BrokenBy | NoteKind::FixedBy if !is_bare => {
            change(session, options, text).await.map(|()| text.to_owned())
        }
        _ => Ok(text.to_owned()),
    }
}

/// Refuses a revision that the problem's project does not have; says so where a culprit is not on the blamelist.
async fn change(session: &Session, options: &cli::Note, text: &str) -> Result<()> {
    let word = text.split_whitespace().next().unwrap_or_default();
    if options.kind == NoteKind::BrokenBy && word == "nobody" {
        return Ok(());
    }
    const SQL: &str = "SELECT count(c.revision) > 0 AS is_known, count(b.revision) > 0 AS is_listed \
        FROM problem AS p LEFT JOIN raw.change AS c ON c.project = p.project AND starts_with(c.revision, $2) \
        LEFT JOIN blamelist AS b ON b.problem_id = p.problem_id AND b.revision = c.revision WHERE p.problem_id = $1";
    let rows = Rows::ask(session, SQL, &[parameter(Some(&options.problem)), parameter(Some(word))]).await?.texts()?;
    match &rows.concat()[..] {
        [is_known, _] if is_known == "false" => bail!("the project has no change `{}`", plain(word)),
        [_, is_listed] if is_listed == "false" && options.kind == NoteKind::BrokenBy => {
            anstream::eprintln!("`{}` is not among the changes in question, so nobody is guilty by it", plain(word));
        }
        _ => {}
    }
    Ok(())
}
