//! Whom to trust: TLS towards the server.

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

/// How a server proves who it is, and how the client does.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tls {
    /// Certificates (PEM) of authorities to trust beside the system's.
    pub ca_file: Option<PathBuf>,
    /// The client's own certificate (PEM), for servers that want one.
    pub client_cert: Option<PathBuf>,
    /// Its private key (PEM), if that is not in the same file.
    pub client_key: Option<PathBuf>,
    /// What is asked of the server's certificate.
    pub verify: Verify,
}

/// What is asked of the server's certificate.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Verify {
    /// A trusted authority signed it for this server's name.
    #[default]
    Authority,
    /// It is this very one.
    Pin(Fingerprint),
    /// Nothing: whoever sits between can read and change everything.
    Nothing,
}

/// The SHA-256 of a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fingerprint([u8; 32]);

/// Why TLS cannot be set up as it was asked for.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file cannot be read.
    #[error("{setting} cannot be read from {} ({error})", path.display())]
    File {
        /// What it was to be.
        setting: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// A file holds something else.
    #[error("{} holds no {setting} in PEM form ({reason})", path.display())]
    Content {
        /// What it was to be.
        setting: &'static str,
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A key needs a password.
    #[error("{} is encrypted with a password; decrypt it first: openssl pkey -in KEY -out PLAIN-KEY", .0.display())]
    Encrypted(PathBuf),
    /// Something else.
    #[error("TLS cannot be set up: {0}")]
    Setup(String),
}

impl Fingerprint {
    /// Reads hexadecimal digits, with colons or without, as `openssl x509 -fingerprint -sha256`
    /// prints them.
    pub fn parse(text: &str) -> Option<Self> {
        let digits: Vec<u8> = text
            .chars()
            .filter(|c| !matches!(c, ':' | ' '))
            .map(|c| c.to_digit(16).and_then(|digit| u8::try_from(digit).ok()))
            .collect::<Option<_>>()?;
        let bytes: Vec<u8> = digits.chunks_exact(2).map(|pair| pair[0] * 16 + pair[1]).collect();
        (digits.len() == 64).then(|| bytes.try_into().ok().map(Self)).flatten()
    }

    fn of(certificate: &[u8]) -> Self {
        Self(Sha256::digest(certificate).into())
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// Each client of HTTP needs it.
pub(crate) fn install_provider() {
    // It fails only if a provider is set already, which serves as well.
    let _ = rustls::crypto::ring::default_provider().install_default();
}

impl Tls {
    /// Sets a client up.
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
                "the server's certificate is not checked: others may read and change all"
            );
            builder = builder.tls_danger_accept_invalid_certs(true);
        }
        Ok(builder)
    }

    fn identity(&self, cert: &Path) -> Result<Identity, TlsError> {
        let mut pem = read("client_cert", cert)?;
        let key = self.client_key.as_deref().unwrap_or(cert);
        if key != cert {
            pem.push(b'\n');
            pem.extend(read("client_key", key)?);
        }
        plain(&pem, key)?;
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
        let pem = read("client_key", key)?;
        plain(&pem, key)?;
        let wrong = |setting, path: &Path| {
            let path = path.to_owned();
            move |error: rustls::pki_types::pem::Error| TlsError::Content {
                setting,
                path,
                reason: error.to_string(),
            }
        };
        let chain = CertificateDer::pem_slice_iter(&read("client_cert", cert)?)
            .collect::<Result<_, _>>()
            .map_err(wrong("client_cert", cert))?;
        let key = PrivateKeyDer::from_pem_slice(&pem).map_err(wrong("client_key", key))?;
        Ok((chain, key))
    }
}

fn read(setting: &'static str, path: &Path) -> Result<Vec<u8>, TlsError> {
    fs::read(path).map_err(|error| TlsError::File { setting, path: path.to_owned(), error })
}

fn authorities(path: &Path) -> Result<Vec<Certificate>, TlsError> {
    let wrong = |reason| TlsError::Content { setting: "ca_file", path: path.to_owned(), reason };
    let bundle = Certificate::from_pem_bundle(&read("ca_file", path)?)
        .map_err(|error| wrong(error.to_string()))?;
    match bundle.is_empty() {
        true => Err(wrong("there is no certificate in it".to_owned())),
        false => Ok(bundle),
    }
}

fn plain(pem: &[u8], path: &Path) -> Result<(), TlsError> {
    let text = String::from_utf8_lossy(pem);
    let encrypted = text.contains("ENCRYPTED");
    if encrypted { Err(TlsError::Encrypted(path.to_owned())) } else { Ok(()) }
}

/// Takes one certificate and no other, whoever signed it and for whatever name. That its owner is
/// there is still proven by the handshake's signatures.
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
        let shown = Fingerprint::of(certificate);
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

/// The server showed another certificate than the pinned one.
#[derive(Debug, thiserror::Error)]
#[error("the server shows the certificate {0}, not the pinned one")]
struct NotPinned(Fingerprint);

/// What TLS has against a server, with how to mend it; `None` if TLS is not what failed.
pub(crate) fn objection(error: &(dyn std::error::Error + 'static)) -> Option<String> {
    match rustls_error(error)? {
        rustls::Error::InvalidCertificate(why) => Some(mend(why)),
        other => Some(format!("{other}; does the server speak TLS on this port?")),
    }
}

/// `io::Error` hides what it wraps from `source`.
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

const PIN: &str = "or take this very certificate by tls.pin_sha256";

fn mend(why: &CertificateError) -> String {
    match why {
        CertificateError::UnknownIssuer => {
            format!(
                "nobody known here signed its certificate; name its authority's certificate as tls.ca_file, {PIN}"
            )
        }
        // As when the authority was made anew, and the file here is the old one.
        CertificateError::BadSignature => format!(
            "nobody known here signed its certificate (an authority of that name did, with another \
             key); name its authority's certificate as tls.ca_file, {PIN}"
        ),
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            format!(
                "its certificate is not for this host name; make one that names it \
                 (keytool -genkeypair … -ext SAN=dns:HOST), {PIN}"
            )
        }
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            "its certificate has expired; the server needs a new one".to_owned()
        }
        CertificateError::Other(other) if other.0.is::<NotPinned>() => {
            format!("{}; if that is right, pin this one", other.0)
        }
        CertificateError::Other(other) if format!("{other:?}").contains("CaUsedAsEndEntity") => {
            format!(
                "its certificate is an authority's own, as openssl req -x509 makes them; make one for a \
                 server (keytool -genkeypair … -ext SAN=dns:HOST), {PIN}"
            )
        }
        other => format!("its certificate is refused ({other}); mend it, {PIN}"),
    }
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
