//! Finds the value of a setting, and where it comes from: the environment, else `livy-kernel.toml`, else
//! sparkmagic's `config.json` if there is no `livy-kernel.toml`.

use std::{
    convert::Infallible,
    env, fmt, fs, io,
    path::{Path, PathBuf},
    sync::Arc,
};

use livy_client::SessionProperties;
use serde_json::{Map, Value};

use crate::{
    kind::Kind,
    platform::jupyter_paths::config_folder,
    policy::Policy,
    settings::{error::SettingsError, file::File, keys, sparkmagic::Sparkmagic},
};

/// The variable with the path of the file, if that is not in Jupyter's config folder.
const FILE_VARIABLE: &str = "LIVY_KERNEL_CONFIG";
/// The variable that names the profile.
pub const PROFILE: &str = "LIVY_PROFILE";
/// The property in which [EMR Serverless](https://docs.aws.amazon.com/emr/latest/EMR-Serverless-UserGuide/interactive-workloads-livy-endpoints.html)
/// expects the role of a session.
const EXECUTION_ROLE: &str = "emr-serverless.session.executionRoleArn";
const FILE_NAME: &str = "livy-kernel.toml";

type Environment = Arc<dyn Fn(&str) -> Option<String> + Send + Sync>;

/// The settings of this process, from all sources.
#[derive(Clone)]
pub struct Settings {
    environment: Environment,
    /// The path of the file, whether it exists or not.
    pub path: PathBuf,
    /// The contents of the file, if it exists.
    pub file: Option<File>,
    /// Why the file could not be read, although it exists.
    unreadable: Option<String>,
    /// Sparkmagic's file, read if there is no other.
    pub sparkmagic: Option<(PathBuf, Sparkmagic)>,
    /// The profile that the user has chosen.
    profile: Option<String>,
    /// What the administrators allow, whatever is set.
    pub policy: Arc<Policy>,
}

/// Where a value comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// An environment variable.
    Environment,
    /// `livy-kernel.toml`.
    File {
        /// The number of the line, from 1.
        line: usize,
        /// The profile that sets the value, if one does.
        profile: Option<String>,
    },
    /// Sparkmagic's `config.json`.
    Sparkmagic {
        /// The key in that file.
        key: String,
    },
}

impl Origin {
    /// The name under which the user finds the setting at its origin.
    pub fn label(&self, variable: &str) -> String {
        match self {
            Self::Environment => variable.to_owned(),
            Self::File { line, .. } => {
                let name = keys::of_variable(variable).map_or(variable, |key| key.name);
                format!("{name} (line {line} of {FILE_NAME})")
            }
            Self::Sparkmagic { key } => format!("{key} (in sparkmagic's config.json)"),
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Environment => f.write_str("the environment"),
            Self::File { line, profile: None } => write!(f, "line {line}"),
            Self::File { line, profile: Some(profile) } => {
                write!(f, "line {line}, profile {profile}")
            }
            Self::Sparkmagic { key } => write!(f, "sparkmagic's {key}"),
        }
    }
}

impl fmt::Debug for Settings {
    /// Leaves values out, since some are secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings").field("path", &self.path).finish_non_exhaustive()
    }
}

impl Settings {
    /// Reads the settings of this process, for a profile and a kernel's language.
    pub fn of_process(profile: Option<String>, kernel: Kind) -> Self {
        let environment: Environment = Arc::new(|name| env::var(name).ok());
        let folder = config_folder().unwrap_or_default();
        let policy = Arc::new(Policy::of_this_program());
        Self { policy, ..Self::read(environment, &folder, profile, kernel) }
    }

    fn read(
        environment: Environment,
        folder: &Path,
        profile: Option<String>,
        kernel: Kind,
    ) -> Self {
        let mut this = Self {
            environment,
            path: folder.join(FILE_NAME),
            file: None,
            unreadable: None,
            sparkmagic: None,
            profile: None,
            policy: Arc::default(),
        };
        if let Some(path) = this.variable(FILE_VARIABLE) {
            this.path = path.into();
        }
        this.profile = profile.or_else(|| this.variable(PROFILE));
        this.read_files(kernel);
        this
    }

