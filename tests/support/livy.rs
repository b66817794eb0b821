//! A Livy without Spark, in the test's own process, and what it says when it is asked.

use std::time::Duration;

use livy_client::{Client, Endpoint, Id, Session, SessionProperties, session, statement};
use livy_local::{Options, Server, scripted::Scripted};

/// The password in every `LIVY_URL`, which must never be shown.
pub const SECRET: &str = "s3cret-of-livy";

/// A server that runs the words of [`livy_local::scripted`].
pub struct Livy {
    server: Server,
    client: Client,
}

impl Livy {
    /// Its sessions are ready at once.
    pub async fn start() -> Self {
        Self::slow(Duration::ZERO).await
    }

    /// Its sessions take this long to start.
    pub async fn slow(start_delay: Duration) -> Self {
        let options = Options { token: Some(SECRET.to_owned()), ..Options::default() };
        let server = livy_local::start_with(options, Scripted { start_delay }).await.unwrap();
        let endpoint = Endpoint::parse(&server.url()).unwrap().with_bearer_token(SECRET);
        Self { server, client: Client::new(endpoint).unwrap() }
    }

    pub fn port(&self) -> u16 {
        self.server.url().rsplit_once(':').unwrap().1.parse().unwrap()
    }

    /// A `LIVY_URL` for this server.
    pub fn url(&self) -> String {
        livy_url(self.port())
    }

    /// Asks the server past the kernel.
    pub fn client(&self) -> Client {
        self.client.clone()
    }

    /// The sessions that there are.
    pub async fn sessions(&self) -> Vec<Session> {
        self.client.send(session::list(None, None)).await.unwrap().sessions
    }

    /// How many statements its one session has got.
    pub async fn statements(&self) -> usize {
        self.codes().await.len()
    }

    /// The code of the statements that its one session has got, in their order.
    pub async fn codes(&self) -> Vec<String> {
        let sessions = self.sessions().await;
        let [session] = &sessions[..] else { panic!("one session was expected: {sessions:#?}") };
        let list = self.client.send(statement::list(&session.id, Default::default())).await;
        list.unwrap().statements.into_iter().map(|statement| statement.code.unwrap()).collect()
    }

    /// Starts a session that no kernel knows, and waits until it takes statements.
    pub async fn start_session(&self, name: &str) -> Id {
        let mut session = self.client.send(session::create(&named(name))).await.unwrap();
        while !session.state.is_ready() {
            tokio::time::sleep(Duration::from_millis(5)).await;
            session = self.client.send(session::get(&session.id)).await.unwrap();
        }
        session.id
    }

    /// Waits until there are so many sessions.
    pub async fn until_sessions(&self, count: usize) {
        while self.sessions().await.len() != count {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// Waits until its one session has got so many statements.
    pub async fn until_statements(&self, count: usize) {
        while self.statements().await < count {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// Ends all sessions, as an administrator might.
    pub async fn delete_sessions(&self) {
        for session in self.sessions().await {
            self.client.send(session::delete(&session.id)).await.unwrap();
        }
    }
}

/// A session to ask for.
pub fn named(name: &str) -> SessionProperties {
    let name = Some(name.to_owned());
    SessionProperties { kind: Some("pyspark".to_owned()), name, ..Default::default() }
}

/// A `LIVY_URL` with a password.
pub fn livy_url(port: u16) -> String {
    format!("http://tester:{SECRET}@127.0.0.1:{port}")
}
