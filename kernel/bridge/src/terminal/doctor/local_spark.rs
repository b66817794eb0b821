//! Checks Spark on this machine.

use std::path::{Path, PathBuf};

use livy_client::{Client, Endpoint, Error};
use livy_local::Server;

use crate::{
    policy::Policy,
    settings::{LIVY_LOCAL_PYTHON, LIVY_URL},
    terminal::doctor::{
        report::{Finding, Report},
        session,
    },
};

/// Checks whether Spark is found here and whether it starts.
pub async fn check(python: Option<PathBuf>, policy: &Policy, with_session: bool) -> Report {
    let report = Report::default();
    let options = livy_local::Options { python: python.clone(), ..livy_local::Options::default() };
    match livy_local::start(options).await {
        Ok(server) => {
            let mut report = report.with("local Spark", found(&server, python.as_deref()));
            match client(&server) {
                Ok(client) => session::check(&mut report, &client, policy, with_session).await,
                Err(error) => report.add("session", Finding::fail(error.to_string(), "")),
            }
            server.stop().await;
            report
        }
        Err(error) => {
            let missing = format!("{LIVY_URL} is not set, and Spark was not found on this machine");
            let mut report = report.with("local Spark", Finding::fail(missing, error.to_string()));
            report.skip(&["session"]);
            report
        }
    }
}

fn found(server: &Server, asked: Option<&Path>) -> Finding {
    let python = server.python().unwrap_or(Path::new(""));
    let spark = server.spark_version().unwrap_or_default();
    let found = format!("{LIVY_URL} is not set, so Spark {spark} of {} is used", python.display());
    match asked {
        None => Finding::ok(found),
        Some(asked) if asked.is_absolute() && asked != python => Finding::warn(
            format!("{found}, because {} ({LIVY_LOCAL_PYTHON}) has no pyspark", asked.display()),
            format!("correct {LIVY_LOCAL_PYTHON}, or install pyspark in that Python"),
        ),
        Some(_) => Finding::ok(format!("{found} ({LIVY_LOCAL_PYTHON})")),
    }
}

fn client(server: &Server) -> Result<Client, Error> {
    let endpoint =
        Endpoint::parse(&server.url()).map_err(|error| Error::Setup(error.to_string()))?;
    Client::new(endpoint.with_bearer_token(server.token()))
}
