//! The system's GSSAPI library, loaded when it is first needed: a machine without Kerberos need not
//! have it, and building needs no headers.
//!
//! This file has the project's only `unsafe` code. It keeps three rules: a pointer that the library
//! has handed out goes back to it exactly once, by [`Drop`]; what is passed to it outlives the call;
//! and no two threads use a thing at once.

#![allow(unsafe_code, reason = "the library is written in C, and no crate loads it at run time")]

use std::{
    ffi::CString,
    path::Path,
    ptr::{null, null_mut},
    slice,
    sync::OnceLock,
};

use super::ffi::{
    AcquireFrom, Buffer, CONTINUE_NEEDED, DeleteContext, DisplayStatus, ERROR_BITS,
    HOST_BASED_SERVICE, Handle, INDEFINITE, INITIATE, ImportName, InitContext, KERBEROS, KeyValue,
    KeyValues, LIBRARIES, MAJOR_STATUS, MINOR_STATUS, MUTUAL, Oid, Release, ReleaseBuffer, SPNEGO,
    USER_NAME,
};

/// The functions of the library that are used here.
pub struct Library {
    import_name: ImportName,
    release_name: Release,
    release_credential: Release,
    release_buffer: ReleaseBuffer,
    delete_context: DeleteContext,
    /// Only MIT's and newer Heimdal libraries have it; without it keytabs cannot be used.
    acquire_from: Option<AcquireFrom>,
    init_context: InitContext,
    display_status: DisplayStatus,
    // The last field is dropped last: the functions are part of it.
    _loaded: libloading::Library,
}

/// A file with keys, which stand for passwords.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keytab<'a> {
    /// The keytab file.
    pub path: &'a Path,
    /// The user whose key is used; the first one in the file if `None`.
    pub principal: Option<&'a str>,
}

/// The library's own text about an error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure(pub String);

impl Library {
    /// Loads the library of this system once; `None` if it has none.
    pub fn get() -> Option<&'static Self> {
        static LIBRARY: OnceLock<Option<Library>> = OnceLock::new();
        LIBRARY.get_or_init(|| LIBRARIES.iter().find_map(|name| Self::load(name))).as_ref()
    }

    fn load(name: &str) -> Option<Self> {
        // SAFETY: loading runs the library's own initialisers, as it does for every program that is
        // linked to it; the types of the functions are those of RFC 2744 and of MIT's gssapi_ext.h.
        unsafe {
            let loaded = libloading::Library::new(name).ok()?;
            Some(Self {
                import_name: *loaded.get(b"gss_import_name\0").ok()?,
                release_name: *loaded.get(b"gss_release_name\0").ok()?,
                release_credential: *loaded.get(b"gss_release_cred\0").ok()?,
                release_buffer: *loaded.get(b"gss_release_buffer\0").ok()?,
                delete_context: *loaded.get(b"gss_delete_sec_context\0").ok()?,
                acquire_from: loaded.get(b"gss_acquire_cred_from\0").ok().map(|found| *found),
                init_context: *loaded.get(b"gss_init_sec_context\0").ok()?,
                display_status: *loaded.get(b"gss_display_status\0").ok()?,
                _loaded: loaded,
            })
        }
    }

    /// Begins to authenticate to `service@host`, with the user's ticket cache or with a keytab.
    ///
    /// # Errors
    ///
    /// Fails if the library refuses a name or the keytab.
    pub fn context(
        &'static self,
        service: &str,
        keytab: Option<&Keytab<'_>>,
        mechanism: Mechanism,
    ) -> Result<Context, Failure> {
        let target = self.import_name(service, HOST_BASED_SERVICE)?;
        let credential = keytab.map(|keytab| self.credential(keytab)).transpose()?;
        Ok(Context { library: self, handle: null_mut(), target, credential, mechanism })
    }

    fn import_name(&'static self, text: &str, kind: &'static [u8]) -> Result<Owned, Failure> {
        let (text, kind) = (Buffer::from_bytes(text.as_bytes()), Oid::from_bytes(kind));
        let (mut minor, mut name) = (0, null_mut());
        // SAFETY: both structures and what they point to outlive the call, which copies them.
        let major = unsafe {
            (self.import_name)(&raw mut minor, &raw const text, &raw const kind, &raw mut name)
        };
        self.check(major, minor, KERBEROS)?;
        Ok(Owned { handle: name, release: self.release_name })
    }

    fn credential(&'static self, keytab: &Keytab<'_>) -> Result<Owned, Failure> {
        let acquire = self.acquire_from.ok_or_else(|| {
            Failure("this system's Kerberos library cannot use keytabs".to_owned())
        })?;
        let principal =
            keytab.principal.map(|name| self.import_name(name, USER_NAME)).transpose()?;
        let (mut store, mut minor, mut credential) = (Store::new(keytab)?, 0, null_mut());
        let (store, principal) = (store.key_values(), principal.as_ref());
        // SAFETY: the store, its elements and their texts outlive the call, which copies them; a null
        // name, set of mechanisms and unwanted results are allowed by gssapi_ext.h.
        let major = unsafe {
            acquire(
                &raw mut minor,
                principal.map_or(null_mut(), |name| name.handle),
                INDEFINITE,
                null(),
                INITIATE,
                &raw const store,
                &raw mut credential,
                null_mut(),
                null_mut(),
            )
        };
        self.check(major, minor, KERBEROS)?;
        Ok(Owned { handle: credential, release: self.release_credential })
    }

    /// Turns an error status into the library's text about it.
    fn check(&self, major: u32, minor: u32, mechanism: &'static [u8]) -> Result<(), Failure> {
        if major & ERROR_BITS == 0 {
            return Ok(());
        }
        let call = self.status_text(major, MAJOR_STATUS, mechanism);
        let detail = self.status_text(minor, MINOR_STATUS, mechanism);
        Err(Failure(format!("{call}: {detail}")))
    }

    fn status_text(&self, status: u32, kind: i32, mechanism: &'static [u8]) -> String {
        let mechanism = Oid::from_bytes(mechanism);
        let (mut minor, mut more, mut text) = (0, 0, Buffer::EMPTY);
        // SAFETY: the mechanism outlives the call, and the buffer that it fills is given back below.
        let major = unsafe {
            (self.display_status)(
                &raw mut minor,
                status,
                kind,
                &raw const mechanism,
                &raw mut more,
                &raw mut text,
            )
        };
        let bytes = if major & ERROR_BITS == 0 { self.take(&mut text) } else { Vec::new() };
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// Copies the bytes that the library has put into a buffer, and gives the buffer back to it.
    fn take(&self, buffer: &mut Buffer) -> Vec<u8> {
        let bytes = match buffer.value.is_null() {
            true => Vec::new(),
            false => {
                // SAFETY: the library says that so many bytes are there, and they are until it is
                // given the buffer back, which is after they were copied.
                unsafe { slice::from_raw_parts(buffer.value.cast::<u8>(), buffer.length) }.to_vec()
            }
        };
        let mut minor = 0;
        // SAFETY: the library has filled this buffer, and gets it back this once.
        unsafe { (self.release_buffer)(&raw mut minor, buffer) };
        bytes
    }
}

