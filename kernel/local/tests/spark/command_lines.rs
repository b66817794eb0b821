//! No configuration, code or argument of the user appears in a list of processes, at any time.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::{JoinHandle, spawn},
};

use serde_json::{Value, json};
use tokio::time::Duration;

use crate::{
    client::Client,
    session::{Session, idle_session},
    spark_server::{spark_python, spark_server},
};

#[tokio::test(flavor = "multi_thread")]
#[cfg_attr(not(target_os = "linux"), ignore = "looks into /proc")]
async fn nothing_configured_or_submitted_is_in_a_process_list() {
    if spark_python().is_none() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let secret = format!("s{}", uuid::Uuid::new_v4().simple());
    let watcher = Watcher::start(vec![secret.clone(), "701m".to_owned()]);
    let Some((_server, client)) = spark_server().await else { return };
    a_session(&client, folder.path(), &secret).await;
    a_python_batch(&client, folder.path(), &secret).await;
    a_jar(&client, folder.path(), &secret).await;
    let (processes, seen) = watcher.end();
    assert!(processes >= 8, "three Javas and their launchers, and Pythons: {processes}");
    assert_eq!(seen, BTreeSet::new());
}

async fn a_session(client: &Client, folder: &Path, secret: &str) {
    let file = |name: String, text: &str| {
        fs::write(folder.join(&name), text).unwrap();
        folder.join(name).display().to_string()
    };
    let odd = format!("  {secret} é \"'\\ #=:\n\t%$PATH` ");
    let session = json!({
        "name": format!("name {secret}"),
        "driverMemory": "701m",
        "jars": [file(format!("{secret}.jar"), "")],
        "pyFiles": [file(format!("{secret}.py"), "here = True")],
        "conf": {
            "spark.test.odd": odd,
            "spark.executorEnv.SECRET": secret,
            "spark.driver.extraJavaOptions": format!("-Dtest.java=\"{secret} 2\""),
            "spark.driver.extraClassPath": format!("/no/{secret}"),
            "spark.driver.extraLibraryPath": format!("/no/{secret}"),
        },
    });
    let session = Session { client, path: idle_session(client, session).await };
    let text = |text: &str| serde_json::to_string(text).unwrap();
    session
        .check_text(&format!("spark.conf.get('spark.test.odd') == {}", text(&odd)), "True")
        .await;
    session.check_text(&format!("sc.appName == 'name {secret}'"), "True").await;
    let property = format!("sc._jvm.System.getProperty('test.java') == '{secret} 2'");
    session.check_text(&property, "True").await;
    session.check_text("sc._jvm.Runtime.getRuntime().maxMemory() > 600 << 20", "True").await;
    session.check_text(&format!("import {secret}; {secret}.here"), "True").await;
    let listed = format!("'{secret}.jar' in sc.getConf().get('spark.jars')");
    session.check_text(&listed, "True").await;
    let code = "sc.parallelize([1]).map(lambda x: __import__('os').environ['SECRET']).first()";
    session.check_text(code, &format!("'{secret}'")).await;
    client.delete(&session.path).await;
}

async fn a_python_batch(client: &Client, folder: &Path, secret: &str) {
    let path = folder.join(format!("job {secret}.py"));
    let code = "import sys, json, beside, __main__\nfrom pyspark.sql import SparkSession\n\
        spark = SparkSession.builder.getOrCreate()\n\
        print(spark.sparkContext.parallelize([1]).map(lambda x: x + beside.one).sum())\n\
        print('arguments', json.dumps(sys.argv), __file__ == sys.argv[0], __main__.sys is sys)\n\
        print(spark.conf.get('spark.test'))\nraise ValueError('at the end')\n";
    fs::write(&path, code).unwrap();
    fs::write(folder.join("beside.py"), "one = 1").unwrap();
    let arguments = json!([secret, "é \" \\ \n$HOME", ""]);
    let conf = json!({"spark.test": secret, "spark.submit.pyFiles": folder.join("beside.py")});
    let body = json!({"file": path, "name": secret, "args": arguments, "conf": conf});
    let (state, log) = run_batch(client, body).await;
    assert_eq!(state, "dead", "{log:#?}");
    let argv = json!([path, secret, "é \" \\ \n$HOME", ""]);
    let printed = log.iter().find_map(|line| line.strip_prefix("arguments ")).unwrap_or_default();
    let printed = printed.strip_suffix(" True True").unwrap_or(printed);
    assert_eq!(serde_json::from_str::<Value>(printed).ok(), Some(argv), "{log:#?}");
    assert!(log.contains(&"2".to_owned()) && log.contains(&secret.to_owned()), "{log:#?}");
    let begin = log.iter().position(|line| line.starts_with("Traceback")).unwrap();
    assert_eq!(log[begin + 1], format!("  File \"{}\", line 7, in <module>", path.display()));
    assert_eq!(log[begin + 3], "ValueError: at the end");
}

/// Any jar will do, since one of Spark's own has a main class that runs a line of Scala with its arguments.
async fn a_jar(client: &Client, folder: &Path, secret: &str) {
    let jar = folder.join(format!("{secret}.jar"));
    let said = format!("{secret} é \\ \"$HOME");
    let code = "println(args(0) + sys.props(\"spark.test\"))";
    let body = json!({"file": jar, "className": "scala.tools.nsc.MainGenericRunner",
        "args": ["-usejavacp", "-nc", "-e", code, said], "conf": {"spark.test": secret}});
    let (state, log) = run_batch(client, body).await;
    assert_eq!(state, "success", "{log:#?}");
    assert!(log.contains(&format!("{said}{secret}")), "{log:#?}");
}

async fn run_batch(client: &Client, body: Value) -> (Value, Vec<String>) {
    let created = client.post("/batches", &body).await;
    client.batch_end(created.header("location").unwrap_or_else(|| panic!("{created:?}"))).await
}

/// Reads the command lines of all processes every few milliseconds.
struct Watcher {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<(usize, BTreeSet<String>)>,
}

impl Watcher {
    fn start(secrets: Vec<String>) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let thread = spawn({
            let stop = stop.clone();
            move || watch(&secrets, &stop)
        });
        Self { stop, thread }
    }

    /// Returns how many command lines there were, and those with a secret.
    fn end(self) -> (usize, BTreeSet<String>) {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().unwrap()
    }
}

fn watch(secrets: &[String], stop: &AtomicBool) -> (usize, BTreeSet<String>) {
    let (before, mut all, mut seen) = (command_lines(), BTreeSet::new(), BTreeSet::new());
    while !stop.load(Ordering::Relaxed) {
        for (process, line) in command_lines().difference(&before) {
            // Spark copies a file that it adds, and Hadoop runs `chmod` on the copy. Names of files are not hidden.
            let is_hidden = !line.starts_with("chmod\0a+x\0");
            if is_hidden && secrets.iter().any(|secret| line.contains(secret)) {
                seen.insert(line.clone());
            }
            all.insert((process.clone(), line.clone()));
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    (all.len(), seen)
}

fn command_lines() -> BTreeSet<(PathBuf, String)> {
    let processes = fs::read_dir("/proc").unwrap().flatten().map(|entry| entry.path());
    processes
        .filter_map(|process| {
            let line = fs::read(process.join("cmdline")).ok()?;
            Some((process, String::from_utf8_lossy(&line).into_owned()))
        })
        .collect()
}
