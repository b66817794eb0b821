//! `config`: writes an example of the settings, checks them, and shows them.

use std::fs;

use livy_client::Endpoint;
use serde_json::{Map, Value, json};

use crate::{
    output::{columns, redact::redacted},
    settings::{Settings, addresses, file, keys::KEYS},
    terminal::{
        cli::ConfigAction,
        error::CommandError,
        streams::{print, print_json},
    },
};

/// Runs `config init`, `config check` or `config show`.
///
/// # Errors
///
/// Fails if the file cannot be written or has mistakes.
pub fn config(action: &ConfigAction, settings: &Settings) -> Result<(), CommandError> {
    match action {
        ConfigAction::Init => init(settings),
        ConfigAction::Check => check(settings),
        ConfigAction::Show { output } if output.json => Ok(print_json(&document(settings))?),
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
            "{} already exists and was not changed; run `livy-kernel config check` to check it",
            path.display()
        )),
        _ => failed(error),
    })?;
    std::io::Write::write_all(&mut file, file::example().as_bytes()).map_err(failed)?;
    Ok(print(format!(
        "wrote {}; remove the `#` before each setting that you want to use",
        path.display()
    ))?)
}

/// Checks each profile by itself, since a value may be right in one and wrong in another.
fn check(settings: &Settings) -> Result<(), CommandError> {
    let path = settings.path.display();
    let Some(file) = &settings.file else {
        settings.check_file()?;
        return Ok(print(format!("{path} does not exist, so there is nothing to check"))?);
    };
    let mut lines: Vec<String> = file
        .faults
        .iter()
        .map(|fault| format!("{path}, line {}: {}", fault.line, fault.what))
        .collect();
    for profile in [None].into_iter().chain(file.profiles.iter().map(Some)) {
        let faults = settings.of_profile(profile.map(String::as_str)).faults();
        lines.extend(faults.iter().map(|fault| format!("{path}: {fault}")));
    }
    let mut seen = std::collections::BTreeSet::new();
    lines.retain(|line| seen.insert(line.clone()));
    for line in &lines {
        print(line)?;
    }
    match lines.len() {
        0 => Ok(print(format!("{path} has no mistakes"))?),
        1 => {
            Err(CommandError::Other("1 mistake found; correct it, since it is ignored".to_owned()))
        }
        count => Err(CommandError::Other(format!(
            "{count} mistakes found; correct them, since these lines are ignored"
        ))),
    }
}

fn show(settings: &Settings) -> Result<(), CommandError> {
    print(settings.source().unwrap_or_else(|| {
        format!(
            "{} does not exist; run `livy-kernel config init` to create it",
            settings.path.display()
        )
    }))?;
    let heading = ["KEY", "VALUE", "FROM"].map(str::to_owned).to_vec();
    let values = values(settings).into_iter().map(|(name, value, from)| vec![name, value, from]);
    let rows: Vec<Vec<String>> = [heading].into_iter().chain(values).collect();
    match rows.len() {
        1 => print("nothing is set, so Spark runs on this machine")?,
        _ => print(columns::align(&rows))?,
    }
    let Some((_, sparkmagic)) = &settings.sparkmagic else { return Ok(()) };
    print(format!("used from sparkmagic's config.json: {}", sparkmagic.used.join(", ")))?;
    for (name, why) in &sparkmagic.unused {
        print(format!("not used: {name}: {why}"))?;
    }
    Ok(())
}

/// Leaves the credentials out.
fn shown_address(url: &str) -> String {
    Endpoint::parse(url)
        .map_or_else(|_| "(not an address)".to_owned(), |endpoint| endpoint.to_string())
}

/// Lists the name, the value and the source of each setting.
fn values(settings: &Settings) -> Vec<(String, String, String)> {
    let set = KEYS.iter().filter_map(|key| {
        let value = settings.get(key.variable)?;
        let value = match (key.is_secret, key.name) {
            (true, _) => "(not shown)".to_owned(),
            (_, "url") => addresses(&value).map(shown_address).collect::<Vec<_>>().join(", "),
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

fn document(settings: &Settings) -> Value {
    let entry = |(name, value, from)| (name, json!({"value": value, "from": from}));
    let values: Map<String, Value> = values(settings).into_iter().map(entry).collect();
    let sparkmagic = settings.sparkmagic.as_ref();
    json!({
        "file": settings.path,
        "values": values,
        "unused": sparkmagic.map(|(_, read)| &read.unused),
    })
}
