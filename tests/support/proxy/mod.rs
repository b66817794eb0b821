//! A network between a client and its Livy that can fail in every way, as a whole or for single
//! requests, and counts what passes.

mod exchange;
mod fault;
mod http;

use std::{
    sync::{Arc, Mutex, MutexGuard},
    time::{Duration, Instant},
};

use serde_json::Value;
use tokio::{net::TcpListener, sync::watch, task::JoinHandle};

use self::{exchange::serve, fault::Plan};
pub use self::{
    fault::{Answer, Fault, Network},
    http::Asked,
};
use super::{Livy, livy::livy_url, ports::free_port};

/// Listens at one port; connections that are open when the network changes are cut, or hang.
pub struct Proxy {
    port: u16,
    balancer: Arc<Mutex<Balancer>>,
    network: watch::Sender<Network>,
    traffic: Arc<Mutex<Traffic>>,
    listening: Option<JoinHandle<()>>,
}

/// Which servers requests are passed on to, in turn.
struct Balancer {
    ports: Vec<u16>,
    next: usize,
}

impl Balancer {
    fn next(&mut self) -> u16 {
        self.next += 1;
        self.ports[self.next % self.ports.len()]
    }
}

/// What is to go wrong, and what has passed.
#[derive(Default)]
struct Traffic {
    plan: Plan,
    seen: Vec<Seen>,
}

/// A request that has come from the client.
struct Seen {
    asked: Asked,
    /// Its method and path.
    line: String,
    at: Instant,
    forwarded: bool,
    /// Whether Livy has said yes.
    accepted: bool,
    /// What Livy was given.
    body: Vec<u8>,
}

impl Proxy {
    pub async fn to(livy: &Livy, network: Network) -> Self {
        let mut proxy = Self {
            port: free_port(),
            balancer: Arc::new(Mutex::new(Balancer { ports: vec![livy.port()], next: 0 })),
            network: watch::Sender::new(network),
            traffic: Arc::default(),
            listening: None,
        };
        proxy.set(network).await;
        proxy
    }

    /// Passes each request on to the next of these from now on, as a balancer without affinity does.
    pub fn leads_to(&self, ports: &[u16]) {
        self.balancer.lock().unwrap().ports = ports.to_vec();
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// A `LIVY_URL` for what is behind.
    pub fn url(&self) -> String {
        livy_url(self.port)
    }

    /// The same as the kernel says it to a person.
    pub fn address(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// In force when this returns.
    pub async fn set(&mut self, network: Network) {
        self.network.send_replace(network);
        match (network, self.listening.take()) {
            (Network::Refuses, Some(listening)) => {
                listening.abort();
                let _ = listening.await;
            }
            (Network::Refuses, None) => {}
            (_, Some(listening)) => self.listening = Some(listening),
            (_, None) => self.listening = Some(self.listen().await),
        }
    }

    /// The next request of this kind fails so. Said several times, it is for as many requests.
    pub fn once(&self, asked: Asked, fault: Fault) {
        self.traffic().plan.once(asked, fault);
    }

    /// Each `n`th request of this kind fails so.
    pub fn every(&self, n: u32, asked: Asked, fault: Fault) {
        self.traffic().plan.every(n, asked, fault);
    }

    /// Requests of this kind fail so until [`Proxy::mend`].
    pub fn always(&self, asked: Asked, fault: Fault) {
        self.every(1, asked, fault);
    }

    /// Nothing that was planned goes wrong any more.
    pub fn mend(&self) {
        self.traffic().plan = Plan::default();
    }

    /// How often the client has asked this.
    pub fn count(&self, asked: Asked) -> usize {
        self.traffic().of(asked).count()
    }

    /// Waits until the client has asked this so often.
    pub async fn until(&self, asked: Asked, count: usize) {
        while self.count(asked) < count {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// How often the client has asked this, and how often Livy was asked.
    #[track_caller]
    pub fn saw(&self, asked: Asked, from_client: usize, to_livy: usize) {
        let traffic = self.traffic();
        let forwarded = traffic.of(asked).filter(|seen| seen.forwarded).count();
        assert_eq!(
            (traffic.of(asked).count(), forwarded),
            (from_client, to_livy),
            "{asked:?}, from the client and to Livy"
        );
    }

    /// The code of the statements that Livy was given.
    pub fn codes(&self) -> Vec<String> {
        self.codes_of(|_| true)
    }

    /// The code of the statements that Livy has taken.
    pub fn accepted_codes(&self) -> Vec<String> {
        self.codes_of(|seen| seen.accepted)
    }

    fn codes_of(&self, counts: impl Fn(&Seen) -> bool) -> Vec<String> {
        let traffic = self.traffic();
        let statements = traffic.of(Asked::NewStatement).filter(|seen| counts(seen));
        let bodies = statements.map(|seen| &seen.body[..]);
        let read = |body| serde_json::from_slice::<Value>(body).ok();
        bodies
            .filter_map(read)
            .map(|body| body["code"].as_str().unwrap_or_else(|| panic!("{body}")).to_owned())
            .collect()
    }

    /// What was to change the session of this id or name, or to run there.
    pub fn changes(&self, session: &str) -> Vec<String> {
        let of_it = |line: &&String| {
            let mut words = line.split(['/', ' ', '?']).filter(|word| !word.is_empty());
            words.next() != Some("GET") && words.nth(1) == Some(session)
        };
        self.traffic().seen.iter().map(|seen| &seen.line).filter(of_it).cloned().collect()
    }

    /// The times between the requests of this kind.
    pub fn pauses(&self, asked: Asked) -> Vec<Duration> {
        let times: Vec<_> = self.traffic().of(asked).map(|seen| seen.at).collect();
        times.windows(2).map(|pair| pair[1] - pair[0]).collect()
    }

    fn traffic(&self) -> MutexGuard<'_, Traffic> {
        self.traffic.lock().unwrap()
    }

    /// A kernel that is just being started may have what listened here before for a moment.
    async fn bind(&self) -> TcpListener {
        for _ in 0..100 {
            match TcpListener::bind(("127.0.0.1", self.port)).await {
                Ok(listener) => return listener,
                Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
            }
        }
        panic!("somebody else listens on port {}", self.port)
    }

    async fn listen(&self) -> JoinHandle<()> {
        let listener = self.bind().await;
        let (balancer, network) = (Arc::clone(&self.balancer), self.network.subscribe());
        let traffic = Arc::clone(&self.traffic);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let (balancer, traffic) = (Arc::clone(&balancer), Arc::clone(&traffic));
                tokio::spawn(serve(client, balancer, network.clone(), traffic));
            }
        })
    }
}

impl Traffic {
    fn of(&self, asked: Asked) -> impl Iterator<Item = &Seen> {
        self.seen.iter().filter(move |seen| seen.asked == asked)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        if let Some(listening) = &self.listening {
            listening.abort();
        }
    }
}
