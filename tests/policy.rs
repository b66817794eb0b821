//! Each way is one that a user may try to get around a policy. The program lies in a prefix of its own, with
//! the policy beside it, as in an environment.

use std::{
    fs,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    process::Stdio,
};

use serde_json::json;
use tempfile::TempDir;
use tokio::process::Command;

use crate::support::{Connection, Frontend, Kernel, Livy};

/// An address at which nobody may look for a Livy here: a request would fail at once, and not with a refusal.
const ELSEWHERE: &str = "http://127.0.0.1:1";

/// What a platform might forbid.
const RULES: &str = r#"
banner = "Customer data stays here."
forbid = ["transfers", "pip", "jars", "batches", "agent", "local"]
[tls]
verify = true
[force]
proxyUser = "etl"
[force.conf]
"spark.yarn.queue" = "notebooks"
[max]
driverMemory = "4g"
executorMemory = "8g"
executorCores = 4
numExecutors = 10
ttl = "8h"
idleTimeout = "2h"
"#;

/// An environment with the program and a policy.
struct Prefix {
    folder: TempDir,
    /// The user's own folder, with what he has written there.
    home: TempDir,
}

impl Prefix {
    fn with(policy: &str) -> Self {
        // A link within one file system is much quicker than a copy.
        let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        let this = Self { folder, home: tempfile::tempdir().unwrap() };
        fs::create_dir_all(this.program().parent().unwrap()).unwrap();
        fs::create_dir_all(this.policy().parent().unwrap()).unwrap();
        fs::hard_link(env!("CARGO_BIN_EXE_livy-kernel"), this.program()).unwrap();
        fs::write(this.policy(), policy).unwrap();
        this
    }

    /// Allows this server alone, with the rules above.
    fn of(livy: &Livy) -> Self {
        Self::with(&format!("servers = [\"http://127.0.0.1:{}\"]\n{RULES}", livy.port()))
    }

    fn program(&self) -> PathBuf {
        self.folder.path().join("bin/livy-kernel")
    }

    fn policy(&self) -> PathBuf {
        self.folder.path().join("etc/livy-kernel/policy.toml")
    }

    /// Writes a file of the user's, and returns its path.
    fn users(&self, name: &str, text: &str) -> String {
        let path = self.home.path().join(name);
        fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    }

    fn home(&self) -> String {
        self.home.path().to_str().unwrap().to_owned()
    }

    async fn open(&self, url: &str, variables: &[(&str, &str)]) -> Frontend {
        self.open_by(&self.program(), url, variables).await
    }

    async fn open_by(&self, program: &Path, url: &str, variables: &[(&str, &str)]) -> Frontend {
        let connection = Connection::new("the key");
        let kernel = Kernel::start_program(program, "pyspark", url, &connection, variables);
        Frontend::meet(kernel, connection).await
    }

    /// Runs a command of the terminal; returns its exit code, and all that it says.
    async fn command(&self, url: &str, arguments: &[&str]) -> (Option<i32>, String) {
        let mut command = Command::new(self.program());
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("LIVY_")) {
            command.env_remove(name);
        }
        command.args(arguments).env("LIVY_URL", url).env("JUPYTER_CONFIG_DIR", self.home());
        let output = command.stdin(Stdio::null()).kill_on_drop(true).output().await.unwrap();
        let said = [output.stdout, output.stderr].concat();
        (output.status.code(), String::from_utf8(said).unwrap())
    }

    /// The cell must be refused by this policy, with these words.
    #[track_caller]
    fn refuses<'a>(
        &'a self,
        frontend: &'a mut Frontend,
        cell: &'a str,
        words: &'a [&'a str],
    ) -> impl Future<Output = ()> + 'a {
        let policy = self.policy().to_str().unwrap().to_owned();
        async move {
            let error = frontend.run(cell).await.error();
            error.says("PolicyError", &[&[policy.as_str()], words].concat());
        }
    }
}

