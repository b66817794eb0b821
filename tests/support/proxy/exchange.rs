//! Passes requests on and answers back, or does what is planned instead.

use std::{
    future::pending,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use tokio::{io::AsyncWriteExt, net::TcpStream, sync::watch};

use super::{
    Asked, Balancer, Fault, Network, Seen, Traffic,
    http::{Whole, peek_head, read_message},
};

/// Returns when the connection is to be closed, which it is by being dropped.
pub async fn serve(
    client: TcpStream,
    balancer: Arc<Mutex<Balancer>>,
    mut network: watch::Receiver<Network>,
    traffic: Arc<Mutex<Traffic>>,
) {
    let now = *network.borrow_and_update();
    let mut connection = Connection { client, balancer, traffic };
    tokio::select! {
        _ = connection.serve(now) => return,
        _ = network.changed() => {}
    }
    let changed = *network.borrow_and_update();
    if changed == Network::Hangs {
        let _ = network.changed().await;
    }
}

struct Connection {
    client: TcpStream,
    balancer: Arc<Mutex<Balancer>>,
    traffic: Arc<Mutex<Traffic>>,
}

/// None ends the connection.
type GoesOn = Option<()>;

impl Connection {
    async fn serve(&mut self, network: Network) -> GoesOn {
        loop {
            let (number, planned) = self.note(&peek_head(&self.client).await?);
            match planned.or(network.fault()) {
                None => {
                    let answer = self.forward(number).await?;
                    self.send(&answer.bytes).await?;
                }
                Some(fault) => self.fail(number, fault).await?,
            }
        }
    }

    async fn fail(&mut self, number: usize, fault: Fault) -> GoesOn {
        match fault {
            // To close a connection that has something to read resets it.
            Fault::ResetUnread => None,
            Fault::ResetRead => {
                read_message(&mut self.client).await?;
                self.reset()
            }
            Fault::Hang => {
                read_message(&mut self.client).await?;
                pending().await
            }
            Fault::Answer(answer) => {
                read_message(&mut self.client).await?;
                self.send(&answer.bytes()).await
            }
            Fault::LoseAnswer => {
                self.forward(number).await?;
                self.reset()
            }
            Fault::HoldAnswer => {
                self.forward(number).await?;
                pending().await
            }
            Fault::ReplaceAnswer(answer) => {
                self.forward(number).await?;
                self.send(&answer.bytes()).await
            }
            Fault::Truncate => {
                let answer = self.forward(number).await?;
                self.send(answer.half()).await?;
                None
            }
            Fault::Stall => {
                let answer = self.forward(number).await?;
                self.send(answer.half()).await?;
                pending().await
            }
            Fault::Trickle { pieces, pause } => {
                let answer = self.forward(number).await?;
                self.trickle(&answer.bytes, pieces, pause).await
            }
            Fault::CloseAfter => {
                let answer = self.forward(number).await?;
                self.send(&answer.bytes).await?;
                None
            }
        }
    }

    /// Notes a request, and yields its number and what is planned for it.
    fn note(&self, head: &str) -> (usize, Option<Fault>) {
        let (asked, line) = (Asked::of(head), head.lines().next().unwrap_or_default().to_owned());
        let mut traffic = self.traffic.lock().unwrap();
        traffic.seen.push(Seen {
            asked,
            line,
            at: Instant::now(),
            forwarded: false,
            accepted: false,
            body: Vec::new(),
        });
        (traffic.seen.len() - 1, traffic.plan.take(asked))
    }

    /// Gives Livy the request, and takes its answer.
    async fn forward(&mut self, number: usize) -> Option<Whole> {
        let request = read_message(&mut self.client).await?;
        let livy = self.balancer.lock().unwrap().next();
        let mut server = TcpStream::connect(("127.0.0.1", livy)).await.ok()?;
        self.traffic.lock().unwrap().seen[number].is_forwarded(&request);
        server.write_all(&request.bytes).await.ok()?;
        let answer = read_message(&mut server).await?;
        self.traffic.lock().unwrap().seen[number].accepted =
            answer.bytes.starts_with(b"HTTP/1.1 20");
        Some(answer)
    }

    async fn send(&mut self, bytes: &[u8]) -> GoesOn {
        self.client.write_all(bytes).await.ok()
    }

    async fn trickle(&mut self, bytes: &[u8], pieces: usize, pause: Duration) -> GoesOn {
        for piece in bytes.chunks(bytes.len().div_ceil(pieces)) {
            tokio::time::sleep(pause).await;
            self.send(piece).await?;
        }
        Some(())
    }

    /// Lets the end of the connection be a reset, though everything was read.
    fn reset(&self) -> GoesOn {
        let _ = self.client.set_zero_linger();
        None
    }
}

impl Seen {
    fn is_forwarded(&mut self, request: &Whole) {
        self.forwarded = true;
        self.body = request.bytes[request.body..].to_vec();
    }
}

impl Whole {
    /// The head, and half of the body.
    fn half(&self) -> &[u8] {
        &self.bytes[..self.body.midpoint(self.bytes.len())]
    }
}
