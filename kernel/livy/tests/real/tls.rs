use std::{fs, sync::Arc};

use livy_client::{Fingerprint, Options, Tls, Verify};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use sha2::{Digest, Sha256};
use tokio_rustls::rustls::{
    RootCertStore, ServerConfig,
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer},
    server::WebPkiClientVerifier,
};

use super::support::{ask, options, serve_tls};

/// A certificate and its key, as PEM files would hold them.
struct Identity {
    der: CertificateDer<'static>,
    pem: String,
    key: KeyPair,
}

impl Identity {
    fn fingerprint(&self) -> Fingerprint {
        let digest: String =
            Sha256::digest(&self.der).iter().map(|byte| format!("{byte:02x}")).collect();
        Fingerprint::parse(&digest).unwrap()
    }
}

type Authority = CertifiedIssuer<'static, KeyPair>;

fn authority() -> Authority {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

fn signed(authority: &Authority, names: &[&str]) -> Identity {
    let key = KeyPair::generate().unwrap();
    let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
    let certificate = CertificateParams::new(names).unwrap().signed_by(&key, authority).unwrap();
    Identity { der: certificate.der().clone(), pem: certificate.pem(), key }
}

/// Makes a certificate as `openssl req -x509` does.
fn self_made() -> Identity {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let certificate = params.self_signed(&key).unwrap();
    Identity { der: certificate.der().clone(), pem: certificate.pem(), key }
}

/// Makes the server's settings; `clients` is the authority of the client certificates that it demands.
fn server(identity: &Identity, clients: Option<&Authority>) -> ServerConfig {
    let provider = Arc::new(ring::default_provider());
    let builder = ServerConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .unwrap();
    let builder = match clients {
        None => builder.with_no_client_auth(),
        Some(authority) => {
            let mut roots = RootCertStore::empty();
            roots.add(authority.der().clone()).unwrap();
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
            builder.with_client_cert_verifier(verifier.build().unwrap())
        }
    };
    let key = PrivateKeyDer::try_from(identity.key.serialize_der()).unwrap();
    builder.with_single_cert(vec![identity.der.clone()], key).unwrap()
}

fn file(content: &str) -> tempfile::NamedTempFile {
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), content).unwrap();
    file
}

fn trusting(port: u16, tls: Tls) -> Options {
    Options { tls, ..options(&format!("https://localhost:{port}")) }
}

async fn refusal(port: u16, tls: Tls) -> String {
    let error = ask(trusting(port, tls)).await.unwrap_err();
    error.to_string()
}

#[tokio::test]
async fn an_unknown_authority_is_refused_until_its_certificate_is_named() {
    let authority = authority();
    let port = serve_tls(server(&signed(&authority, &["localhost"]), None)).await;

    let text = refusal(port, Tls::default()).await;
    assert!(text.contains("cannot be trusted") && text.contains("tls.ca_file"), "{text}");

    let ca = file(&authority.pem());
    let tls = Tls { ca_file: Some(ca.path().into()), ..Tls::default() };
    ask(trusting(port, tls)).await.unwrap();
}

#[tokio::test]
async fn a_self_made_certificate_is_refused_with_a_remedy() {
    let identity = self_made();
    let port = serve_tls(server(&identity, None)).await;
    let ca = file(&identity.pem);
    let tls = Tls { ca_file: Some(ca.path().into()), ..Tls::default() };
    let text = refusal(port, tls).await;
    assert!(text.contains("authority's own") && text.contains("-ext SAN=dns:HOST"), "{text}");
    assert!(text.contains("tls.pin_sha256"), "{text}");
}

#[tokio::test]
async fn a_certificate_for_another_name_is_refused_with_a_remedy() {
    let authority = authority();
    let port = serve_tls(server(&signed(&authority, &["other.example"]), None)).await;
    let ca = file(&authority.pem());
    let tls = Tls { ca_file: Some(ca.path().into()), ..Tls::default() };
    let text = refusal(port, tls).await;
    assert!(
        text.contains("not for this host name") && text.contains("-ext SAN=dns:HOST"),
        "{text}"
    );
}

#[tokio::test]
async fn a_pinned_certificate_is_taken_whoever_made_it_and_no_other_is() {
    let identity = self_made();
    let port = serve_tls(server(&identity, None)).await;
    let pin =
        |identity: &Identity| Tls { verify: Verify::Pin(identity.fingerprint()), ..Tls::default() };
    ask(trusting(port, pin(&identity))).await.unwrap();

    let text = refusal(port, pin(&self_made())).await;
    assert!(text.contains(&identity.fingerprint().to_string()), "{text}");
}

#[tokio::test]
async fn a_server_that_wants_a_certificate_gets_one() {
    let authority = authority();
    let identity = signed(&authority, &["localhost"]);
    let port = serve_tls(server(&identity, Some(&authority))).await;
    let ca = file(&authority.pem());
    let client = signed(&authority, &["alice"]);
    let (cert, key) = (file(&client.pem), file(&client.key.serialize_pem()));
    let anonymous = Tls { ca_file: Some(ca.path().into()), ..Tls::default() };
    assert!(ask(trusting(port, anonymous.clone())).await.is_err());

    let known = Tls {
        client_cert: Some(cert.path().into()),
        client_key: Some(key.path().into()),
        ..anonymous
    };
    ask(trusting(port, known.clone())).await.unwrap();
    ask(trusting(port, Tls { verify: Verify::Pin(identity.fingerprint()), ..known }))
        .await
        .unwrap();
}

#[tokio::test]
async fn verification_can_be_switched_off() {
    let port = serve_tls(server(&self_made(), None)).await;
    ask(trusting(port, Tls { verify: Verify::Nothing, ..Tls::default() })).await.unwrap();
}

#[tokio::test]
async fn files_that_are_of_no_use_are_named_with_what_to_do() {
    let text = |tls| async move { refusal(1, tls).await };
    let missing = Tls { ca_file: Some("/nowhere/ca.pem".into()), ..Tls::default() };
    assert!(text(missing).await.contains("ca_file cannot be read from /nowhere/ca.pem"));

    let empty = file("no certificate");
    let useless = Tls { ca_file: Some(empty.path().into()), ..Tls::default() };
    assert!(text(useless).await.contains("holds no ca_file in PEM form"));

    let encrypted =
        file("-----BEGIN ENCRYPTED PRIVATE KEY-----\nAA==\n-----END ENCRYPTED PRIVATE KEY-----\n");
    let locked = Tls { client_cert: Some(encrypted.path().into()), ..Tls::default() };
    assert!(text(locked).await.contains("openssl pkey"));
}

#[tokio::test]
async fn a_server_without_tls_on_the_port_is_said() {
    let plain = super::support::serve(axum::Router::new()).await;
    let text = refusal(plain.port(), Tls::default()).await;
    assert!(text.contains("does the server speak TLS on this port?"), "{text}");
}