/// What each of these variables leads to is refused by the first cell, and no session is started.
#[tokio::test]
async fn no_variable_gets_around_a_policy() {
    let livy = Livy::start().await;
    let prefix = Prefix::of(&livy);
    let (here, others) = (livy.url(), format!("{},{ELSEWHERE}", livy.url()));
    for (url, variable, value, words) in [
        (ELSEWHERE, "LIVY_SERVICE", "livy", "LIVY_URL http://127.0.0.1:1 is none of the servers"),
        (&others, "LIVY_SERVICE", "livy", "LIVY_URL http://127.0.0.1:1 is none of the servers"),
        ("http://livy@evil.example", "LIVY_SERVICE", "livy", "http://evil.example is none"),
        ("", "LIVY_LOCAL_PYTHON", "python3", "Spark on this machine is none of the servers"),
        (&here, "LIVY_DO_AS", "root", "LIVY_DO_AS root is not etl"),
        (&here, "LIVY_TTL", "30d", "ttl 30d is more than the 8h"),
        (&here, "LIVY_IDLE_TIMEOUT", "1d", "idleTimeout 1d is more than the 2h"),
        (&here, "LIVY_KEEP_ALIVE", "1d", "LIVY_KEEP_ALIVE 1d is more than the 2h"),
    ] {
        let mut frontend = prefix.open(url, &[(variable, value)]).await;
        prefix.refuses(&mut frontend, "echo hi", &[words]).await;
        assert!(livy.sessions().await.is_empty(), "{variable}");
    }
}

