//! Other users cannot read the files of a session, whatever the umask.

use std::{
    fs,
    io::{BufRead, BufReader},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Duration,
};

use serde_json::json;
use tokio::time::sleep;

use crate::{
    session::{Session, idle_session},
    spark_server::{spark_python, spark_server},
};

/// Names the folder of the user's own files for the process that a test starts.
const USER_FOLDER: &str = "LIVY_LOCAL_TEST_OWN_FILES";

#[test]
fn folders_are_closed_to_others_whatever_the_umask() {
    if spark_python().is_none() {
        return;
    }
    for umask in ["000", "022"] {
        let (temporary, own) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let mut child = Command::new("sh")
            .args(["-c", &format!("umask {umask}; exec \"$0\" \"$@\"")])
            .arg(std::env::current_exe().unwrap())
            .args(["--exact", "folders::child_process", "--nocapture"])
            .env("TMPDIR", temporary.path())
            .env(USER_FOLDER, own.path())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut said = BufReader::new(child.stderr.take().unwrap()).lines().map_while(Result::ok);
        assert!(
            said.any(|line| line.contains("all is written")),
            "the process did not write its files"
        );
        let folders = modes(temporary.path());
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(folders.len() >= 2, "a session and a batch: {folders:?}");
        let open: Vec<_> = folders.iter().filter(|(_, mode)| mode & 0o077 != 0).collect();
        assert!(open.is_empty(), "umask {umask}: {open:?}");
        // The umask decides about files that user code writes elsewhere.
        for (path, mode) in modes(own.path()) {
            assert_ne!(mode & 0o044, 0, "umask {umask}: {}", path.display());
        }
    }
}

/// Returns the modes of the entries of a folder. Nothing below an entry can be reached by users who cannot enter it.
fn modes(folder: &Path) -> Vec<(PathBuf, u32)> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap());
    entries.map(|entry| (entry.path(), entry.metadata().unwrap().permissions().mode())).collect()
}

/// This is no test of its own, but the process that `folders_are_closed_to_others_whatever_the_umask` looks at.
#[tokio::test(flavor = "multi_thread")]
async fn child_process() {
    let Some(own) = std::env::var_os(USER_FOLDER).map(PathBuf::from) else { return };
    let Some((_server, client)) = spark_server().await else { return };
    let conf = json!({"spark.sql.catalogImplementation": "hive"});
    let path = idle_session(&client, json!({"conf": conf})).await;
    let session = Session { client: &client, path };
    let code = format!(
        "from pyspark.sql.functions import col
frame = spark.range(100).repartition(3).groupBy((col('id') % 7).alias('g')).count()
frame.write.mode('overwrite').saveAsTable('kept')
frame.write.parquet('{0}/frame')
print(open('{0}/file', 'w').write('x'), spark.table('kept').count())",
        own.display()
    );
    session.check_text(&code, "1 7").await;
    session.check_scala("case class A(a: Int)", "defined class A\n").await;
    session.job("1 + 1").await;
    // Nothing is written directly into the temporary folder.
    let folders =
        "spark.conf.get('spark.sql.warehouse.dir'), sc._jvm.System.getProperty('java.io.tmpdir')";
    let temporary = std::env::temp_dir().display().to_string();
    session
        .check_text(&format!("all('{temporary}' in folder for folder in ({folders}))"), "True")
        .await;
    let file = own.join("long.py");
    fs::write(&file, "import time\nprint('here')\ntime.sleep(60)\n").unwrap();
    client.post("/batches", &json!({"file": file})).await;
    client.wait_for_log("/batches/0", "here").await;
    eprintln!("all is written");
    sleep(Duration::from_secs(60)).await;
}
