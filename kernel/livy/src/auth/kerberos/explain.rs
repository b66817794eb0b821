//! Explains a Kerberos library's errors, and what to do. Pure.

use super::gssapi::Failure;
use crate::AuthError;

/// Parts of the library's text, the problem that they mean, and what to do.
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
        "set the clock (Kerberos tolerates five minutes)",
    ),
    (
        &["not found in Kerberos database", "Server not found", "unknown server"],
        "the realm knows no service of this name",
        "name the host that the service is registered for: kerberos.service_host",
    ),
    (
        &["Cannot contact any KDC", "unable to reach any KDC"],
        "no server of the realm (KDC) answers",
        "check that this machine can reach the realm's network",
    ),
    (
        &[
            "Cannot find KDC",
            "unable to find realm",
            "Cannot determine realm",
            "Cannot find KDC for realm",
        ],
        "this machine does not know the realm",
        "check [realms] and [domain_realm] in krb5.conf, or in the file that $KRB5_CONFIG names",
    ),
    (
        &["Key table", "keytab", "Preauthentication failed", "Client not found"],
        "the keytab cannot be used",
        "check kerberos.keytab and kerberos.principal; klist -k FILE shows what is in it",
    ),
];

/// Explains why the library made no token for a service.
pub fn explained(service: &str, failure: &Failure) -> AuthError {
    let Failure(text) = failure;
    let lower = text.to_ascii_lowercase();
    let is_meant =
        |parts: &[&str]| parts.iter().any(|part| lower.contains(&part.to_ascii_lowercase()));
    match KNOWN.iter().find(|(parts, ..)| is_meant(parts)) {
        Some((_, what, next)) => AuthError::passing(format!(
            "{what}: {next}. The ticket was for {service}; Kerberos says: {}",
            short(text)
        )),
        None => {
            AuthError::passing(format!("Kerberos gives no token for {service}: {}", short(text)))
        }
    }
}

/// Says that the machine has no Kerberos library.
pub fn no_library() -> AuthError {
    AuthError::new(
        "this machine has no Kerberos library: install libgssapi-krb5-2 (Debian, Ubuntu) or krb5-libs (RHEL, Fedora)",
    )
}

/// Returns the mechanism's text alone; the call's is the same for every failure.
fn short(text: &str) -> &str {
    let general =
        text.strip_prefix("Unspecified GSS failure.  Minor code may provide more information: ");
    general.unwrap_or(text).trim_end_matches(": ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_of_the_library_becomes_what_to_do() {
        let message = |text: &str| explained("HTTP@livy", &Failure(text.to_owned())).to_string();
        let expired = message(
            "Unspecified GSS failure.  Minor code may provide more information: Ticket expired",
        );
        assert!(
            expired.starts_with("the Kerberos ticket has expired: renew it: kinit"),
            "{expired}"
        );
        assert!(expired.ends_with("Kerberos says: Ticket expired"), "{expired}");
        assert!(
            message("x: No Kerberos credentials available (default cache: FILE:/x)")
                .contains("get one: kinit")
        );
        assert!(
            message("x: Server HTTP/a@B not found in Kerberos database")
                .contains("kerberos.service_host")
        );
        assert!(message("x: Cannot contact any KDC for realm 'B'").contains("KDC"));
        assert!(message("something else").contains("something else"));
    }
}
