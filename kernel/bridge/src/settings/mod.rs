//! What a person has set: where Spark is, how it is reached, and what is wanted of sessions.

pub mod file;
pub mod keys;
mod layers;
mod sparkmagic;

use std::{path::PathBuf, sync::Arc, time::Duration};

use livy_client::{
    Auth, EMR_SERVERLESS, Endpoint, Fingerprint, Fixed, Kerberos, KerberosOptions, Options,
    Profile, SigV4, Tls, TokenCommand, Verify, netrc, time,
};

pub use layers::{Settings, choose, current};

use crate::{
    agent::presence::Policy, arguments::words, configuration::Configuration, loss::OnLoss,
    progress::AtEnd,
};

/// The variable that names the Livy server.
pub const LIVY_URL: &str = "LIVY_URL";

/// The variable that names the Python whose Spark the kernel starts when there is no server.
pub const LIVY_LOCAL_PYTHON: &str = "LIVY_LOCAL_PYTHON";
/// A kernel that is silent for longer was killed.
const HEARTBEAT_TIMEOUT: Duration = Duration::from_secs(120);

/// The variables that say who asks, in the order in which they count; without any, the address
/// says it.
pub const CREDENTIALS: [&str; 3] = ["LIVY_TOKEN_COMMAND", "LIVY_TOKEN", "LIVY_AUTH"];

/// Where cells run.
#[derive(Clone, Debug)]
pub enum Place {
    /// A Livy server.
    Livy(Box<Options>),
    /// Spark on this machine, started by the kernel itself, with this Python if one is named.
    Here(Option<PathBuf>),
}

/// What a person wants of sessions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Terms {
    /// The name of one to share: it is joined if it is there, else started.
    pub session: Option<String>,
    /// How long they may be idle, in Livy's words; the server decides otherwise.
    pub idle_timeout: Option<String>,
    /// How long they may live, in Livy's words.
    pub ttl: Option<String>,
    /// How long after the last cell they are kept from being idle.
    pub keep_alive: Option<Duration>,
    /// How long the server waits for a kernel that is silent; a default if it is not set.
    pub heartbeat_timeout: Option<Duration>,
    /// How long a running cell bears a server that does not answer; a default if it is not set.
    pub patience: Option<Duration>,
    /// What follows when one is lost.
    pub on_loss: OnLoss,
    /// The file of code that each runs first.
    pub startup: Option<PathBuf>,
    /// What each gets, where `%%configure` does not say otherwise.
    pub properties: Configuration,
}

impl Terms {
    /// How long the server waits for a kernel that is silent before it ends the session.
    pub fn heartbeat_timeout(&self) -> Duration {
        self.heartbeat_timeout.unwrap_or(HEARTBEAT_TIMEOUT)
    }
}

/// A setting that makes no sense: which one, why, and never a secret in it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{label} {why}")]
pub struct SettingsError {
    /// The variable that goes before all else.
    pub variable: &'static str,
    label: String,
    why: String,
}

impl Settings {
    fn wrong(&self, variable: &'static str, why: impl ToString) -> SettingsError {
        let label = match self.origin(variable) {
            Some(origin) => origin.label(variable),
            None if variable == layers::PROFILE => "--profile".to_owned(),
            None => variable.to_owned(),
        };
        SettingsError { variable, label, why: why.to_string() }
    }

    /// When sessions get an agent.
    pub fn agents(&self) -> Result<Policy, SettingsError> {
        self.one_of(
            "LIVY_AGENT",
            &[("auto", Policy::Auto), ("always", Policy::Always), ("never", Policy::Never)],
        )
    }

    /// What becomes of the display of a cell's progress.
    pub fn progress(&self) -> Result<AtEnd, SettingsError> {
        self.one_of(
            "LIVY_PROGRESS",
            &[("line", AtEnd::Line), ("clear", AtEnd::Clear), ("never", AtEnd::Never)],
        )
    }

