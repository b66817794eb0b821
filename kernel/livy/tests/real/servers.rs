//! Several servers, and balancers in front of them: which of them gets a request, and what it gets.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{
    Router,
    extract::State,
    http::{HeaderMap, Method, StatusCode, Uri, header},
    response::{IntoResponse, Response},
};
use livy_client::{
    Affinity, Client, Error, Fate, Identity, Options, Pace, Session, SessionProperties, session,
};
use serde_json::json;
use tokio::net::TcpListener;

use crate::support::{answer_with, options, serve};

/// A request as a server has got it.
#[derive(Clone, Debug, PartialEq)]
struct Got {
    request: String,
    body: String,
    login: String,
    cookie: String,
}

/// What a server answers.
#[derive(Clone, Debug)]
enum Answer {
    Session,
    NotFound,
    Redirect(StatusCode, String),
    /// It answers with a session, and sets these cookies.
    Cookies(&'static [&'static str]),
    /// It refuses, and sets a cookie.
    NotFoundWithCookie(&'static str),
}

#[derive(Clone)]
struct Server {
    address: String,
    answer: Arc<Mutex<Answer>>,
    got: Arc<Mutex<Vec<Got>>>,
}

impl Server {
    async fn new(answer: Answer) -> Self {
        let (answer, got) = (Arc::new(Mutex::new(answer)), Arc::default());
        let mut server = Self { address: String::new(), answer, got };
        let router = Router::new().fallback(Self::respond).with_state(server.clone());
        server.address = serve(router).await.to_string();
        server
    }

