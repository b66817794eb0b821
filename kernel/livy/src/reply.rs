//! Turns every reply into what was asked for, or into an error. Pure.

use std::time::Duration;

use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::Value;

use crate::{Endpoint, Error, Refusal, excerpt::excerpt};

/// A reply as it was received.
pub(crate) struct Reply {
    pub status: u16,
    pub retry_after: Option<Duration>,
    pub body: String,
}

impl Reply {
    /// Reads what was asked for. Servers answer 200, 201 or 202 for the same.
    ///
    /// # Errors
    ///
    /// Fails if the server refused, or if the body is not what the REST API promises.
    pub fn parse<T: DeserializeOwned>(self, endpoint: &Endpoint) -> Result<T, Error> {
        if !(200..300).contains(&self.status) {
            return Err(self.refusal().into());
        }
        read_body(&self.body).map_err(|error| Error::Unreadable {
            endpoint: endpoint.to_string(),
            reason: unreadable(&self.body, &error),
        })
    }

    fn refusal(self) -> Refusal {
        let message = server_message(&self.body).unwrap_or_else(|| meaning(self.status).to_owned());
        let is_livys = serde_json::from_str::<IgnoredAny>(&self.body).is_ok();
        Refusal { status: self.status, message, retry_after: self.retry_after, is_livys }
    }
}

/// Reads a body. Where no answer is needed but success, any text will do: Livy answers a cancelled job
/// with a bare `canceled`, and other servers with nothing. A web page is still no answer.
fn read_body<T: DeserializeOwned>(body: &str) -> serde_json::Result<T> {
    match serde_json::from_str(body) {
        Err(error) if !is_html(body) => serde_json::from_str("null").map_err(|_| error),
        result => result,
    }
}

fn unreadable(body: &str, error: &serde_json::Error) -> String {
    match is_html(body).then(|| html_text(body)).flatten() {
        Some(text) => format!("it sent a web page: {text}"),
        // The error may repeat what it could not read.
        None => format!("its reply is not as documented: {}", excerpt(&error.to_string())),
    }
}

/// Finds the message in an error body: `{"msg": …}`, a JSON string, a stack trace or a web page.
fn server_message(body: &str) -> Option<String> {
    let message = match serde_json::from_str::<Value>(body) {
        Ok(Value::String(text)) => without_java(&text),
        // Livy says no more where a session is another user's.
        Ok(Value::Object(object)) if object.is_empty() => return None,
        Ok(Value::Object(object)) => ["msg", "message", "error_description", "error"]
            .iter()
            .find_map(|&key| object.get(key)?.as_str())
            .map(without_java)
            .unwrap_or_else(|| excerpt(body)),
        _ if is_html(body) => html_text(body)?,
        _ => without_java(body),
    };
    (!message.is_empty()).then_some(message)
}

/// Takes the Java stack off a message, and the chain of exception classes before it.
fn without_java(text: &str) -> String {
    let end = text.find("\n\tat ").unwrap_or(text.len());
    let mut rest = text[..end].trim();
    while let Some((class, message)) = rest.split_once(": ")
        && is_exception_class(class)
    {
        rest = message.trim_start();
    }
    excerpt(rest)
}

fn is_exception_class(word: &str) -> bool {
    word.contains('.')
        && (word.ends_with("Exception") || word.ends_with("Error"))
        && word.chars().all(|c| c.is_alphanumeric() || matches!(c, '.' | '$' | '_'))
}

fn is_html(body: &str) -> bool {
    body.trim_start().starts_with('<')
}

/// Returns the title of a web page, or else its text.
fn html_text(body: &str) -> Option<String> {
    let title = body
        .split_once("<title>")
        .and_then(|(_, rest)| rest.split_once("</title>"))
        .map(|(title, _)| title.to_owned());
    let text = excerpt(&title.unwrap_or_else(|| without_tags(body)));
    (!text.is_empty()).then_some(text)
}

fn without_tags(html: &str) -> String {
    html.split('<').map(|part| part.split_once('>').map_or("", |(_, text)| text)).collect()
}

/// Explains a status, for servers that send no message.
fn meaning(status: u16) -> &'static str {
    match status {
        300..=399 => "it redirects elsewhere, as a login page does",
        401 => "it gave no reason",
        403 => "this user may not do that",
        404 => "there is no such thing at this address",
        429 => "too many requests",
        502..=504 => "the gateway in front of it has no answer from it",
        500..=599 => "it failed and gave no reason",
        _ => "it gave no reason",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(status: u16, body: &str, expected: &str) {
        let reply = Reply { status, retry_after: None, body: body.to_owned() };
        assert_eq!(reply.refusal().message, expected);
    }

    fn read<T: DeserializeOwned>(status: u16, body: &str) -> Result<T, Error> {
        let endpoint = Endpoint::parse("http://livy.example").unwrap();
        Reply { status, retry_after: None, body: body.to_owned() }.parse(&endpoint)
    }

    #[test]
    fn the_servers_message_comes_out_of_every_kind_of_body() {
        check(404, r#"{"msg": "Session '8' not found."}"#, "Session '8' not found.");
        check(404, r#""Statement not found""#, "Statement not found");
        check(400, "Session isn't active.", "Session isn't active.");
        check(502, "<html><head><title>Bad Gateway</title></head></html>", "Bad Gateway");
        check(400, "<html><body><h2>Missing header</h2></body></html>", "Missing header");
        check(404, "", "there is no such thing at this address");
        check(403, "{}", "this user may not do that");
    }

    #[test]
    fn a_java_stack_is_reduced_to_its_message() {
        let body = r#""java.util.concurrent.ExecutionException: org.apache.livy.rsc.rpc.RpcException: java.lang.IllegalArgumentException: Invalid kind: cobol\n\tat org.apache.livy.sessions.Kind$.apply(Kind.scala:46)""#;
        check(500, body, "Invalid kind: cobol");
    }

    #[test]
    fn a_login_page_with_status_200_is_not_an_answer() {
        let error = read::<Vec<u8>>(200, "<html><title>Sign in</title></html>").unwrap_err();
        let text = error.to_string();
        assert!(
            text.contains("it sent a web page: Sign in") && text.contains("livy.example"),
            "{text}"
        );
    }

    #[test]
    fn success_may_have_an_empty_body_and_any_2xx_status() {
        for status in [200, 201, 202, 204] {
            read::<serde::de::IgnoredAny>(status, "").unwrap();
        }
        read::<serde::de::IgnoredAny>(200, "canceled").unwrap();
        read::<serde::de::IgnoredAny>(200, "<html>Sign in</html>").unwrap_err();
        read::<Vec<u8>>(200, "").unwrap_err();
    }
}