    /// The default if nothing is set.
    fn one_of<T: Copy + Default>(
        &self,
        variable: &'static str,
        choices: &[(&str, T)],
    ) -> Result<T, SettingsError> {
        let Some(value) = self.get(variable) else {
            return Ok(T::default());
        };
        let found = choices.iter().find(|(name, _)| *name == value).map(|(_, choice)| *choice);
        let names: Vec<&str> = choices.iter().map(|(name, _)| *name).collect();
        found.ok_or_else(|| self.wrong(variable, format!("is none of {}", names.join(", "))))
    }

    /// All that is wrong, each setting by itself.
    pub fn faults(&self) -> Vec<SettingsError> {
        let mut faults = Vec::new();
        let mut settings = self.clone();
        while let Err(error) = settings.judge() {
            if faults.contains(&error) {
                break;
            }
            settings = settings.without(error.variable);
            faults.push(error);
        }
        faults
    }

    fn judge(&self) -> Result<(), SettingsError> {
        self.place()?;
        self.terms()?;
        self.agents()?;
        self.progress()?;
        self.keeps_history()?;
        Ok(())
    }

    fn path(&self, name: &str) -> Option<PathBuf> {
        self.get(name).map(PathBuf::from)
    }

    /// Whether inputs are kept for later kernels.
    pub fn keeps_history(&self) -> Result<bool, SettingsError> {
        self.is_on("LIVY_HISTORY")
    }

    /// What is wanted of sessions.
    pub fn terms(&self) -> Result<Terms, SettingsError> {
        let choices = [("restart", OnLoss::Restart), ("ask", OnLoss::Ask)];
        Ok(Terms {
            session: self.get("LIVY_SESSION"),
            idle_timeout: self.time("LIVY_IDLE_TIMEOUT")?.map(|(text, _)| text),
            ttl: self.time("LIVY_TTL")?.map(|(text, _)| text),
            keep_alive: self.time("LIVY_KEEP_ALIVE")?.map(|(_, time)| time),
            heartbeat_timeout: self.time("LIVY_HEARTBEAT_TIMEOUT")?.map(|(_, time)| time),
            patience: self.time("LIVY_PATIENCE")?.map(|(_, time)| time),
            on_loss: self.one_of("LIVY_ON_LOSS", &choices)?,
            startup: self.path("LIVY_STARTUP"),
            properties: self.properties(),
        })
    }

    fn time(&self, variable: &'static str) -> Result<Option<(String, Duration)>, SettingsError> {
        let Some(text) = self.get(variable) else {
            return Ok(None);
        };
        let no_time = || self.wrong(variable, "is no time like 90s, 20m, 2h or 1d");
        let time = time::parse(&text).ok_or_else(no_time)?;
        Ok(Some((text, time)))
    }

    /// Where cells run.
    pub fn place(&self) -> Result<Place, SettingsError> {
        self.check_file()?;
        match self.get(LIVY_URL) {
            None => Ok(Place::Here(self.path(LIVY_LOCAL_PYTHON))),
            Some(url) => self.livy(&url).map(|options| Place::Livy(Box::new(options))),
        }
    }

    fn livy(&self, url: &str) -> Result<Options, SettingsError> {
        let no_livy =
            |why: String| self.wrong(LIVY_URL, format!("does not name a Livy server: {why}"));
        let endpoint = Endpoint::parse(url).map_err(|error| no_livy(error.to_string()))?;
        let mut options = Options::new(endpoint).map_err(|error| no_livy(error.to_string()))?;
        if let Some(profile) = self.profile()? {
            options.profile = profile;
        }
        if let Some(auth) = self.auth(&options)? {
            options.auth = auth;
        }
        options.tls = self.tls()?;
        options.do_as = self.get("LIVY_DO_AS");
        for (name, value) in self.headers()? {
            options = options
                .with_header(&name, &value)
                .map_err(|why| self.wrong("LIVY_HEADERS", why))?;
        }
        Ok(options)
    }

