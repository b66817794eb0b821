//! Takes possible secrets out of a program's error messages. Pure.

/// Parts of names whose values are secret.
const SECRET_NAMES: [&str; 10] = [
    "password",
    "passwd",
    "passphrase",
    "secret",
    "token",
    "key",
    "credential",
    "bearer",
    "basic",
    "authorization",
];
/// Replaces a secret.
const REDACTED: &str = "*********(redacted)";
/// How many characters of a line are shown.
const MAX_SHOWN_CHARS: usize = 300;
/// Letters and digits without a break for so long are no word of a language.
const OPAQUE_WORD_CHARS: usize = 32;
/// Shorter words of an answer may be in any sentence.
const MIN_ANSWER_WORD_CHARS: usize = 6;

/// Returns the last line of a text, at most 300 characters of it, without words that may be secret:
/// those of the `answer`, which holds a secret, values of names such as `token`, and random strings.
pub fn redacted_last_line(text: &str, answer: &str) -> String {
    let line = text.trim().lines().last().unwrap_or_default();
    let known: Vec<&str> =
        answer.split(is_between).filter(|word| word.len() >= MIN_ANSWER_WORD_CHARS).collect();
    let mut shown = String::new();
    let mut follows_a_name = false;
    for word in line.split_inclusive(is_between) {
        let bare = word.trim_end_matches(is_between);
        let after = &word[bare.len()..];
        let is_secret = follows_a_name || known.contains(&bare) || is_opaque(bare);
        shown += match is_secret && !bare.is_empty() {
            true => REDACTED,
            false => bare,
        };
        shown += after;
        follows_a_name = match bare.is_empty() {
            true => follows_a_name,
            // "The token has expired" has no secret, "token: x" has one, and so has "Bearer x".
            false => names_a_secret(bare) && (is_scheme(bare) || !after.trim().is_empty()),
        };
    }
    shorten(shown)
}

fn is_between(c: char) -> bool {
    c.is_whitespace() || "=:,;&?\"'(){}[]<>".contains(c)
}

fn names_a_secret(word: &str) -> bool {
    let word = word.to_ascii_lowercase();
    SECRET_NAMES.iter().any(|secret| word.contains(secret))
}

fn is_scheme(word: &str) -> bool {
    ["bearer", "basic", "negotiate"].iter().any(|scheme| word.eq_ignore_ascii_case(scheme))
}

/// Whether a word is a JSON Web Token, or has as many letters and digits in a row as no name has.
fn is_opaque(word: &str) -> bool {
    let is_jwt = word.starts_with("eyJ") && word.contains('.');
    let is_random = |part: &str| {
        part.len() >= OPAQUE_WORD_CHARS
            && part.bytes().any(|byte| byte.is_ascii_digit())
            && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-_".contains(&byte))
    };
    is_jwt || word.split(['.', '/']).any(is_random)
}

fn shorten(text: String) -> String {
    match text.char_indices().nth(MAX_SHOWN_CHARS) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, shown: &str) {
        assert_eq!(redacted_last_line(text, "").replace(REDACTED, "*"), shown);
    }

    #[test]
    fn what_may_be_a_secret_is_not_shown() {
        check("got token=abc123", "got token=*");
        check("Authorization: Bearer abc.def", "Authorization: * *");
        check("bad bearer abc", "bad bearer *");
        check("{\"access_token\": \"abc\", \"n\": 1}", "{\"access_token\": \"*\", \"n\": 1}");
        check("https://h/?a=1&sig_key=abc&b=2", "https://h/?a=1&sig_key=*&b=2");
        check("sent eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhIn0.c2ln to", "sent * to");
        check("refused 0123456789abcdef0123456789abcdef01", "refused *");
    }

    #[test]
    fn what_is_meant_for_users_is_shown() {
        for told in [
            "Please run az login",
            "The token has expired, sign in again",
            "ERROR: AADSTS70043: The refresh token has expired",
            "no such file: /home/me/.config/gcloud/credentials",
        ] {
            check(told, told);
        }
        check("first\nlast\n\n", "last");
        check("", "");
    }

    #[test]
    fn what_the_command_answers_is_not_shown_either() {
        assert_eq!(redacted_last_line("made s3cret-x", "s3cret-x\n"), format!("made {REDACTED}"));
        let json = r#"{"accessToken": "s3cret-x"}"#;
        assert_eq!(redacted_last_line("made s3cret-x", json), format!("made {REDACTED}"));
    }

    #[test]
    fn it_has_an_end() {
        assert_eq!(redacted_last_line(&"é ".repeat(500), "").chars().count(), MAX_SHOWN_CHARS + 1);
    }
}
