//! Spark on this machine.

use std::path::PathBuf;

use livy_client::{Client, Endpoint, Error};
use livy_local::Server;

use super::{
    report::{Finding, Report},
    session,
};
use crate::settings::{LIVY_LOCAL_PYTHON, LIVY_URL, first_set};

/// Whether it can be found, and whether it starts.
pub async fn local(python: Option<PathBuf>, with_session: bool) -> Report {
    let report = Report::default();
    let options = livy_local::Options { python, ..livy_local::Options::default() };
    match livy_local::start(options).await {
        Ok(server) => {
            let mut report = report.with("local Spark", found(&server));
            match client(&server) {
                Ok(client) => session::session(&mut report, &client, with_session).await,
                Err(error) => report.add("session", Finding::fail(error.to_string(), "")),
            }
            server.stop().await;
            report
        }
        Err(error) => {
            let missing = format!("{LIVY_URL} is not set, and there is no Spark here");
            let mut report = report.with("local Spark", Finding::fail(missing, error.to_string()));
            report.skip(&["session"]);
            report
        }
    }
}

fn found(server: &Server) -> Finding {
    let python = server.python().map(|path| path.display().to_string()).unwrap_or_default();
    let spark = server.spark_version().unwrap_or_default();
    let source = first_set(&[LIVY_LOCAL_PYTHON]).unwrap_or("found");
    Finding::ok(format!("{LIVY_URL} is not set; Spark {spark} of {python} ({source}) will be used"))
}

fn client(server: &Server) -> Result<Client, Error> {
    let endpoint =
        Endpoint::parse(&server.url()).map_err(|error| Error::Setup(error.to_string()))?;
    Client::new(endpoint.with_bearer_token(server.token()))
}
