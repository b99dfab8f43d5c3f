//! `annals reader`: lets those in who ask by SQL, lists them, and shuts them out.

use annals_analytics::Warehouse;
use annals_data::state::reader;
use anyhow::{Result, bail};
use chrono::Utc;

use super::{plain, token};
use crate::cli::Reader;

/// Runs the command.
pub(super) fn run(what: &Reader, warehouse: &Warehouse) -> Result<()> {
    let state = warehouse.store().state();
    match what {
        Reader::Create { name, private, expires } => {
            if name.is_empty() || name.chars().any(|c| c.is_control() || c.is_whitespace()) || name.len() > 63 {
                bail!("a name has 1 to 63 characters and no blanks");
            }
            if state.readers()?.iter().any(|r| r.name == *name && r.revoked_at.is_none()) {
                bail!("there is a reader `{name}` already; `annals reader revoke {name}` ends that");
            }
            let end = expires.as_deref().map(|text| token::end(text, Utc::now())).transpose()?;
            let end = end.map(|end| end.timestamp_micros());
            let (_, text) = state.create_reader(name, *private, end, annals_wire::salted)?;
            let sees = if *private { "private columns, too" } else { "public columns" };
            anstream::eprintln!("{name} may read, and sees {sees}; the token is shown only now");
            anstream::println!("{text}");
        }
        Reader::List => state.readers()?.iter().for_each(print),
        Reader::Revoke { name } => {
            if !state.revoke_reader(name)? {
                bail!("there is no reader `{name}`; `annals reader list` lists them");
            }
            anstream::eprintln!("{name} may not read any more");
        }
    }
    Ok(())
}

fn print(reader: &reader::Reader) {
    let end = token::ending(reader.revoked_at, reader.expires_at);
    let used = reader.used_at.map_or("never used".to_owned(), |at| format!("last used {}", token::date(at)));
    let (name, made) = (plain(&reader.name), token::date(reader.created_at));
    let sees = if reader.is_private { "private" } else { "public" };
    anstream::println!("{name:<20}  {sees:<7}  made {made}  {end}  {used}");
}
