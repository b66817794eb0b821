//! A bearer token that a command prints, as `az account get-access-token` does, and many others.

use std::{
    fmt,
    process::{Output, Stdio},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use async_trait::async_trait;
use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use reqwest::{
    Request,
    header::{AUTHORIZATION, HeaderValue},
};
use serde_json::Value;
use tokio::{process::Command, sync::Mutex, time::timeout};

use super::{Auth, AuthError, Pending, secret};

/// A command that wants to ask somebody never ends by itself.
const LIMIT: Duration = Duration::from_secs(30);
/// A token that ends sooner is renewed first.
const AHEAD: Duration = Duration::from_secs(300);

/// Runs a command for a token, and keeps the token until it expires.
pub struct TokenCommand {
    command: Vec<String>,
    limit: Duration,
    token: Mutex<Option<Token>>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Token {
    header: HeaderValue,
    expires: Option<SystemTime>,
}

impl TokenCommand {
    /// A program and its arguments; no shell looks at them.
    pub fn new(command: Vec<String>) -> Self {
        Self { command, limit: LIMIT, token: Mutex::new(None) }
    }

    /// The Azure command line's token for a service, such as `https://dev.azuresynapse.net/.default`.
    pub fn azure_cli(scope: &str) -> Self {
        let words = ["az", "account", "get-access-token", "--output", "json", "--scope", scope];
        Self::new(words.map(str::to_owned).to_vec())
    }

    async fn run(&self) -> Result<Token, AuthError> {
        let Some((program, arguments)) = self.command.split_first() else {
            return Err(AuthError::new("the token command is empty"));
        };
        let child =
            Command::new(program).args(arguments).stdin(Stdio::null()).kill_on_drop(true).output();
        let failed = |why: String| AuthError::passing(format!("the token command {program} {why}"));
        match timeout(self.limit, child).await {
            Err(_) => Err(failed(format!(
                "did not end within {} s; does it wait for somebody to sign in?",
                self.limit.as_secs()
            ))),
            Ok(Err(error)) => Err(failed(format!("could not be run: {error}"))),
            Ok(Ok(output)) => read(&output, SystemTime::now()).map_err(failed),
        }
    }
}

/// What a command printed. Its output may hold the token, so no error repeats it; what it writes to
/// stderr is for people.
fn read(output: &Output, now: SystemTime) -> Result<Token, String> {
    if !output.status.success() {
        let stderr = String::from_utf8_lossy(&output.stderr);
        return Err(format!(
            "failed: {}",
            stderr.trim().lines().last().unwrap_or("it did not say why")
        ));
    }
    let text = std::str::from_utf8(&output.stdout).map_err(|_| "printed no text".to_owned())?;
    parse(text.trim(), now)
}

/// A bare token, or JSON with one, or with a user and a password, as
/// [EMR's runtime roles](https://docs.aws.amazon.com/emr/latest/APIReference/API_GetClusterSessionCredentials.html) have.
fn parse(text: &str, now: SystemTime) -> Result<Token, String> {
    if let Some(basic) = serde_json::from_str(text).ok().and_then(|json| basic(&json, now)) {
        return basic;
    }
    let (token, expires) = match serde_json::from_str::<Value>(text) {
        Ok(Value::Object(object)) => {
            let json = Value::Object(object);
            let token = ["/accessToken", "/access_token", "/token", "/status/token"]
                .iter()
                .find_map(|path| json.pointer(path)?.as_str())
                .ok_or("printed JSON without accessToken, access_token, token or status.token")?;
            (token.to_owned(), expiry(&json, now))
        }
        _ => (text.to_owned(), None),
    };
    if token.is_empty() || token.contains(char::is_whitespace) {
        return Err("printed no token: one word, or JSON, is expected".to_owned());
    }
    let expires = expires.or_else(|| jwt_expiry(&token));
    let header = secret(&format!("Bearer {token}")).map_err(|error| error.to_string())?;
    Ok(Token { header, expires })
}

fn basic(json: &Value, now: SystemTime) -> Option<Result<Token, String>> {
    let text = |paths: [&str; 3]| paths.iter().find_map(|path| json.pointer(path)?.as_str());
    let user = text(["/Credentials/UsernamePassword/Username", "/username", "/Username"])?;
    let password = text(["/Credentials/UsernamePassword/Password", "/password", "/Password"])?;
    let pair = STANDARD.encode(format!("{user}:{password}"));
    let header = secret(&format!("Basic {pair}")).map_err(|error| error.to_string());
    Some(header.map(|header| Token { header, expires: expiry(json, now) }))
}

/// Seconds since 1970 or from now; what `az` calls `expiresOn` is in a time zone it does not name.
fn expiry(json: &Value, now: SystemTime) -> Option<SystemTime> {
    let seconds = |name: &str| {
        let value = json.get(name)?;
        let number = value.as_u64().or_else(|| value.as_str()?.parse().ok())?;
        Some(Duration::from_secs(number))
    };
    let at =
        seconds("expires_on").or_else(|| seconds("expires_at")).or_else(|| seconds("ExpiresAt"));
    match at {
        Some(at) => UNIX_EPOCH.checked_add(at),
        None => now.checked_add(seconds("expires_in")?),
    }
}

/// A JSON Web Token says itself when it expires: [RFC 7519](https://www.rfc-editor.org/rfc/rfc7519#section-4.1.4).
fn jwt_expiry(token: &str) -> Option<SystemTime> {
    let claims = URL_SAFE_NO_PAD.decode(token.split('.').nth(1)?).ok()?;
    let exp = serde_json::from_slice::<Value>(&claims).ok()?.get("exp")?.as_u64()?;
    UNIX_EPOCH.checked_add(Duration::from_secs(exp))
}

impl Token {
    fn is_fresh(&self, now: SystemTime) -> bool {
        self.expires.is_none_or(|expires| expires > now + AHEAD)
    }
}

#[async_trait]
impl Auth for TokenCommand {
    async fn apply(&self, request: &mut Request) -> Result<Pending, AuthError> {
        // Held while the command runs: one is enough for everybody who waits.
        let mut kept = self.token.lock().await;
        let token = match kept.take().filter(|token| token.is_fresh(SystemTime::now())) {
            Some(token) => token,
            None => self.run().await?,
        };
        request.headers_mut().insert(AUTHORIZATION, token.header.clone());
        *kept = Some(token);
        Ok(None)
    }

    async fn on_refused(&self, status: u16) -> bool {
        if status == 401 {
            *self.token.lock().await = None;
        }
        status == 401
    }

    fn name(&self) -> &'static str {
        "token command"
    }
}

impl fmt::Debug for TokenCommand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Arguments may be secrets.
        write!(f, "TokenCommand({})", self.command.first().map_or("", String::as_str))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(1_000_000)
    }

    #[track_caller]
    fn check(text: &str, token: &str, expires: Option<u64>) {
        let expected = Token {
            header: secret(&format!("Bearer {token}")).unwrap(),
            expires: expires.map(|seconds| UNIX_EPOCH + Duration::from_secs(seconds)),
        };
        assert_eq!(parse(text, now()), Ok(expected));
    }

    #[test]
    fn a_bare_token_and_the_usual_json_are_read() {
        check("abc", "abc", None);
        check(
            r#"{"accessToken": "abc", "expires_on": 1000600, "expiresOn": "2026"}"#,
            "abc",
            Some(1_000_600),
        );
        check(r#"{"access_token": "abc", "expires_in": "600"}"#, "abc", Some(1_000_600));
        check(r#"{"status": {"token": "abc"}}"#, "abc", None);
    }

    #[test]
    fn a_user_and_a_password_are_read_as_emrs_runtime_roles_have_them() {
        let json = r#"{"Credentials": {"UsernamePassword": {"Username": "u", "Password": "p"}}, "ExpiresAt": 1000600}"#;
        let expires = Some(UNIX_EPOCH + Duration::from_secs(1_000_600));
        let expected = Token { header: secret("Basic dTpw").unwrap(), expires };
        assert_eq!(parse(json, now()), Ok(expected));
    }

    #[test]
    fn a_json_web_token_says_itself_when_it_expires() {
        let token = format!("e30.{}.sig", URL_SAFE_NO_PAD.encode(r#"{"exp": 1000700}"#));
        check(&token, &token, Some(1_000_700));
    }

    #[test]
    fn what_is_no_token_is_refused_without_being_repeated() {
        for text in ["", "two words", r#"{"secret": "abc"}"#] {
            let error = parse(text, now()).unwrap_err();
            assert!(error.starts_with("printed") && !error.contains("abc"), "{error}");
        }
    }

    #[test]
    fn a_token_is_renewed_before_it_ends() {
        let token = |expires| Token {
            header: secret("Bearer x").unwrap(),
            expires: Some(UNIX_EPOCH + Duration::from_secs(expires)),
        };
        assert!(token(1_000_301).is_fresh(now()) && !token(1_000_299).is_fresh(now()));
    }

    fn shell(script: &str) -> TokenCommand {
        TokenCommand::new(["sh", "-c", script].map(str::to_owned).to_vec())
    }

    #[tokio::test]
    async fn a_command_that_fails_says_what_it_wrote_for_people() {
        let error = shell("echo s3cret; echo 'Please run az login' >&2; exit 1").run().await;
        assert_eq!(
            error.unwrap_err().to_string(),
            "the token command sh failed: Please run az login"
        );
    }

    #[tokio::test]
    async fn a_command_that_waits_for_somebody_is_ended() {
        let command = TokenCommand { limit: Duration::from_millis(100), ..shell("sleep 60") };
        let error = command.run().await.unwrap_err().to_string();
        assert!(error.contains("wait for somebody to sign in"), "{error}");
    }
}
