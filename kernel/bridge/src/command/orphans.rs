//! Ends the sessions whose kernel is gone.

use std::io::{self, IsTerminal};

use super::{
    CommandError, Resource,
    resource::Which,
    terminal::{ask, say},
};

/// Ends them, once the person has seen them and agrees.
pub async fn end_orphans(agreed: bool, json: bool) -> Result<(), CommandError> {
    let orphans = Resource::Session.rows(Which::Orphaned).await?;
    // A name is what was read, where an id may mean another session by now.
    let names: Vec<String> =
        orphans.iter().filter_map(|row| row["name"].as_str().map(str::to_owned)).collect();
    if names.is_empty() && !json {
        return Ok(say("no session of yours is without its kernel")?);
    }
    if !json {
        Resource::Session.tell(&orphans)?;
    }
    match names.is_empty() || agreed || confirmed(names.len())? {
        true => Resource::Session.kill(&names, json).await,
        false => Ok(()),
    }
}

fn confirmed(count: usize) -> Result<bool, CommandError> {
    if !io::stdin().is_terminal() {
        let why = "nobody is there to be asked: --yes ends them unasked";
        return Err(CommandError::Other(why.to_owned()));
    }
    Ok(matches!(ask(format!("End these {count}? [y/N] "))?.as_str(), "y" | "Y" | "yes"))
}
