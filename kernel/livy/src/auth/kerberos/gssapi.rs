//! The system's GSSAPI library ([RFC 2744](https://www.rfc-editor.org/rfc/rfc2744)), loaded when it is
//! first needed: a machine without Kerberos need not have it, and building needs no headers.
//!
//! This is the project's only `unsafe` code. What it must keep: a pointer that the library has handed
//! out is given back to it exactly once, by [`Drop`]; what is passed to it outlives the call; and
//! nothing here is used by two threads at once.

#![allow(unsafe_code, reason = "the library is written in C, and no crate loads it at run time")]

use std::{
    ffi::{CString, c_char, c_void},
    path::Path,
    ptr::{null, null_mut},
    slice,
    sync::OnceLock,
};

use libloading::Library as Loaded;

/// Where systems have it: MIT's, Heimdal's, and that of macOS.
const NAMES: [&str; 4] = [
    "libgssapi_krb5.so.2",
    "libgssapi.so.3",
    "libgssapi_krb5.dylib",
    "/System/Library/Frameworks/GSS.framework/GSS",
];

/// [`1.2.840.113554.1.2.1.4`](https://www.rfc-editor.org/rfc/rfc2744#section-4): `service@host`.
const HOST_BASED_SERVICE: &[u8] = b"\x2a\x86\x48\x86\xf7\x12\x01\x02\x01\x04";
/// `1.2.840.113554.1.2.1.1`: a person, `user@REALM`.
const USER_NAME: &[u8] = b"\x2a\x86\x48\x86\xf7\x12\x01\x02\x01\x01";
/// [SPNEGO](https://www.rfc-editor.org/rfc/rfc4178), `1.3.6.1.5.5.2`.
const SPNEGO: &[u8] = b"\x2b\x06\x01\x05\x05\x02";
/// Kerberos itself, `1.2.840.113554.1.2.2`.
const KERBEROS: &[u8] = b"\x2a\x86\x48\x86\xf7\x12\x01\x02\x02";

const INITIATE: i32 = 1;
const MUTUAL: u32 = 2;
const CONTINUE_NEEDED: u32 = 1;
const ERRORS: u32 = 0xffff_0000;
const OF_THE_CALL: i32 = 1;
const OF_THE_MECHANISM: i32 = 2;
/// As long as the library likes.
const INDEFINITE: u32 = u32::MAX;

/// `gss_buffer_desc`
#[repr(C)]
struct Buffer {
    length: usize,
    value: *mut c_void,
}

/// `gss_OID_desc`. On macOS the struct is packed to two bytes.
#[cfg_attr(target_os = "macos", repr(C, packed(2)))]
#[cfg_attr(not(target_os = "macos"), repr(C))]
struct Oid {
    length: u32,
    elements: *mut c_void,
}

/// `gss_key_value_element_desc`
#[repr(C)]
struct KeyValue {
    key: *const c_char,
    value: *const c_char,
}

/// `gss_key_value_set_desc`
#[repr(C)]
struct KeyValues {
    count: u32,
    elements: *mut KeyValue,
}

/// `gss_name_t`, `gss_cred_id_t` and `gss_ctx_id_t`, of which only the library knows the inside.
type Handle = *mut c_void;

type ImportName = unsafe extern "C" fn(*mut u32, *const Buffer, *const Oid, *mut Handle) -> u32;
type Release = unsafe extern "C" fn(*mut u32, *mut Handle) -> u32;
type ReleaseBuffer = unsafe extern "C" fn(*mut u32, *mut Buffer) -> u32;
type DeleteContext = unsafe extern "C" fn(*mut u32, *mut Handle, *mut Buffer) -> u32;
type AcquireFrom = unsafe extern "C" fn(
    *mut u32,
    Handle,
    u32,
    *const c_void,
    i32,
    *const KeyValues,
    *mut Handle,
    *mut c_void,
    *mut u32,
) -> u32;
type InitContext = unsafe extern "C" fn(
    *mut u32,
    Handle,
    *mut Handle,
    Handle,
    *const Oid,
    u32,
    u32,
    *const c_void,
    *const Buffer,
    *mut *const Oid,
    *mut Buffer,
    *mut u32,
    *mut u32,
) -> u32;
type DisplayStatus =
    unsafe extern "C" fn(*mut u32, u32, i32, *const Oid, *mut u32, *mut Buffer) -> u32;

