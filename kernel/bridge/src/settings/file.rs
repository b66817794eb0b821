//! Reads `livy-kernel.toml`: its values, and what is wrong with it, line by line. Pure.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};
use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use crate::{
    platform::command_line::quote,
    settings::{
        keys::{self, KEYS},
        session_properties::{self, merge},
    },
};

/// The names of tables in the file.
const TABLES: [&str; 8] =
    ["tls", "kerberos", "aws", "local", "audit", "metrics", "session", "profiles"];
const DEFAULT_PROFILE: &str = "default_profile";
/// Keys whose value is a path, relative to the file's folder.
const PATHS: [&str; 8] = [
    "startup",
    "local_python",
    "local.python",
    "kerberos.keytab",
    "metrics.file",
    "tls.ca_file",
    "tls.client_cert",
    "tls.client_key",
];

/// Keys whose value is a number.
const NUMBERS: [&str; 1] = ["requests_per_second"];
/// Keys whose value may be a list, which the variable has with commas.
const LISTS: [&str; 1] = ["url"];

/// A line of the file that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The number of the line, from 1.
    pub line: usize,
    /// What is wrong, and what may have been meant.
    pub what: String,
}

/// A value, and its place in the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The value, as the setting's variable would have it.
    pub value: String,
    /// The number of its line, from 1.
    pub line: usize,
    /// The profile that sets the value, if one does.
    pub profile: Option<String>,
}

/// The contents of a file, for one profile.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct File {
    /// The values, by the variables that override them.
    pub values: BTreeMap<&'static str, Entry>,
    /// The properties of sessions, as Livy's JSON has them.
    pub session: Map<String, Value>,
    /// The names of all profiles.
    pub profiles: BTreeSet<String>,
    /// The profile that was read.
    pub profile: Option<String>,
    /// The lines that are wrong.
    pub faults: Vec<Fault>,
}

impl File {
    /// Reads a file's text for a profile: the one that is named, or the file's default.
    pub fn read(text: &str, profile: Option<&str>, relative_to: &std::path::Path) -> Self {
        let (table, errors) = DeTable::parse_recoverable(text);
        let mut reader = Reader { text, relative_to, profile: None, file: Self::default() };
        for error in errors {
            let at = error.span().map_or(0, |span| span.start);
            // What follows in the same line follows from the first.
            if !reader.is_faulty(at) {
                reader.fault(at, format!("is not valid TOML: {}", error.message()));
            }
        }
        reader.all(table.get_ref(), profile);
        reader.file.faults.sort_by_key(|fault| fault.line);
        reader.file
    }
}

struct Reader<'t> {
    text: &'t str,
    relative_to: &'t std::path::Path,
    profile: Option<String>,
    file: File,
}

type Value_<'t> = Spanned<DeValue<'t>>;

