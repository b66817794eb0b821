//! Carries a request through to its answer: the attempts, the pauses between them, and the reports of a
//! server that does not answer.
//!
//! An attempt asks the server that the client's route leads to. Another one is asked if that server has
//! certainly not got the request, or sends its client there.

use std::{
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use serde::de::DeserializeOwned;
use tokio::{sync::watch, time};
use tokio_util::sync::CancellationToken;

use crate::{
    Error, Options, Request, TroubleReport, Troubles,
    connection::{Connection, Cookies, Failure},
    feature::MissingFeatures,
    redirect,
    request::Elsewhere,
    resend::Attempts,
    route::Route,
};

/// An answer that takes longer is reported as trouble.
const SLOW_ANSWER_NOTICE: Duration = Duration::from_secs(3);

/// Makes exchanges with the servers of a list; cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Requester {
    pub servers: Arc<Servers>,
    pub route: Arc<Route>,
    /// Once it is cancelled, nothing is sent again.
    pub given_up: CancellationToken,
}

/// What all clients of the same servers share.
#[derive(Debug)]
pub(crate) struct Servers {
    pub list: Vec<Server>,
    pub troubles: watch::Sender<Troubles>,
    /// Why the last request was not accepted for who asked; none once one was.
    pub login_trouble: watch::Sender<Option<String>>,
    reports: AtomicU64,
}

/// One server of the list.
#[derive(Debug)]
pub(crate) struct Server {
    pub connection: Connection,
    pub missing: MissingFeatures,
}

impl Requester {
    pub fn new(mut options: Options) -> Result<Self, Error> {
        let others = std::mem::take(&mut options.others);
        let all = [options].into_iter().chain(others);
        let list: Vec<Server> = all.map(Server::new).collect::<Result<_, _>>()?;
        let route = Arc::new(Route::new(0, list.len()));
        let servers = Servers {
            list,
            troubles: watch::Sender::default(),
            login_trouble: watch::Sender::default(),
            reports: AtomicU64::new(0),
        };
        Ok(Self { servers: Arc::new(servers), route, given_up: CancellationToken::new() })
    }

    /// Returns the server that is asked first.
    pub fn home(&self) -> &Server {
        let home = self.servers.list.get(self.route.home());
        home.unwrap_or_else(|| self.servers.first())
    }

    /// How often an answer came from another address than the one before.
    pub fn address_changes(&self) -> u64 {
        self.home().connection.address_changes.count().saturating_add(self.route.moves())
    }

    /// Makes a whole exchange.
    pub async fn ask<T: DeserializeOwned>(&self, request: &Request<T>) -> Result<T, Error> {
        let mut exchange = self.exchange(request)?;
        loop {
            if let AttemptOutcome::Ended(result) = exchange.advance().await {
                return result;
            }
        }
    }

    /// Begins an exchange, unless the server is known not to have what it needs.
    pub fn exchange<'a, T>(&'a self, request: &'a Request<T>) -> Result<Exchange<'a, T>, Error> {
        match request.feature {
            Some(feature) if self.home().missing.contains(feature) => {
                Err(Error::MissingFeature(feature))
            }
            _ => Ok(Exchange {
                requester: self,
                request,
                attempts: self.servers.first().connection.options.resend.start(request.method),
                report: self.servers.trouble_report(),
            }),
        }
    }

    /// Waits; returns false if nothing must be sent again any more.
    pub async fn pause(&self, delay: Duration) -> bool {
        self.given_up.run_until_cancelled(time::sleep(delay)).await.is_some()
    }
}

impl Servers {
    /// Returns the server that comes first in the list, whose options decide for all how often is asked.
    pub fn first(&self) -> &Server {
        // `Requester::new` makes at least one.
        &self.list[0]
    }

    /// Notes whether the last request was accepted for who asked. What fails otherwise says nothing of that.
    fn note_login(&self, error: Option<&Error>) {
        let trouble = match error {
            None => None,
            Some(error) if error.is_about_login() => Some(error.to_string()),
            Some(_) => return,
        };
        self.login_trouble.send_if_modified(|known| {
            let has_changed = known.is_some() != trouble.is_some();
            if has_changed {
                *known = trouble;
            }
            has_changed
        });
    }

    pub fn trouble_report(&self) -> TroubleReport<'_> {
        TroubleReport::new(&self.troubles, self.reports.fetch_add(1, Ordering::Relaxed))
    }
}

impl Server {
    fn new(options: Options) -> Result<Self, Error> {
        let missing = MissingFeatures::new(options.profile.missing_features());
        Ok(Self { connection: Connection::new(options)?, missing })
    }

