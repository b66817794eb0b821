//! [AWS Signature Version 4](https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv.html), which
//! EMR Serverless wants, with the credentials that AWS's own tools would find.

use std::{fmt, time::Duration};

use async_trait::async_trait;
use reqsign::{
    Context, ErrorKind, OsEnv, Signer,
    aws::{Credential, DefaultCredentialProvider, RequestSigner},
};
use reqsign_command_execute_tokio::TokioCommandExecute;
use reqsign_file_read_tokio::TokioFileRead;
use reqsign_http_send_reqwest::ReqwestHttpSend;
use reqwest::{Request, header::HeaderValue};
use sha2::{Digest, Sha256};

use super::{Auth, AuthError, PendingCheck};
use crate::{Endpoint, tls};

/// The service name in signatures for EMR Serverless.
pub const EMR_SERVERLESS: &str = "emr-serverless";
/// Limits connecting to a metadata service, which only answers on AWS's machines.
const CREDENTIALS_CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
const CREDENTIALS_TIMEOUT: Duration = Duration::from_secs(15);
/// The header by which the signature covers the body.
const BODY_HASH: &str = "x-amz-content-sha256";

/// Signs each attempt with AWS's credentials.
pub struct SigV4 {
    signer: Signer<Credential>,
    region: String,
}

impl SigV4 {
    /// Uses the first credentials found in the environment, a profile, single sign-on, a web identity, a
    /// process, a container or the machine.
    ///
    /// # Errors
    ///
    /// Fails if the HTTP client for AWS cannot be set up.
    pub fn new(service: &str, region: &str) -> Result<Self, AuthError> {
        let context = Context::new()
            .with_command_execute(TokioCommandExecute)
            .with_file_read(TokioFileRead)
            .with_http_send(ReqwestHttpSend::new(http()?))
            .with_env(OsEnv);
        let signer = Signer::new(
            context,
            DefaultCredentialProvider::new(),
            RequestSigner::new(service, region),
        );
        Ok(Self { signer, region: region.to_owned() })
    }

    /// Returns the region in an address of EMR Serverless, such as
    /// `https://APPLICATION.livy.emr-serverless-services.REGION.amazonaws.com`.
    pub fn region_of(endpoint: &Endpoint) -> Option<&str> {
        let (_, rest) = endpoint.host().split_once(".emr-serverless-services.")?;
        rest.split('.').next().filter(|region| !region.is_empty())
    }
}

#[async_trait]
impl Auth for SigV4 {
    async fn apply(&self, request: &mut Request) -> Result<PendingCheck, AuthError> {
        let body = request.body().and_then(reqwest::Body::as_bytes).unwrap_or_default();
        let hash = hex::encode(Sha256::digest(body));
        let unreadable =
            |error: String| AuthError::new(format!("the request could not be signed: {error}"));
        let mut parts = head(request).map_err(unreadable)?;
        parts.headers.insert(
            BODY_HASH,
            HeaderValue::from_str(&hash).map_err(|error| unreadable(error.to_string()))?,
        );
        self.signer.sign(&mut parts, None).await.map_err(|error| explained(&error))?;
        *request.headers_mut() = parts.headers;
        Ok(None)
    }

    fn name(&self) -> &'static str {
        "AWS signature"
    }
}

/// Builds the client that asks AWS for credentials.
fn http() -> Result<reqwest::Client, AuthError> {
    tls::install_provider();
    let client = reqwest::Client::builder()
        .connect_timeout(CREDENTIALS_CONNECT_TIMEOUT)
        .timeout(CREDENTIALS_TIMEOUT)
        .build();
    client.map_err(|error| AuthError::new(format!("AWS cannot be asked for credentials: {error}")))
}

/// Returns the request without its body, as it is sent.
fn head(request: &Request) -> Result<http::request::Parts, String> {
    let mut builder = http::Request::builder().method(request.method()).uri(request.url().as_str());
    if let Some(headers) = builder.headers_mut() {
        headers.clone_from(request.headers());
    }
    let (parts, ()) = builder.body(()).map_err(|error| error.to_string())?.into_parts();
    Ok(parts)
}

/// Explains an error without the library's own text, which may repeat what it has read.
fn explained(error: &reqsign::Error) -> AuthError {
    let next = "set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; `aws sts get-caller-identity` shows \
                whether AWS accepts them";
    match error.kind() {
        ErrorKind::RateLimited | ErrorKind::Unexpected => {
            AuthError::passing(format!("AWS gives no credentials at the moment: {next}"))
        }
        ErrorKind::PermissionDenied => {
            AuthError::new(format!("AWS refuses the credentials that were found: {next}"))
        }
        _ => AuthError::passing(format!("no usable AWS credentials were found: {next}")),
    }
}

impl fmt::Debug for SigV4 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigV4({})", self.region)
    }
}
