//! A small HTTP client that shows all of a server's answer.

// Each test target uses only a part of it.
#![allow(dead_code)]

use std::time::Duration;

use livy_local::Server;
use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::sleep,
};

pub struct Client {
    pub authority: String,
    pub headers: String,
}

#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    head: String,
    pub text: String,
}

impl Client {
    pub fn of(server: &Server) -> Self {
        let authority = server.url().trim_start_matches("http://").to_owned();
        let headers = format!(
            "Host: {authority}\r\nX-Requested-By: tests\r\nAuthorization: Bearer {}\r\n",
            server.token()
        );
        Self { authority, headers }
    }

    pub async fn send(&self, method: &str, path: &str, body: &str) -> Answer {
        let length = format!("Content-Length: {}\r\n", body.len());
        self.exchange(method, path, &format!("{length}\r\n{body}")).await
    }

    /// Sends no body, whatever the headers declare.
    pub async fn send_head(&self, method: &str, path: &str) -> Answer {
        self.exchange(method, path, "\r\n").await
    }

    async fn exchange(&self, method: &str, path: &str, rest: &str) -> Answer {
        let headers = &self.headers;
        let request = format!("{method} {path} HTTP/1.1\r\n{headers}Connection: close\r\n{rest}");
        let mut stream = TcpStream::connect(&self.authority).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        let (head, text) = answer.split_once("\r\n\r\n").expect("an HTTP answer");
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        Answer { status, head: head.to_lowercase(), text: text.to_owned() }
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send("GET", path, "").await
    }

    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        self.send("POST", path, &body.to_string()).await
    }

    pub async fn delete(&self, path: &str) -> Answer {
        self.send("DELETE", path, "").await
    }

    /// Waits for the end of a batch, and returns its state and its whole log.
    pub async fn batch_end(&self, batch: &str) -> (Value, Vec<String>) {
        for _ in 0..900 {
            let state = self.get(&format!("{batch}/state")).await.json()["state"].clone();
            if state == "success" || state == "dead" {
                let log = self.get(&format!("{batch}/log?from=0&size=-1")).await.json();
                return (state, serde_json::from_value(log["log"].clone()).unwrap());
            }
            sleep(Duration::from_millis(100)).await;
        }
        panic!("{batch} does not end: {}", self.get(batch).await.text);
    }

    /// Waits until the log of a session or batch contains `text`. Fails if it dies before.
    pub async fn wait_for_log(&self, path: &str, text: &str) {
        while !self.get(&format!("{path}/log")).await.text.contains(text) {
            assert_ne!(self.get(path).await.json()["state"], "dead", "{path}");
            sleep(Duration::from_millis(50)).await;
        }
    }

    /// Waits until the object at `path` is in this state, for a minute at most.
    pub async fn wait_for(&self, path: &str, state: &str) -> Value {
        for _ in 0..6000 {
            let object = self.get(path).await.json();
            if object["state"] == state {
                return object;
            }
            assert!(object["state"] != "dead", "{path} is not {state}: {object:#}");
            sleep(Duration::from_millis(10)).await;
        }
        panic!("{path} is not {state}: {}", self.get(path).await.text);
    }
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
    }

    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    #[track_caller]
    pub fn check(&self, status: u16, body: Value) {
        assert_eq!((self.status, self.json()), (status, body));
    }
}