    fn profile(&self) -> Result<Option<Profile>, SettingsError> {
        let Some(name) = self.get("LIVY_SERVICE") else {
            return Ok(None);
        };
        let names: Vec<&str> = Profile::ALL.iter().map(|(name, _)| *name).collect();
        let unknown = || self.wrong("LIVY_SERVICE", format!("is none of {}", names.join(", ")));
        Profile::parse(&name).map(Some).ok_or_else(unknown)
    }

    /// The first that is set; without any, who asks is what the address says.
    fn auth(&self, options: &Options) -> Result<Option<Arc<dyn Auth>>, SettingsError> {
        if let Some(command) = self.get("LIVY_TOKEN_COMMAND") {
            return Ok(Some(Arc::new(TokenCommand::new(words(&command)))));
        }
        if let Some(token) = self.get("LIVY_TOKEN") {
            let bearer = Fixed::bearer(&token).map_err(|why| self.wrong("LIVY_TOKEN", why))?;
            return Ok(Some(Arc::new(bearer)));
        }
        match self.get("LIVY_AUTH").as_deref() {
            None => Ok(None),
            Some("netrc") => self.netrc(options.endpoint.host()).map(Some),
            Some("azure-cli") => self.azure(options.profile).map(Some),
            Some("kerberos") => self.kerberos(&options.endpoint).map(Some),
            Some("sigv4") => self.sigv4(&options.endpoint).map(Some),
            Some(_) => Err(self.wrong("LIVY_AUTH", "is none of kerberos, netrc, azure-cli, sigv4")),
        }
    }

    fn azure(&self, profile: Profile) -> Result<Arc<dyn Auth>, SettingsError> {
        let scope = match profile {
            Profile::Synapse => "https://dev.azuresynapse.net/.default",
            Profile::Fabric => "https://api.fabric.microsoft.com/.default",
            _ => {
                let why =
                    "is azure-cli, which is for Synapse and Fabric; LIVY_SERVICE says which it is";
                return Err(self.wrong("LIVY_AUTH", why));
            }
        };
        Ok(Arc::new(TokenCommand::azure_cli(scope)))
    }

    fn kerberos(&self, endpoint: &Endpoint) -> Result<Arc<dyn Auth>, SettingsError> {
        let service_host = self.get("LIVY_KERBEROS_SERVICE_HOST");
        Ok(Arc::new(Kerberos::new(KerberosOptions {
            service_host: service_host.unwrap_or_else(|| endpoint.host().to_owned()),
            keytab: self.path("LIVY_KERBEROS_KEYTAB"),
            principal: self.get("LIVY_KERBEROS_PRINCIPAL"),
            is_mutual: self.is_on("LIVY_KERBEROS_MUTUAL")?,
        })))
    }

    fn sigv4(&self, endpoint: &Endpoint) -> Result<Arc<dyn Auth>, SettingsError> {
        let named = self.get("LIVY_AWS_REGION");
        let region = named.as_deref().or_else(|| SigV4::region_of(endpoint));
        let region = region.ok_or_else(|| {
            self.wrong("LIVY_AUTH", "is sigv4, which needs a region; LIVY_AWS_REGION names it")
        })?;
        let signature = SigV4::new(EMR_SERVERLESS, region);
        Ok(Arc::new(signature.map_err(|why| self.wrong("LIVY_AUTH", format!("is sigv4: {why}")))?))
    }

    /// On, unless it is said to be off.
    fn is_on(&self, variable: &'static str) -> Result<bool, SettingsError> {
        match self.get(variable).as_deref() {
            None | Some("yes") => Ok(true),
            Some("no") => Ok(false),
            Some(_) => Err(self.wrong(variable, "is neither yes nor no")),
        }
    }

    fn netrc(&self, host: &str) -> Result<Arc<dyn Auth>, SettingsError> {
        let path = self.path("NETRC").or_else(|| Some(std::env::home_dir()?.join(".netrc")));
        let path =
            path.ok_or_else(|| self.wrong("LIVY_AUTH", "is netrc, but there is no home folder"))?;
        let basic = netrc(&path, host)
            .map_err(|why| self.wrong("LIVY_AUTH", format!("is netrc: {why}")))?;
        Ok(Arc::new(basic))
    }

