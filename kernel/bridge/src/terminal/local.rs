//! `local`: serves Spark on this machine, to the user's Livy clients or to the kernel that started it.

use std::{path::Path, time::Duration};

use livy_local::Server;
use tokio::time::sleep;

use crate::{
    platform::{private_file, signals},
    server::local_process::Lease,
    settings::LIVY_URL,
    terminal::{
        cli::Local,
        error::CommandError,
        streams::{print, print_json},
    },
};

/// How often the process checks whether its kernel still uses it.
const LEASE_CHECK_INTERVAL: Duration = Duration::from_millis(100);

const SERVER_FAILED: &str =
    "the server stopped answering and was ended; start it again, and please report this";

/// Serves this machine's Spark until it is ended.
///
/// # Errors
///
/// Fails if Spark does not start or the server stops answering.
pub async fn local(options: Local) -> Result<(), CommandError> {
    let Local { port, token, python, beside, idle_exit } = options;
    let started = livy_local::start(livy_local::Options { port, token, python }).await;
    match beside {
        None => serve_user(started?).await,
        Some(path) => serve_kernel(started, &path, Duration::from_secs(idle_exit)).await,
    }
}

async fn serve_user(server: Server) -> Result<(), CommandError> {
    let address = server.url().replacen("http://", &format!("http://livy:{}@", server.token()), 1);
    print(format!("Livy on Spark {} is running at", server.spark_version().unwrap_or_default()))?;
    print(format!("{LIVY_URL}={address}"))?;
    let outcome = tokio::select! {
        () = signals::ctrl_c_or_termination() => Ok(()),
        () = server.fails() => Err(CommandError::Other(SERVER_FAILED.to_owned())),
    };
    server.stop().await;
    outcome
}

/// Serves one kernel. The kernel reads one line, and may be killed at any time.
async fn serve_kernel(
    started: Result<Server, livy_local::StartError>,
    path: &Path,
    idle_exit: Duration,
) -> Result<(), CommandError> {
    let leased = started.and_then(|mut server| lease(&mut server).map(|lease| (server, lease)));
    let (server, lease) = match leased {
        Ok(leased) => leased,
        Err(error) => return Ok(print_json(&Err::<Lease, _>(error.to_string()))?),
    };
    private_file::write_json(path, &lease)?;
    // If the kernel has exited by now, no session is in use here.
    if print_json(&Ok::<_, String>(&lease)).is_ok() {
        tokio::select! {
            () = signals::ctrl_c_or_termination() => {}
            () = until_unused(&server, path, &lease, idle_exit) => {}
            () = server.fails() => {}
        }
    }
    server.stop().await;
    if !lease.is_over(path) {
        private_file::remove(path)?;
    }
    Ok(())
}

fn lease(server: &mut Server) -> Result<Lease, livy_local::StartError> {
    Ok(Lease {
        #[cfg(unix)]
        socket: server.open_socket()?,
        port: server.port(),
        token: server.token().to_owned(),
        spark: server.spark_version().unwrap_or_default().to_owned(),
    })
}

async fn until_unused(server: &Server, path: &Path, lease: &Lease, idle_exit: Duration) {
    while server.idle_for() < idle_exit && !lease.is_over(path) {
        sleep(LEASE_CHECK_INTERVAL).await;
    }
}
