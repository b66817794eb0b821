//! What a Kerberos library says, in words that tell what to do. Pure.

use super::gssapi::Failure;
use crate::AuthError;

/// What is found in the library's text, what it means, and what to do.
const KNOWN: [(&[&str], &str, &str); 7] = [
    (
        &["Ticket expired", "credentials have expired", "ticket has expired"],
        "the Kerberos ticket has expired",
        "renew it: kinit",
    ),
    (
        &[
            "No Kerberos credentials",
            "No credentials cache",
            "cannot find mechanisms",
            "No credentials were supplied",
        ],
        "there is no Kerberos ticket",
        "get one: kinit",
    ),
    (
        &["Clock skew"],
        "this machine's clock and the realm's differ too much",
        "set the clock (Kerberos bears five minutes)",
    ),
    (
        &["not found in Kerberos database", "Server not found", "unknown server"],
        "the realm knows no service of this name",
        "name the host that the service is registered for: kerberos.service_host",
    ),
    (
        &["Cannot contact any KDC", "unable to reach any KDC"],
        "no server of the realm (KDC) answers",
        "see whether this machine is in the network that it is in",
    ),
    (
        &[
            "Cannot find KDC",
            "unable to find realm",
            "Cannot determine realm",
            "Cannot find KDC for realm",
        ],
        "this machine does not know the realm",
        "see krb5.conf, or $KRB5_CONFIG: its [realms] and [domain_realm]",
    ),
    (
        &["Key table", "keytab", "Preauthentication failed", "Client not found"],
        "the keytab does not serve",
        "see kerberos.keytab and kerberos.principal; klist -k shows what is in the file",
    ),
];

/// Why there is no token for a service.
pub fn explained(service: &str, failure: &Failure) -> AuthError {
    let Failure(text) = failure;
    let lower = text.to_ascii_lowercase();
    let is_meant =
        |parts: &[&str]| parts.iter().any(|part| lower.contains(&part.to_ascii_lowercase()));
    match KNOWN.iter().find(|(parts, ..)| is_meant(parts)) {
        Some((_, what, next)) => AuthError::passing(format!(
            "{what}: {next}. It was for {service}; Kerberos says: {}",
            short(text)
        )),
        None => {
            AuthError::passing(format!("Kerberos gives no token for {service}: {}", short(text)))
        }
    }
}

/// There is no library.
pub fn missing() -> AuthError {
    AuthError::new(
        "this machine has no Kerberos library: install libgssapi-krb5-2 (Debian, Ubuntu) or krb5-libs (RHEL, Fedora)",
    )
}

/// The mechanism's words; those of the call say the same for every failure.
fn short(text: &str) -> &str {
    let general =
        text.strip_prefix("Unspecified GSS failure.  Minor code may provide more information: ");
    general.unwrap_or(text).trim_end_matches(": ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_library_says_becomes_what_to_do() {
        let told = |text: &str| explained("HTTP@livy", &Failure(text.to_owned())).to_string();
        let expired = told(
            "Unspecified GSS failure.  Minor code may provide more information: Ticket expired",
        );
        assert!(
            expired.starts_with("the Kerberos ticket has expired: renew it: kinit"),
            "{expired}"
        );
        assert!(expired.ends_with("Kerberos says: Ticket expired"), "{expired}");
        assert!(
            told("x: No Kerberos credentials available (default cache: FILE:/x)")
                .contains("get one: kinit")
        );
        assert!(
            told("x: Server HTTP/a@B not found in Kerberos database")
                .contains("kerberos.service_host")
        );
        assert!(told("x: Cannot contact any KDC for realm 'B'").contains("KDC"));
        assert!(told("something else").contains("something else"));
    }
}
