//! The way that a client takes to a Livy: which of the servers it asks, and the cookies by which a
//! balancer in front of it knows where to send the client.

use std::{
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::SystemTime,
};

use reqwest::{
    Url,
    header::{COOKIE, HeaderMap},
};
use serde::{Deserialize, Serialize};

use crate::cookie_jar::CookieJar;

/// What leads a client to the same Livy again, to be written down where only this user can read it: a
/// cookie may be as good as a login.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Affinity {
    /// The server's address, without credentials.
    pub server: String,
    pub(crate) cookies: CookieJar,
}

impl Affinity {
    /// Leads to a server that no balancer is in front of.
    pub fn to_server(address: impl Into<String>) -> Self {
        Self { server: address.into(), cookies: CookieJar::default() }
    }
}

/// The way that a client and its clones take; each server has a jar of its own.
#[derive(Debug)]
pub(crate) struct Route {
    home: AtomicUsize,
    moves: AtomicU64,
    jars: Vec<Mutex<CookieJar>>,
}

impl Route {
    /// Makes a route to one of so many servers, without cookies.
    pub fn new(home: usize, servers: usize) -> Self {
        let jars = (0..servers).map(|_| Mutex::default()).collect();
        Self { home: AtomicUsize::new(home), moves: AtomicU64::new(0), jars }
    }

    /// Returns the server that is asked first.
    pub fn home(&self) -> usize {
        self.home.load(Ordering::Relaxed)
    }

    /// Has another server asked first, since it has answered.
    pub fn move_to(&self, server: usize) {
        if self.home.swap(server, Ordering::Relaxed) != server {
            self.moves.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// How often another server than before was the first to be asked.
    pub fn moves(&self) -> u64 {
        self.moves.load(Ordering::Relaxed)
    }

    /// Returns the cookies of a server.
    pub fn cookies(&self, server: usize) -> CookieJar {
        self.jar(server).map(|jar| jar.clone()).unwrap_or_default()
    }

    /// Replaces the cookies of a server.
    pub fn set_cookies(&self, server: usize, cookies: CookieJar) {
        if let Some(mut jar) = self.jar(server) {
            *jar = cookies;
        }
    }

    /// Adds a server's cookies to a request, beside those of the login, or else of the headers that every
    /// request has.
    pub fn sign(&self, server: usize, request: &mut reqwest::Request, defaults: &HeaderMap) {
        let cookies = self.cookies(server);
        let own = request.headers().get(COOKIE).or_else(|| defaults.get(COOKIE));
        if let Some(header) = cookies.header(request.url(), own, SystemTime::now()) {
            request.headers_mut().insert(COOKIE, header);
        }
    }

    /// Keeps the cookies of a server's answer.
    pub fn receive(&self, server: usize, url: &Url, headers: &HeaderMap) {
        if let Some(mut jar) = self.jar(server) {
            jar.receive(url, headers, SystemTime::now());
        }
    }

    fn jar(&self, server: usize) -> Option<MutexGuard<'_, CookieJar>> {
        Some(self.jars.get(server)?.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
