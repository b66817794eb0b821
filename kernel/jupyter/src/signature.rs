//! Signs and verifies messages: HMAC-SHA256 over their four JSON parts, in hexadecimal, as the
//! [wire protocol](https://jupyter-client.readthedocs.io/en/stable/messaging.html#the-wire-protocol) says. Pure.

use bytes::Bytes;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// The result of verifying a signature.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Verification {
    /// No key is set, so nothing is verified.
    NoKey,
    /// The signature is right. Its bytes are unique to the message.
    Valid(Vec<u8>),
    /// The signature belongs to another message or key, or is none.
    Invalid,
}

/// Signs and verifies with the connection's key; without a key, signatures are empty.
pub(crate) struct Signer(Option<Hmac<Sha256>>);

impl Signer {
    pub fn new(key: &str) -> Self {
        let keyed =
            || Hmac::new_from_slice(key.as_bytes()).expect("HMAC takes a key of any length");
        Self((!key.is_empty()).then(keyed))
    }

    pub fn sign(&self, parts: &[Bytes; 4]) -> String {
        let mac = self.mac_of(parts);
        mac.map(|mac| hex::encode(mac.finalize().into_bytes())).unwrap_or_default()
    }

    /// Verifies a signature in constant time, so that it cannot be guessed digit by digit.
    pub fn verify(&self, parts: &[Bytes; 4], signature: &[u8]) -> Verification {
        let Some(mac) = self.mac_of(parts) else {
            return Verification::NoKey;
        };
        match hex::decode(signature).ok().filter(|digest| mac.verify_slice(digest).is_ok()) {
            Some(digest) => Verification::Valid(digest),
            None => Verification::Invalid,
        }
    }

    fn mac_of(&self, parts: &[Bytes; 4]) -> Option<Hmac<Sha256>> {
        let mut mac = self.0.clone()?;
        parts.iter().for_each(|part| mac.update(part));
        Some(mac)
    }
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

    fn verify(parts: &[Bytes; 4], signature: &[u8]) -> Verification {
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
        assert!(matches!(verify(&parts(), SIGNATURE.as_bytes()), Verification::Valid(_)));
    }

    #[test]
    fn a_changed_part_is_noticed() {
        for changed in 0..4 {
            let mut parts = parts();
            parts[changed] = Bytes::from_static(b"{ }");
            assert_eq!(verify(&parts, SIGNATURE.as_bytes()), Verification::Invalid);
        }
    }

    #[test]
    fn what_is_no_signature_is_wrong() {
        let odd = &SIGNATURE[1..];
        let short = &SIGNATURE[2..];
        let long = format!("{SIGNATURE}00");
        let no_hex = SIGNATURE.replace(&SIGNATURE[..1], "g");
        for wrong in ["", "00", odd, short, &long, &no_hex] {
            assert_eq!(verify(&parts(), wrong.as_bytes()), Verification::Invalid, "{wrong}");
        }
        assert_eq!(verify(&parts(), &[0xff; 64]), Verification::Invalid);
    }

    #[test]
    fn without_a_key_nothing_is_signed_or_verified() {
        assert_eq!(Signer::new("").sign(&parts()), "");
        assert_eq!(Signer::new("").verify(&parts(), b""), Verification::NoKey);
        assert_eq!(Signer::new("").verify(&parts(), SIGNATURE.as_bytes()), Verification::NoKey);
    }
}