    pub fn endpoint(&self) -> String {
        self.connection.options.endpoint.to_string()
    }
}

/// What an exchange does after an attempt.
pub(crate) enum AttemptOutcome<T> {
    Ended(Result<T, Error>),
    /// The attempt failed like this, and the pause after it is over.
    Retry(Error),
}

/// One request and its attempts.
pub(crate) struct Exchange<'a, T> {
    requester: &'a Requester,
    request: &'a Request<T>,
    attempts: Attempts,
    report: TroubleReport<'a>,
}

impl<T: DeserializeOwned> Exchange<'_, T> {
    /// Makes the next attempt, and waits after one that failed and may be repeated.
    pub async fn advance(&mut self) -> AttemptOutcome<T> {
        let attempted = self.attempt().await;
        self.requester.servers.note_login(attempted.as_ref().err());
        let error = match attempted {
            Ok(reply) => return AttemptOutcome::Ended(Ok(reply)),
            Err(error) => error,
        };
        let Some(delay) = self.attempts.next_delay(&error, fastrand::f64()) else {
            return AttemptOutcome::Ended(Err(self.note_missing_feature(error)));
        };
        self.report.update(error.to_string());
        match self.requester.pause(delay).await {
            true => AttemptOutcome::Retry(error),
            false => AttemptOutcome::Ended(Err(error)),
        }
    }

    /// Asks the route's server, and another where that one has certainly not got the request or sends
    /// its client there. The one that has answered is the route's from then on.
    async fn attempt(&self) -> Result<T, Error> {
        let route = &self.requester.route;
        let (mut at, mut asked, mut passed_over) = (route.home(), Vec::new(), None);
        loop {
            let failure = match self.ask(at).await {
                Ok(reply) => {
                    route.move_to(at);
                    return Ok(reply);
                }
                Err(failure) => failure,
            };
            asked.push(at);
            let referred = self.referred_to(at, &failure).filter(|to| !asked.contains(to));
            match referred.or_else(|| self.next_after(&asked, &failure.error)) {
                Some(next) => at = next,
                None => return Err(self.decisive(passed_over, failure.error)),
            }
            if referred.is_none() {
                passed_over.get_or_insert(failure.error);
            }
        }
    }

    /// Asks one server. A slow answer is no error yet, but the user may wonder.
    async fn ask(&self, server: usize) -> Result<T, Failure> {
        let Requester { servers, route, .. } = self.requester;
        let asked = servers.list.get(server).unwrap_or_else(|| servers.first());
        asked.connection.turn().await;
        let cookies = Cookies { route, server };
        let mut attempt = pin!(asked.connection.attempt(self.request, cookies));
        if let Ok(result) = time::timeout(SLOW_ANSWER_NOTICE, &mut attempt).await {
            return result;
        }
        self.report.update(format!("Livy at {} has not answered yet", asked.endpoint()));
        attempt.await
    }

    /// Returns the listed server to which another one sends its client.
    fn referred_to(&self, from: usize, failure: &Failure) -> Option<usize> {
        let target = failure.redirect.as_ref()?;
        let endpoint = |server: &'_ Server| server.connection.options.endpoint.clone();
        let from_endpoint = endpoint(self.requester.servers.list.get(from)?);
        self.requester.servers.list.iter().enumerate().position(|(index, server)| {
            let to = endpoint(server);
            let resource = to.url_of(&self.request.path, &[]);
            index != from && redirect::leads_to(target, &from_endpoint, &to, &resource)
        })
    }

    /// Returns the server to ask after one that has certainly not got the request, if the request is
    /// not for one server alone.
    fn next_after(&self, asked: &[usize], error: &Error) -> Option<usize> {
        let may_be_elsewhere = error.is_unreachable() && self.request.elsewhere != Elsewhere::Never;
        let mut all = 0..self.requester.servers.list.len();
        all.find(|server| may_be_elsewhere && !asked.contains(server))
    }

    /// Chooses the error that counts: a server that does not have the session says nothing of the one
    /// that has it and was passed over.
    fn decisive(&self, passed_over: Option<Error>, last: Error) -> Error {
        match passed_over {
            Some(first) if last.is_unreachable() => first,
            Some(first) if self.request.elsewhere == Elsewhere::IfFound => first,
            _ => last,
        }
    }

    fn note_missing_feature(&self, error: Error) -> Error {
        match (self.request.feature, error.refusal()) {
            (Some(feature), Some(refusal)) if refusal.is_missing_route() => {
                self.requester.home().missing.insert(feature);
                Error::MissingFeature(feature)
            }
            _ => error,
        }
    }
}
