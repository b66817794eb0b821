use std::{fs, path::PathBuf};

use livy_client::{Fingerprint, SessionProperties};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::*;

/// A policy of these files, which are gone when this is dropped.
fn of_files(texts: &[&str]) -> (Policy, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let path = |number| folder.path().join(format!("policy-{number}.toml"));
    let paths: Vec<PathBuf> = (0..texts.len()).map(path).collect();
    for (path, text) in paths.iter().zip(texts) {
        fs::write(path, text).unwrap();
    }
    (Policy::read(&paths), folder)
}

fn of(text: &str) -> Policy {
    of_files(&[text]).0
}

fn applied(policy: &Policy, asked: Value) -> Result<Value, String> {
    let asked: SessionProperties = serde_json::from_value(asked).unwrap();
    let applied = policy.apply(asked).map_err(|error| error.to_string())?;
    Ok(serde_json::to_value(applied).unwrap())
}

#[track_caller]
fn refused(policy: &Policy, asked: Value) -> String {
    let described = asked.to_string();
    applied(policy, asked).expect_err(&described)
}

fn conf(name: &str, value: &str) -> Value {
    json!({"conf": {name: value}})
}

const LIMITS: &str = r#"
[max]
driverMemory = "4g"
executorMemory = "8g"
driverCores = 2
executorCores = 4
numExecutors = 10
ttl = "8h"
idleTimeout = "2h"
"#;

#[test]
fn without_a_file_everything_is_allowed_as_it_is() {
    let (policy, _folder) = of_files(&[]);
    let asked = json!({"executorMemory": "900g", "jars": ["a"], "conf": {"a=b": "c"}});
    assert_eq!(applied(&policy, asked.clone()), Ok(asked));
    let server = Endpoint::parse("http://anywhere").unwrap();
    assert_eq!(policy.check_server(&server), Ok(()));
    assert_eq!(policy.check_this_machine("Spark"), Ok(()));
    assert_eq!((policy.source(), policy.banner()), (None, None));
}

#[test]
fn a_refusal_names_the_policy_the_key_and_the_value() {
    let (policy, folder) = of_files(&[LIMITS]);
    let path = folder.path().join("policy-0.toml");
    let expected = format!("executorMemory 16g is more than the 8g that {} allows", path.display());
    assert_eq!(refused(&policy, json!({"executorMemory": "16g"})), expected);
}

#[test]
fn the_same_amount_is_allowed_in_every_notation() {
    let policy = of(LIMITS);
    for memory in ["8g", "8192m", "8192", "8589934592b", "8388608k"] {
        applied(&policy, json!({"executorMemory": memory})).unwrap();
        applied(&policy, conf("spark.executor.memory", memory)).unwrap();
    }
    for memory in
        ["9g", "8193m", "8193", "8589934593b", "1t", "8.5g", "8 g", "", "${x}", "８g", "-1"]
    {
        refused(&policy, json!({"executorMemory": memory}));
        refused(&policy, conf("spark.executor.memory", memory));
    }
}

#[test]
fn memory_beside_the_heap_counts() {
    let policy = of(LIMITS);
    for (name, value) in [
        ("spark.executor.memoryOverhead", "1025"),
        ("spark.yarn.executor.memoryOverhead", "1025"),
        ("spark.executor.minMemoryOverhead", "2g"),
        ("spark.executor.pyspark.memory", "2g"),
        ("spark.memory.offHeap.size", "2147483648"),
        ("spark.executor.memoryOverheadFactor", "0.2"),
        ("spark.kubernetes.memoryOverheadFactor", "1e30"),
        ("spark.executor.memoryOverheadFactor", "NaN"),
    ] {
        let error = refused(&policy, json!({"executorMemory": "7g", "conf": {name: value}}));
        assert!(error.contains(name) && error.contains(value), "{error}");
    }
    let parts =
        json!({"spark.executor.memoryOverhead": "512m", "spark.executor.pyspark.memory": "512m"});
    applied(&policy, json!({"executorMemory": "7g", "conf": parts})).unwrap();
    refused(&policy, conf("spark.driver.memoryOverhead", "5g"));
    let odd = "spark.executor.MEMORYOverheadFactor";
    let both = json!({odd: "0", "spark.executor.memoryOverheadFactor": "0.2"});
    refused(&policy, json!({"executorMemory": "7g", "conf": both}));
    // Of two ways to say the same, the larger one counts.
    let both = json!({"executorMemory": "1g", "conf": {"spark.executor.memory": "9g"}});
    assert!(refused(&policy, both).starts_with("spark.executor.memory 9g is more"));
}

