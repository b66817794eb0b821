//! Hides secrets in whatever text has them: those of the settings and of the environment are known. Pure.

use std::{collections::BTreeSet, sync::LazyLock};

use percent_encoding::percent_decode_str;
use regex::{NoExpand, Regex};
use serde_json::Value;

use crate::{
    output::redact::{REDACTED, is_secret},
    settings::{Settings, keys::KEYS},
};

/// Shorter texts may be parts of words.
const SHORTEST: usize = 4;
/// Whatever stands before the host of an address.
static LOGIN: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new("://[^/ \t\n]*@").ok());
/// What stands behind the name of a secret: in an address, an option or a header.
static NAMED: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let names =
        "password|passwd|passphrase|secret|token|credential|signature|sig|authorization|cookie|key";
    let schemes = "bearer |basic |negotiate ";
    let between = r#"[A-Za-z0-9_.-]*["']?[ \t]*[=:][ \t]*["']?"#;
    Regex::new(&format!(r#"((?i-u:{names}){between}(?i-u:{schemes})?)[^ \t\n"'&,;]+"#)).ok()
});

/// Hides secrets.
pub struct Redactor {
    /// The longest first, since one may be a part of another.
    secrets: Vec<String>,
}

impl Redactor {
    /// Knows the secrets of these settings, in all profiles, and of the environment.
    pub fn of(settings: &Settings, environment: &[(String, String)]) -> Self {
        let mut secrets = Vec::new();
        let named = environment.iter().filter(|(name, _)| is_secret(name));
        secrets.extend(named.map(|(_, value)| value.clone()));
        for (_, value) in environment {
            secrets.extend(in_address(value));
        }
        let profiles = settings.file.iter().flat_map(|file| &file.profiles).map(Some);
        for profile in profiles.chain([None]) {
            of_settings(&settings.of_profile(profile.map(String::as_str)), &mut secrets);
        }
        of_settings(settings, &mut secrets);
        Self::new(secrets)
    }

    fn new(secrets: Vec<String>) -> Self {
        let long = secrets.into_iter().filter(|secret| secret.len() >= SHORTEST);
        let mut secrets: Vec<_> = long.collect::<BTreeSet<_>>().into_iter().collect();
        secrets.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
        Self { secrets }
    }

    /// Returns the text without secrets.
    pub fn text(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for secret in &self.secrets {
            text = text.replace(secret.as_str(), REDACTED);
        }
        if let (Some(login), Some(named)) = (&*LOGIN, &*NAMED) {
            let hidden = format!("://{REDACTED}@");
            text = login.replace_all(&text, NoExpand(&hidden)).into_owned();
            text = named.replace_all(&text, format!("${{1}}{REDACTED}")).into_owned();
        }
        text
    }

    /// Returns the value without secrets in its texts.
    pub fn value(&self, value: Value) -> Value {
        match value {
            Value::String(text) => self.text(&text).into(),
            Value::Array(items) => items.into_iter().map(|item| self.value(item)).collect(),
            Value::Object(fields) => {
                let fields = fields.into_iter();
                fields.map(|(name, value)| (self.text(&name), self.value(value))).collect()
            }
            other => other,
        }
    }
}

fn of_settings(settings: &Settings, secrets: &mut Vec<String>) {
    for key in KEYS {
        let Some(value) = settings.get(key.variable) else { continue };
        secrets.extend(in_address(&value));
        if key.is_secret || key.name == "token_command" {
            secrets.extend(
                value.split(['\n', ':', ' ', '"', '\'']).map(|word| word.trim().to_owned()),
            );
            secrets.push(value);
        }
    }
    of_properties(&Value::Object(settings.session()), false, secrets);
}

/// Adds the passwords of addresses in properties, and the values of those whose names say that they are secrets.
fn of_properties(value: &Value, is_named: bool, secrets: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                of_properties(value, is_named || is_secret(name), secrets);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| of_properties(item, is_named, secrets)),
        Value::String(text) => {
            secrets.extend(in_address(text));
            if is_named {
                secrets.push(text.clone());
            }
        }
        Value::Number(number) if is_named => secrets.push(number.to_string()),
        _ => {}
    }
}

/// Returns the passwords of the addresses in a text, as they are written and as they are meant.
fn in_address(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for word in text.split([' ', ',', '\n', '"']) {
        let (scheme, rest) = word.split_once("://").unwrap_or(("", word));
        let host = rest.split('/').next().unwrap_or_default();
        let Some((login, _)) = host.rsplit_once('@') else { continue };
        let Some((_, password)) =
            login.split_once(':').or((!scheme.is_empty()).then_some(("", login)))
        else {
            continue;
        };
        found.push(password.to_owned());
        found.push(percent_decode_str(password).decode_utf8_lossy().into_owned());
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_secrets_and_what_looks_like_one_are_hidden() {
        let redactor =
            Redactor::new(vec!["s3cret".to_owned(), "s3cret-long".to_owned(), "ab".to_owned()]);
        assert_eq!(
            redactor.text("a s3cret-long b s3cret cab"),
            format!("a {REDACTED} b {REDACTED} cab")
        );
        for (text, kept) in [
            ("at http://me:pw@host/a", "@host/a"),
            ("Authorization: Bearer xyzzy end", " end"),
            ("-Dstore.password=xyzzy -Da=b", " -Da=b"),
            ("GET /a?sig=xyzzy&b=1", "&b=1"),
        ] {
            let hidden = redactor.text(text);
            assert!(
                !hidden.contains("xyzzy") && !hidden.contains("pw") && hidden.ends_with(kept),
                "{hidden}"
            );
        }
    }

    #[test]
    fn the_password_of_an_address_is_known_in_both_forms() {
        assert_eq!(in_address("https://me:a%40b@host:1/x"), ["a%40b", "a@b"]);
        assert_eq!(in_address("x, me:word@host"), ["word", "word"]);
        assert_eq!(in_address("https://word@host"), ["word", "word"]);
        assert!(in_address("https://host/a@b ada@mail.example").is_empty());
    }
}
