//! The environment variables and folders of a Python that runs Spark.

use std::{collections::BTreeMap, fs::Permissions, io, os::unix::fs::PermissionsExt, path::Path};

use tempfile::TempDir;
use tokio::process::Command as Process;

use crate::python::installation::{Installation, Java};

/// The properties of folders that Spark makes for its own files, and the names that these get.
const FOLDERS: [(&str, &str); 2] =
    [("spark.sql.warehouse.dir", "warehouse"), ("spark.hadoop.hadoop.tmp.dir", "hadoop")];

/// Makes a folder for Spark's own files, which is deleted with the session or batch. Other users cannot enter it, so
/// the umask decides the modes of the files in it.
pub(super) fn scratch_folder() -> io::Result<TempDir> {
    let mine = Permissions::from_mode(0o700);
    tempfile::Builder::new().prefix("livy-local-").permissions(mine).tempdir()
}

/// Sets the environment of a Python that runs Spark.
pub(super) fn set_environment(
    process: &mut Process,
    installation: &Installation,
    scratch: &Path,
    conf: &BTreeMap<String, String>,
) {
    let Installation { python, java, .. } = installation;
    process.env("PYSPARK_PYTHON", python).env("PYSPARK_DRIVER_PYTHON", python);
    if let Java::Home(home) = java {
        process.env("JAVA_HOME", home);
    }
    // The Spark UI binds to this address, not to the whole network.
    process.env("SPARK_LOCAL_IP", "127.0.0.1");
    // The property would work too, but with a warning in the log of every session.
    if !conf.contains_key("spark.local.dir") {
        process.env("SPARK_LOCAL_DIRS", scratch);
    }
    // These are set in a Jupyter that `pyspark` started, and the driver would join that Spark.
    process.env_remove("PYSPARK_GATEWAY_PORT").env_remove("PYSPARK_GATEWAY_SECRET");
}

/// Adds properties that make Spark, Java, Hadoop and Hive write their own files into the scratch folder.
pub(super) fn with_scratch_folders(
    scratch: &Path,
    mut conf: BTreeMap<String, String>,
) -> BTreeMap<String, String> {
    for (key, folder) in FOLDERS {
        let path = scratch.join(folder).display().to_string();
        conf.entry(key.to_owned()).or_insert(path);
    }
    let java = conf.entry("spark.driver.extraJavaOptions".to_owned()).or_default();
    // Hive's metastore and log go to the folder of Derby; Java unpacks libraries into its temporary folder.
    *java =
        format!("-Dderby.system.home=\"{0}\" -Djava.io.tmpdir=\"{0}\" {java}", scratch.display())
            .trim_end()
            .to_owned();
    conf
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spark_writes_into_the_scratch_folder_unless_the_request_says_otherwise() {
        let asked = BTreeMap::from([
            ("spark.sql.warehouse.dir".to_owned(), "/data".to_owned()),
            ("spark.driver.extraJavaOptions".to_owned(), "-Xss4m".to_owned()),
        ]);
        let conf = with_scratch_folders(Path::new("/s"), asked);
        assert_eq!(conf["spark.sql.warehouse.dir"], "/data");
        assert_eq!(conf["spark.hadoop.hadoop.tmp.dir"], "/s/hadoop");
        let java = r#"-Dderby.system.home="/s" -Djava.io.tmpdir="/s" -Xss4m"#;
        assert_eq!(conf["spark.driver.extraJavaOptions"], java);
    }
}