#[test]
fn every_way_to_ask_for_more_is_one_way_too_many() {
    let policy = of(LIMITS);
    for asked in [
        json!({"driverMemory": "5g"}),
        conf("spark.driver.memory", "5g"),
        conf("Spark.Driver.MEMORY", "5g"),
        conf(" spark.driver.memory", "1g"),
        conf("spark.driver.memory=64g", ""),
        conf("spark.x\nspark.driver.memory", "64g"),
        conf("spark.x", "1\nspark.driver.memory=64g"),
        json!({"driverCores": 3}),
        json!({"executorCores": "5"}),
        conf("spark.executor.cores", "5"),
        conf("spark.executor.cores", "６"),
        conf("spark.kubernetes.executor.limit.cores", "4500m"),
        conf("spark.kubernetes.driver.request.cores", "2.1"),
        json!({"numExecutors": 11}),
        conf("spark.executor.instances", "11"),
        conf("spark.dynamicAllocation.maxExecutors", "11"),
        conf("spark.dynamicAllocation.maxExecutors", "infinity"),
        conf("spark.dynamicAllocation.minExecutors", "11"),
        conf("spark.streaming.dynamicAllocation.maxExecutors", "11"),
        conf("spark.dynamicAllocation.initialExecutors", "-1"),
        json!({"ttl": "9h"}),
        json!({"ttl": "28800001"}),
        json!({"ttl": "forever"}),
        json!({"idleTimeout": "1d"}),
        conf("spark.driver.extraJavaOptions", "-XX:+UseG1GC -Dspark.executor.memory=64g"),
        conf("spark.driver.defaultJavaOptions", "-Xmx64g"),
        conf("spark.executor.extraJavaOptions", "-XX:MaxHeapSize=64g"),
        conf("spark.driver.extraJavaOptions", "\"@/tmp/options\""),
        conf("spark.driver.extraJavaOptions", "${spark.other}"),
    ] {
        refused(&policy, asked);
    }
    applied(&policy, conf("spark.driver.extraJavaOptions", "-Dmail=a@b.example -ea")).unwrap();
}

#[test]
fn limits_that_would_not_hold_if_nothing_were_said_are_set() {
    let set = applied(&of(LIMITS), json!({})).unwrap();
    let executors = json!({"spark.dynamicAllocation.maxExecutors": "10"});
    assert_eq!(set, json!({"ttl": "8h", "idleTimeout": "2h", "conf": executors}));
    let asked = json!({"ttl": "1h", "conf": {"spark.dynamicAllocation.maxExecutors": "3"}});
    let set = applied(&of(LIMITS), asked).unwrap();
    let executors = json!({"spark.dynamicAllocation.maxExecutors": "3"});
    assert_eq!(set, json!({"ttl": "1h", "idleTimeout": "2h", "conf": executors}));
    // Another spelling is another property for Spark.
    let odd = applied(&of(LIMITS), conf("spark.dynamicallocation.maxexecutors", "3")).unwrap();
    assert_eq!(odd["conf"]["spark.dynamicAllocation.maxExecutors"], "10");
}

const FORCED: &str = r#"
[force]
proxyUser = "etl"
queue = "notebooks"
[force.conf]
spark.sql.ansi.enabled = true
"spark.hadoop.fs.s3a.secret.key" = "s3cret"
"#;

