//! `doctor`: shows what is configured, checks whether it works, and says what to do if it does not.

mod affinity;
mod configuration;
mod connectivity;
mod limits;
mod livy_checks;
mod local_spark;
mod policy;
mod records;
pub mod report;
mod session;

use livy_client::{Client, Options, ResendPolicy, Timeouts};

use crate::{
    settings::{Settings, Target},
    terminal::{
        bundle,
        cli::Doctor,
        doctor::{
            connectivity::Route,
            limits::CONNECT_LIMIT,
            report::{Finding, Report, Verdict},
        },
        error::CommandError,
        streams::{print, print_json, warn},
    },
};

/// Runs all checks and prints the report.
///
/// # Errors
///
/// Fails if a check fails, or if the report cannot be printed.
pub async fn doctor(settings: &Settings, asked: &Doctor) -> Result<(), CommandError> {
    let with_session = asked.session;
    let report = match settings.session_options().and_then(|_| settings.target()) {
        Ok(Target::Remote { options, .. }) => check_livy(settings, *options, with_session).await,
        Ok(Target::Local { python }) => {
            local_spark::check(python, &settings.policy, with_session).await
        }
        Err(error) => Report::default().with("settings", wrong_setting(&error)),
    };
    let report = report.led_by(records::report(settings)).led_by(policy::report(settings));
    let printed = match asked.output.json {
        true => print_json(&report.document()),
        false => print(report.text()),
    };
    if let Some(path) = &asked.bundle {
        bundle::write(path, settings, &report)?;
        warn(format!("wrote {}; look at it before you send it to anyone", path.display()));
    }
    match report.is_broken() {
        true => Err(CommandError::Other("a check failed; see the report above".to_owned())),
        false => Ok(printed?),
    }
}

fn wrong_setting(error: &impl ToString) -> Finding {
    Finding::fail(error.to_string(), "correct this setting")
}

/// Checks everything from the settings to a session. Checks after a failed one are skipped, since they
/// would fail too.
async fn check_livy(settings: &Settings, options: Options, with_session: bool) -> Report {
    let (options, others) = first_reachable(settings, options).await;
    let route = Route::to(settings, &options.endpoint);
    let mut report = configuration::report(settings, &options, &route);
    others.into_iter().for_each(|finding| report.add("server", finding));
    let timeouts = Timeouts { connect: CONNECT_LIMIT, ..options.timeouts };
    let client =
        Client::with_options(Options { resend: ResendPolicy::NEVER, timeouts, ..options.clone() });
    if let Err(error) = &client {
        report.add("settings", livy_checks::unusable_settings(error));
    }
    report.check("name", route.look_up()).await;
    report.check("connect", route.connect()).await;
    match client {
        Ok(client) if !report.is_broken() => {
            livy_checks::check(&mut report, &client, settings, &options, &route).await;
            affinity::check(&mut report, &client).await;
            session::check(&mut report, &client, &settings.policy, with_session).await;
        }
        _ => report.skip(&[&livy_checks::CHECKS[..], &["session"]].concat()),
    }
    report
}

/// Returns the server that kernels would ask, which is the first of the list that accepts connections, and
/// what is to be said of the others.
async fn first_reachable(settings: &Settings, mut options: Options) -> (Options, Vec<Finding>) {
    let mut servers = std::mem::take(&mut options.others);
    servers.insert(0, options);
    let mut findings = Vec::new();
    for server in &servers {
        let route = Route::to(settings, &server.endpoint);
        findings.push(match servers.len() {
            1 => Finding::skip(""),
            _ => route.connect().await,
        });
    }
    let reachable = findings.iter().position(|finding| finding.verdict != Verdict::Fail);
    let chosen = servers.remove(reachable.unwrap_or_default());
    findings.remove(reachable.unwrap_or_default());
    let others = servers.iter().zip(findings);
    (chosen, others.map(|(server, finding)| further(server, finding)).collect())
}

/// Describes another server of the list. Kernels go on while one of them can be reached.
fn further(server: &Options, finding: Finding) -> Finding {
    let found = format!("further server {}: {}", server.endpoint, finding.found);
    match finding.verdict {
        Verdict::Fail => Finding::warn(found, finding.remedy),
        _ => Finding { found, ..finding },
    }
}
