//! Carries a request through to its answer: the attempts, the pauses between them, and the reports of a
//! server that does not answer.

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
    Error, Options, Request, TroubleReport, Troubles, connection::Connection,
    feature::MissingFeatures, resend::Attempts,
};

/// An answer that takes longer is reported as trouble.
const SLOW_ANSWER_NOTICE: Duration = Duration::from_secs(3);

/// Makes exchanges with one server; cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Requester {
    pub server: Arc<Server>,
    /// Once it is cancelled, nothing is sent again.
    pub given_up: CancellationToken,
}

/// What all clones of a client share.
#[derive(Debug)]
pub(crate) struct Server {
    pub connection: Connection,
    pub missing: MissingFeatures,
    pub troubles: watch::Sender<Troubles>,
    reports: AtomicU64,
}

impl Requester {
    pub fn new(options: Options) -> Result<Self, Error> {
        let server = Server {
            missing: MissingFeatures::new(options.profile.missing_features()),
            connection: Connection::new(options)?,
            troubles: watch::Sender::default(),
            reports: AtomicU64::new(0),
        };
        Ok(Self { server: Arc::new(server), given_up: CancellationToken::new() })
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
            Some(feature) if self.server.missing.contains(feature) => {
                Err(Error::MissingFeature(feature))
            }
            _ => Ok(Exchange {
                requester: self,
                request,
                attempts: self.server.connection.options.resend.start(request.method),
                report: self.server.trouble_report(),
            }),
        }
    }

    /// Waits; returns false if nothing must be sent again any more.
    pub async fn pause(&self, delay: Duration) -> bool {
        self.given_up.run_until_cancelled(time::sleep(delay)).await.is_some()
    }
}

impl Server {
    pub fn trouble_report(&self) -> TroubleReport<'_> {
        TroubleReport::new(&self.troubles, self.reports.fetch_add(1, Ordering::Relaxed))
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
        let error = match self.attempt().await {
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

    /// A slow answer is no error yet, but the user may wonder.
    async fn attempt(&self) -> Result<T, Error> {
        let server = &self.requester.server;
        let mut attempt = pin!(server.connection.attempt(self.request));
        if let Ok(result) = time::timeout(SLOW_ANSWER_NOTICE, &mut attempt).await {
            return result;
        }
        self.report.update(format!("Livy at {} has not answered yet", server.endpoint()));
        attempt.await
    }

    fn note_missing_feature(&self, error: Error) -> Error {
        match (self.request.feature, error.refusal()) {
            (Some(feature), Some(refusal)) if refusal.is_missing_route() => {
                self.requester.server.missing.insert(feature);
                Error::MissingFeature(feature)
            }
            _ => error,
        }
    }
}