    fn tls(&self) -> Result<Tls, SettingsError> {
        let pin = match self.get("LIVY_TLS_PIN_SHA256") {
            None => None,
            Some(text) => Some(Fingerprint::parse(&text).ok_or_else(|| {
                self.wrong(
                    "LIVY_TLS_PIN_SHA256",
                    "is no SHA-256 fingerprint: 64 hexadecimal digits are",
                )
            })?),
        };
        let verify = match pin {
            Some(pin) => Verify::Pin(pin),
            None if self.is_on("LIVY_TLS_VERIFY")? => Verify::Authority,
            None => Verify::Nothing,
        };
        Ok(Tls {
            ca_file: self.path("LIVY_TLS_CA_FILE"),
            client_cert: self.path("LIVY_TLS_CLIENT_CERT"),
            client_key: self.path("LIVY_TLS_CLIENT_KEY"),
            verify,
        })
    }

    /// `Name: value`, one a line; `${VAR}` in a value stands for another variable's.
    fn headers(&self) -> Result<Vec<(String, String)>, SettingsError> {
        let text = self.get("LIVY_HEADERS").unwrap_or_default();
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
        lines.map(|line| self.header(line)).collect()
    }

    fn header(&self, line: &str) -> Result<(String, String), SettingsError> {
        let (name, value) = line
            .split_once(':')
            .ok_or_else(|| self.wrong("LIVY_HEADERS", "has a line that is not like Name: value"))?;
        let filled = layers::filled_in(value.trim(), &|name| {
            let unset = || self.wrong("LIVY_HEADERS", layers::unset(name));
            self.variable(name).ok_or_else(unset)
        });
        Ok((name.trim().to_owned(), filled?))
    }
}

#[cfg(test)]
mod tests {
    use super::{layers::tests::of_variables, *};

    fn read(variables: &[(&str, &str)]) -> Result<Place, SettingsError> {
        of_variables(variables).place()
    }

    #[track_caller]
    fn livy(variables: &[(&str, &str)]) -> Options {
        let url = [(LIVY_URL, "https://me:secret@livy.example:8998/")];
        match read(&[variables, &url].concat()) {
            Ok(Place::Livy(options)) => *options,
            other => panic!("a server was expected: {other:?}"),
        }
    }

    #[track_caller]
    fn refused(variables: &[(&str, &str)]) -> String {
        let url = [(LIVY_URL, "https://livy.example")];
        read(&[variables, &url].concat()).unwrap_err().to_string()
    }

    #[test]
    fn no_url_means_this_machine() {
        assert!(matches!(read(&[(LIVY_LOCAL_PYTHON, "")]), Ok(Place::Here(None))));
        let python = [(LIVY_URL, " "), (LIVY_LOCAL_PYTHON, "/venv/bin/python")];
        assert!(matches!(read(&python), Ok(Place::Here(Some(path))) if path.ends_with("python")));
    }

    #[test]
    fn a_url_names_the_server_and_who_asks() {
        let options = livy(&[]);
        assert_eq!(options.endpoint.to_string(), "https://livy.example:8998");
        assert_eq!(options.auth.name(), "basic");
        assert!(!format!("{options:?}").contains("secret"));
    }

    #[test]
    fn a_wrong_url_is_an_error_that_names_the_variable() {
        let error = read(&[(LIVY_URL, "livy:8998")]).unwrap_err().to_string();
        assert!(error.starts_with("LIVY_URL does not name a Livy server"), "{error}");
    }

    #[test]
    fn tokens_go_before_what_the_address_says() {
        assert_eq!(livy(&[("LIVY_TOKEN", "t0ken")]).auth.name(), "bearer token");
        let command = livy(&[("LIVY_TOKEN_COMMAND", "vault read 'a token'"), ("LIVY_TOKEN", "x")]);
        assert_eq!(command.auth.name(), "token command");
        let azure = livy(&[("LIVY_AUTH", "azure-cli"), ("LIVY_SERVICE", "fabric")]);
        assert_eq!((azure.auth.name(), azure.profile), ("token command", Profile::Fabric));
    }

