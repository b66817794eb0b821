//! Requests about the one session that a client is bound to: they reach no other session that only
//! has the same id.
//!
//! Livy takes a session's name wherever it takes an id, so requests are addressed by name: a server
//! that does not have *this* session refuses them. One look at the session shows that the server
//! knows names; after that no request in advance is needed. Where a server has no names, or others
//! may give the same one, the session is looked at before something is sent to it: after any error,
//! after a change of address, and when the last look was some seconds ago. What remains is a
//! balancer that sends a look and the request after it to different servers.

use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;

use crate::{
    Error, Request, Session,
    binding::{Addressing, SessionBinding},
    exchange::{AttemptOutcome, Requester},
    request::Method,
    session,
};

/// Makes exchanges about the bound session.
#[derive(Clone, Copy)]
pub(crate) struct BoundRequester<'a> {
    pub requester: &'a Requester,
    pub binding: &'a SessionBinding,
}

impl BoundRequester<'_> {
    /// Sends a request that concerns the session.
    pub async fn send<T: DeserializeOwned>(self, request: Request<T>) -> Result<T, Error> {
        if request.is_get_of_a_session() {
            let session = self.look().await?;
            return serde_json::from_value(session).map_err(|error| self.unreadable(&error));
        }
        if self.binding.must_be_verified(request.method, self.requester.address_changes()) {
            self.look().await.map_err(|error| not_sent(request.method, error))?;
        }
        let before = self.binding.addressing();
        match self.ask(&self.binding.addressed(request.clone())).await {
            Err(error) if error.is_not_found() => self.ask_again(request, before, error).await,
            Err(error) => {
                self.binding.forget_verification();
                Err(error)
            }
            answer => answer,
        }
    }

    /// Makes an exchange, and looks at the session before each further attempt: the server that is
    /// back may be another.
    async fn ask<T: DeserializeOwned>(self, request: &Request<T>) -> Result<T, Error> {
        let mut exchange = self.requester.exchange(request)?;
        loop {
            match exchange.advance().await {
                AttemptOutcome::Ended(result) => return result,
                AttemptOutcome::Retry(_) if self.binding.is_certain() && !self.may_have_moved() => {
                }
                AttemptOutcome::Retry(error) => match self.look().await {
                    Ok(_) => {}
                    Err(another @ Error::AnotherSession { .. }) => return Err(another),
                    Err(_) => return Err(error),
                },
            }
        }
    }

    /// Decides what a "not found" means: another session, a server without names, or one of several
    /// servers that does not have the session.
    async fn ask_again<T: DeserializeOwned>(
        self,
        request: Request<T>,
        before: Addressing,
        not_found: Error,
    ) -> Result<T, Error> {
        match self.look().await {
            Err(another @ Error::AnotherSession { .. }) => Err(another),
            Ok(_) if before != Addressing::Id && self.binding.addressing() == Addressing::Id => {
                self.ask(&request).await
            }
            Ok(_) if self.binding.is_certain() => self.ask_in_turn(&request, not_found).await,
            _ => Err(not_found),
        }
    }

    /// Asks again for what was not found though the session exists: two servers may answer in turn,
    /// and one look in between would meet the wrong one each time. The name lets only the right one
    /// act.
    async fn ask_in_turn<T: DeserializeOwned>(
        self,
        request: &Request<T>,
        not_found: Error,
    ) -> Result<T, Error> {
        for _ in 0..2 {
            match self.ask(&self.binding.addressed(request.clone())).await {
                Err(error) if error.is_not_found() => {}
                answer => return answer,
            }
        }
        Err(not_found)
    }

    /// Returns the server's description of the session, if it is this one. A Livy that has another one
    /// pins the client to itself, but not for the next requests.
    async fn look(self) -> Result<Value, Error> {
        let route = &self.requester.route;
        let before = route.cookies(route.home());
        let found = self.find().await;
        if matches!(found, Err(Error::AnotherSession { .. })) {
            route.set_cookies(route.home(), before);
        }
        found
    }

    async fn find(self) -> Result<Value, Error> {
        let addressing = self.binding.addressing();
        let mut request = self.binding.addressed(session::get(&self.binding.id()).reply_as());
        if self.binding.is_unique() && addressing != Addressing::Id {
            request = request.if_found_elsewhere();
        }
        match self.requester.ask(&request).await {
            Err(error) if addressing != Addressing::Id && may_know_no_names(&error) => {
                self.look_by_id(error).await
            }
            Err(error) => {
                self.binding.forget_verification();
                Err(error)
            }
            Ok(found) => {
                self.verify(&found)?;
                if addressing == Addressing::Name {
                    self.binding.set_addressing(Addressing::ConfirmedName);
                }
                Ok(found)
            }
        }
    }

    /// Looks for a session that is not found by its name. The server may know no names; a balancer
    /// may make it seem so, but hardly twice.
    async fn look_by_id(self, not_found: Error) -> Result<Value, Error> {
        self.binding.forget_verification();
        let mut found = Value::Null;
        for _ in 0..2 {
            let request = session::get(&self.binding.id()).reply_as();
            match self.requester.ask(&request).await {
                Ok(answer) => found = answer,
                Err(_) => return Err(not_found),
            }
            self.verify(&found)?;
        }
        if self.binding.addressing() == Addressing::ConfirmedName {
            self.binding.forget_verification();
            return Err(not_found);
        }
        self.binding.set_addressing(Addressing::Id);
        Ok(found)
    }

    fn verify(self, found: &Value) -> Result<(), Error> {
        let session = Session::deserialize(found).map_err(|error| self.unreadable(&error))?;
        self.binding.verify(&session, self.endpoint(), self.requester.address_changes())
    }

    /// Whether another server may have the session by now, as a standby that has taken it over.
    fn may_have_moved(self) -> bool {
        self.requester.servers.list.len() > 1
    }

    fn unreadable(self, error: &serde_json::Error) -> Error {
        let reason = format!("its reply is not as documented: {error}");
        Error::Unreadable { endpoint: self.endpoint(), reason }
    }

    fn endpoint(self) -> String {
        self.requester.home().endpoint()
    }
}