    fn read_files(&mut self, kernel: Kind) {
        match fs::read_to_string(&self.path) {
            Ok(text) => {
                let folder = self.path.parent().unwrap_or(Path::new(""));
                self.file = Some(File::read(&text, self.profile.as_deref(), folder));
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                self.sparkmagic = self.read_sparkmagic(kernel);
            }
            Err(error) => self.unreadable = Some(error.to_string()),
        }
    }

    fn read_sparkmagic(&self, kernel: Kind) -> Option<(PathBuf, Sparkmagic)> {
        let folder = self.variable("SPARKMAGIC_CONF_DIR").map(PathBuf::from);
        let folder =
            folder.or_else(|| Some(PathBuf::from(self.variable("HOME")?).join(".sparkmagic")))?;
        let name = self.variable("SPARKMAGIC_CONF_FILE");
        let path = folder.join(name.as_deref().unwrap_or("config.json"));
        let text = fs::read_to_string(&path).ok()?;
        match Sparkmagic::read(&text, kernel) {
            Ok(read) => Some((path, read)),
            Err(error) => {
                tracing::warn!("{} is ignored: {error}", path.display());
                None
            }
        }
    }

    /// Says that a setting makes no sense, by the name under which the user has set it.
    pub(super) fn wrong(&self, variable: &'static str, why: impl ToString) -> SettingsError {
        let label = match self.origin(variable) {
            Some(origin) => origin.label(variable),
            None if variable == PROFILE => "--profile".to_owned(),
            None => variable.to_owned(),
        };
        SettingsError { variable, label, why: why.to_string(), is_refusal: false }
    }

    /// Returns the value of an environment variable. An empty one counts as unset, since a kernelspec's
    /// `env` cannot unset variables.
    pub fn variable(&self, name: &str) -> Option<String> {
        (self.environment)(name)
            .map(|value| value.trim().to_owned())
            .filter(|value| !value.is_empty())
    }

    /// Returns the value of a setting, by its variable.
    pub fn get(&self, variable: &str) -> Option<String> {
        self.found(variable).map(|(value, _)| value)
    }