/// Tells `gss_acquire_cred_from` where a keytab is.
struct Store {
    elements: [KeyValue; 2],
    _texts: [[CString; 2]; 2],
}

impl Store {
    fn new(keytab: &Keytab<'_>) -> Result<Self, Failure> {
        let file = format!("FILE:{}", keytab.path.display());
        // The cache keeps the tickets apart from the user's; the library renews them by the keytab.
        let keys = [c_string("client_keytab")?, c_string("ccache")?];
        let values = [c_string(&file)?, c_string("MEMORY:livy-kernel")?];
        let element = |n: usize| KeyValue { key: keys[n].as_ptr(), value: values[n].as_ptr() };
        Ok(Self { elements: [element(0), element(1)], _texts: [keys, values] })
    }

    /// Points into the store, which must outlive what is returned.
    fn key_values(&mut self) -> KeyValues {
        KeyValues { count: 2, elements: self.elements.as_mut_ptr() }
    }
}

fn c_string(text: &str) -> Result<CString, Failure> {
    CString::new(text).map_err(|_| Failure("the path has a NUL".to_owned()))
}

/// A name or a credential that the library has made.
struct Owned {
    handle: Handle,
    release: Release,
}

impl Drop for Owned {
    fn drop(&mut self) {
        let mut minor = 0;
        // SAFETY: the library has made this handle, and gets it back this once.
        unsafe { (self.release)(&raw mut minor, &raw mut self.handle) };
    }
}

/// The mechanism by which a server is authenticated to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mechanism {
    /// Negotiates a mechanism, as HTTP requires.
    Spnego,
    /// Uses Kerberos directly, whose error texts say more.
    Kerberos,
}

impl Mechanism {
    fn oid(self) -> &'static [u8] {
        match self {
            Self::Spnego => SPNEGO,
            Self::Kerberos => KERBEROS,
        }
    }
}

/// A security context: one authentication to a server.
pub struct Context {
    library: &'static Library,
    handle: Handle,
    target: Owned,
    credential: Option<Owned>,
    mechanism: Mechanism,
}

// SAFETY: a context may be used by one thread after the other, as RFC 2744 has no thread-bound state
// and MIT's and Heimdal's are made for threads; `&mut` ensures that no two use it at once.
unsafe impl Send for Context {}

/// The result of one step of an authentication.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// The token to send to the server; empty if none is to be sent.
    pub token: Vec<u8>,
    /// Whether both sides have authenticated.
    pub is_done: bool,
}

impl Context {
    /// Goes on with the token that the server has sent, at first with an empty one. Blocks while the
    /// library asks the realm's servers.
    ///
    /// # Errors
    ///
    /// Fails if the library has no ticket for the service, or does not believe the server.
    pub fn step(&mut self, received: &[u8]) -> Result<Step, Failure> {
        let (mechanism, input) =
            (Oid::from_bytes(self.mechanism.oid()), Buffer::from_bytes(received));
        let (mut minor, mut output, mut flags) = (0, Buffer::EMPTY, 0);
        // SAFETY: the input and the mechanism outlive the call; the context's handle is this one's
        // own, null before the first step; the output is given back by `take`; null stands for no
        // channel bindings and for results that are not wanted.
        let major = unsafe {
            (self.library.init_context)(
                &raw mut minor,
                self.credential.as_ref().map_or(null_mut(), |credential| credential.handle),
                &raw mut self.handle,
                self.target.handle,
                &raw const mechanism,
                MUTUAL,
                0,
                null(),
                &raw const input,
                null_mut(),
                &raw mut output,
                &raw mut flags,
                null_mut(),
            )
        };
        let token = self.library.take(&mut output);
        self.library.check(major, minor, self.mechanism.oid())?;
        let is_done = major & CONTINUE_NEEDED == 0 && flags & MUTUAL != 0;
        Ok(Step { token, is_done })
    }
}

impl Drop for Context {
    fn drop(&mut self) {
        if !self.handle.is_null() {
            let mut minor = 0;
            // SAFETY: the library has made this context, and gets it back this once; null asks for
            // no last token.
            unsafe {
                (self.library.delete_context)(&raw mut minor, &raw mut self.handle, null_mut())
            };
        }
    }
}
