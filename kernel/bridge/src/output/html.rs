//! Turns text into HTML.

use crate::visible::is_harmless;

/// The address, if it may become a link: it is HTTP's, and has no invisible characters.
pub fn link(address: &str) -> Option<&str> {
    let (scheme, rest) = address.split_once("://")?;
    let is_http = scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https");
    let is_plain = |c: char| is_harmless(c) && !c.is_whitespace();
    (is_http && !rest.is_empty() && rest.chars().all(is_plain)).then_some(address)
}

/// Escapes text so that it is safe in an element and in a quoted attribute.
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_plain_http_address_becomes_a_link() {
        for (address, is_link) in [
            ("http://ui:4040/jobs?a=1", true),
            ("HTTPS://ui", true),
            ("javascript:alert(1)", false),
            ("httpx://ui", false),
            ("http:evil", false),
            ("http://", false),
            ("http://good\u{202e}live", false),
            ("http://a b", false),
            ("data:text/html,x", false),
        ] {
            assert_eq!(link(address).is_some(), is_link, "{address:?}");
        }
    }
}