/// The library, with the functions that are used of it.
pub struct Library {
    import_name: ImportName,
    release_name: Release,
    release_credential: Release,
    release_buffer: ReleaseBuffer,
    delete_context: DeleteContext,
    /// MIT's and newer Heimdals' have it; without it there are no keytabs.
    acquire_from: Option<AcquireFrom>,
    init_context: InitContext,
    display_status: DisplayStatus,
    // Last, so that it goes last.
    _loaded: Loaded,
}

/// A key that stands for a password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keytab<'a> {
    /// The file.
    pub path: &'a Path,
    /// Whose key; the first of the file otherwise.
    pub principal: Option<&'a str>,
}

/// What the library said when it could not go on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure(pub String);

impl Library {
    /// The library of this system, loaded once.
    pub fn get() -> Option<&'static Self> {
        static LIBRARY: OnceLock<Option<Library>> = OnceLock::new();
        LIBRARY.get_or_init(|| NAMES.iter().find_map(|name| Self::load(name))).as_ref()
    }

    fn load(name: &str) -> Option<Self> {
        // SAFETY: loading runs the library's own initialisers, as it does for every program that is
        // linked to it; the types below are those of RFC 2744 and of MIT's gssapi_ext.h.
        unsafe {
            let loaded = Loaded::new(name).ok()?;
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

    /// Begins to convince `service@host`, with the tickets of the person's cache or by a keytab.
    pub fn context(
        &'static self,
        service: &str,
        keytab: Option<&Keytab<'_>>,
        mechanism: Mechanism,
    ) -> Result<Context, Failure> {
        let target = self.name(service, HOST_BASED_SERVICE)?;
        let credential = keytab.map(|keytab| self.credential(keytab)).transpose()?;
        Ok(Context { library: self, handle: null_mut(), target, credential, mechanism })
    }

    fn name(&'static self, text: &str, kind: &[u8]) -> Result<Owned, Failure> {
        let (text, kind) = (buffer(text.as_bytes()), oid(kind));
        let (mut minor, mut name) = (0, null_mut());
        // SAFETY: both structures and what they point to outlive the call, which copies them.
        let major = unsafe {
            (self.import_name)(&raw mut minor, &raw const text, &raw const kind, &raw mut name)
        };
        self.judged(major, minor, KERBEROS)?;
        Ok(Owned { handle: name, release: self.release_name })
    }

    fn credential(&'static self, keytab: &Keytab<'_>) -> Result<Owned, Failure> {
        let acquire = self.acquire_from.ok_or_else(|| {
            Failure("this system's Kerberos library cannot use keytabs".to_owned())
        })?;
        let principal = keytab.principal.map(|name| self.name(name, USER_NAME)).transpose()?;
        let text =
            |text: &str| CString::new(text).map_err(|_| Failure("the path has a NUL".to_owned()));
        let file = text(&format!("FILE:{}", keytab.path.display()))?;
        // Tickets of its own, which the library renews by the keytab.
        let (cache, keys) =
            (text("MEMORY:livy-kernel")?, [text("client_keytab")?, text("ccache")?]);
        let mut elements = [
            KeyValue { key: keys[0].as_ptr(), value: file.as_ptr() },
            KeyValue { key: keys[1].as_ptr(), value: cache.as_ptr() },
        ];
        let store = KeyValues { count: 2, elements: elements.as_mut_ptr() };
        let (mut minor, mut credential) = (0, null_mut());
        // SAFETY: the store, its elements and their texts outlive the call, which copies them; a null
        // name, set of mechanisms and unwanted results are allowed by gssapi_ext.h.
        let major = unsafe {
            acquire(
                &raw mut minor,
                principal.as_ref().map_or(null_mut(), |name| name.handle),
                INDEFINITE,
                null(),
                INITIATE,
                &raw const store,
                &raw mut credential,
                null_mut(),
                null_mut(),
            )
        };
        self.judged(major, minor, KERBEROS)?;
        Ok(Owned { handle: credential, release: self.release_credential })
    }

    fn judged(&self, major: u32, minor: u32, mechanism: &[u8]) -> Result<(), Failure> {
        if major & ERRORS == 0 {
            return Ok(());
        }
        let call = self.text(major, OF_THE_CALL, mechanism);
        let detail = self.text(minor, OF_THE_MECHANISM, mechanism);
        Err(Failure(format!("{call}: {detail}")))
    }

    fn text(&self, status: u32, of: i32, mechanism: &[u8]) -> String {
        let mechanism = oid(mechanism);
        let (mut minor, mut more, mut text) = (0, 0, EMPTY);
        // SAFETY: the mechanism outlives the call, and the buffer that it fills is given back below.
        let major = unsafe {
            (self.display_status)(
                &raw mut minor,
                status,
                of,
                &raw const mechanism,
                &raw mut more,
                &raw mut text,
            )
        };
        let told = if major & ERRORS == 0 { self.taken(&mut text) } else { Vec::new() };
        String::from_utf8_lossy(&told).into_owned()
    }

    /// The bytes that the library has put into a buffer, which goes back to it.
    fn taken(&self, buffer: &mut Buffer) -> Vec<u8> {
        let bytes = match buffer.value.is_null() {
            true => Vec::new(),
            // SAFETY: the library says that so many bytes are there, and they are until it is given
            // the buffer back, which is after they were copied.
            false => {
                unsafe { slice::from_raw_parts(buffer.value.cast::<u8>(), buffer.length) }.to_vec()
            }
        };
        let mut minor = 0;
        // SAFETY: the library has filled this buffer, and gets it back this once.
        unsafe { (self.release_buffer)(&raw mut minor, buffer) };
        bytes
    }
}

const EMPTY: Buffer = Buffer { length: 0, value: null_mut() };

fn buffer(bytes: &[u8]) -> Buffer {
    Buffer { length: bytes.len(), value: bytes.as_ptr().cast_mut().cast() }
}

#[allow(clippy::cast_possible_truncation, reason = "these are constants of some bytes")]
fn oid(bytes: &[u8]) -> Oid {
    Oid { length: bytes.len() as u32, elements: bytes.as_ptr().cast_mut().cast() }
}

/// A name or a credential.
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

/// How a server is spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mechanism {
    /// As HTTP wants it.
    Spnego,
    /// Kerberos alone, whose errors say more.
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

/// One conversation with a server.
pub struct Context {
    library: &'static Library,
    handle: Handle,
    target: Owned,
    credential: Option<Owned>,
    mechanism: Mechanism,
}

// SAFETY: a context may be used by one thread after the other, as RFC 2744 has no thread-bound state
// and MIT's and Heimdal's are made for threads; `&mut` sees to it that never two use it at once.
unsafe impl Send for Context {}

/// What comes of a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// What the server is to be sent; nothing, if it is to be sent nothing.
    pub token: Vec<u8>,
    /// Whether both sides are convinced of each other.
    pub is_done: bool,
}

impl Context {
    /// Goes on with what the server has sent; with nothing at first. It may ask the realm's servers,
    /// and wait for them.
    pub fn step(&mut self, received: &[u8]) -> Result<Step, Failure> {
        let (mechanism, input) = (oid(self.mechanism.oid()), buffer(received));
        let (mut minor, mut output, mut flags) = (0, EMPTY, 0);
        // SAFETY: the input and the mechanism outlive the call; the context's handle is this one's
        // own, null before the first step; the output is given back by `taken`; null stands for no
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
        let token = self.library.taken(&mut output);
        self.library.judged(major, minor, self.mechanism.oid())?;
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
