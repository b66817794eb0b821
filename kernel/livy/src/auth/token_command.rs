//! Gets a bearer token from a command, such as `az account get-access-token`.

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

use super::{Auth, AuthError, PendingCheck, redact::redacted_last_line, secret};

/// A command that waits for the user never ends by itself.
const COMMAND_TIMEOUT: Duration = Duration::from_secs(30);
/// A token that expires sooner is renewed first, but not in the first half of what it lives: some live no longer.
const TOKEN_EXPIRY_MARGIN: Duration = Duration::from_secs(300);

/// Runs a command to get a token, and keeps the token until it expires.
pub struct TokenCommand {
    command: Vec<String>,
    timeout: Duration,
    token: Mutex<Option<Token>>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Token {
    header: HeaderValue,
    renewal: Option<SystemTime>,
}

impl TokenCommand {
    /// Takes a program and its arguments, which no shell interprets.
    pub fn new(command: Vec<String>) -> Self {
        Self { command, timeout: COMMAND_TIMEOUT, token: Mutex::new(None) }
    }

    /// Uses the Azure command line's token for a scope, such as
    /// `https://dev.azuresynapse.net/.default`.
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
        match timeout(self.timeout, child).await {
            Err(_) => Err(failed(format!(
                "did not end within {} s; does it wait for somebody to sign in?",
                self.timeout.as_secs()
            ))),
            Ok(Err(error)) => Err(failed(format!("could not be run: {error}"))),
            Ok(Ok(output)) => read_output(&output, SystemTime::now()).map_err(failed),
        }
    }
}

/// Reads a command's output. It may hold the token, so no error repeats it; what the command writes to
/// stderr is meant for the user, and may hold a token as well.
fn read_output(output: &Output, now: SystemTime) -> Result<Token, String> {
    if !output.status.success() {
        let text = |bytes| String::from_utf8_lossy(bytes);
        return Err(match redacted_last_line(&text(&output.stderr), &text(&output.stdout)) {
            why if why.is_empty() => "failed: it did not say why".to_owned(),
            why => format!("failed: {why}"),
        });
    }
    let text = std::str::from_utf8(&output.stdout).map_err(|_| "printed no text".to_owned())?;
    parse(text.trim(), now)
}

/// Reads a bare token, or JSON with one, or with a user and a password as
/// [EMR's runtime roles](https://docs.aws.amazon.com/emr/latest/APIReference/API_GetClusterSessionCredentials.html)
/// have.
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
    Ok(Token::new(header, expires, now))
}

fn basic(json: &Value, now: SystemTime) -> Option<Result<Token, String>> {
    let text = |paths: [&str; 3]| paths.iter().find_map(|path| json.pointer(path)?.as_str());
    let user = text(["/Credentials/UsernamePassword/Username", "/username", "/Username"])?;
    let password = text(["/Credentials/UsernamePassword/Password", "/password", "/Password"])?;
    let pair = STANDARD.encode(format!("{user}:{password}"));
    let header = secret(&format!("Basic {pair}")).map_err(|error| error.to_string());
    Some(header.map(|header| Token::new(header, expiry(json, now), now)))
}

/// Reads seconds since 1970 or from now. `expiresOn` of `az` is left alone: its time zone is not known.
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

/// Reads the [expiration time](https://www.rfc-editor.org/rfc/rfc7519#section-4.1.4) of a JSON Web Token.
fn jwt_expiry(token: &str) -> Option<SystemTime> {
    let claims = URL_SAFE_NO_PAD.decode(token.split('.').nth(1)?).ok()?;
    let exp = serde_json::from_slice::<Value>(&claims).ok()?.get("exp")?.as_u64()?;
    UNIX_EPOCH.checked_add(Duration::from_secs(exp))
}

impl Token {
    fn new(header: HeaderValue, expires: Option<SystemTime>, now: SystemTime) -> Self {
        let renewal = expires.map(|expires| {
            let life = expires.duration_since(now).unwrap_or_default();
            let half = life.checked_div(2).unwrap_or_default();
            now.checked_add(half.max(life.saturating_sub(TOKEN_EXPIRY_MARGIN))).unwrap_or(expires)
        });
        Self { header, renewal }
    }

    fn is_fresh(&self, now: SystemTime) -> bool {
        self.renewal.is_none_or(|renewal| now < renewal)
    }
}

#[async_trait]
impl Auth for TokenCommand {
    async fn apply(&self, request: &mut Request) -> Result<PendingCheck, AuthError> {
        // Locked while the command runs, so that it runs once for all requests that wait.
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
        let header = secret(&format!("Bearer {token}")).unwrap();
        let expires = expires.map(|seconds| UNIX_EPOCH + Duration::from_secs(seconds));
        assert_eq!(parse(text, now()), Ok(Token::new(header, expires, now())));
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
        let expected = Token::new(secret("Basic dTpw").unwrap(), expires, now());
        assert_eq!(parse(json, now()), Ok(expected));
    }

    #[test]
    fn a_json_web_token_has_its_own_expiry() {
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

    #[track_caller]
    fn check_renewal(life: u64, renewed_after: u64) {
        let expires = Some(now() + Duration::from_secs(life));
        let token = Token::new(secret("Bearer x").unwrap(), expires, now());
        let is_fresh_after = |seconds| token.is_fresh(now() + Duration::from_secs(seconds));
        assert!(renewed_after == 0 || is_fresh_after(renewed_after - 1));
        assert!(!is_fresh_after(renewed_after));
    }

    #[test]
    fn a_token_is_renewed_five_minutes_before_it_ends() {
        check_renewal(3600, 3300);
        check_renewal(600, 300);
    }

    #[test]
    fn a_token_that_lives_no_longer_than_that_is_not_fetched_for_each_request() {
        check_renewal(300, 150);
        check_renewal(20, 10);
        check_renewal(0, 0);
    }

    fn shell(script: &str) -> TokenCommand {
        TokenCommand::new(["sh", "-c", script].map(str::to_owned).to_vec())
    }

    #[tokio::test]
    async fn a_command_that_fails_says_what_it_wrote_for_users() {
        let error = shell("echo s3cret; echo 'Please run az login' >&2; exit 1").run().await;
        assert_eq!(
            error.unwrap_err().to_string(),
            "the token command sh failed: Please run az login"
        );
    }

    #[tokio::test]
    async fn a_command_that_fails_does_not_give_the_token_away() {
        for script in [
            "echo s3cret; echo 's3cret is refused' >&2; exit 1",
            "echo 'tried access_token=s3cret' >&2; exit 1",
            "echo 'sent Authorization: Bearer s3cret' >&2; exit 1",
        ] {
            let error = shell(script).run().await.unwrap_err().to_string();
            assert!(error.contains("redacted") && !error.contains("s3cret"), "{error}");
        }
    }

    #[tokio::test]
    async fn a_command_that_waits_for_somebody_is_ended() {
        let command = TokenCommand { timeout: Duration::from_millis(100), ..shell("sleep 60") };
        let error = command.run().await.unwrap_err().to_string();
        assert!(error.contains("wait for somebody to sign in"), "{error}");
    }
}
