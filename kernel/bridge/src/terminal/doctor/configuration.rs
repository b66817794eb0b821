//! Reports what is configured, and by which setting.

use std::path::Path;

use livy_client::{Options, Profile, Verify};

use crate::{
    settings::{CREDENTIALS, LIVY_URL, Settings},
    terminal::doctor::{
        connectivity::Route,
        report::{Finding, Report},
    },
};

/// A configured value: its name in the report, its text, and the setting that it comes from.
type Configured = (&'static str, String, &'static str);

/// Reports each configured value with the setting that it comes from. Secrets are named, not shown.
pub fn report(settings: &Settings, options: &Options, route: &Route) -> Report {
    let mut report = Report::default();
    if let Some(files) = settings.source() {
        report.add("settings", Finding::ok(files));
    }
    let values =
        [server(settings, options), identity(settings, options), tls(options), proxy(route)]
            .concat();
    for (name, value, setting) in values {
        report.add(name, Finding::ok(format!("{value} ({})", source(settings, setting))));
    }
    if options.do_as.is_some() && options.profile == Profile::Knox {
        report.add("acts for", replaced_by_knox());
    }
    report.with("secrecy", secrecy(settings, options))
}

/// Says where the value of a setting comes from.
fn source(settings: &Settings, setting: &str) -> String {
    let origin = settings.origin(setting);
    origin.map_or_else(|| setting.to_owned(), |origin| origin.label(setting))
}

fn server(settings: &Settings, options: &Options) -> Vec<Configured> {
    let known = Profile::ALL.iter().find(|(_, known)| *known == options.profile);
    let service = known.map_or("livy", |(name, _)| name).to_owned();
    let set = settings.first_set(&["LIVY_SERVICE"]);
    vec![
        ("server", options.endpoint.to_string(), LIVY_URL),
        ("service", service, set.unwrap_or("guessed from the address")),
    ]
}

fn identity(settings: &Settings, options: &Options) -> Vec<Configured> {
    let names: Vec<&str> = options.headers.keys().map(|name| name.as_str()).collect();
    let user = options.do_as.clone();
    [
        Some((
            "credentials",
            options.auth.name().to_owned(),
            credentials_source(settings, options),
        )),
        user.map(|user| ("acts for", user, "LIVY_DO_AS")),
        (!names.is_empty()).then(|| ("headers", names.join(", "), "LIVY_HEADERS")),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn tls(options: &Options) -> Vec<Configured> {
    let path = |path: &Path| path.display().to_string();
    let tls = &options.tls;
    let pin = match tls.verify {
        Verify::Pin(pin) => Some(pin.to_string()),
        Verify::Authority | Verify::Nothing => None,
    };
    [
        ("authorities", tls.ca_file.as_deref().map(path), "LIVY_TLS_CA_FILE"),
        ("certificate", tls.client_cert.as_deref().map(path), "LIVY_TLS_CLIENT_CERT"),
        ("key", tls.client_key.as_deref().map(path), "LIVY_TLS_CLIENT_KEY"),
        ("pin", pin, "LIVY_TLS_PIN_SHA256"),
    ]
    .into_iter()
    .filter_map(|(name, value, setting)| Some((name, value?, setting)))
    .collect()
}

fn proxy(route: &Route) -> Vec<Configured> {
    let proxy = route.proxy_variable();
    proxy
        .map(|variable| ("proxy", "requests go through it".to_owned(), variable))
        .into_iter()
        .collect()
}

fn replaced_by_knox() -> Finding {
    Finding::warn(
        "Knox replaces this user with the one who logs in to Knox",
        "remove LIVY_DO_AS, or use an address of Livy that does not go through Knox",
    )
}

/// Returns the setting that the credentials come from, in the order in which they are read.
pub fn credentials_source(settings: &Settings, options: &Options) -> &'static str {
    match settings.first_set(&CREDENTIALS) {
        Some(variable) => variable,
        None if options.auth.name() == "none" => "not set",
        None => LIVY_URL,
    }
}

/// Checks whether others on the network can read the requests.
fn secrecy(settings: &Settings, options: &Options) -> Finding {
    let (endpoint, credentials) = (&options.endpoint, options.auth.name());
    match () {
        () if endpoint.is_https() && options.tls.verify == Verify::Nothing => Finding::warn(
            "encrypted, but the server's certificate is not checked (LIVY_TLS_VERIFY)",
            "remove LIVY_TLS_VERIFY=no, and set LIVY_TLS_PIN_SHA256 to the server's certificate",
        ),
        () if endpoint.is_https() => Finding::ok("the connection is encrypted"),
        () if endpoint.is_loopback() => Finding::ok("requests do not leave this machine"),
        () if credentials == "none" => {
            Finding::ok("not encrypted (http:), but no password is sent")
        }
        () => Finding::warn(
            format!(
                "{credentials} ({}) is sent unencrypted (http:), so others on the network can read it",
                credentials_source(settings, options)
            ),
            "use an https: address, or an SSH tunnel (ssh -L) and its localhost address",
        ),
    }
}
