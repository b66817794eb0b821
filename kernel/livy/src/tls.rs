//! TLS: which certificates of a server are trusted, and which one the client shows.

use std::{
    fmt, fs, io,
    path::{Path, PathBuf},
    sync::Arc,
};

use reqwest::{Certificate, ClientBuilder, Identity};
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, OtherError, SignatureScheme,
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    crypto::{self, CryptoProvider, WebPkiSupportedAlgorithms},
    pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime, pem::PemObject},
};
use sha2::{Digest, Sha256};

/// How the server's certificate is verified, and which certificate the client shows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tls {
    /// A PEM file with certificates of authorities to trust beside the system's.
    pub ca_file: Option<PathBuf>,
    /// A PEM file with the client's own certificate, for servers that demand one.
    pub client_cert: Option<PathBuf>,
    /// A PEM file with the private key of that certificate, if it is not in the same file.
    pub client_key: Option<PathBuf>,
    /// How the server's certificate is verified.
    pub verify: Verify,
}

/// How a server's certificate is verified.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Verify {
    /// A trusted authority must have signed it for this server's name.
    #[default]
    Authority,
    /// It must be exactly this certificate.
    Pin(Fingerprint),
    /// Any certificate is accepted: anybody in between can read and change everything.
    Nothing,
}

/// The SHA-256 digest of a certificate in DER form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fingerprint([u8; 32]);

/// Says why TLS cannot be set up with the given options.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file cannot be read.
    #[error("{setting} cannot be read from {} ({error})", path.display())]
    File {
        /// The option that names the file.
        setting: &'static str,
        /// The file's path.
        path: PathBuf,
        /// The system's error.
        error: io::Error,
    },
    /// A file does not hold what its option needs.
    #[error("{} holds no {setting} in PEM form ({reason})", path.display())]
    Content {
        /// The option that names the file.
        setting: &'static str,
        /// The file's path.
        path: PathBuf,
        /// The fault that was found in it.
        reason: String,
    },
    /// A private key is encrypted.
    #[error("{} is encrypted with a password; decrypt it first: openssl pkey -in KEY -out PLAIN-KEY", .0.display())]
    Encrypted(PathBuf),
    /// The TLS library refused the options.
    #[error("TLS cannot be set up: {0}")]
    Setup(String),
}

impl Fingerprint {
    /// Reads 64 hexadecimal digits, with colons or without, as
    /// `openssl x509 -fingerprint -sha256` prints them.
    pub fn parse(text: &str) -> Option<Self> {
        let digits: String = text.chars().filter(|c| !matches!(c, ':' | ' ')).collect();
        let mut digest = [0; 32];
        hex::decode_to_slice(digits, &mut digest).ok()?;
        Some(Self(digest))
    }

    fn of_certificate(certificate: &[u8]) -> Self {
        Self(Sha256::digest(certificate).into())
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

/// Installs the cryptography that every HTTP client here needs.
pub(crate) fn install_provider() {
    // It fails only if a provider is set already, which serves as well.
    let _ = rustls::crypto::ring::default_provider().install_default();
}

impl Tls {
    /// Sets the options on a client.
    ///
    /// # Errors
    ///
    /// Fails if a file cannot be read or does not hold what its option needs.
    pub(crate) fn apply(&self, mut builder: ClientBuilder) -> Result<ClientBuilder, TlsError> {
        if let Verify::Pin(pin) = &self.verify {
            return Ok(builder.tls_backend_preconfigured(self.pinned(*pin)?));
        }
        if let Some(path) = &self.ca_file {
            builder = builder.tls_certs_merge(authorities(path)?);
        }
        if let Some(path) = &self.client_cert {
            builder = builder.identity(self.identity(path)?);
        }
        if self.verify == Verify::Nothing {
            tracing::warn!(
                "the server's certificate is not checked: others may read and change everything"
            );
            builder = builder.tls_danger_accept_invalid_certs(true);
        }
        Ok(builder)
    }

    fn identity(&self, cert: &Path) -> Result<Identity, TlsError> {
        let mut pem = read_file("client_cert", cert)?;
        let key = self.client_key.as_deref().unwrap_or(cert);
        if key != cert {
            pem.push(b'\n');
            pem.extend(read_file("client_key", key)?);
        }
        refuse_encrypted(&pem, key)?;
        Identity::from_pem(&pem).map_err(|error| TlsError::Content {
            setting: "client_cert with its key",
            path: cert.to_owned(),
            reason: error.to_string(),
        })
    }

    fn pinned(&self, pin: Fingerprint) -> Result<ClientConfig, TlsError> {
        let provider = Arc::new(crypto::ring::default_provider());
        let verifier = Arc::new(Pinned { pin, provider: provider.clone() });
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| TlsError::Setup(error.to_string()))?
            .dangerous()
            .with_custom_certificate_verifier(verifier);
        let Some(cert) = &self.client_cert else {
            return Ok(config.with_no_client_auth());
        };
        let (chain, key) = self.client_pair(cert)?;
        config.with_client_auth_cert(chain, key).map_err(|error| TlsError::Setup(error.to_string()))
    }

    fn client_pair(
        &self,
        cert: &Path,
    ) -> Result<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>), TlsError> {
        let key = self.client_key.as_deref().unwrap_or(cert);
        let pem = read_file("client_key", key)?;
        refuse_encrypted(&pem, key)?;
        let wrong = |setting, path: &Path| {
            let path = path.to_owned();
            move |error: rustls::pki_types::pem::Error| TlsError::Content {
                setting,
                path,
                reason: error.to_string(),
            }
        };
        let chain = CertificateDer::pem_slice_iter(&read_file("client_cert", cert)?)
            .collect::<Result<_, _>>()
            .map_err(wrong("client_cert", cert))?;
        let key = PrivateKeyDer::from_pem_slice(&pem).map_err(wrong("client_key", key))?;
        Ok((chain, key))
    }
}

