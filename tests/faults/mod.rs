//! What is sent twice when the network fails, and what is not: by the requests that the client
//! sent, those that Livy got, and the statements that Livy then has.

mod cells; // as a person sees it
mod gets; // a question may be repeated
mod order; // many statements on a bad network
mod posts; // a statement is posted once
mod sessions; // and so is a session

use std::time::Duration;

use livy_client::{
    Client, Endpoint, Error, Id, Options, Output, PollPolicy, ResendPolicy, Statement, Timeouts,
    statement::{self, NewStatement},
};

use crate::support::{Answer, Asked, Fault, Livy, Network, Proxy};

/// A Livy with a session, and a client that reaches it through a bad network.
struct Bench {
    livy: Livy,
    network: Proxy,
    client: Client,
    session: Id,
}

impl Bench {
    /// The client is less patient than usual.
    async fn start() -> Self {
        let livy = Livy::start().await;
        let session = livy.start_session("bench").await;
        let network = Proxy::to(&livy, Network::Up).await;
        let client = client(&network, Duration::from_secs(2), Duration::from_secs(3));
        Self { livy, network, client, session }
    }

    /// Submits a statement.
    async fn submit(&self, code: &str) -> Result<Statement, Error> {
        self.client.run_statement(&self.session, &new(code), &[]).await
    }

    async fn get(&self, id: &Id) -> Result<Statement, Error> {
        self.client.send(statement::get(&self.session, id)).await
    }

    /// Submits a statement, and polls it until it has its text.
    async fn run(&self, code: &str) -> String {
        let mut statement = self.submit(code).await.unwrap();
        let mut polls = PollPolicy::STATEMENT.start();
        while !statement.is_finished() {
            polls.wait().await;
            statement = self.get(&statement.id).await.unwrap();
        }
        let Some(Output::Ok(data)) = statement.output else { panic!("no text: {statement:?}") };
        data["text/plain"].as_str().unwrap().to_owned()
    }
}

/// Gives up after this long, or, where it is asked for patience, after that.
fn client(network: &Proxy, within: Duration, throttled_within: Duration) -> Client {
    let options = Options::new(Endpoint::parse(&network.url()).unwrap()).unwrap();
    let timeouts = Timeouts { read: Duration::from_millis(500), ..options.timeouts };
    let resend = ResendPolicy { within, throttled_within };
    Client::with_options(Options { timeouts, resend, ..options }).unwrap()
}

fn new(code: &str) -> NewStatement {
    NewStatement { code: code.to_owned(), kind: None }
}

fn status(status: u16) -> Fault {
    Fault::Answer(Answer::status(status))
}

/// What stands in front of Livy says this.
fn page() -> Answer {
    Answer::page(200, "<html><title>Sign in please</title></html>")
}