#[test]
fn what_is_forced_is_set_and_nothing_else_is_taken() {
    let policy = of(FORCED);
    let set = applied(&policy, json!({"driverMemory": "1g"})).unwrap();
    let conf_set =
        json!({"spark.sql.ansi.enabled": "true", "spark.hadoop.fs.s3a.secret.key": "s3cret"});
    let all =
        json!({"driverMemory": "1g", "proxyUser": "etl", "queue": "notebooks", "conf": conf_set});
    assert_eq!(set, all);
    assert_eq!(applied(&policy, all.clone()), Ok(all));
    for (asked, value) in [
        (json!({"proxyUser": "root"}), "root"),
        (json!({"proxyUser": ""}), "proxyUser"),
        (json!({"queue": "prod"}), "prod"),
        (conf("spark.yarn.queue", "prod"), "prod"),
        (conf("livy.rsc.proxy-user", "root"), "root"),
        (conf("spark.sql.ansi.enabled", "false"), "false"),
        (conf("spark.sql.ANSI.enabled", "false"), "false"),
        (conf("spark.hadoop.fs.s3a.secret.key", "my0wn"), "(not shown)"),
    ] {
        let error = refused(&policy, asked);
        assert!(
            error.contains(value) && !error.contains("my0wn") && !error.contains("s3cret"),
            "{error}"
        );
    }
}

#[test]
fn a_session_of_another_user_is_not_joined() {
    let policy = of(FORCED);
    assert_eq!(policy.check_joined(Some("etl")), Ok(()));
    assert!(policy.check_joined(Some("root")).unwrap_err().to_string().contains("root is not etl"));
    assert!(policy.check_joined(None).is_err());
    assert!(of("forbid = [\"attach\"]").check_joined(Some("etl")).is_err());
    assert_eq!(of("").check_joined(None), Ok(()));
}

#[test]
fn no_code_is_brought_if_that_is_forbidden() {
    let policy = of("forbid = [\"jars\"]");
    for asked in [
        json!({"jars": ["a.jar"]}),
        json!({"pyFiles": ["a.py"]}),
        json!({"files": ["a"]}),
        json!({"archives": ["a.zip"]}),
        conf("spark.jars", "a.jar"),
        conf("spark.jars.packages", "a:b:1"),
        conf("spark.JARS.packages", "a:b:1"),
        conf("spark.yarn.dist.jars", "a.jar"),
        conf("spark.submit.pyFiles", "a.py"),
        conf("spark.sql.hive.metastore.jars", "maven"),
        conf("spark.driver.extraClassPath", "/tmp/a.jar"),
        conf("spark.kubernetes.container.image", "mine"),
        conf("spark.kubernetes.executor.podTemplateFile", "mine.yaml"),
        conf("spark.x=y;spark.jars", "a.jar"),
    ] {
        let error = refused(&policy, asked);
        assert!(error.contains("policy-0.toml"), "{error}");
    }
    applied(&policy, conf("spark.kubernetes.executor.request.cores", "2")).unwrap();
}

#[test]
fn of_two_policies_the_stricter_part_of_each_counts() {
    let texts = [
        "servers = [\"http://a\", \"http://b\"]\nbanner = \"one\"\n[max]\nttl = \"8h\"\nexecutorMemory = \"4g\"",
        "servers = [\"http://b\", \"http://c\"]\nbanner = \"two\"\nforbid = [\"pip\"]\n[max]\nttl = \"4h\"\nexecutorMemory = \"8g\"",
    ];
    for texts in [texts, [texts[1], texts[0]]] {
        let (policy, _folder) = of_files(&texts);
        let allows = |url| policy.check_server(&Endpoint::parse(url).unwrap()).is_ok();
        assert_eq!(["http://a", "http://b", "http://c"].map(allows), [false, true, false]);
        assert_eq!(applied(&policy, json!({})).unwrap(), json!({"ttl": "4h"}));
        refused(&policy, json!({"executorMemory": "5g"}));
        refused(&policy, json!({"ttl": "5h"}));
        assert!(policy.check(Ability::Pip, "%pip").is_err());
        assert_eq!(policy.banner().unwrap().lines().count(), 2);
    }
}

