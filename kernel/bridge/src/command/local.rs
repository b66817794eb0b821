use super::{CommandError, say};
use crate::{cli::Local, settings::LIVY_URL, signals};

/// Serves this machine's Spark until somebody ends it.
pub async fn local(options: Local) -> Result<(), CommandError> {
    let options =
        livy_local::Options { port: options.port, token: options.token, python: options.python };
    let server = livy_local::start(options).await?;
    let address = server.url().replacen("http://", &format!("http://livy:{}@", server.token()), 1);
    say(format!("Livy on Spark {} answers at", server.spark_version().unwrap_or_default()))?;
    say(format!("{LIVY_URL}={address}"))?;
    signals::ctrl_c_or_terminate().await;
    server.stop().await;
    Ok(())
}
