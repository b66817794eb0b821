//! What is set, and where.

use livy_client::{Options, Profile, Verify};

use super::{
    report::{Finding, Report},
    way::Way,
};
use crate::settings::{self, LIVY_URL};

/// Each value with the variable that it comes from; secrets are named, not shown.
pub fn configured(options: &Options, way: &Way) -> Report {
    let mut report = Report::default();
    if let Some(files) = settings::current().told() {
        report.add("settings", Finding::ok(files));
    }
    let mut say = |name, value: String, variable: &str| {
        let origin = settings::current().origin(variable);
        let source = origin.map_or_else(|| variable.to_owned(), |origin| origin.label(variable));
        report.add(name, Finding::ok(format!("{value} ({source})")));
    };
    say("server", options.endpoint.to_string(), LIVY_URL);
    let guessed =
        settings::current().first_set(&["LIVY_SERVICE"]).unwrap_or("guessed from the address");
    say("service", profile(options.profile).to_owned(), guessed);
    say("credentials", options.auth.name().to_owned(), credentials_source(options));
    if let Some(user) = &options.do_as {
        say("acts for", user.clone(), "LIVY_DO_AS");
    }
    if !options.headers.is_empty() {
        let names: Vec<&str> = options.headers.keys().map(|name| name.as_str()).collect();
        say("headers", names.join(", "), "LIVY_HEADERS");
    }
    for (name, path, source) in [
        ("authorities", &options.tls.ca_file, "LIVY_TLS_CA_FILE"),
        ("certificate", &options.tls.client_cert, "LIVY_TLS_CLIENT_CERT"),
        ("key", &options.tls.client_key, "LIVY_TLS_CLIENT_KEY"),
    ] {
        if let Some(path) = path {
            say(name, path.display().to_string(), source);
        }
    }
    if let Verify::Pin(pin) = options.tls.verify {
        say("pin", pin.to_string(), "LIVY_TLS_PIN_SHA256");
    }
    if let Some(variable) = way.proxy() {
        say("proxy", "requests go through it".to_owned(), variable);
    }
    if options.do_as.is_some() && options.profile == Profile::Knox {
        report.add("acts for", replaced_by_knox());
    }
    report.with("secrecy", secrecy(options))
}

fn replaced_by_knox() -> Finding {
    Finding::warn(
        "Knox acts for whoever has logged in to it, and replaces this user",
        "leave LIVY_DO_AS away, or go to Livy past Knox",
    )
}

fn profile(profile: Profile) -> &'static str {
    let known = Profile::ALL.iter().find(|(_, known)| *known == profile);
    known.map_or("livy", |(name, _)| name)
}

/// The variables are asked in the same order as for the credentials themselves.
pub fn credentials_source(options: &Options) -> &'static str {
    match settings::current().first_set(&settings::CREDENTIALS) {
        Some(variable) => variable,
        None if options.auth.name() == "none" => "no variable has any",
        None => LIVY_URL,
    }
}

/// Whether somebody on the way can read along.
fn secrecy(options: &Options) -> Finding {
    let (endpoint, credentials) = (&options.endpoint, options.auth.name());
    match () {
        () if endpoint.is_https() && options.tls.verify == Verify::Nothing => Finding::warn(
            "encrypted, but the server's certificate is not checked (LIVY_TLS_VERIFY)",
            "pin it by LIVY_TLS_PIN_SHA256 instead of LIVY_TLS_VERIFY=no",
        ),
        () if endpoint.is_https() => Finding::ok("the way to the server is encrypted"),
        () if endpoint.is_loopback() => Finding::ok("nothing leaves this machine"),
        () if credentials == "none" => {
            Finding::ok("not encrypted (http:), but no password is sent")
        }
        () => Finding::warn(
            format!(
                "{credentials} ({}) goes over the network unencrypted (http:), where others can read it",
                credentials_source(options)
            ),
            "use an https: address, or a tunnel (ssh -L) and its localhost address",
        ),
    }
}
