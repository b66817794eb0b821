use std::{collections::BTreeSet, time::Duration};

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::{client::Client, processes::descendants};

pub async fn idle_session(client: &Client, body: Value) -> String {
    let created = client.post("/sessions", &body).await;
    let path = created.header("location").unwrap_or_else(|| panic!("{created:?}")).to_owned();
    client.wait_for(&path, "idle").await;
    path
}

pub struct Session<'a> {
    pub client: &'a Client,
    pub path: String,
}

impl Session<'_> {
    pub async fn submit(&self, kind: &str, code: &str) -> String {
        let posted = self
            .client
            .post(&format!("{}/statements", self.path), &json!({"code": code, "kind": kind}))
            .await;
        posted.header("location").unwrap_or_else(|| panic!("{posted:?}")).to_owned()
    }

    pub async fn run(&self, kind: &str, code: &str) -> Value {
        let path = self.submit(kind, code).await;
        self.client.wait_for(&path, "available").await["output"].clone()
    }

    /// Runs a job, which is the value of a Python expression, and returns its end.
    pub async fn job(&self, expression: &str) -> Value {
        let length = u32::try_from(expression.len()).unwrap().to_le_bytes();
        let pickle =
            [b"cbuiltins\neval\n(X".as_slice(), &length, expression.as_bytes(), b"tR."].concat();
        let body = json!({"job": STANDARD.encode(pickle), "jobType": "pyspark"});
        let sent = self.client.post(&format!("{}/submit-job", self.path), &body).await.json();
        let path = format!("{}/jobs/{}", self.path, sent["id"]);
        loop {
            let job = self.client.get(&path).await.json();
            if job["state"] != "STARTED" {
                return job;
            }
            sleep(Duration::from_millis(10)).await;
        }
    }

    pub async fn processes(&self) -> BTreeSet<u32> {
        let driver =
            self.run("pyspark", "import os; os.getpid()").await["data"]["text/plain"].clone();
        let driver = driver.as_str().unwrap().parse().unwrap();
        let mut pids = descendants(driver);
        assert!(!pids.is_empty(), "the JVM");
        pids.insert(driver);
        pids
    }

    pub async fn check_data(&self, kind: &str, code: &str, data: Value) {
        let output = self.run(kind, code).await;
        assert_eq!(output["data"], data, "{code}: {output:#}");
    }

    pub async fn check_text(&self, code: &str, text: &str) {
        self.check_data("pyspark", code, json!({"text/plain": text})).await;
    }

    pub async fn check_error(
        &self,
        kind: &str,
        code: &str,
        ename: &str,
        evalue: &str,
        traceback: Value,
    ) {
        let output = self.run(kind, code).await;
        let error = [&output["status"], &output["ename"], &output["evalue"], &output["traceback"]];
        assert_eq!(error, [&json!("error"), &json!(ename), &json!(evalue), &traceback], "{code}");
    }
}
