//! `annals person`, `annals owner` and `annals subscription`: who is who, whose the suites are, and who follows them.

use annals_analytics::Warehouse;
use annals_data::state::State;
use annals_data::state::people::{Person, Tie};
use anyhow::{Result, bail};

use super::plain;
use crate::cli;

/// Runs `annals person`.
pub(super) fn run(what: &cli::Person, warehouse: &Warehouse) -> Result<()> {
    let state = warehouse.store().state();
    match what {
        cli::Person::List { text } => {
            let people = state.people()?;
            people.iter().filter(|p| text.as_deref().is_none_or(|text| has(p, text))).for_each(print);
        }
        cli::Person::Team { person, team } => {
            let team = team.as_deref().map(str::trim).filter(|team| !team.is_empty());
            state.set_team(find(state, person)?.person_id, team)?;
        }
        cli::Person::Join { person, other } => {
            let [person, other] = [find(state, person)?, find(state, other)?];
            if person.person_id == other.person_id {
                bail!("that is one person already");
            }
            state.join_people(person.person_id, other.person_id)?;
            anstream::eprintln!("{} is {} now", plain(&other.name), plain(&person.name));
        }
        cli::Person::Part { address } => {
            let person = find(state, address)?;
            let found = person.identities.iter().find(|(_, _, email)| email.eq_ignore_ascii_case(address));
            let Some((identity, name, _)) = found else {
                bail!("say by which address: `{}` is a name", plain(address))
            };
            if person.identities.len() == 1 {
                bail!("`{}` is a person of its own already", plain(address));
            }
            state.part(*identity)?;
            anstream::eprintln!("{} <{}> is a person of its own now", plain(name), plain(address));
        }
        cli::Person::Robot { person, not } => state.set_bot(find(state, person)?.person_id, !not)?,
    }
    Ok(())
}

/// Runs `annals owner` or `annals subscription`.
pub(super) fn tie(tie: Tie, what: &cli::Tie, warehouse: &Warehouse) -> Result<()> {
    let state = warehouse.store().state();
    match what {
        cli::Tie::List => {
            for tied in state.tied(tie)? {
                let [project, pattern, name] = [&tied.project, &tied.pattern, &tied.name].map(|text| plain(text));
                anstream::println!("{project:<20}  {pattern:<30}  {name}");
            }
        }
        cli::Tie::Add(suites) => {
            let person = match find(state, &suites.person) {
                Err(_) if suites.person.contains('@') => state.addressee(&suites.person)?.0,
                found => found?.person_id,
            };
            if !state.tie(tie, &suites.project, &suites.pattern, person)? {
                bail!("that is so already");
            }
        }
        cli::Tie::Remove(suites) => {
            let person = find(state, &suites.person)?.person_id;
            if !state.untie(tie, &suites.project, &suites.pattern, person)? {
                bail!("there is no such line; `list` shows them");
            }
        }
    }
    Ok(())
}

/// Returns the person with this address, or else the only one with this name.
pub(super) fn find(state: &State, text: &str) -> Result<Person> {
    let mut people = state.people()?;
    let of = |email: &str| !email.is_empty() && email.eq_ignore_ascii_case(text);
    if let Some(at) = people.iter().position(|person| person.identities.iter().any(|(_, _, email)| of(email))) {
        return Ok(people.swap_remove(at));
    }
    people.retain(|person| person.name == text);
    match people.len() {
        0 => bail!("nobody is called `{}` or has that address; `annals person list` shows people", plain(text)),
        1 => Ok(people.remove(0)),
        _ => bail!("several people are called `{}`; say an address: `annals person list` shows them", plain(text)),
    }
}

fn has(person: &Person, text: &str) -> bool {
    let text = text.to_lowercase();
    let identities = person.identities.iter().flat_map(|(_, name, email)| [name, email]);
    identities.chain([&person.name]).any(|word| word.to_lowercase().contains(&text))
}

fn print(person: &Person) {
    let team = person.team.as_deref().map(|team| format!("  team {}", plain(team))).unwrap_or_default();
    let robot = if person.is_bot { "  robot" } else { "" };
    anstream::println!("{}{team}{robot}", plain(&person.name));
    for (_, name, email) in &person.identities {
        anstream::println!("    {} <{}>", plain(name), plain(email));
    }
}
