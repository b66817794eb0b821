//! `config`: the settings, written, checked and shown.

use std::fs;

use livy_client::Endpoint;
use serde_json::{Map, Value, json};

use super::{CommandError, redacted, say, terminal::say_json};
use crate::{
    cli::ConfigAction,
    columns,
    settings::{self, Settings, file, keys::KEYS},
};

/// Writes, checks or shows them.
pub fn config(action: &ConfigAction) -> Result<(), CommandError> {
    let settings = settings::current();
    match action {
        ConfigAction::Init => init(settings),
        ConfigAction::Check => check(settings),
        ConfigAction::Show { output } if output.json => Ok(say_json(&shown_as_json(settings))?),
        ConfigAction::Show { .. } => show(settings),
    }
}

fn init(settings: &Settings) -> Result<(), CommandError> {
    let path = &settings.path;
    let failed = |error| CommandError::Other(format!("{}: {error}", path.display()));
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(failed)?;
    }
    let written = fs::OpenOptions::new().write(true).create_new(true).open(path);
    let mut file = written.map_err(|error| match error.kind() {
        std::io::ErrorKind::AlreadyExists => CommandError::Other(format!(
            "{} is there already, and stays as it is; `livy-kernel config check` looks at it",
            path.display()
        )),
        _ => failed(error),
    })?;
    std::io::Write::write_all(&mut file, file::example().as_bytes()).map_err(failed)?;
    Ok(say(format!(
        "wrote {}: take the comment sign away from what you want to set",
        path.display()
    ))?)
}

/// Each profile by itself, since a value may make sense in one and not in another.
fn check(settings: &Settings) -> Result<(), CommandError> {
    let path = settings.path.display();
    let Some(file) = &settings.file else {
        settings.check_file()?;
        return Ok(say(format!("{path} is not there, so there is nothing to check"))?);
    };
    let mut told: Vec<String> = file
        .faults
        .iter()
        .map(|fault| format!("{path}, line {}: {}", fault.line, fault.what))
        .collect();
    for profile in [None].into_iter().chain(file.profiles.iter().map(Some)) {
        let faults = settings.of_profile(profile.map(String::as_str)).faults();
        told.extend(faults.iter().map(|fault| format!("{path}: {fault}")));
    }
    let mut known = std::collections::BTreeSet::new();
    told.retain(|line| known.insert(line.clone()));
    for line in &told {
        say(line)?;
    }
    match told.len() {
        0 => Ok(say(format!("{path} is in order"))?),
        count => {
            Err(CommandError::Other(format!("{count} things are wrong; what is right is used")))
        }
    }
}

fn show(settings: &Settings) -> Result<(), CommandError> {
    say(settings.told().unwrap_or_else(|| {
        format!(
            "{} is not there; `livy-kernel config init` writes an example",
            settings.path.display()
        )
    }))?;
    let heading = ["KEY", "VALUE", "FROM"].map(str::to_owned).to_vec();
    let values = values(settings).into_iter().map(|(name, value, from)| vec![name, value, from]);
    let rows: Vec<Vec<String>> = [heading].into_iter().chain(values).collect();
    match rows.len() {
        1 => say("nothing is set, so Spark runs on this machine")?,
        _ => say(columns::align(&rows))?,
    }
    let Some((_, sparkmagic)) = &settings.sparkmagic else { return Ok(()) };
    say(format!("used of sparkmagic's: {}", sparkmagic.used.join(", ")))?;
    for (name, why) in &sparkmagic.unused {
        say(format!("without meaning here: {name}: {why}"))?;
    }
    Ok(())
}

fn values(settings: &Settings) -> Vec<(String, String, String)> {
    let set = KEYS.iter().filter_map(|key| {
        let value = settings.get(key.variable)?;
        let value = match (key.is_secret, key.name) {
            (true, _) => "(not shown)".to_owned(),
            (_, "url") => Endpoint::parse(&value)
                .map_or_else(|_| "(makes no sense)".to_owned(), |endpoint| endpoint.to_string()),
            _ => value,
        };
        Some((key.name.to_owned(), value, settings.origin(key.variable)?.to_string()))
    });
    let session = redacted(Value::Object(settings.session()));
    let from =
        if settings.sparkmagic.is_some() { "sparkmagic's session_configs" } else { "the file" };
    let properties = session.as_object().cloned().unwrap_or_default().into_iter();
    let properties = properties
        .map(|(name, value)| (format!("session.{name}"), value.to_string(), from.to_owned()));
    set.chain(properties).collect()
}

fn shown_as_json(settings: &Settings) -> Value {
    let entry = |(name, value, from)| (name, json!({"value": value, "from": from}));
    let values: Map<String, Value> = values(settings).into_iter().map(entry).collect();
    let sparkmagic = settings.sparkmagic.as_ref();
    json!({
        "file": settings.path,
        "values": values,
        "unused": sparkmagic.map(|(_, read)| &read.unused),
    })
}