#[test]
fn what_one_policy_sets_another_one_may_refuse() {
    let set = "[force.conf]\n\"spark.executor.memory\" = \"16g\"";
    for texts in [[set, LIMITS], [LIMITS, set]] {
        assert!(refused(&of_files(&texts).0, json!({})).contains("16g is more than the 8g"));
    }
    let queues = ["[force]\nqueue = \"a\"", "[force]\nqueue = \"b\""];
    assert!(refused(&of_files(&queues).0, json!({})).contains("is not what"));
}

#[test]
fn a_policy_that_cannot_be_understood_allows_nothing() {
    for texts in [&["banner ="][..], &["", "serverz = []"], &["forbid = [\"all\"]", ""]] {
        let (policy, _folder) = of_files(texts);
        let error = refused(&policy, json!({}));
        assert!(error.contains("cannot be understood (line 1: "), "{error}");
        assert!(policy.check_server(&Endpoint::parse("http://a").unwrap()).is_err());
        assert!(policy.check_this_machine("Spark").is_err());
        assert!(policy.check(Ability::Transfers, "%upload").is_err());
        assert!(policy.source().unwrap().contains("so nothing is allowed"));
    }
}

#[test]
fn certificates_are_verified_where_there_is_a_network() {
    let policy = of("[tls]\nverify = true");
    let check = |url, verify: Verify| policy.check_tls(&Endpoint::parse(url).unwrap(), &verify);
    let pin = Verify::Pin(Fingerprint::parse(&"ab".repeat(32)).unwrap());
    for (url, verify) in [
        ("https://a", Verify::Authority),
        ("https://a", pin),
        ("http://127.0.0.1:8998", Verify::Authority),
    ] {
        assert_eq!(check(url, verify), Ok(()), "{url}");
    }
    for (url, verify) in [
        ("http://a", Verify::Authority),
        ("https://a", Verify::Nothing),
        ("https://127.0.0.1", Verify::Nothing),
        ("http://localhost.evil.example", Verify::Authority),
    ] {
        assert!(check(url, verify).is_err(), "{url}");
    }
    assert_eq!(of("").check_tls(&Endpoint::parse("https://a").unwrap(), &Verify::Nothing), Ok(()));
}

#[test]
fn a_batch_has_the_same_limits_and_no_time_limit() {
    let batch = |asked: Value| serde_json::from_value::<NewBatch>(asked).unwrap();
    let policy = of(&(LIMITS.to_owned() + FORCED));
    let applied = policy.apply_to_batch(batch(json!({"file": "a.py", "args": ["1"]}))).unwrap();
    let sent = serde_json::to_value(&applied).unwrap();
    assert_eq!((&sent["proxyUser"], &sent["args"]), (&json!("etl"), &json!(["1"])));
    assert!(sent.get("ttl").is_none(), "{sent}");
    let too_much = batch(json!({"file": "a.py", "executorMemory": "9g"}));
    assert!(policy.apply_to_batch(too_much).is_err());
    let none = of("forbid = [\"batches\"]");
    let error = none.apply_to_batch(batch(json!({"file": "a.py"}))).unwrap_err().to_string();
    assert!(error.starts_with("a batch is forbidden by "), "{error}");
}

#[test]
fn the_example_of_the_page_is_a_policy_with_every_rule() {
    let page = include_str!("../../../docs/policy.md");
    let (_, example) = page.split_once("```\n# /etc/livy-kernel/policy.toml\n").unwrap();
    let (example, _) = example.split_once("```").unwrap();
    let (policy, _folder) = of_files(&[example]);
    assert_eq!(policy.fault, None);
    for key in [
        "banner",
        "servers",
        "forbid",
        "verify",
        "proxyUser",
        "queue",
        "driverMemory",
        "driverCores",
        "executorMemory",
        "executorCores",
        "numExecutors",
        "ttl",
        "idleTimeout",
    ] {
        assert!(example.lines().any(|line| line.starts_with(&format!("{key} = "))), "{key}");
    }
    for ability in ["transfers", "pip", "jars", "agent", "batches", "attach", "local"] {
        assert!(page.contains(&format!("| `{ability}` |")), "{ability}");
    }
}
