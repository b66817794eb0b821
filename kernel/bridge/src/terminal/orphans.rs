//! `sessions --orphaned --end`: ends the user's sessions whose kernel is gone.

use std::io::{self, IsTerminal};

use crate::{
    server::resource::{Resource, Scope},
    settings::Settings,
    terminal::{
        error::CommandError,
        resources,
        streams::{ask, print},
    },
};

/// Ends orphaned sessions, after the user has seen them and agreed.
///
/// # Errors
///
/// Fails if a session cannot be ended, or if the user cannot be asked.
pub async fn end_orphans(
    settings: &Settings,
    agreed: bool,
    json: bool,
) -> Result<(), CommandError> {
    let orphans = resources::rows(settings, Resource::Session, Scope::Orphaned).await?;
    // The names identify what the user saw; an id may mean another session by now.
    let names: Vec<String> =
        orphans.iter().filter_map(|row| row["name"].as_str().map(str::to_owned)).collect();
    if names.is_empty() && !json {
        return Ok(print("no session of yours is orphaned")?);
    }
    if !json {
        resources::print_table(&orphans)?;
    }
    match names.is_empty() || agreed || confirmed(names.len())? {
        true => resources::kill(settings, Resource::Session, &names, json).await,
        false => Ok(()),
    }
}

fn confirmed(count: usize) -> Result<bool, CommandError> {
    if !io::stdin().is_terminal() {
        let why = "nothing was ended, because there is no terminal to ask in; add --yes to end them without asking";
        return Err(CommandError::Other(why.to_owned()));
    }
    Ok(matches!(ask(format!("End these {count} sessions? [y/N] "))?.as_str(), "y" | "Y" | "yes"))
}
