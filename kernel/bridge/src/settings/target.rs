//! Where cells run: a Livy server and how it is reached, or this machine.

use std::{ops::RangeInclusive, path::PathBuf, sync::Arc};

use livy_client::{
    Auth, EMR_SERVERLESS, Endpoint, Fingerprint, Fixed, Kerberos, KerberosOptions, Options,
    Profile, SigV4, Tls, TokenCommand, Verify, netrc,
};

use crate::{
    platform::command_line,
    settings::{
        error::SettingsError,
        layers::{self, Origin, Settings},
    },
};

/// The variable that names the Livy server.
pub const LIVY_URL: &str = "LIVY_URL";
/// The variable that names the Python whose Spark the kernel starts when there is no server.
pub const LIVY_LOCAL_PYTHON: &str = "LIVY_LOCAL_PYTHON";
/// The variables with credentials, in the order in which they count. Without any of them, the
/// credentials in the address count.
pub const CREDENTIALS: [&str; 3] = ["LIVY_TOKEN_COMMAND", "LIVY_TOKEN", "LIVY_AUTH"];

const REQUESTS_PER_SECOND: &str = "LIVY_REQUESTS_PER_SECOND";
/// The slowest pace that lets a cell run at all, and one that no server notices.
const PACES: RangeInclusive<f64> = 0.1..=1000.0;

/// Where cells run.
#[derive(Clone, Debug)]
pub enum Target {
    /// Cells run on a Livy server.
    Remote {
        /// How its server is reached.
        options: Box<Options>,
        /// Whether sparkmagic's `config.json` names the server, which the user may not know.
        from_sparkmagic: bool,
        /// How often all kernels and commands of this person may ask each server together.
        requests_per_second: Option<f64>,
    },
    /// Cells run on Spark on this machine, which the kernel starts itself.
    Local {
        /// The Python that has this Spark; without one, Spark is searched for.
        python: Option<PathBuf>,
    },
}

/// Splits a list of addresses at its commas, of which there may be some in a password, too: each address
/// begins with its scheme. There is always one.
pub fn addresses(list: &str) -> impl Iterator<Item = &str> {
    let begins = |at: usize| {
        ["http://", "https://"]
            .iter()
            .any(|scheme| list.get(at..).is_some_and(|rest| rest.trim_start().starts_with(scheme)))
    };
    let commas = list.match_indices(',').map(|(at, _)| at).filter(move |&at| begins(at + 1));
    let mut ends: Vec<usize> = commas.chain([list.len()]).collect();
    ends.dedup();
    let starts: Vec<usize> = [0].into_iter().chain(ends.iter().map(|end| end + 1)).collect();
    starts.into_iter().zip(ends).map(|(start, end)| list.get(start..end).unwrap_or_default().trim())
}

impl Settings {
    /// Where cells run.
    ///
    /// # Errors
    ///
    /// The first setting of the server that makes no sense, or that a policy refuses.
    pub fn target(&self) -> Result<Target, SettingsError> {
        let target = self.wanted_target()?;
        self.check_target(&target)?;
        Ok(target)
    }

    /// Where the user wants cells to run.
    pub(super) fn wanted_target(&self) -> Result<Target, SettingsError> {
        self.check_file()?;
        let Some(url) = self.get(LIVY_URL) else {
            return Ok(Target::Local { python: self.path(LIVY_LOCAL_PYTHON) });
        };
        let requests_per_second = self.requests_per_second()?;
        let from_sparkmagic = matches!(self.origin(LIVY_URL), Some(Origin::Sparkmagic { .. }));
        let mut servers =
            addresses(&url).map(|url| self.livy(url)).collect::<Result<Vec<_>, _>>()?;
        let mut options = Box::new(servers.remove(0));
        options.others = servers;
        Ok(Target::Remote { options, from_sparkmagic, requests_per_second })
    }

    fn requests_per_second(&self) -> Result<Option<f64>, SettingsError> {
        let Some(text) = self.get(REQUESTS_PER_SECOND) else { return Ok(None) };
        let rate = text.parse().ok().filter(|rate| PACES.contains(rate));
        let no_rate = || self.wrong(REQUESTS_PER_SECOND, "must be a number from 0.1 to 1000");
        rate.map(Some).ok_or_else(no_rate)
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
        let unknown = || self.wrong("LIVY_SERVICE", format!("must be one of {}", names.join(", ")));
        Profile::parse(&name).map(Some).ok_or_else(unknown)
    }

