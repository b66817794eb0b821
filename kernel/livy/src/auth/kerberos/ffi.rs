//! Declarations of the GSSAPI library in C ([RFC 2744](https://www.rfc-editor.org/rfc/rfc2744), and
//! MIT's `gssapi_ext.h` for `gss_acquire_cred_from`).

use std::{
    ffi::{c_char, c_void},
    ptr::null_mut,
};

/// File names of the library: MIT's, Heimdal's, and two of macOS.
pub const LIBRARIES: [&str; 4] = [
    "libgssapi_krb5.so.2",
    "libgssapi.so.3",
    "libgssapi_krb5.dylib",
    "/System/Library/Frameworks/GSS.framework/GSS",
];

/// [`1.2.840.113554.1.2.1.4`](https://www.rfc-editor.org/rfc/rfc2744#section-4): a name `service@host`.
pub const HOST_BASED_SERVICE: &[u8] = b"\x2a\x86\x48\x86\xf7\x12\x01\x02\x01\x04";
/// `1.2.840.113554.1.2.1.1`: a name `user@REALM`.
pub const USER_NAME: &[u8] = b"\x2a\x86\x48\x86\xf7\x12\x01\x02\x01\x01";
/// The mechanism [SPNEGO](https://www.rfc-editor.org/rfc/rfc4178), `1.3.6.1.5.5.2`.
pub const SPNEGO: &[u8] = b"\x2b\x06\x01\x05\x05\x02";
/// The mechanism Kerberos 5, `1.2.840.113554.1.2.2`.
pub const KERBEROS: &[u8] = b"\x2a\x86\x48\x86\xf7\x12\x01\x02\x02";

/// `GSS_C_INITIATE`
pub const INITIATE: i32 = 1;
/// `GSS_C_MUTUAL_FLAG`
pub const MUTUAL: u32 = 2;
/// `GSS_S_CONTINUE_NEEDED`
pub const CONTINUE_NEEDED: u32 = 1;
/// The bits of a major status that [`GSS_ERROR`](https://www.rfc-editor.org/rfc/rfc2744#section-3.9.1)
/// looks at.
pub const ERROR_BITS: u32 = 0xffff_0000;
/// `GSS_C_GSS_CODE`
pub const MAJOR_STATUS: i32 = 1;
/// `GSS_C_MECH_CODE`
pub const MINOR_STATUS: i32 = 2;
/// `GSS_C_INDEFINITE`
pub const INDEFINITE: u32 = u32::MAX;

/// `gss_buffer_desc`
#[repr(C)]
pub struct Buffer {
    pub length: usize,
    pub value: *mut c_void,
}

impl Buffer {
    pub const EMPTY: Self = Self { length: 0, value: null_mut() };

    /// Points to bytes, which must outlive the buffer; the library only reads them.
    pub fn from_bytes(bytes: &[u8]) -> Self {
        Self { length: bytes.len(), value: bytes.as_ptr().cast_mut().cast() }
    }
}

/// `gss_OID_desc`. On macOS the struct is packed to two bytes.
#[cfg_attr(target_os = "macos", repr(C, packed(2)))]
#[cfg_attr(not(target_os = "macos"), repr(C))]
pub struct Oid {
    pub length: u32,
    pub elements: *mut c_void,
}

impl Oid {
    #[allow(clippy::cast_possible_truncation, reason = "object identifiers have a few bytes")]
    pub fn from_bytes(bytes: &'static [u8]) -> Self {
        Self { length: bytes.len() as u32, elements: bytes.as_ptr().cast_mut().cast() }
    }
}

/// `gss_key_value_element_desc`
#[repr(C)]
pub struct KeyValue {
    pub key: *const c_char,
    pub value: *const c_char,
}

/// `gss_key_value_set_desc`
#[repr(C)]
pub struct KeyValues {
    pub count: u32,
    pub elements: *mut KeyValue,
}

/// `gss_name_t`, `gss_cred_id_t` or `gss_ctx_id_t`, all of them opaque.
pub type Handle = *mut c_void;

/// `gss_import_name`
pub type ImportName = unsafe extern "C" fn(*mut u32, *const Buffer, *const Oid, *mut Handle) -> u32;
/// `gss_release_name` and `gss_release_cred`
pub type Release = unsafe extern "C" fn(*mut u32, *mut Handle) -> u32;
/// `gss_release_buffer`
pub type ReleaseBuffer = unsafe extern "C" fn(*mut u32, *mut Buffer) -> u32;
/// `gss_delete_sec_context`
pub type DeleteContext = unsafe extern "C" fn(*mut u32, *mut Handle, *mut Buffer) -> u32;
/// `gss_acquire_cred_from`
pub type AcquireFrom = unsafe extern "C" fn(
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
/// `gss_init_sec_context`
pub type InitContext = unsafe extern "C" fn(
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
/// `gss_display_status`
pub type DisplayStatus =
    unsafe extern "C" fn(*mut u32, u32, i32, *const Oid, *mut u32, *mut Buffer) -> u32;