#[tokio::test]
async fn no_user_turns_off_an_audit_or_takes_the_code_out_of_it() {
    let livy = Livy::start().await;
    let folder = tempfile::tempdir().unwrap();
    let [theirs, own] = ["theirs", "own"].map(|name| folder.path().join(name));
    let rules = format!("[audit]\nto = \"{}\"\ncode = true", theirs.display());
    let prefix = Prefix::with(&rules);
    let data = prefix.home();
    let variables = [
        ("LIVY_AUDIT_TO", own.to_str().unwrap()),
        ("LIVY_AUDIT_CODE", "no"),
        ("JUPYTER_DATA_DIR", &data),
    ];
    let mut frontend = prefix.open(&livy.url(), &variables).await;
    frontend.run("echo hi").await.is_ok();
    let text = |path| fs::read_to_string(path).unwrap_or_default();
    while !text(&theirs).contains("\"event\":\"statement\"") {
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    assert!(text(&theirs).contains("\"code\":\"echo hi\""), "{}", text(&theirs));
    assert!(!text(&own).contains("echo hi"), "{}", text(&own));
}

#[tokio::test]
async fn an_audit_that_cannot_be_written_lets_no_cell_run() {
    let livy = Livy::start().await;
    let prefix = Prefix::with("[audit]\nto = \"/nowhere/audit.jsonl\"");
    let mut frontend = prefix.open(&livy.url(), &[]).await;
    frontend.run("echo hi").await.error().says("AuditError", &["/nowhere/audit.jsonl"]);
    assert!(livy.sessions().await.is_empty());
    let (code, said) = prefix.command(&livy.url(), &["doctor"]).await;
    assert!(code != Some(0) && said.contains("/nowhere/audit.jsonl cannot be written"), "{said}");
}

#[tokio::test]
async fn no_file_of_the_user_gets_around_a_policy() {
    let livy = Livy::start().await;
    let prefix = Prefix::of(&livy);
    let elsewhere = format!("url = \"{ELSEWHERE}\"");
    let profile = format!("default_profile = \"p\"\n[profiles.p]\n{elsewhere}");
    let here = livy.url();
    let more = format!("url = \"{here}\"\n[session]\nexecutorMemory = \"16g\"");
    let conf = format!("url = \"{here}\"\n[session.conf]\nspark.executor.memory = \"16g\"");
    for (text, words) in [
        (&elsewhere, "url (line 1 of livy-kernel.toml) http://127.0.0.1:1 is none"),
        (&profile, "url (line 3 of livy-kernel.toml) http://127.0.0.1:1 is none"),
        (&more, "executorMemory 16g is more than the 8g"),
        (&conf, "spark.executor.memory 16g is more than the 8g"),
    ] {
        let file = prefix.users("livy-kernel.toml", text);
        let mut frontend = prefix.open("", &[("LIVY_KERNEL_CONFIG", &file)]).await;
        prefix.refuses(&mut frontend, "echo hi", &[words]).await;
    }
    let login = |url: &str| json!({ "url": url, "username": "", "password": "" });
    for (sparkmagics, words) in [
        (json!({"kernel_python_credentials": login(ELSEWHERE)}), "http://127.0.0.1:1 is none"),
        (
            json!({"kernel_python_credentials": login(&here), "session_configs": {"driverMemory": "5g"}}),
            "driverMemory 5g is more than the 4g",
        ),
    ] {
        prefix.users("config.json", &sparkmagics.to_string());
        let mut frontend = prefix.open("", &[("SPARKMAGIC_CONF_DIR", &prefix.home())]).await;
        prefix.refuses(&mut frontend, "echo hi", &[words]).await;
    }
    assert!(livy.sessions().await.is_empty());
}

#[tokio::test]
async fn no_cell_gets_around_a_policy() {
    let livy = Livy::start().await;
    let prefix = Prefix::of(&livy);
    let mut frontend = prefix.open(&livy.url(), &[]).await;
    for (cell, words) in [
        ("%%configure\n{\"executorMemory\": \"16g\"}", "executorMemory 16g is more than the 8g"),
        (
            "%%configure -f\n{\"executorMemory\": \"8589934593b\"}",
            "8589934593b is more than the 8g",
        ),
        ("%%configure\n{\"conf\": {\"spark.executor.memory\": \"16g\"}}", "is more than the 8g"),
        ("%%configure\n{\"conf\": {\"spark.Executor.Memory\": \"16g\"}}", "is more than the 8g"),
        ("%%configure\n{\"conf\": {\"spark.x=1 spark.executor.memory\": \"1\"}}", "is no name"),
        (
            "%%configure\n{\"conf\": {\"spark.memory.offHeap.size\": \"9g\"}}",
            "9g is more than the 8g",
        ),
        ("%%configure\n{\"numExecutors\": \"11\"}", "numExecutors 11 is more than the 10"),
        ("%%configure\n{\"conf\": {\"spark.dynamicAllocation.maxExecutors\": 99}}", "99 is more"),
        (
            "%%configure\n{\"executorCores\": {\"parameterName\": \"a\", \"defaultValue\": 9}}",
            "9 is more",
        ),
        ("%%configure\n{\"ttl\": \"9h\"}", "ttl 9h is more than the 8h"),
        ("%%configure\n{\"proxyUser\": \"root\"}", "proxyUser root is not what"),
        ("%%configure\n{\"queue\": \"prod\"}", "queue prod is not what"),
        (
            "%%configure\n{\"conf\": {\"spark.yarn.queue\": \"prod\"}}",
            "spark.yarn.queue prod is not",
        ),
        ("%%configure\n{\"jars\": [\"a.jar\"]}", "jars a.jar is forbidden"),
        (
            "%%configure\n{\"conf\": {\"spark.jars.packages\": \"a:b:1\"}}",
            "spark.jars.packages a:b:1",
        ),
        (
            "%%configure\n{\"conf\": {\"spark.driver.extraJavaOptions\": \"-Dspark.executor.memory=9g\"}}",
            "has -dspark",
        ),
        ("%%batch\n{\"file\": \"a.py\"}", "%%batch is forbidden"),
        ("%%local\nprint(1)", "%%local is forbidden"),
        ("%upload /etc/hosts", "%upload is forbidden"),
        ("# a comment\n%DOWNLOAD a", "%download is forbidden"),
        ("%get x", "%get is forbidden"),
        ("%put x", "%put is forbidden"),
        ("%%send_to_spark -i x", "%%send_to_spark is forbidden"),
        ("%%sql -o x\nselect 1", "-o is forbidden"),
        ("%%spark -o x\nval x = 1", "-o is forbidden"),
        ("%pip install --from-here x", "%pip is forbidden"),
    ] {
        prefix.refuses(&mut frontend, cell, &[words]).await;
    }
    assert!(livy.sessions().await.is_empty());
    // Half of it in each cell.
    frontend.run("%%configure\n{\"executorMemory\": \"5g\"}").await.is_ok();
    let more = "%%configure -m\n{\"conf\": {\"spark.executor.memoryOverhead\": \"4g\"}}";
    prefix
        .refuses(&mut frontend, more, &["executorMemory 5g with spark.executor.memoryOverhead 4g"])
        .await;
    frontend.run("echo hi").await.is_ok();
    assert_eq!(livy.sessions().await[0].other["executorMemory"], "5g");
}

#[tokio::test]
async fn a_session_gets_what_the_policy_sets() {
    let livy = Livy::start().await;
    let prefix = Prefix::of(&livy);
    let mut frontend = prefix.open(&livy.url(), &[("LIVY_AGENT", "always")]).await;
    let first = frontend.run("echo hi").await;
    let banner = &first.published[1].content["data"]["text/plain"];
    assert_eq!(banner.as_str(), Some("Customer data stays here.\n"), "{first:#?}");
    assert!(!format!("{:?}", frontend.run("echo hi").await.published).contains("Customer data"));

    let session = livy.sessions().await.pop().unwrap();
    let conf = &session.other["conf"];
    assert_eq!(conf["spark.yarn.queue"], "notebooks");
    assert_eq!(conf["spark.dynamicAllocation.maxExecutors"], "10");
    let times = [&session.other["ttl"], &session.other["idleTimeout"]];
    assert_eq!(times, [&json!("8h"), &json!("2h")]);

    let info = frontend.run("%info").await;
    let info = info.published[1].content["data"]["text/plain"].as_str().unwrap().to_owned();
    assert!(info.contains(prefix.policy().to_str().unwrap()), "{info}");
    assert!(info.contains("the agent is forbidden by"), "{info}");
}

#[tokio::test]
async fn a_session_that_may_run_as_somebody_else_is_not_joined() {
    let livy = Livy::start().await;
    let prefix = Prefix::of(&livy);
    livy.start_session("big").await;
    let mut frontend = prefix.open(&livy.url(), &[]).await;
    prefix.refuses(&mut frontend, "%attach big", &["proxyUser", "is not etl"]).await;
    let mut frontend = prefix.open(&livy.url(), &[("LIVY_SESSION", "big")]).await;
    prefix.refuses(&mut frontend, "echo hi", &["proxyUser", "is not etl"]).await;
    let forbidden = Prefix::with("forbid = [\"attach\"]");
    let mut frontend = forbidden.open(&livy.url(), &[]).await;
    forbidden.refuses(&mut frontend, "%attach big", &["%attach is forbidden"]).await;
    let mut frontend = forbidden.open(&livy.url(), &[("LIVY_SESSION", "big")]).await;
    forbidden.refuses(&mut frontend, "echo hi", &["joining a session is forbidden"]).await;
    assert_eq!(livy.statements().await, 0);
}

#[tokio::test]
async fn certificates_that_nobody_checks_are_refused() {
    let prefix = Prefix::with("servers = [\"https://127.0.0.1:1\"]\n[tls]\nverify = true");
    let mut frontend = prefix.open("https://127.0.0.1:1", &[("LIVY_TLS_VERIFY", "no")]).await;
    prefix.refuses(&mut frontend, "echo hi", &["LIVY_TLS_VERIFY is off"]).await;
    let prefix = Prefix::with("[tls]\nverify = true");
    let mut frontend = prefix.open("http://livy.example", &[]).await;
    prefix
        .refuses(&mut frontend, "echo hi", &["LIVY_URL http://livy.example has no certificate"])
        .await;
}

#[tokio::test]
async fn no_command_gets_around_a_policy() {
    let livy = Livy::start().await;
    let prefix = Prefix::of(&livy);
    let (here, policy) = (livy.url(), prefix.policy());
    let more = format!("[profiles.p]\nurl = \"{ELSEWHERE}\"");
    prefix.users("livy-kernel.toml", &more);
    for (url, arguments, words) in [
        (ELSEWHERE, &["sessions"][..], "http://127.0.0.1:1 is none of the servers"),
        ("", &["sessions", "--profile", "p"], "http://127.0.0.1:1 is none of the servers"),
        (ELSEWHERE, &["session", "kill", "1"], "http://127.0.0.1:1 is none of the servers"),
        (&here, &["local"], "Spark on this machine is none of the servers"),
        (&here, &["batch", "submit", "a.py"], "a batch is forbidden"),
    ] {
        let (code, said) = prefix.command(url, arguments).await;
        assert_eq!(code, Some(2), "{arguments:?}: {said}");
        assert!(said.contains(words) && said.contains(policy.to_str().unwrap()), "{said}");
    }
    let (code, said) = prefix.command(ELSEWHERE, &["doctor"]).await;
    assert_eq!(code, Some(1), "{said}");
    for words in
        ["http://127.0.0.1:1 is none of the servers", "applies", "Customer data stays here."]
    {
        assert!(said.contains(words), "{said}");
    }
    prefix.users("livy-kernel.toml", "[session]\nttl = \"30d\"");
    for arguments in [["doctor", "--json"], ["config", "check"]] {
        let (code, said) = prefix.command(&here, &arguments).await;
        assert!(code == Some(1) && said.contains("ttl 30d is more than the 8h"), "{said}");
    }
    let (code, said) = prefix.command(ELSEWHERE, &["config", "check"]).await;
    assert!(code == Some(1) && said.contains("is none of the servers"), "{said}");
}

#[tokio::test]
async fn a_batch_has_no_more_than_a_session() {
    let livy = Livy::start().await;
    let prefix = Prefix::with("[force]\nproxyUser = \"etl\"\n[max]\nexecutorMemory = \"8g\"");
    for (arguments, words) in [
        (&["--executor-memory", "16g"][..], "executorMemory 16g is more than the 8g"),
        (&["--conf", "spark.executor.memory=16g"], "spark.executor.memory 16g is more"),
        (&["--proxy-user", "root"], "proxyUser root is not what"),
    ] {
        let arguments = [&["batch", "submit", "a.py"], arguments].concat();
        let (code, said) = prefix.command(&livy.url(), &arguments).await;
        assert!(code == Some(2) && said.contains(words), "{said}");
    }
    let mut frontend = prefix.open(&livy.url(), &[]).await;
    let cell = "%%batch\n{\"file\": \"a.py\", \"conf\": {\"spark.executor.memory\": \"16g\"}}";
    prefix.refuses(&mut frontend, cell, &["spark.executor.memory 16g is more than the 8g"]).await;
}

#[tokio::test]
async fn no_folder_of_the_user_has_the_policy() {
    let livy = Livy::start().await;
    let prefix = Prefix::with("servers = []");
    let lenient = prefix.home.path().join("etc/livy-kernel");
    fs::create_dir_all(&lenient).unwrap();
    fs::write(lenient.join("policy.toml"), "").unwrap();
    let home = prefix.home();
    let variables =
        ["HOME", "XDG_CONFIG_HOME", "XDG_CONFIG_DIRS", "PREFIX", "CONDA_PREFIX", "VIRTUAL_ENV"];
    let more = ["JUPYTER_CONFIG_DIR", "JUPYTER_CONFIG_PATH", "LIVY_POLICY", "LIVY_KERNEL_POLICY"];
    let variables: Vec<_> =
        variables.iter().chain(&more).map(|name| (*name, home.as_str())).collect();
    let mut frontend = prefix.open(&livy.url(), &variables).await;
    prefix.refuses(&mut frontend, "echo hi", &["is none of the servers"]).await;
    // A link to the program is the program.
    fs::create_dir_all(prefix.home.path().join("bin")).unwrap();
    let link = prefix.home.path().join("bin/livy-kernel");
    symlink(prefix.program(), &link).unwrap();
    let mut frontend = prefix.open_by(&link, &livy.url(), &[]).await;
    prefix.refuses(&mut frontend, "echo hi", &["is none of the servers"]).await;
    assert!(livy.sessions().await.is_empty());
}

#[tokio::test]
async fn a_policy_that_cannot_be_understood_allows_nothing() {
    let livy = Livy::start().await;
    let prefix = Prefix::with("banner = \"hi\"\nserverz = []");
    let mut frontend = prefix.open(&livy.url(), &[]).await;
    prefix.refuses(&mut frontend, "echo hi", &["line 2", "serverz", "nothing is allowed"]).await;
    let (code, said) = prefix.command(&livy.url(), &["sessions"]).await;
    assert!(code == Some(2) && said.contains("line 2"), "{said}");
    // Its link leads nowhere, or it is a folder.
    fs::remove_file(prefix.policy()).unwrap();
    symlink("/nowhere", prefix.policy()).unwrap();
    let (code, said) = prefix.command(&livy.url(), &["sessions"]).await;
    assert!(code == Some(2) && said.contains("nothing is allowed"), "{said}");
    fs::remove_file(prefix.policy()).unwrap();
    fs::create_dir(prefix.policy()).unwrap();
    let (code, said) = prefix.command(&livy.url(), &["sessions"]).await;
    assert!(code == Some(2) && said.contains("nothing is allowed"), "{said}");
    assert!(livy.sessions().await.is_empty());
    // Without one, all is as ever.
    fs::remove_dir(prefix.policy()).unwrap();
    let (code, said) = prefix.command(&livy.url(), &["sessions"]).await;
    assert_eq!(code, Some(0), "{said}");
}

/// The kernel that Jupyter starts in the place of a killed one goes on with what is its own, and only with that.
#[tokio::test]
async fn a_kernel_that_is_started_again_has_its_own_session_and_no_joined_one() {
    let livy = Livy::start().await;
    livy.start_session("shared").await;
    let prefix = Prefix::with("");
    let mut own = prefix.open(&livy.url(), &[]).await;
    own.run("echo hi").await.is_ok();
    let mut joined = prefix.open(&livy.url(), &[("LIVY_SESSION", "shared")]).await;
    joined.run("echo hi").await.is_ok();

    fs::write(prefix.policy(), "forbid = [\"attach\"]").unwrap();
    for frontend in [&mut own, &mut joined] {
        frontend.kernel.kill().await;
        frontend.kernel.start_again();
        frontend.connect_again().await;
        frontend.subscribe_again().await;
    }
    own.run("echo hi").await.is_ok();
    prefix.refuses(&mut joined, "echo hi", &["joining a session is forbidden"]).await;
    assert_eq!(livy.sessions().await.len(), 2);
}
