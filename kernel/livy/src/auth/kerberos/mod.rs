//! [SPNEGO](https://www.rfc-editor.org/rfc/rfc4559): a Kerberos ticket says who asks.

mod cookie;
mod explain;
mod gssapi;

use std::{
    fmt,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
    time::SystemTime,
};

use async_trait::async_trait;
use base64::{Engine, engine::general_purpose::STANDARD};
use reqwest::{
    Request,
    header::{AUTHORIZATION, COOKIE, HeaderMap, WWW_AUTHENTICATE},
};
use tokio::task::spawn_blocking;

use self::{
    cookie::{Cookie, Given},
    explain::{explained, missing},
    gssapi::{Context, Failure, Keytab, Library, Mechanism},
};
use super::{Answer, Auth, AuthError, Pending, secret};

/// Whose ticket, for which service, and how sure the server must be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KerberosOptions {
    /// The host that the service is registered for: the address's, unless a load balancer has that.
    pub service_host: String,
    /// A key in place of a ticket that `kinit` has got.
    pub keytab: Option<PathBuf>,
    /// Whose key, where the file has several.
    pub principal: Option<String>,
    /// Whether an answer is believed from a server that does not say who it is.
    pub is_mutual: bool,
}

/// Kerberos tickets, and the cookie that stands for them once they were believed.
pub struct Kerberos {
    options: KerberosOptions,
    cookie: Arc<Mutex<Option<Cookie>>>,
}

impl Kerberos {
    /// Nothing is asked of Kerberos yet.
    pub fn new(options: KerberosOptions) -> Self {
        Self { options, cookie: Arc::default() }
    }

    fn fresh_cookie(&self) -> Option<Cookie> {
        let mut cookie = lock(&self.cookie);
        if cookie.as_ref().is_some_and(|cookie| !cookie.is_fresh(SystemTime::now())) {
            *cookie = None;
        }
        cookie.clone()
    }

    /// The library reads files and asks the realm's servers, which takes its time.
    async fn begin(&self) -> Result<(Context, Vec<u8>), AuthError> {
        let options = self.options.clone();
        let begun = spawn_blocking(move || begin(&options)).await;
        begun.unwrap_or_else(|panic| Err(AuthError::new(panic.to_string())))
    }
}

fn begin(options: &KerberosOptions) -> Result<(Context, Vec<u8>), AuthError> {
    let library = Library::get().ok_or_else(missing)?;
    let service = format!("HTTP@{}", options.service_host);
    let keytab = options
        .keytab
        .as_ref()
        .map(|path| Keytab { path, principal: options.principal.as_deref() });
    let first = |mechanism| -> Result<(Context, Vec<u8>), Failure> {
        let mut context = library.context(&service, keytab.as_ref(), mechanism)?;
        let token = context.step(&[])?.token;
        Ok((context, token))
    };
    first(Mechanism::Spnego).map_err(|failure| {
        // Of SPNEGO's own words hardly any tells more than that it did not work.
        let plain = first(Mechanism::Kerberos).err();
        explained(&service, &plain.unwrap_or(failure))
    })
}

#[async_trait]
impl Auth for Kerberos {
    async fn apply(&self, request: &mut Request) -> Result<Pending, AuthError> {
        let cookie = Arc::clone(&self.cookie);
        if let Some(fresh) = self.fresh_cookie() {
            request.headers_mut().insert(COOKIE, fresh.header());
            return Ok(Some(Box::new(Introduced { cookie, context: None, is_mutual: false })));
        }
        let (context, token) = self.begin().await?;
        let value = secret(&format!("Negotiate {}", STANDARD.encode(token)))?;
        request.headers_mut().insert(AUTHORIZATION, value);
        let (context, is_mutual) = (Some(context), self.options.is_mutual);
        Ok(Some(Box::new(Introduced { cookie, context, is_mutual })))
    }

    /// A cookie may have ended before its time; and a token that was refused may have been taken for
    /// one that was sent before, which a new one is not.
    async fn on_refused(&self, status: u16) -> bool {
        let had_cookie = lock(&self.cookie).take().is_some();
        had_cookie || status == 403
    }

    fn name(&self) -> &'static str {
        "Kerberos"
    }
}

impl fmt::Debug for Kerberos {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Kerberos(HTTP@{})", self.options.service_host)
    }
}

/// A request that has said who asks, and whose answer is to say who answers.
struct Introduced {
    cookie: Arc<Mutex<Option<Cookie>>>,
    context: Option<Context>,
    is_mutual: bool,
}

impl Answer for Introduced {
    fn see(mut self: Box<Self>, status: u16, headers: &HeaderMap) -> Result<(), AuthError> {
        let is_welcome = !matches!(status, 401 | 403);
        if let (Some(context), true, true) = (&mut self.context, self.is_mutual, is_welcome) {
            prove(context, headers)?;
        }
        match Cookie::given(headers) {
            Given::New(cookie) if is_welcome => *lock(&self.cookie) = Some(cookie),
            Given::Gone => *lock(&self.cookie) = None,
            Given::New(_) | Given::Nothing => {}
        }
        Ok(())
    }
}

/// Whether the answer is the server's, and not somebody's between.
fn prove(context: &mut Context, headers: &HeaderMap) -> Result<(), AuthError> {
    let token = headers
        .get_all(WWW_AUTHENTICATE)
        .iter()
        .filter_map(|value| value.to_str().ok()?.strip_prefix("Negotiate "))
        .find_map(|token| STANDARD.decode(token.trim()).ok());
    let done = token.and_then(|token| context.step(&token).ok()).is_some_and(|step| step.is_done);
    match done {
        true => Ok(()),
        false => Err(AuthError::new(
            "has not proved who it is, as Kerberos can, so its answer was thrown away; \
             kerberos.mutual = false bears that",
        )),
    }
}

fn lock(cookie: &Mutex<Option<Cookie>>) -> std::sync::MutexGuard<'_, Option<Cookie>> {
    cookie.lock().unwrap_or_else(PoisonError::into_inner)
}
