//! Kerberos authentication over HTTP ([SPNEGO](https://www.rfc-editor.org/rfc/rfc4559)).

mod cookie;
mod explain;
mod ffi;
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
    cookie::{Cookie, CookieChange},
    explain::{explained, no_library},
    gssapi::{Context, Failure, Keytab, Library, Mechanism},
};
use super::{Auth, AuthCheck, AuthError, PendingCheck, secret};

/// Which ticket is used, for which service, and whether the server must authenticate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KerberosOptions {
    /// The host that the service is registered for. Behind a load balancer it is not the address's.
    pub service_host: String,
    /// A keytab file, used in place of a ticket from `kinit`.
    pub keytab: Option<PathBuf>,
    /// The user whose key in the keytab is used; the first one if `None`.
    pub principal: Option<String>,
    /// Whether the answers of a server that does not authenticate are discarded.
    pub is_mutual: bool,
}

/// Sends Kerberos tickets, and the server's cookie once it has accepted one.
pub struct Kerberos {
    options: KerberosOptions,
    cookie: Arc<Mutex<Option<Cookie>>>,
}

impl Kerberos {
    /// Asks nothing of Kerberos yet.
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

    /// Begins on another thread: the library blocks while it reads files and asks the realm's servers.
    async fn begin(&self) -> Result<(Context, Vec<u8>), AuthError> {
        let options = self.options.clone();
        let begun = spawn_blocking(move || begin(&options)).await;
        begun.unwrap_or_else(|panic| Err(AuthError::new(panic.to_string())))
    }
}

fn begin(options: &KerberosOptions) -> Result<(Context, Vec<u8>), AuthError> {
    let library = Library::get().ok_or_else(no_library)?;
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
        // SPNEGO's own errors hardly ever say more than that it did not work.
        let plain = first(Mechanism::Kerberos).err();
        explained(&service, &plain.unwrap_or(failure))
    })
}

#[async_trait]
impl Auth for Kerberos {
    async fn apply(&self, request: &mut Request) -> Result<PendingCheck, AuthError> {
        let cookie = Arc::clone(&self.cookie);
        if let Some(fresh) = self.fresh_cookie() {
            request.headers_mut().insert(COOKIE, fresh.header());
            return Ok(Some(Box::new(KerberosCheck { cookie, context: None, is_mutual: false })));
        }
        let (context, token) = self.begin().await?;
        let value = secret(&format!("Negotiate {}", STANDARD.encode(token)))?;
        request.headers_mut().insert(AUTHORIZATION, value);
        let (context, is_mutual) = (Some(context), self.options.is_mutual);
        Ok(Some(Box::new(KerberosCheck { cookie, context, is_mutual })))
    }

    /// A cookie may have been revoked early; and the server may have taken a token for a replay, which it
    /// will not do with a new one.
    async fn on_refused(&self, status: u16) -> bool {
        let had_cookie = lock(&self.cookie).take().is_some();
        had_cookie || status == 403
    }

    fn name(&self) -> &'static str {
        "Kerberos"
    }

    fn user(&self) -> &str {
        self.options.principal.as_deref().unwrap_or_default()
    }
}

impl fmt::Debug for Kerberos {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Kerberos(HTTP@{})", self.options.service_host)
    }
}

/// Checks the answer to a request that was sent with a token or a cookie.
struct KerberosCheck {
    cookie: Arc<Mutex<Option<Cookie>>>,
    context: Option<Context>,
    is_mutual: bool,
}

impl AuthCheck for KerberosCheck {
    fn check(mut self: Box<Self>, status: u16, headers: &HeaderMap) -> Result<(), AuthError> {
        let is_accepted = !matches!(status, 401 | 403);
        if let (Some(context), true, true) = (&mut self.context, self.is_mutual, is_accepted) {
            authenticate_server(context, headers)?;
        }
        match CookieChange::from_headers(headers) {
            CookieChange::Set(cookie) if is_accepted => *lock(&self.cookie) = Some(cookie),
            CookieChange::Removed => *lock(&self.cookie) = None,
            CookieChange::Set(_) | CookieChange::None => {}
        }
        Ok(())
    }
}

/// Checks that the answer is the server's, and not that of somebody in between.
fn authenticate_server(context: &mut Context, headers: &HeaderMap) -> Result<(), AuthError> {
    let token = headers
        .get_all(WWW_AUTHENTICATE)
        .iter()
        .filter_map(|value| value.to_str().ok()?.strip_prefix("Negotiate "))
        .find_map(|token| STANDARD.decode(token.trim()).ok());
    let done = token.and_then(|token| context.step(&token).ok()).is_some_and(|step| step.is_done);
    match done {
        true => Ok(()),
        false => Err(AuthError::new(
            "has not proved who it is by Kerberos, so its answer was discarded; \
             set kerberos.mutual = false to accept such answers",
        )),
    }
}

fn lock(cookie: &Mutex<Option<Cookie>>) -> std::sync::MutexGuard<'_, Option<Cookie>> {
    cookie.lock().unwrap_or_else(PoisonError::into_inner)
}
