//! Serves Spark on this machine: to a person, or to the kernel that started it.

use std::{path::Path, time::Duration};

use livy_local::Server;
use tokio::time::sleep;

use super::{CommandError, say, terminal::say_json};
use crate::{cli::Local, local::Lease, private, settings::LIVY_URL, signals};

/// How often the process looks for its lease.
const LOOK: Duration = Duration::from_millis(100);

/// Serves this machine's Spark until somebody ends it.
pub async fn local(options: Local) -> Result<(), CommandError> {
    let Local { port, token, python, beside, idle_exit } = options;
    let started = livy_local::start(livy_local::Options { port, token, python }).await;
    match beside {
        None => serve_a_person(started?).await,
        Some(path) => serve_a_kernel(started, &path, Duration::from_secs(idle_exit)).await,
    }
}

async fn serve_a_person(server: Server) -> Result<(), CommandError> {
    let address = server.url().replacen("http://", &format!("http://livy:{}@", server.token()), 1);
    say(format!("Livy on Spark {} answers at", server.spark_version().unwrap_or_default()))?;
    say(format!("{LIVY_URL}={address}"))?;
    signals::ctrl_c_or_terminate().await;
    server.stop().await;
    Ok(())
}

/// The kernel reads one line, and may be killed at any time.
async fn serve_a_kernel(
    started: Result<Server, livy_local::StartError>,
    path: &Path,
    idle_exit: Duration,
) -> Result<(), CommandError> {
    let server = match started {
        Ok(server) => server,
        Err(error) => return Ok(say_json(&Err::<Lease, _>(error.to_string()))?),
    };
    let lease = Lease {
        port: server.port(),
        token: server.token().to_owned(),
        spark: server.spark_version().unwrap_or_default().to_owned(),
    };
    private::write(path, &lease)?;
    // If the kernel is gone by now, nobody has a session here.
    if say_json(&Ok::<_, String>(&lease)).is_ok() {
        tokio::select! {
            () = signals::ctrl_c_or_terminate() => {}
            () = until_unused(&server, path, &lease, idle_exit) => {}
        }
    }
    server.stop().await;
    if Lease::read(path).as_ref() == Some(&lease) {
        private::remove(path)?;
    }
    Ok(())
}

async fn until_unused(server: &Server, path: &Path, lease: &Lease, idle_exit: Duration) {
    while server.idle_for() < idle_exit && Lease::read(path).as_ref() == Some(lease) {
        sleep(LOOK).await;
    }
}