/// Marks the error of a look as one that kept the request itself from being sent.
fn not_sent(method: Method, error: Error) -> Error {
    match (method, error) {
        (_, another @ Error::AnotherSession { .. }) => another,
        (Method::Get, error) => error,
        (_, error) => Error::NotSent(Box::new(error)),
    }
}

/// Older and other servers refuse a name, because they want a number.
fn may_know_no_names(error: &Error) -> bool {
    error.refusal().is_some_and(|refusal| matches!(refusal.status, 400 | 404 | 405 | 422 | 500))
}

#[cfg(test)]
mod tests {
    use std::sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    };

    use axum::{
        Json, Router,
        extract::{Path, State},
        http::StatusCode,
        response::{IntoResponse, Response},
        routing::{get, post},
    };
    use serde_json::json;
    use tokio::net::TcpListener;

    use super::*;
    use crate::{
        Client, Endpoint, Identity, Options, ResendPolicy, binding::VERIFICATION_LIFETIME,
        statement,
    };

    /// A server that has a session 0, ours or a stranger's.
    #[derive(Clone, Default)]
    struct Livy {
        knows_names: bool,
        is_exchanged: Arc<AtomicBool>,
        fails: Arc<AtomicBool>,
        looks: Arc<AtomicUsize>,
        posts: Arc<AtomicUsize>,
    }

    impl Livy {
        fn session(&self) -> Value {
            match self.is_exchanged.load(Ordering::Relaxed) {
                false => json!({"id": 0, "name": "ours", "state": "idle"}),
                true => json!({"id": 0, "name": "a-strangers", "state": "idle"}),
            }
        }

        fn knows(&self, id: &str) -> bool {
            id == "0" || self.knows_names && self.session()["name"] == id
        }

        fn is_asked(&self, id: &str, answer: Value) -> Response {
            match self.knows(id) {
                _ if self.fails.swap(false, Ordering::Relaxed) => {
                    StatusCode::BAD_GATEWAY.into_response()
                }
                true => Json(answer).into_response(),
                false => (StatusCode::NOT_FOUND, Json(json!({"msg": "not found"}))).into_response(),
            }
        }

        fn exchange(&self) {
            self.is_exchanged.store(true, Ordering::Relaxed);
        }

        async fn client(&self, is_unique: bool) -> Client {
            let look = |State(livy): State<Livy>, Path(id): Path<String>| async move {
                livy.looks.fetch_add(1, Ordering::Relaxed);
                livy.is_asked(&id, livy.session())
            };
            let run = |State(livy): State<Livy>, Path(id): Path<String>| async move {
                if livy.knows(&id) {
                    livy.posts.fetch_add(1, Ordering::Relaxed);
                }
                livy.is_asked(&id, json!({"id": 7, "state": "waiting"}))
            };
            let router = Router::new()
                .route("/sessions/{id}", get(look))
                .route("/sessions/{id}/statements", post(run))
                .with_state(self.clone());
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let address = format!("http://{}", listener.local_addr().unwrap());
            tokio::spawn(async move { axum::serve(listener, router).await });
            let options = Options::new(Endpoint::parse(&address).unwrap()).unwrap();
            let options = Options { resend: ResendPolicy::NEVER, ..options };
            let ours = Session::deserialize(self.session()).unwrap();
            Client::with_options(options)
                .unwrap()
                .bound_to(Identity::from(&ours).with_unique_name(is_unique))
        }

        fn counts(&self) -> (usize, usize) {
            (self.looks.load(Ordering::Relaxed), self.posts.load(Ordering::Relaxed))
        }
    }

    async fn run(client: &Client) -> Result<crate::Statement, Error> {
        let new = statement::NewStatement { code: "1".into(), kind: None };
        client.send(statement::run(&"0".into(), &new)).await
    }

    #[tokio::test]
    async fn where_names_are_known_no_look_is_needed_and_no_stranger_is_reached() {
        let livy = Livy { knows_names: true, ..Livy::default() };
        let client = livy.client(true).await;
        run(&client).await.unwrap();
        run(&client).await.unwrap();
        assert_eq!(livy.counts(), (1, 2), "one look shows that names are known");
        livy.exchange();
        let error = run(&client).await.unwrap_err();
        assert!(matches!(error, Error::AnotherSession { .. }), "{error}");
        assert_eq!(livy.counts().1, 2);
    }

    #[tokio::test]
    async fn a_server_that_knows_no_names_is_asked_by_id() {
        let livy = Livy::default();
        let client = livy.client(true).await;
        run(&client).await.unwrap();
        run(&client).await.unwrap();
        assert_eq!(livy.counts(), (3, 2), "by name, and twice by id");
    }

    #[tokio::test]
    async fn after_trouble_a_session_is_looked_at_before_it_is_sent_something() {
        let livy = Livy::default();
        let client = livy.client(true).await;
        run(&client).await.unwrap();
        livy.fails.store(true, Ordering::Relaxed);
        run(&client).await.unwrap_err();
        livy.exchange();
        let (_, before) = livy.counts();
        let error = run(&client).await.unwrap_err();
        assert!(error.to_string().contains("its name is a-strangers"), "{error}");
        assert_eq!(error.fate(), crate::Fate::Answered);
        assert_eq!(livy.counts().1, before);
    }

    #[tokio::test]
    async fn a_name_that_others_may_give_is_looked_at_when_the_last_look_is_old() {
        let livy = Livy { knows_names: true, ..Livy::default() };
        let client = livy.client(false).await;
        run(&client).await.unwrap();
        run(&client).await.unwrap();
        assert_eq!(livy.counts(), (1, 2));
        client.binding().unwrap().age_verification(VERIFICATION_LIFETIME);
        run(&client).await.unwrap();
        assert_eq!(livy.counts(), (2, 3));
    }

    #[tokio::test]
    async fn what_was_not_sent_for_want_of_a_look_is_said_not_to_have_arrived() {
        let livy = Livy { knows_names: true, ..Livy::default() };
        let client = livy.client(false).await;
        livy.fails.store(true, Ordering::Relaxed);
        let error = run(&client).await.unwrap_err();
        assert_eq!((error.fate(), livy.counts().1), (crate::Fate::NeverArrived, 0));
    }
}
