//! The server of tests that need a real Spark, which are skipped where no Python with pyspark is named.

use std::{
    env,
    io::{Write, stderr},
    path::PathBuf,
    sync::Once,
};

use livy_local::{Options, Server, start};

use crate::client::Client;

/// Names the Python that has pyspark.
const PYTHON: &str = "LIVY_LOCAL_TEST_PYTHON";
/// Set where no test may be skipped, as in CI.
const TEST_ALL: &str = "LIVY_TEST_ALL";

/// Returns the Python with pyspark. Without one, the test must return at once: one line says so, past the test harness,
/// which would swallow it.
pub fn spark_python() -> Option<PathBuf> {
    static SAY_ONCE: Once = Once::new();
    let python = env::var_os(PYTHON).filter(|python| !python.is_empty());
    if python.is_none() {
        assert!(env::var_os(TEST_ALL).is_none(), "{TEST_ALL} is set, but {PYTHON} is not");
        SAY_ONCE.call_once(|| {
            let line =
                format!("skipped: set {PYTHON} to a Python with pyspark, or run `make test`");
            let _ = writeln!(stderr(), "{line}");
        });
    }
    python.map(PathBuf::from)
}

/// Starts a server on real Spark, unless [`spark_python`] has none.
pub async fn spark_server() -> Option<(Server, Client)> {
    let python = spark_python()?;
    let server = start(Options { python: Some(python), ..Options::default() }).await.unwrap();
    let client = Client::of(&server);
    Some((server, client))
}
