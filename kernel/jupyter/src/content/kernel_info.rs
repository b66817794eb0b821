use serde::Serialize;
use serde_json::Value;

use super::Content;
use crate::PROTOCOL_VERSION;

/// [`kernel_info_reply`](https://jupyter-client.readthedocs.io/en/stable/messaging.html#kernel-info):
/// describes the kernel and its language.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "status", rename = "ok")]
pub struct KernelInfoReply {
    /// The protocol's version: [`PROTOCOL_VERSION`].
    pub protocol_version: &'static str,
    /// The kernel's name.
    pub implementation: String,
    /// The kernel's version.
    pub implementation_version: String,
    /// The language of the cells.
    pub language_info: LanguageInfo,
    /// The text that consoles show at the start.
    pub banner: String,
    /// Links for the help menu.
    pub help_links: Vec<HelpLink>,
    /// The optional parts of the protocol that the kernel supports.
    pub supported_features: Vec<String>,
}

/// The language of the cells, and how frontends find their support for it.
#[derive(Clone, Debug, Default, Serialize)]
pub struct LanguageInfo {
    /// The language's name.
    pub name: String,
    /// The language's version.
    pub version: String,
    /// The MIME type of its files.
    pub mimetype: String,
    /// The extension of its files, with the dot.
    pub file_extension: String,
    /// The name of its lexer in Pygments.
    pub pygments_lexer: String,
    /// Its mode in CodeMirror: a name or an object.
    pub codemirror_mode: Value,
}

/// A link for the help menu.
#[derive(Clone, Debug, Serialize)]
pub struct HelpLink {
    /// The link's text.
    pub text: String,
    /// The link's address.
    pub url: String,
}

impl KernelInfoReply {
    /// Describes a kernel without help links and optional features; both can be added.
    pub fn new(
        implementation: impl Into<String>,
        implementation_version: impl Into<String>,
        language_info: LanguageInfo,
        banner: impl Into<String>,
    ) -> Self {
        Self {
            protocol_version: PROTOCOL_VERSION,
            implementation: implementation.into(),
            implementation_version: implementation_version.into(),
            language_info,
            banner: banner.into(),
            help_links: Vec::new(),
            supported_features: Vec::new(),
        }
    }
}

impl Content for KernelInfoReply {
    const MSG_TYPE: &'static str = "kernel_info_reply";
}