    /// Returns the first of these variables whose setting has a value.
    pub fn first_set(&self, names: &[&'static str]) -> Option<&'static str> {
        names.iter().copied().find(|name| self.get(name).is_some())
    }

    /// Returns the value of the first of these settings that has one.
    pub fn first_value(&self, names: &[&str]) -> Option<String> {
        names.iter().find_map(|name| self.get(name))
    }

    /// Returns where the value of a setting comes from, if it has one.
    pub fn origin(&self, variable: &str) -> Option<Origin> {
        self.found(variable).map(|(_, origin)| origin)
    }

    /// Finds a value in the first source that has it.
    fn found(&self, variable: &str) -> Option<(String, Origin)> {
        if let Some(value) = self.variable(variable) {
            return Some((value, Origin::Environment));
        }
        if let Some(entry) = self.file.as_ref().and_then(|file| file.values.get(variable)) {
            let origin = Origin::File { line: entry.line, profile: entry.profile.clone() };
            return Some((self.with_variables(&entry.value), origin));
        }
        let (_, sparkmagic) = self.sparkmagic.as_ref()?;
        let (value, key) = sparkmagic.values.get(variable)?;
        Some((value.clone(), Origin::Sparkmagic { key: key.clone() }))
    }

    /// Replaces each `${NAME}` by the variable's value. One that is not set stays as it is, and is reported
    /// by [`Self::check_file`].
    fn with_variables(&self, text: &str) -> String {
        let value = |name: &str| self.variable(name).unwrap_or_else(|| format!("${{{name}}}"));
        let Ok(filled) = filled_in(text, &|name| Ok::<_, Infallible>(value(name)));
        filled
    }

    /// Returns the settings with another profile of the file, or with none.
    pub fn of_profile(&self, profile: Option<&str>) -> Self {
        let mut this = self.clone();
        let folder = self.path.parent().unwrap_or(Path::new(""));
        if let Ok(text) = fs::read_to_string(&self.path) {
            this.file = Some(File::read(&text, profile, folder));
        }
        this.profile = profile.map(str::to_owned);
        this
    }

    /// Returns the settings without one of them.
    pub fn without(&self, variable: &'static str) -> Self {
        let mut this = self.clone();
        if let Some(file) = &mut this.file {
            file.values.remove(variable);
        }
        if let Some((_, sparkmagic)) = &mut this.sparkmagic {
            sparkmagic.values.remove(variable);
        }
        if variable == PROFILE {
            this.profile = None;
        }
        let environment = Arc::clone(&self.environment);
        this.environment =
            Arc::new(move |name| if name == variable { None } else { environment(name) });
        this
    }

    /// Returns the properties of sessions, as Livy's JSON has them.
    pub fn session(&self) -> Map<String, Value> {
        let file = self.file.as_ref().map(|file| &file.session);
        let sparkmagic = self.sparkmagic.as_ref().map(|(_, read)| &read.session);
        file.or(sparkmagic).cloned().unwrap_or_default()
    }

    /// Returns the properties of sessions. Each was checked when it was read.
    pub fn properties(&self) -> SessionProperties {
        let mut session = self.session();
        if let Some(role) = self.get("LIVY_AWS_EXECUTION_ROLE") {
            let conf = session.entry("conf").or_insert_with(|| Map::new().into());
            conf[EXECUTION_ROLE] = role.into();
        }
        serde_json::from_value(session.into()).unwrap_or_default()
    }

    /// Checks that the file can be read, has the chosen profile, and uses only variables that are set.
    ///
    /// # Errors
    ///
    /// The first of these that is not so.
    pub fn check_file(&self) -> Result<(), SettingsError> {
        self.check_profile()?;
        for (variable, entry) in self.file.iter().flat_map(|file| &file.values) {
            filled_in(&entry.value, &|name| {
                self.variable(name).ok_or_else(|| self.wrong(variable, unset(name)))
            })?;
        }
        Ok(())
    }

    /// Checks that the file can be read and has the chosen profile.
    ///
    /// # Errors
    ///
    /// The first of these that is not so.
    pub fn check_profile(&self) -> Result<(), SettingsError> {
        let path = self.path.display();
        if let Some(why) = &self.unreadable {
            return Err(
                self.wrong(FILE_VARIABLE, format!("names {path}, which cannot be read: {why}"))
            );
        }
        let Some(name) = &self.profile else { return Ok(()) };
        let profiles = self.file.as_ref().map(|file| &file.profiles);
        match profiles {
            Some(profiles) if profiles.contains(name) => Ok(()),
            Some(profiles) => {
                let names: Vec<&str> = profiles.iter().map(String::as_str).collect();
                let why =
                    format!("{name:?} is not one of the profiles in {path}: {}", names.join(", "));
                Err(self.wrong(PROFILE, why))
            }
            None => {
                let why = format!(
                    "{name:?} is not defined, since {path} does not exist: run `livy-kernel config init` to \
                     write one. To name the kind of service, set LIVY_SERVICE"
                );
                Err(self.wrong(PROFILE, why))
            }
        }
    }

    /// Describes the files that were read, if any was.
    pub fn source(&self) -> Option<String> {
        if let Some((path, _)) = &self.sparkmagic {
            return Some(format!(
                "{}, sparkmagic's (run `livy-kernel config show` for more)",
                path.display()
            ));
        }
        let file = self.file.as_ref()?;
        let profile = self.profile.as_ref().or(file.profile.as_ref());
        let profile = profile.map(|name| format!(", profile {name}")).unwrap_or_default();
        let faults = match file.faults.len() {
            0 => String::new(),
            count => format!(
                "; {count} of its lines are wrong: run `livy-kernel config check` to see which"
            ),
        };
        Some(format!("{}{profile}{faults}", self.path.display()))
    }
}

/// Replaces each `${NAME}` in a text by its value.
pub fn filled_in<E>(text: &str, value: &impl Fn(&str) -> Result<String, E>) -> Result<String, E> {
    let Some((before, rest)) = text.split_once("${") else { return Ok(text.to_owned()) };
    let Some((name, after)) = rest.split_once('}') else { return Ok(text.to_owned()) };
    Ok(before.to_owned() + &value(name)? + &filled_in(after, value)?)
}

/// Says what is wrong with a text that uses a variable that is not set.
pub fn unset(name: &str) -> String {
    format!("uses ${{{name}}}, which is not set")
}

#[cfg(test)]
pub mod tests {
    use super::*;
    use crate::settings::target::Target;

    /// Makes settings of these variables alone.
    pub fn of_variables(variables: &[(&str, &str)]) -> Settings {
        let owned = |&(name, value): &(&str, &str)| (name.to_owned(), value.to_owned());
        let variables: Vec<(String, String)> = variables.iter().map(owned).collect();
        let environment: Environment = Arc::new(move |name| {
            variables.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone())
        });
        Settings::read(environment, Path::new("/nowhere"), None, Kind::Pyspark)
    }

    /// Makes settings of a file and of these variables.
    pub fn with_file(text: &str, variables: &[(&str, &str)]) -> Settings {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(FILE_NAME);
        fs::write(&path, text).unwrap();
        let path = path.to_str().unwrap();
        of_variables(&[variables, &[(FILE_VARIABLE, path)]].concat())
    }

    #[test]
    fn the_environment_goes_before_the_file() {
        let text = "url = \"http://${WHO}:x@a\"\npatience = \"2h\"\n[session]\nttl = \"1d\"\ndriverMemory = \"1g\"\n";
        let settings = with_file(text, &[("LIVY_PATIENCE", "5m"), ("WHO", "ada")]);
        assert_eq!(settings.get("LIVY_URL").as_deref(), Some("http://ada:x@a"));
        assert_eq!(settings.get("LIVY_PATIENCE").as_deref(), Some("5m"));
        assert_eq!(settings.origin("LIVY_TTL"), Some(Origin::File { line: 4, profile: None }));
        assert_eq!(settings.origin("LIVY_PATIENCE"), Some(Origin::Environment));
        assert!(!settings.properties().is_empty());
    }

    #[test]
    fn each_fault_names_its_line() {
        let text =
            "agent = \"no\"\nurl = \"ftp://a\"\npatience = \"long\"\ntoken = \"${NOBODY}\"\n";
        let settings = with_file(text, &[]);
        let mut told: Vec<String> = settings.faults().iter().map(ToString::to_string).collect();
        told.sort();
        assert!(
            told[0].starts_with("agent (line 1 of livy-kernel.toml) must be one of"),
            "{told:?}"
        );
        assert!(told[1].starts_with("patience (line 3 of"), "{told:?}");
        assert!(
            told[2].starts_with("token (line 4 of") && told[2].contains("${NOBODY}"),
            "{told:?}"
        );
        assert!(told[3].starts_with("url (line 2 of"), "{told:?}");
    }

    #[test]
    fn a_profile_must_be_there() {
        let settings = with_file("[profiles.a]\n", &[(PROFILE, "b")]);
        let error = settings.target().unwrap_err().to_string();
        assert!(
            error.contains("\"b\" is not one of the profiles") && error.ends_with(": a"),
            "{error}"
        );
        assert!(with_file("[profiles.b]\n", &[(PROFILE, "b")]).target().is_ok());
        let error = of_variables(&[(PROFILE, "emr")]).target().unwrap_err().to_string();
        assert!(error.contains("LIVY_SERVICE"), "{error}");
    }

    #[test]
    fn sparkmagics_file_is_read_where_there_is_no_other() {
        let folder = tempfile::tempdir().unwrap();
        let text = r#"{"kernel_python_credentials": {"url": "http://s:8998"}, "session_configs": {"driverMemory": "1g"}}"#;
        fs::write(folder.path().join("other.json"), text).unwrap();
        let folder = folder.path().to_str().unwrap();
        let variables = [("SPARKMAGIC_CONF_DIR", folder), ("SPARKMAGIC_CONF_FILE", "other.json")];
        let settings = of_variables(&variables);
        assert_eq!(settings.get("LIVY_URL").as_deref(), Some("http://s:8998"));
        assert!(settings.source().unwrap().contains("sparkmagic"));
        assert!(matches!(settings.target(), Ok(Target::Remote { from_sparkmagic: true, .. })));
        assert_eq!(with_file("agent = \"auto\"", &variables).get("LIVY_URL"), None);
    }
}
