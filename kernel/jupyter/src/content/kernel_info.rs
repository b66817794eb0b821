use serde::Serialize;
use serde_json::Value;

use super::Content;
use crate::PROTOCOL_VERSION;

/// [`kernel_info_reply`](https://jupyter-client.readthedocs.io/en/stable/messaging.html#kernel-info)
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "status", rename = "ok")]
pub struct KernelInfoReply {
    /// The version of the protocol: [`PROTOCOL_VERSION`].
    pub protocol_version: &'static str,
    /// The kernel's name.
    pub implementation: String,
    /// The kernel's version.
    pub implementation_version: String,
    /// The language of the cells.
    pub language_info: LanguageInfo,
    /// What consoles show at the start.
    pub banner: String,
    /// Links for the help menu.
    pub help_links: Vec<HelpLink>,
    /// Optional parts of the protocol that the kernel speaks.
    pub supported_features: Vec<String>,
}

/// The language of the cells, and how frontends find their tools for it.
#[derive(Clone, Debug, Serialize)]
pub struct LanguageInfo {
    /// The language's name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// The MIME type of its files.
    pub mimetype: String,
    /// Their extension, with its dot.
    pub file_extension: String,
    /// The lexer that colours it where Pygments does.
    pub pygments_lexer: String,
    /// The mode that colours it where CodeMirror does: a name or an object.
    pub codemirror_mode: Value,
}

/// A link for the help menu.
#[derive(Clone, Debug, Serialize)]
pub struct HelpLink {
    /// What it says.
    pub text: String,
    /// Where it leads.
    pub url: String,
}

impl KernelInfoReply {
    /// A kernel without help links and optional features; both can be added.
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