impl Reader<'_> {
    fn line(&self, at: usize) -> usize {
        self.text.get(..at).unwrap_or(self.text).matches('\n').count() + 1
    }

    fn fault(&mut self, at: usize, what: impl Into<String>) {
        let line = self.line(at);
        self.file.faults.push(Fault { line, what: what.into() });
    }

    fn is_faulty(&self, at: usize) -> bool {
        let line = self.line(at);
        self.file.faults.iter().any(|fault| fault.line == line)
    }

    fn all(&mut self, table: &DeTable<'_>, profile: Option<&str>) {
        let profiles = table.get("profiles");
        if let Some(value) = profiles
            && let DeValue::Table(profiles) = value.get_ref()
        {
            self.file.profiles = profiles.keys().map(|name| name.get_ref().to_string()).collect();
        }
        let wanted = profile.map(str::to_owned).or_else(|| self.default_profile(table));
        self.keys(table, "");
        self.file.profile.clone_from(&wanted);
        for (name, value) in
            profiles.and_then(|value| value.get_ref().as_table()).into_iter().flatten()
        {
            self.profile_of(name, value, wanted.as_deref());
        }
        if profiles.is_some_and(|profiles| profiles.get_ref().as_table().is_none()) {
            self.fault(
                profiles.map_or(0, |it| it.span().start),
                "profiles must be a table: write [profiles.NAME]",
            );
        }
    }

    fn default_profile(&mut self, table: &DeTable<'_>) -> Option<String> {
        let value = table.get(DEFAULT_PROFILE)?;
        let name = value.get_ref().as_str().unwrap_or_default().to_owned();
        if self.file.profiles.contains(&name) {
            return Some(name);
        }
        self.fault(
            value.span().start,
            format!("{DEFAULT_PROFILE} {name:?} names no profile of this file"),
        );
        None
    }

    /// Reads a profile. Profiles other than the wanted one are read only to find what is wrong with them.
    fn profile_of(
        &mut self,
        name: &Spanned<std::borrow::Cow<'_, str>>,
        value: &Value_<'_>,
        wanted: Option<&str>,
    ) {
        let Some(table) = value.get_ref().as_table() else {
            return self
                .fault(value.span().start, format!("profiles.{} must be a table", name.get_ref()));
        };
        let is_wanted = wanted == Some(name.get_ref().as_ref());
        let kept = (!is_wanted).then(|| (self.file.values.clone(), self.file.session.clone()));
        self.profile = Some(name.get_ref().to_string());
        self.keys(table, "");
        self.profile = None;
        if let Some((values, session)) = kept {
            (self.file.values, self.file.session) = (values, session);
        }
    }

    fn keys(&mut self, table: &DeTable<'_>, within: &str) {
        for (name, value) in table {
            let path = format!("{within}{}", name.get_ref());
            let at = name.span().start;
            match (path.as_str(), value.get_ref()) {
                _ if self.is_faulty(at) => {}
                (DEFAULT_PROFILE, _) if self.profile.is_none() => {}
                ("profiles", _) if self.profile.is_none() => {}
                (name, DeValue::Table(table)) if TABLES.contains(&name) => {
                    self.keys(table, &format!("{path}."));
                }
                (name, _) if TABLES.contains(&name) => {
                    self.fault(at, format!("{path} must be a table: write [{path}]"))
                }
                _ => match keys::named(&path) {
                    Some(key) => self.set(key, value),
                    None if within == "session." => self.property(name.get_ref(), value),
                    None => self.unknown(at, &path),
                },
            }
        }
    }

    fn unknown(&mut self, at: usize, path: &str) {
        let names = KEYS.iter().map(|key| key.name).chain(TABLES).chain([DEFAULT_PROFILE]);
        let hint = keys::close_to(path, names);
        let hint = hint.map(|name| format!("; did you mean {name}?")).unwrap_or_default();
        self.fault(at, format!("{path} is not a setting{hint}"));
    }

    fn set(&mut self, key: &'static keys::Key, value: &Value_<'_>) {
        let at = value.span().start;
        let Some(value) = text_of(key, value.get_ref()) else {
            return self.fault(
                at,
                format!("{} has a value of the wrong type; for example: {}", key.name, key.example),
            );
        };
        let value = match PATHS.contains(&key.name) {
            true => self.relative_to.join(value).to_string_lossy().into_owned(),
            false => value,
        };
        let entry = Entry { value, line: self.line(at), profile: self.profile.clone() };
        self.file.values.insert(key.variable, entry);
    }

    fn property(&mut self, name: &str, value: &Value_<'_>) {
        let json = match (name, json_of(value.get_ref())) {
            ("conf", Value::Object(conf)) => Value::Object(with_dots(conf)),
            (_, json) => json,
        };
        if json.as_object().is_some_and(Map::is_empty) {
            return;
        }
        match session_properties::check(name, &json) {
            Ok(()) => merge(self.file.session.entry(name).or_insert(Value::Null), json),
            Err(error) => {
                self.fault(value.span().start, format!("session.{name}: {error}"));
            }
        }
    }
}

/// Joins nested names with dots: `spark.a = 1` is a table in a table for TOML, and one name for Spark.
fn with_dots(conf: Map<String, Value>) -> Map<String, Value> {
    let mut all = Map::new();
    for (name, value) in conf {
        match value {
            Value::Object(inner) => {
                let inner = with_dots(inner).into_iter();
                all.extend(inner.map(|(end, value)| (format!("{name}.{end}"), value)));
            }
            value => drop(all.insert(name, value)),
        }
    }
    all
}

