//! The signature of a message: HMAC-SHA256 over its four JSON parts, in hex.
//! <https://jupyter-client.readthedocs.io/en/stable/messaging.html#the-wire-protocol>

use std::fmt::Write;

use bytes::Bytes;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// What a signature is worth.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// There is no key, so anything will do.
    Unsigned,
    /// It is the message's. Its bytes, which no other message has.
    Right(Vec<u8>),
    /// It is not.
    Wrong,
}

/// Signs and verifies with the connection's key; without a key signatures are empty.
pub(crate) struct Signer(Option<Hmac<Sha256>>);

impl Signer {
    pub fn new(key: &str) -> Self {
        let keyed =
            || Hmac::new_from_slice(key.as_bytes()).expect("HMAC takes a key of any length");
        Self((!key.is_empty()).then(keyed))
    }

    pub fn sign(&self, parts: &[Bytes; 4]) -> String {
        let mac = self.over(parts);
        mac.map(|mac| to_hex(&mac.finalize().into_bytes())).unwrap_or_default()
    }

    /// Compares in constant time, so that a signature cannot be found by trying.
    pub fn verify(&self, parts: &[Bytes; 4], signature: &[u8]) -> Verdict {
        let Some(mac) = self.over(parts) else {
            return Verdict::Unsigned;
        };
        match from_hex(signature).filter(|signature| mac.verify_slice(signature).is_ok()) {
            Some(signature) => Verdict::Right(signature),
            None => Verdict::Wrong,
        }
    }

    fn over(&self, parts: &[Bytes; 4]) -> Option<Hmac<Sha256>> {
        let mut mac = self.0.clone()?;
        parts.iter().for_each(|part| mac.update(part));
        Some(mac)
    }
}

fn to_hex(bytes: &[u8]) -> String {
    let mut hex = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        let _ = write!(hex, "{byte:02x}"); // writing to a String cannot fail
    }
    hex
}

fn from_hex(hex: &[u8]) -> Option<Vec<u8>> {
    let digit =
        |&byte: &u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    hex.chunks(2)
        .map(|pair| match pair {
            [high, low] => Some(digit(high)? << 4 | digit(low)?),
            _ => None,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "a0436f6c-1916-498b-8eb9-e81ab9368e84";
    /// From Python's hmac module, over the parts below.
    const SIGNATURE: &str = "dae8ba123e4a26c428fad2956080949a51157d9faefcf6b15f5509d7927ec6d1";

    fn parts() -> [Bytes; 4] {
        [r#"{"msg_id":"1","msg_type":"execute_request"}"#, "{}", "{}", r#"{"code":"print('ä')"}"#]
            .map(|part| Bytes::from_static(part.as_bytes()))
    }

    fn verify(parts: &[Bytes; 4], signature: &[u8]) -> Verdict {
        Signer::new(KEY).verify(parts, signature)
    }

    #[test]
    fn a_signature_is_the_same_in_capitals() {
        let capitals = SIGNATURE.to_uppercase();
        assert_eq!(verify(&parts(), capitals.as_bytes()), verify(&parts(), SIGNATURE.as_bytes()));
    }

    #[test]
    fn a_signature_is_what_python_computes() {
        assert_eq!(Signer::new(KEY).sign(&parts()), SIGNATURE);
        assert!(matches!(verify(&parts(), SIGNATURE.as_bytes()), Verdict::Right(_)));
    }

    #[test]
    fn a_changed_part_is_noticed() {
        for changed in 0..4 {
            let mut parts = parts();
            parts[changed] = Bytes::from_static(b"{ }");
            assert_eq!(verify(&parts, SIGNATURE.as_bytes()), Verdict::Wrong);
        }
    }

    #[test]
    fn what_is_no_signature_is_wrong() {
        let odd = &SIGNATURE[1..];
        let short = &SIGNATURE[2..];
        let long = format!("{SIGNATURE}00");
        let no_hex = SIGNATURE.replace(&SIGNATURE[..1], "g");
        for wrong in ["", "00", odd, short, &long, &no_hex] {
            assert_eq!(verify(&parts(), wrong.as_bytes()), Verdict::Wrong, "{wrong}");
        }
        assert_eq!(verify(&parts(), &[0xff; 64]), Verdict::Wrong);
    }

    #[test]
    fn without_a_key_nothing_is_signed_or_verified() {
        assert_eq!(Signer::new("").sign(&parts()), "");
        assert_eq!(Signer::new("").verify(&parts(), b""), Verdict::Unsigned);
        assert_eq!(Signer::new("").verify(&parts(), SIGNATURE.as_bytes()), Verdict::Unsigned);
    }
}
