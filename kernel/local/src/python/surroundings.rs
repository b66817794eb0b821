//! What Spark must find, and where it may write.

use std::collections::BTreeMap;
use std::path::Path;

use tokio::process::Command as Process;

use crate::python::find::{Found, Java};

/// Sets the environment of a Python that runs Spark.
pub(crate) fn surround(
    process: &mut Process,
    found: &Found,
    scratch: &Path,
    conf: &BTreeMap<String, String>,
) {
    process.env("PYSPARK_PYTHON", &found.python).env("PYSPARK_DRIVER_PYTHON", &found.python);
    if let Java::Home(home) = &found.java {
        process.env("JAVA_HOME", home);
    }
    // The Spark UI binds to this address, not to the whole network.
    process.env("SPARK_LOCAL_IP", "127.0.0.1");
    // As a property it would be honoured too, but with a warning in every session's log.
    if !conf.contains_key("spark.local.dir") {
        process.env("SPARK_LOCAL_DIRS", scratch);
    }
    // Set in a Jupyter that `pyspark` started: the driver would join that Spark.
    process.env_remove("PYSPARK_GATEWAY_PORT").env_remove("PYSPARK_GATEWAY_SECRET");
}

/// What Spark writes on its own account goes where it is deleted with the session or batch.
pub(crate) fn keep_in(
    scratch: &Path,
    mut conf: BTreeMap<String, String>,
) -> BTreeMap<String, String> {
    let warehouse = scratch.join("warehouse").display().to_string();
    conf.entry("spark.sql.warehouse.dir".to_owned()).or_insert(warehouse);
    // For whoever turns Hive on: its metastore and log go where Derby lives.
    let java = conf.entry("spark.driver.extraJavaOptions".to_owned()).or_default();
    *java = format!("-Dderby.system.home={} {java}", scratch.display()).trim_end().to_owned();
    conf
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spark_writes_into_the_scratch_folder_unless_told_otherwise() {
        let asked = BTreeMap::from([
            ("spark.sql.warehouse.dir".to_owned(), "/data".to_owned()),
            ("spark.driver.extraJavaOptions".to_owned(), "-Xss4m".to_owned()),
        ]);
        let conf = keep_in(Path::new("/s"), asked);
        assert_eq!(conf["spark.sql.warehouse.dir"], "/data");
        assert_eq!(conf["spark.driver.extraJavaOptions"], "-Dderby.system.home=/s -Xss4m");
    }
}