/// Converts a value to the text that the setting's variable would have.
fn text_of(key: &keys::Key, value: &DeValue<'_>) -> Option<String> {
    match value {
        DeValue::Integer(number) if NUMBERS.contains(&key.name) => Some(number.to_string()),
        DeValue::Float(number) if NUMBERS.contains(&key.name) => Some(number.to_string()),
        DeValue::Array(words) if LISTS.contains(&key.name) => {
            let words: Option<Vec<_>> = words.iter().map(|word| word.get_ref().as_str()).collect();
            Some(words?.join(", "))
        }
        DeValue::Boolean(value) => Some(if *value { "yes" } else { "no" }.to_owned()),
        DeValue::Array(words) => {
            let words: Option<Vec<_>> =
                words.iter().map(|word| word.get_ref().as_str().map(quote)).collect();
            Some(words?.join(" "))
        }
        DeValue::Table(headers) => {
            let line = |(name, value): (&Spanned<_>, &Value_<'_>)| {
                Some(format!("{}: {}", name.get_ref(), value.get_ref().as_str()?))
            };
            let lines: Option<Vec<_>> = headers.iter().map(line).collect();
            Some(lines?.join("\n"))
        }
        DeValue::String(text) => Some(text.to_string()),
        DeValue::Integer(_) | DeValue::Float(_) | DeValue::Datetime(_) => None,
    }
}

fn json_of(value: &DeValue<'_>) -> Value {
    match value {
        DeValue::String(text) => text.as_ref().into(),
        DeValue::Boolean(value) => (*value).into(),
        DeValue::Integer(number) => {
            let digits = number.as_str();
            i64::from_str_radix(digits, number.radix()).map_or_else(|_| digits.into(), Value::from)
        }
        DeValue::Float(number) => number.as_str().parse::<f64>().map_or(Value::Null, Value::from),
        DeValue::Datetime(time) => time.to_string().into(),
        DeValue::Array(values) => values.iter().map(|value| json_of(value.get_ref())).collect(),
        DeValue::Table(table) => {
            let pair = |(name, value): (&Spanned<std::borrow::Cow<'_, str>>, &Value_<'_>)| {
                (name.get_ref().to_string(), json_of(value.get_ref()))
            };
            Value::Object(table.iter().map(pair).collect())
        }
    }
}

/// Writes a file with every setting, each commented out.
pub fn example() -> String {
    let mut text = "# Settings of livy-kernel. Each has its default until its line is uncommented.\n\
        # `${NAME}` in a text is replaced by the environment variable.\n\n\
        # The default profile, where none is named (LIVY_PROFILE, or `livy-kernel install --profile`).\n\
        # default_profile = \"prod\"\n"
        .to_owned();
    let mut table = "";
    for key in KEYS {
        let (within, name) = key.name.split_once('.').unwrap_or(("", key.name));
        if within != table {
            text += &format!("\n[{within}]\n");
            table = within;
        }
        text += &format!(
            "\n# {} ({})\n# {name} = {}\n",
            capitalized(key.help),
            key.variable,
            key.example
        );
    }
    text + "\n# And any other property of Livy's POST /sessions:\n# driverMemory = \"2g\"\n# numExecutors = 4\n\n\
        [session.conf]\n# \"spark.sql.shuffle.partitions\" = 8\n\n\
        # What differs for one cluster; everything above is for all.\n\
        # [profiles.prod]\n# url = \"https://livy.prod.example:8998\"\n"
}