    /// Reads the first of [`CREDENTIALS`] that is set.
    fn auth(&self, options: &Options) -> Result<Option<Arc<dyn Auth>>, SettingsError> {
        if let Some(command) = self.get("LIVY_TOKEN_COMMAND") {
            let command_line = command_line::split(&command);
            let command_line =
                command_line.map_err(|why| self.wrong("LIVY_TOKEN_COMMAND", why.to_string()))?;
            return Ok(Some(Arc::new(TokenCommand::new(command_line))));
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
            Some(_) => {
                Err(self.wrong("LIVY_AUTH", "must be one of kerberos, netrc, azure-cli, sigv4"))
            }
        }
    }

    fn azure(&self, profile: Profile) -> Result<Arc<dyn Auth>, SettingsError> {
        let scope = match profile {
            Profile::Synapse => "https://dev.azuresynapse.net/.default",
            Profile::Fabric => "https://api.fabric.microsoft.com/.default",
            _ => {
                let why = "is azure-cli, which only works with Synapse and Fabric: set LIVY_SERVICE to one of them";
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
            self.wrong("LIVY_AUTH", "is sigv4, which needs a region: set LIVY_AWS_REGION")
        })?;
        let signature = SigV4::new(EMR_SERVERLESS, region);
        Ok(Arc::new(signature.map_err(|why| self.wrong("LIVY_AUTH", format!("is sigv4: {why}")))?))
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
                    "must be a SHA-256 fingerprint of 64 hexadecimal digits",
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

    /// Reads lines of `Name: value`; `${VAR}` in a value stands for the variable's value.
    fn headers(&self) -> Result<Vec<(String, String)>, SettingsError> {
        let text = self.get("LIVY_HEADERS").unwrap_or_default();
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
        lines.map(|line| self.header(line)).collect()
    }

    fn header(&self, line: &str) -> Result<(String, String), SettingsError> {
        let (name, value) = line.split_once(':').ok_or_else(|| {
            self.wrong("LIVY_HEADERS", "has a line that is not of the form Name: value")
        })?;
        let filled = layers::filled_in(value.trim(), &|name| {
            let unset = || self.wrong("LIVY_HEADERS", layers::unset(name));
            self.variable(name).ok_or_else(unset)
        });
        Ok((name.trim().to_owned(), filled?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::layers::tests::of_variables;

    fn read(variables: &[(&str, &str)]) -> Result<Target, SettingsError> {
        of_variables(variables).target()
    }

    #[track_caller]
    fn livy(variables: &[(&str, &str)]) -> Options {
        let url = [(LIVY_URL, "https://me:secret@livy.example:8998/")];
        match read(&[variables, &url].concat()) {
            Ok(Target::Remote { options, from_sparkmagic: false, .. }) => *options,
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
        assert!(matches!(read(&[(LIVY_LOCAL_PYTHON, "")]), Ok(Target::Local { python: None })));
        let python = [(LIVY_URL, " "), (LIVY_LOCAL_PYTHON, "/venv/bin/python")];
        assert!(
            matches!(read(&python), Ok(Target::Local { python: Some(path) }) if path.ends_with("python"))
        );
    }

    #[test]
    fn a_url_names_the_server_and_who_asks() {
        let options = livy(&[]);
        assert_eq!(options.endpoint.to_string(), "https://livy.example:8998");
        assert_eq!(options.auth.name(), "basic");
        assert!(!format!("{options:?}").contains("secret"));
    }

    #[test]
    fn a_list_of_urls_names_servers_that_each_have_their_own_credentials() {
        let list = "https://me:a,b@one:1/livy, https://two , https://you:c@three:3";
        let Ok(Target::Remote { options, .. }) = read(&[(LIVY_URL, list)]) else {
            panic!("servers were expected")
        };
        let all = [&*options].into_iter().chain(&options.others);
        let told: Vec<String> =
            all.map(|server| format!("{} {}", server.endpoint, server.auth.name())).collect();
        assert_eq!(told, ["https://one:1/livy basic", "https://two none", "https://three:3 basic"]);
        for wrong in ["https://one, livy:8998", "https://one, https://", ", https://one", ","] {
            read(&[(LIVY_URL, wrong)]).unwrap_err();
        }
    }

    #[test]
    fn a_pace_is_a_number_of_requests_a_second() {
        let pace = |text| match read(&[(LIVY_URL, "http://h"), (REQUESTS_PER_SECOND, text)]) {
            Ok(Target::Remote { requests_per_second, .. }) => requests_per_second,
            _ => Some(f64::NAN),
        };
        assert_eq!([pace(""), pace("0.5"), pace("20")], [None, Some(0.5), Some(20.0)]);
        for nonsense in ["0", "-1", "inf", "NaN", "many", "1e9"] {
            assert!(pace(nonsense).is_some_and(f64::is_nan), "{nonsense}");
        }
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
}
