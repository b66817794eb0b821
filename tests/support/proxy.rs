//! A network between the kernel and its Livy that can fail in every way.

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional},
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinHandle,
};

use super::{Livy, livy::livy_url, ports::free_port};

/// What the network does now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Network {
    /// It works.
    Up,
    /// Nobody listens.
    Refuses,
    /// Connections are accepted, and then nothing is said.
    Hangs,
    /// Connections are reset.
    Resets,
    /// Requests arrive, but the connection ends before their answers.
    LosesAnswers,
    /// A web page is answered, as by a login page in front of Livy.
    Answers(&'static str),
}

/// Listens at one port; connections that are open when the network changes are cut, or hang.
pub struct Proxy {
    port: u16,
    livy: u16,
    network: watch::Sender<Network>,
    listening: Option<JoinHandle<()>>,
}

impl Proxy {
    pub async fn to(livy: &Livy, network: Network) -> Self {
        let network_now = watch::Sender::new(network);
        let mut proxy =
            Self { port: free_port(), livy: livy.port(), network: network_now, listening: None };
        proxy.set(network).await;
        proxy
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

    async fn listen(&self) -> JoinHandle<()> {
        let listener = TcpListener::bind(("127.0.0.1", self.port)).await.unwrap();
        let (livy, network) = (self.livy, self.network.subscribe());
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(serve(client, livy, network.clone()));
            }
        })
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        if let Some(listening) = &self.listening {
            listening.abort();
        }
    }
}

/// Returns when the connection is to be closed, which it is by being dropped.
async fn serve(mut client: TcpStream, livy: u16, mut network: watch::Receiver<Network>) {
    let now = *network.borrow_and_update();
    match now {
        Network::Up => {
            let Ok(mut server) = TcpStream::connect(("127.0.0.1", livy)).await else { return };
            tokio::select! {
                _ = copy_bidirectional(&mut client, &mut server) => return,
                _ = network.changed() => {}
            }
            let changed = *network.borrow_and_update();
            if changed == Network::Hangs {
                let _ = network.changed().await;
            }
        }
        Network::Refuses => {}
        Network::Hangs => {
            let _ = network.changed().await;
        }
        // To close a connection that has something to read resets it.
        Network::Resets => {
            let _ = client.readable().await;
        }
        Network::LosesAnswers => lose_answer(&mut client, livy).await,
        Network::Answers(page) => answer(&mut client, page).await,
    }
}

async fn lose_answer(client: &mut TcpStream, livy: u16) {
    let Ok(mut server) = TcpStream::connect(("127.0.0.1", livy)).await else { return };
    let (mut from_client, _) = client.split();
    let (from_server, mut to_server) = server.split();
    tokio::select! {
        _ = tokio::io::copy(&mut from_client, &mut to_server) => {}
        _ = from_server.readable() => {}
    }
}

async fn answer(client: &mut TcpStream, page: &str) {
    let mut request = [0; 16 * 1024];
    let _ = client.read(&mut request).await;
    let length = page.len();
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n"
    );
    let _ = client.write_all(format!("{head}{page}").as_bytes()).await;
}