fn capitalized(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use serde_json::json;

    use super::*;

    fn read(text: &str, profile: Option<&str>) -> File {
        File::read(text, profile, Path::new("/jupyter"))
    }

    fn value(file: &File, variable: &str) -> Option<String> {
        file.values.get(variable).map(|entry| entry.value.clone())
    }

    const TWO: &str = r#"
url = "http://a:1"
token_command = ["get", "my token"]
[tls]
ca_file = "ca.pem"
verify = true
[session]
driverMemory = "1g"
conf = { "spark.a" = 1, spark.b = true }
[profiles.prod]
url = "http://b:2"
headers = { X-Team = "etl" }
session.conf."spark.a" = 2
session.name = "shared"
"#;

    #[test]
    fn a_profile_changes_what_holds_for_all() {
        let base = read(TWO, None);
        assert_eq!(base.faults, []);
        assert_eq!(value(&base, "LIVY_URL").as_deref(), Some("http://a:1"));
        assert_eq!(value(&base, "LIVY_TOKEN_COMMAND").as_deref(), Some("get 'my token'"));
        assert_eq!(value(&base, "LIVY_TLS_CA_FILE").as_deref(), Some("/jupyter/ca.pem"));
        assert_eq!(value(&base, "LIVY_TLS_VERIFY").as_deref(), Some("yes"));
        assert_eq!(value(&base, "LIVY_SESSION"), None);

        let prod = read(TWO, Some("prod"));
        assert_eq!(value(&prod, "LIVY_URL").as_deref(), Some("http://b:2"));
        assert_eq!(value(&prod, "LIVY_HEADERS").as_deref(), Some("X-Team: etl"));
        assert_eq!(value(&prod, "LIVY_SESSION").as_deref(), Some("shared"));
        assert_eq!(prod.values["LIVY_URL"].line, 11);
        assert_eq!(
            Value::Object(prod.session),
            json!({"driverMemory": "1g", "conf": {"spark.a": 2, "spark.b": true}})
        );
    }

    #[test]
    fn each_fault_is_told_with_its_line_and_a_guess() {
        let file = read(
            "urk = 1\n\nagent = 7\n[tsl]\n[session]\ndriverMemroy = \"1g\"\n[profiles.a]\npatiense = \"1h\"\n",
            None,
        );
        let told: Vec<(usize, &str)> =
            file.faults.iter().map(|fault| (fault.line, fault.what.as_str())).collect();
        let lines: Vec<usize> = told.iter().map(|(line, _)| *line).collect();
        assert_eq!(lines, [1, 3, 4, 6, 8], "{told:?}");
        assert!(told[0].1.contains("did you mean url?") && told[2].1.contains("did you mean tls?"));
        assert!(told[3].1.contains("driverMemory") && told[4].1.contains("did you mean patience?"));
    }

    #[test]
    fn a_list_of_servers_and_a_number_become_what_their_variables_have() {
        let file =
            read("url = [\"http://a:1\", \"http://b:2\"]\nrequests_per_second = 0.5\n", None);
        assert_eq!(file.faults, []);
        assert_eq!(value(&file, "LIVY_URL").as_deref(), Some("http://a:1, http://b:2"));
        assert_eq!(value(&file, "LIVY_REQUESTS_PER_SECOND").as_deref(), Some("0.5"));
        assert_eq!(read("url = [1]\nagent = 2\n", None).faults.len(), 2);
    }

    #[test]
    fn what_is_no_toml_spoils_only_itself() {
        let file = read("url = \"http://a:1\"\nagent = = 3\nprogress = \"line\"\n", None);
        assert!(file.faults.iter().all(|fault| fault.line == 2), "{:?}", file.faults);
        assert_eq!(value(&file, "LIVY_URL").as_deref(), Some("http://a:1"));
    }

    #[test]
    fn the_example_is_sound_with_and_without_its_comment_signs() {
        let example = example();
        assert_eq!(read(&example, None), File::default());
        let is_setting = |line: &str| {
            line.strip_prefix("# ").is_some_and(|line| {
                line.starts_with('[')
                    || line
                        .split_once(" = ")
                        .is_some_and(|(name, _)| !name.trim_matches('"').contains(' '))
            })
        };
        let lines = example.lines().map(|line| if is_setting(line) { &line[2..] } else { line });
        let written = read(&lines.collect::<Vec<_>>().join("\n"), None);
        assert_eq!(written.faults, []);
        let missing: Vec<&str> = KEYS
            .iter()
            .filter(|key| !written.values.contains_key(key.variable))
            .map(|key| key.name)
            .collect();
        assert_eq!(missing, Vec::<&str>::new());
    }
}