    async fn respond(
        State(server): State<Self>,
        method: Method,
        uri: Uri,
        headers: HeaderMap,
        body: String,
    ) -> Response {
        let text = |name| {
            headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned()
        };
        let (login, cookie) = (text(header::AUTHORIZATION), text(header::COOKIE));
        let request = format!("{method} {}", uri.path());
        server.got.lock().unwrap().push(Got { request, body, login, cookie });
        let session = json!({"id": 7, "name": "mine", "state": "idle"}).to_string();
        let missing = (StatusCode::NOT_FOUND, r#"{"msg": "Session 'mine' not found."}"#);
        let cookies = |all: &[&str]| {
            all.iter().fold(HeaderMap::new(), |mut headers, cookie| {
                headers.append(header::SET_COOKIE, cookie.parse().unwrap());
                headers
            })
        };
        let answer = server.answer.lock().unwrap().clone();
        match answer {
            Answer::Session => session.into_response(),
            Answer::NotFound => missing.into_response(),
            Answer::Redirect(status, to) => {
                (status, [(header::LOCATION, to.replace("PATH", uri.path()))]).into_response()
            }
            Answer::Cookies(all) => (cookies(all), session).into_response(),
            Answer::NotFoundWithCookie(one) => {
                (missing.0, cookies(&[one]), missing.1).into_response()
            }
        }
    }

    fn answers(&self, answer: Answer) {
        *self.answer.lock().unwrap() = answer;
    }

    fn got(&self) -> Vec<Got> {
        self.got.lock().unwrap().clone()
    }

    fn requests(&self) -> Vec<String> {
        self.got().into_iter().map(|got| got.request).collect()
    }

    fn cookies(&self) -> Vec<String> {
        self.got().into_iter().map(|got| got.cookie).collect()
    }
}

/// A client of these addresses, each with a login of its own.
fn client(addresses: &[&str]) -> Client {
    let mut all: Vec<Options> = addresses
        .iter()
        .enumerate()
        .map(|(n, address)| options(&format!("http://user{n}:pw@{address}")))
        .collect();
    let first = all.remove(0);
    Client::with_options(Options { others: all, ..first }).unwrap()
}

/// An address at which nobody listens.
async fn nobody() -> String {
    TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().to_string()
}

async fn create(client: &Client) -> Result<Session, Error> {
    client.create_session(&SessionProperties::default()).await
}

fn mine() -> Identity {
    let session = json!({"id": 7, "name": "mine", "state": "idle"});
    let session: Session = serde_json::from_value(session).unwrap();
    Identity::from(&session).with_unique_name(true)
}

#[tokio::test]
async fn the_next_server_is_asked_if_one_certainly_got_nothing() {
    let second = Server::new(Answer::Session).await;
    let client = client(&[&nobody().await, "livy.invalid", &second.address]);
    create(&client).await.unwrap();
    assert_eq!(second.requests(), ["POST /sessions"]);
    assert!(client.endpoint().to_string().contains(&second.address), "it is asked first now");
}

#[tokio::test]
async fn a_server_that_may_have_got_a_request_is_the_only_one() {
    let breaks_off = answer_with(|stream| async move { drop(stream) }).await;
    let second = Server::new(Answer::Session).await;
    let error = create(&client(&[&breaks_off[7..], &second.address])).await.unwrap_err();
    assert_eq!((error.fate(), second.requests()), (Fate::Unknown, vec![]));
}

#[tokio::test]
async fn what_has_an_id_is_asked_of_no_other_server() {
    let second = Server::new(Answer::Session).await;
    let client = client(&[&nobody().await, &second.address]);
    let error = client.send(session::delete(&"7".into())).await.unwrap_err();
    assert_eq!((error.is_unreachable(), second.requests()), (true, vec![]));
}

#[tokio::test]
async fn if_none_can_be_reached_the_first_ones_error_is_told() {
    let (first, second) = (nobody().await, nobody().await);
    let error = create(&client(&[&first, &second])).await.unwrap_err().to_string();
    assert!(error.contains(&first) && !error.contains(&second), "{error}");
}

#[tokio::test]
async fn a_session_is_lost_only_if_its_own_server_says_so() {
    let second = Server::new(Answer::NotFound).await;
    let client = client(&[&nobody().await, &second.address]).bound_to(mine());
    let look = || client.send(session::get(&"7".into()));
    assert!(look().await.unwrap_err().is_unreachable());
    // A standby may have taken it over.
    second.answers(Answer::Session);
    look().await.unwrap();
    second.answers(Answer::NotFound);
    assert!(look().await.unwrap_err().is_not_found());
}

#[tokio::test]
async fn a_standby_leads_to_the_active_server_with_the_method_and_the_login_of_that() {
    for status in [301, 302, 307, 308] {
        let active = Server::new(Answer::Session).await;
        let to = format!("http://{}PATH", active.address);
        let to = Answer::Redirect(StatusCode::from_u16(status).unwrap(), to);
        let standby = Server::new(to).await;
        let client = client(&[&standby.address, &active.address]);
        create(&client).await.unwrap();
        client.bound_to(mine()).send(session::get(&"7".into())).await.unwrap();
        assert_eq!(standby.requests(), ["POST /sessions"], "it is asked once");
        let got = active.got();
        assert_eq!(active.requests(), ["POST /sessions", "GET /sessions/mine"]);
        assert_eq!(got[0].body, "{}");
        assert_eq!(got[0].login, "Basic dXNlcjE6cHc=", "user1:pw");
    }
}

#[tokio::test]
async fn a_redirect_to_anybody_else_is_not_followed() {
    let stranger = Server::new(Answer::Session).await;
    let listed = Server::new(Answer::Session).await;
    for to in [
        format!("http://{}PATH", stranger.address),
        format!("http://{}/login", listed.address),
        format!("https://{}PATH", listed.address),
        "/login".to_owned(),
    ] {
        let first = Server::new(Answer::Redirect(StatusCode::TEMPORARY_REDIRECT, to)).await;
        let error = create(&client(&[&first.address, &listed.address])).await.unwrap_err();
        assert!(error.to_string().contains("redirects elsewhere"), "{error}");
        assert_eq!((stranger.got(), listed.got()), (vec![], vec![]));
    }
}

#[tokio::test]
async fn servers_that_redirect_to_each_other_are_asked_once() {
    let (one, two) = (Server::new(Answer::Session).await, Server::new(Answer::Session).await);
    let to = |server: &Server| {
        let to = format!("http://{}PATH", server.address);
        Answer::Redirect(StatusCode::TEMPORARY_REDIRECT, to)
    };
    one.answers(to(&two));
    two.answers(to(&one));
    let error = create(&client(&[&one.address, &two.address])).await.unwrap_err();
    assert!(error.to_string().contains("redirects elsewhere"), "{error}");
    assert_eq!((one.requests().len(), two.requests().len()), (1, 1));
}

const GREEDY: &[&str] = &[
    "pin=a; Path=/",
    "parent=1; Domain=localhost; Path=/",
    "other=1; Domain=other.example; Path=/",
    "elsewhere=1; Path=/elsewhere",
    "safe=1; Secure; Path=/",
    "gone=1; Max-Age=0; Path=/",
];

#[tokio::test]
async fn a_cookie_goes_back_to_the_server_that_has_set_it_and_to_no_other() {
    let greedy = Server::new(Answer::Cookies(GREEDY)).await;
    let other = Server::new(Answer::Session).await;
    let client = client(&[&greedy.address, &other.address]);
    create(&client).await.unwrap();
    create(&client).await.unwrap();
    assert_eq!(greedy.cookies(), ["", "pin=a"]);
    // Neither a redirect nor a failure takes it to another host.
    let to = format!("http://{}PATH", other.address);
    greedy.answers(Answer::Redirect(StatusCode::TEMPORARY_REDIRECT, to));
    create(&client).await.unwrap();
    assert_eq!((greedy.cookies().len(), other.cookies()), (3, vec![String::new()]));
}

#[tokio::test]
async fn a_cookie_of_a_whole_domain_stays_with_its_server() {
    let server = Server::new(Answer::Cookies(&["all=1; Domain=localhost; Path=/"])).await;
    let other = Server::new(Answer::Session).await;
    let named = |server: &Server| server.address.replace("127.0.0.1", "localhost");
    let client = client(&[&named(&server), &named(&other)]);
    create(&client).await.unwrap();
    create(&client).await.unwrap();
    let to = format!("http://{}PATH", named(&other));
    server.answers(Answer::Redirect(StatusCode::TEMPORARY_REDIRECT, to));
    create(&client).await.unwrap();
    assert_eq!(server.cookies(), ["", "all=1", "all=1"]);
    assert_eq!(other.cookies(), [""]);
}

#[tokio::test]
async fn each_way_has_its_own_cookies_and_can_be_written_down() {
    let server = Server::new(Answer::Cookies(&["pin=a; Path=/"])).await;
    let client = client(&[&server.address]);
    create(&client).await.unwrap();
    create(&client.apart()).await.unwrap();
    create(&client.clone()).await.unwrap();
    let written = serde_json::to_string(&client.affinity()).unwrap();
    let read: Affinity = serde_json::from_str(&written).unwrap();
    create(&client.apart().with_affinity(&read).unwrap()).await.unwrap();
    assert_eq!(server.cookies(), ["", "", "pin=a", "pin=a"]);
    let elsewhere = Affinity::to_server("http://elsewhere.example");
    assert!(client.with_affinity(&elsewhere).is_none());
}

#[tokio::test]
async fn a_livy_that_does_not_have_the_session_pins_nobody() {
    let server = Server::new(Answer::Cookies(&["pin=a; Path=/"])).await;
    let client = client(&[&server.address]).bound_to(mine());
    let look = || client.send(session::get(&"7".into()));
    look().await.unwrap();
    server.answers(Answer::NotFoundWithCookie("pin=b; Path=/"));
    look().await.unwrap_err();
    server.answers(Answer::Session);
    look().await.unwrap();
    assert_eq!(server.cookies().last().unwrap(), "pin=a");
}

#[tokio::test]
async fn a_cookie_that_the_user_has_set_is_sent_beside_the_balancers() {
    let server = Server::new(Answer::Cookies(&["pin=a; Path=/"])).await;
    let options = options(&format!("http://{}", server.address));
    let client = Client::with_options(options.with_header("Cookie", "mine=1").unwrap()).unwrap();
    create(&client).await.unwrap();
    create(&client).await.unwrap();
    assert_eq!(server.cookies(), ["mine=1", "mine=1; pin=a"]);
}

#[derive(Debug, Default)]
struct Turns(Mutex<u32>);

#[async_trait::async_trait]
impl Pace for Turns {
    async fn turn(&self) {
        *self.0.lock().unwrap() += 1;
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

#[tokio::test]
async fn each_request_to_a_server_waits_for_its_turn() {
    let server = Server::new(Answer::Session).await;
    let turns = Arc::new(Turns::default());
    let options = options(&format!("http://{}", server.address));
    let client = Client::with_options(Options { pace: Some(turns.clone()), ..options }).unwrap();
    for _ in 0..3 {
        create(&client).await.unwrap();
    }
    assert_eq!((*turns.0.lock().unwrap(), server.requests().len()), (3, 3));
}
