//! Reads the values of settings by type: a choice of some words, yes or no, a path, a time.

use std::{path::PathBuf, time::Duration};

use livy_client::time;

use crate::settings::{error::SettingsError, layers::Settings};

impl Settings {
    /// Reads a choice of some words; the default if nothing is set.
    pub(super) fn one_of<T: Copy + Default>(
        &self,
        variable: &'static str,
        choices: &[(&str, T)],
    ) -> Result<T, SettingsError> {
        let Some(value) = self.get(variable) else {
            return Ok(T::default());
        };
        let found = choices.iter().find(|(name, _)| *name == value).map(|(_, choice)| *choice);
        let names: Vec<&str> = choices.iter().map(|(name, _)| *name).collect();
        found.ok_or_else(|| self.wrong(variable, format!("must be one of {}", names.join(", "))))
    }

    /// Reads `yes` or `no`; yes if nothing is set.
    pub(super) fn is_on(&self, variable: &'static str) -> Result<bool, SettingsError> {
        Ok(self.yes_or_no(variable)?.unwrap_or(true))
    }

    /// Reads `yes` or `no`, if anything is set.
    pub(super) fn yes_or_no(&self, variable: &'static str) -> Result<Option<bool>, SettingsError> {
        match self.get(variable).as_deref() {
            None => Ok(None),
            Some("yes") => Ok(Some(true)),
            Some("no") => Ok(Some(false)),
            Some(_) => Err(self.wrong(variable, "must be yes or no")),
        }
    }

    /// Reads a path.
    pub(super) fn path(&self, name: &str) -> Option<PathBuf> {
        self.get(name).map(PathBuf::from)
    }

    /// Reads a time in Livy's notation, such as `20m`: its text and its length.
    pub(super) fn time(
        &self,
        variable: &'static str,
    ) -> Result<Option<(String, Duration)>, SettingsError> {
        let Some(text) = self.get(variable) else {
            return Ok(None);
        };
        let no_time = || self.wrong(variable, "must be a time such as 90s, 20m, 2h or 1d");
        let time = time::parse(&text).ok_or_else(no_time)?;
        Ok(Some((text, time)))
    }

    /// Reads a number of bytes, such as `500MB` or `2g`.
    pub(super) fn size(&self, variable: &'static str) -> Result<Option<u64>, SettingsError> {
        let Some(text) = self.get(variable) else {
            return Ok(None);
        };
        let no_size = || self.wrong(variable, "must be a size such as 500m or 2g");
        bytes(&text).map(Some).ok_or_else(no_size)
    }
}

fn bytes(text: &str) -> Option<u64> {
    let text = text.trim().to_ascii_lowercase();
    let (number, unit) =
        text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()));
    let unit: u64 = match unit.trim().trim_end_matches('b') {
        "" => 1,
        "k" => 1000,
        "m" => 1_000_000,
        "g" => 1_000_000_000,
        "t" => 1_000_000_000_000,
        _ => return None,
    };
    number.parse::<u64>().ok()?.checked_mul(unit)
}