fn read_file(setting: &'static str, path: &Path) -> Result<Vec<u8>, TlsError> {
    fs::read(path).map_err(|error| TlsError::File { setting, path: path.to_owned(), error })
}

fn authorities(path: &Path) -> Result<Vec<Certificate>, TlsError> {
    let wrong = |reason| TlsError::Content { setting: "ca_file", path: path.to_owned(), reason };
    let bundle = Certificate::from_pem_bundle(&read_file("ca_file", path)?)
        .map_err(|error| wrong(error.to_string()))?;
    match bundle.is_empty() {
        true => Err(wrong("it has no certificate".to_owned())),
        false => Ok(bundle),
    }
}

fn refuse_encrypted(pem: &[u8], path: &Path) -> Result<(), TlsError> {
    let text = String::from_utf8_lossy(pem);
    let encrypted = text.contains("ENCRYPTED");
    if encrypted { Err(TlsError::Encrypted(path.to_owned())) } else { Ok(()) }
}

/// Accepts one certificate and no other, whoever signed it and for whatever name. The handshake's
/// signatures still prove that the server has its private key.
#[derive(Debug)]
struct Pinned {
    pin: Fingerprint,
    provider: Arc<CryptoProvider>,
}

impl Pinned {
    fn algorithms(&self) -> &WebPkiSupportedAlgorithms {
        &self.provider.signature_verification_algorithms
    }
}

impl ServerCertVerifier for Pinned {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _name: &ServerName<'_>,
        _ocsp: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let shown = Fingerprint::of_certificate(certificate);
        match shown == self.pin {
            true => Ok(ServerCertVerified::assertion()),
            false => Err(CertificateError::Other(OtherError(Arc::new(NotPinned(shown)))).into()),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        crypto::verify_tls12_signature(message, certificate, signature, self.algorithms())
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        crypto::verify_tls13_signature(message, certificate, signature, self.algorithms())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms().supported_schemes()
    }
}

/// The server shows another certificate than the pinned one.
#[derive(Debug, thiserror::Error)]
#[error("the server shows the certificate {0}, not the pinned one")]
struct NotPinned(Fingerprint);

/// Explains why TLS does not trust a server, and what to do; `None` if TLS is not what failed.
pub(crate) fn objection(error: &(dyn std::error::Error + 'static)) -> Option<String> {
    match rustls_error(error)? {
        rustls::Error::InvalidCertificate(error) => Some(advice(error)),
        other => Some(format!("{other}; does the server speak TLS on this port?")),
    }
}

/// Finds TLS's own error in a chain; `io::Error` hides what it wraps from `source`.
fn rustls_error<'e>(error: &'e (dyn std::error::Error + 'static)) -> Option<&'e rustls::Error> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref() {
            return Some(found);
        }
        if let Some(inner) = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
            return rustls_error(inner);
        }
        next = error.source();
    }
    None
}

const NAME_AUTHORITY: &str = "name its authority's certificate as tls.ca_file, or trust exactly \
                              this certificate with tls.pin_sha256";
const REPLACE: &str = "make one for this host name (keytool -genkeypair … -ext SAN=dns:HOST), or \
                       trust exactly this certificate with tls.pin_sha256";
const TRUST_EXACTLY: &str = "replace it, or trust exactly this one with tls.pin_sha256";

/// Says what is wrong with a certificate, and what to do.
fn advice(error: &CertificateError) -> String {
    use CertificateError as Wrong;
    let (problem, remedy) = match error {
        Wrong::UnknownIssuer => ("no trusted authority has signed its certificate", NAME_AUTHORITY),
        // As when the authority was made again, and the file here is the old one.
        Wrong::BadSignature => (
            "no trusted authority has signed its certificate (one of that name has, with another key)",
            NAME_AUTHORITY,
        ),
        Wrong::NotValidForName | Wrong::NotValidForNameContext { .. } => {
            ("its certificate is not for this host name", REPLACE)
        }
        Wrong::Expired | Wrong::ExpiredContext { .. } => {
            ("its certificate has expired", "the server needs a new one")
        }
        Wrong::Other(other) if other.0.is::<NotPinned>() => {
            return format!("{}; if that is right, pin this one", other.0);
        }
        Wrong::Other(other) if format!("{other:?}").contains("CaUsedAsEndEntity") => {
            ("its certificate is an authority's own, as openssl req -x509 makes them", REPLACE)
        }
        other => return format!("its certificate is refused ({other}); {TRUST_EXACTLY}"),
    };
    format!("{problem}; {remedy}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fingerprint_is_read_with_colons_and_without() {
        let plain = "ab".repeat(32);
        let with_colons = vec!["AB"; 32].join(":");
        assert_eq!(Fingerprint::parse(&plain), Some(Fingerprint([0xab; 32])));
        assert_eq!(Fingerprint::parse(&with_colons), Some(Fingerprint([0xab; 32])));
        for wrong in ["", "abc", &"xy".repeat(32), &plain[..62]] {
            assert_eq!(Fingerprint::parse(wrong), None, "{wrong}");
        }
    }
}
