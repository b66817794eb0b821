//! What a request for a session asks for, under Spark's names, whichever way it was written. Pure.

use livy_client::SessionProperties;

/// Properties of Livy's that are properties of Spark's, too.
const OF_SPARK: [(&str, &str); 11] = [
    ("driverMemory", "spark.driver.memory"),
    ("driverCores", "spark.driver.cores"),
    ("executorMemory", "spark.executor.memory"),
    ("executorCores", "spark.executor.cores"),
    ("numExecutors", "spark.executor.instances"),
    ("queue", "spark.yarn.queue"),
    ("jars", "spark.jars"),
    ("pyFiles", "spark.submit.pyfiles"),
    ("files", "spark.files"),
    ("archives", "spark.archives"),
    ("name", "spark.app.name"),
];

/// Other names of the same, in small letters.
const ALIASES: [(&str, &str); 7] = [
    ("livy.rsc.proxy-user", "proxyuser"),
    ("spark.yarn.driver.memoryoverhead", "spark.driver.memoryoverhead"),
    ("spark.yarn.executor.memoryoverhead", "spark.executor.memoryoverhead"),
    ("spark.yarn.dist.pyfiles", "spark.submit.pyfiles"),
    ("spark.yarn.dist.jars", "spark.jars"),
    ("spark.yarn.dist.files", "spark.files"),
    ("spark.yarn.dist.archives", "spark.archives"),
];

/// Words in the names of properties whose values are not shown.
const SECRET_WORDS: [&str; 5] = ["password", "secret", "token", "credential", "key"];

/// One thing that is asked for.
#[derive(Debug)]
pub struct Asked {
    /// The name under which the user has asked.
    pub key: String,
    /// Spark's name in small letters: other spellings mean nothing to Spark, but may to a service.
    pub name: String,
    pub value: String,
}

impl Asked {
    /// The value for a message.
    pub fn shown(&self) -> &str {
        let is_secret = SECRET_WORDS.iter().any(|word| self.name.contains(word));
        if is_secret { "(not shown)" } else { self.value.trim() }
    }
}

/// Lists all that a request asks for.
pub fn asked(new: &SessionProperties) -> Vec<Asked> {
    let number = |number: Option<u32>| number.map(|number| number.to_string());
    let list = |list: &[String]| (!list.is_empty()).then(|| list.join(","));
    let of_livy = [
        ("proxyUser", new.proxy_user.clone()),
        ("name", new.name.clone()),
        ("queue", new.queue.clone()),
        ("driverMemory", new.driver_memory.clone()),
        ("driverCores", number(new.driver_cores)),
        ("executorMemory", new.executor_memory.clone()),
        ("executorCores", number(new.executor_cores)),
        ("numExecutors", number(new.num_executors)),
        ("jars", list(&new.jars)),
        ("pyFiles", list(&new.py_files)),
        ("files", list(&new.files)),
        ("archives", list(&new.archives)),
        ("ttl", new.ttl.clone()),
        ("idleTimeout", new.idle_timeout.clone()),
    ];
    let of_livy = of_livy.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?)));
    let conf = new.conf.iter().map(|(key, value)| (key.clone(), value.clone()));
    let asked = |(key, value): (String, String)| Asked { name: name_of(&key), key, value };
    of_livy.chain(conf).map(asked).collect()
}

/// Spark's name of a property in small letters.
pub fn name_of(key: &str) -> String {
    let other = OF_SPARK.iter().find(|(livys, _)| *livys == key).map(|(_, sparks)| *sparks);
    let name = other.unwrap_or(key).trim().to_ascii_lowercase();
    let alias = ALIASES.iter().find(|(alias, _)| *alias == name).map(|(_, name)| *name);
    alias.map(str::to_owned).unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn one_thing_has_one_name() {
        for (key, name) in [
            ("executorMemory", "spark.executor.memory"),
            ("spark.executor.memory", "spark.executor.memory"),
            (" Spark.Executor.MEMORY", "spark.executor.memory"),
            ("spark.yarn.executor.memoryOverhead", "spark.executor.memoryoverhead"),
            ("queue", "spark.yarn.queue"),
            ("proxyUser", "proxyuser"),
            ("livy.rsc.proxy-user", "proxyuser"),
        ] {
            assert_eq!(name_of(key), name);
        }
    }

    #[test]
    fn all_that_a_session_can_ask_for_is_listed() {
        let all = json!({"name": "n", "proxyUser": "alice", "jars": ["a.jar"], "pyFiles": ["a.py"],
            "files": ["a.txt"], "archives": ["a.zip"], "driverMemory": "1g", "driverCores": 1,
            "executorMemory": "2g", "executorCores": 2, "numExecutors": 3, "queue": "q", "ttl": "8h",
            "idleTimeout": "1h", "conf": {"spark.a": "7"}});
        let new: SessionProperties = serde_json::from_value(all.clone()).unwrap();
        let mut listed: Vec<String> = asked(&new).into_iter().map(|asked| asked.key).collect();
        let mut expected: Vec<String> = all.as_object().unwrap().keys().cloned().collect();
        expected.retain(|key| key != "conf");
        expected.push("spark.a".to_owned());
        listed.sort();
        expected.sort();
        assert_eq!(listed, expected);
    }

    #[test]
    fn secrets_are_not_shown() {
        let asked = |key: &str| Asked { key: key.into(), name: name_of(key), value: "x".into() };
        assert_eq!(asked("spark.hadoop.fs.s3a.secret.key").shown(), "(not shown)");
        assert_eq!(asked("queue").shown(), "x");
    }
}
