//! What is configured, whether it works, and what to do where it does not.

mod answer; // from TLS to a round trip
mod configured; // what the environment says
mod local; // Spark on this machine
mod report; // what was found
mod session; // whether Spark starts
mod way; // name, port, proxy

use std::time::Duration;

use livy_client::{Client, Options, ResendPolicy, Timeouts};

use self::{
    report::{Finding, Report},
    way::Way,
};
use super::{
    CommandError,
    terminal::{say, say_json},
};
use crate::settings::{self, Place};

/// How long one check may take.
const LIMIT: Duration = Duration::from_secs(5);
/// Less, so that a connection which hangs is told from an answer which does not come.
const CONNECT_LIMIT: Duration = Duration::from_secs(4);

/// Checks everything, as far as it makes sense.
pub async fn doctor(as_json: bool, with_session: bool) -> Result<(), CommandError> {
    let report = match settings::current().terms().and_then(|_| settings::current().place()) {
        Ok(Place::Livy(options)) => livy(*options, with_session).await,
        Ok(Place::Here(python)) => local::local(python, with_session).await,
        Err(error) => Report::default().with("settings", wrong_settings(&error)),
    };
    let said = match as_json {
        true => say_json(&report.document()),
        false => say(report.text()),
    };
    match report.is_broken() {
        true => Err(CommandError::Other("something does not work, as said above".to_owned())),
        false => Ok(said?),
    }
}

fn wrong_settings(error: &impl ToString) -> Finding {
    Finding::fail(error.to_string(), "correct the variable")
}

/// From the settings to a session; what follows a failure is skipped, since it would fail with it.
async fn livy(options: Options, with_session: bool) -> Report {
    let way = Way::of(&options.endpoint);
    let mut report = configured::configured(&options, &way);
    let timeouts = Timeouts { connect: CONNECT_LIMIT, ..options.timeouts };
    let client = Client::with(Options { resend: ResendPolicy::NEVER, timeouts, ..options.clone() });
    if let Err(error) = &client {
        report.add("settings", answer::useless_settings(error));
    }
    report.check("name", way.look_up()).await;
    report.check("connect", way.connect()).await;
    match client {
        Ok(client) if !report.is_broken() => {
            answer::answer(&mut report, &client, &options, &way).await;
            session::session(&mut report, &client, with_session).await;
        }
        _ => report.skip(&[&answer::CHECKS[..], &["session"]].concat()),
    }
    report
}