    #[test]
    fn tls_is_as_the_variables_say() {
        let options = livy(&[
            ("LIVY_TLS_CA_FILE", "/ca.pem"),
            ("LIVY_TLS_CLIENT_CERT", "/me.pem"),
            ("LIVY_TLS_VERIFY", "no"),
        ]);
        assert_eq!(options.tls.ca_file, Some("/ca.pem".into()));
        assert_eq!(options.tls.client_cert, Some("/me.pem".into()));
        assert_eq!(options.tls.verify, Verify::Nothing);
        let pin = "ab".repeat(32);
        let pinned = livy(&[("LIVY_TLS_PIN_SHA256", &pin), ("LIVY_TLS_VERIFY", "no")]);
        assert!(
            matches!(pinned.tls.verify, Verify::Pin(fingerprint) if fingerprint.to_string() == pin)
        );
    }

    #[test]
    fn headers_take_values_from_other_variables_and_are_not_shown() {
        let options = livy(&[
            ("LIVY_HEADERS", "X-Tenant: blue\nX-Key: a${KEY}b${KEY}"),
            ("KEY", "s3cret"),
            ("LIVY_DO_AS", "alice"),
        ]);
        assert_eq!(options.headers["x-tenant"], "blue");
        assert_eq!(options.headers["x-key"], "as3cretbs3cret");
        assert_eq!(options.do_as.as_deref(), Some("alice"));
        assert!(!format!("{options:?}").contains("s3cret"));
    }

    #[test]
    fn what_makes_no_sense_is_said_with_its_variable_and_without_its_value() {
        for (variable, value) in [
            ("LIVY_SERVICE", "s3cret"),
            ("LIVY_AUTH", "s3cret"),
            ("LIVY_AUTH", "azure-cli"),
            ("LIVY_TOKEN", "s3cret\u{7f}"),
            ("LIVY_TLS_PIN_SHA256", "s3cret"),
            ("LIVY_TLS_VERIFY", "s3cret"),
            ("LIVY_HEADERS", "s3cret"),
            ("LIVY_HEADERS", "X-Key: ${UNSET}"),
            ("LIVY_HEADERS", "no name: s3cret"),
        ] {
            let error = refused(&[(variable, value)]);
            assert!(error.starts_with(variable) && !error.contains("s3cret"), "{error}");
        }
    }

    #[test]
    fn the_history_is_kept_unless_told_otherwise() {
        let keeps = |value: &str| of_variables(&[("LIVY_HISTORY", value)]).keeps_history();
        assert_eq!((keeps(""), keeps("yes"), keeps("no")), (Ok(true), Ok(true), Ok(false)));
        assert_eq!(keeps("s3cret").unwrap_err().to_string(), "LIVY_HISTORY is neither yes nor no");
    }

    #[test]
    fn times_of_sessions_are_livys() {
        let read = |variable: &str, text: &str| of_variables(&[(variable, text)]).terms();
        assert_eq!(read("LIVY_TTL", "8h").unwrap().ttl.as_deref(), Some("8h"));
        assert_eq!(read("LIVY_IDLE_TIMEOUT", "20m").unwrap().idle_timeout.as_deref(), Some("20m"));
        let kept = read("LIVY_KEEP_ALIVE", "2h").unwrap().keep_alive;
        assert_eq!(kept, Some(Duration::from_secs(7200)));
        for variable in [
            "LIVY_TTL",
            "LIVY_IDLE_TIMEOUT",
            "LIVY_KEEP_ALIVE",
            "LIVY_PATIENCE",
            "LIVY_HEARTBEAT_TIMEOUT",
        ] {
            let error = read(variable, "two hours").unwrap_err().to_string();
            assert_eq!(error, format!("{variable} is no time like 90s, 20m, 2h or 1d"));
        }
        assert_eq!(read("LIVY_TTL", " "), Ok(Terms::default()));
    }
}
