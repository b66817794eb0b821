//! What the kernel asks the agent about files of the driver, all of which may be asked again.

use base64::{Engine, engine::general_purpose::STANDARD};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::agent::{client::Agent, error::AgentError};

/// A file of the driver that can be read.
#[derive(Clone, Debug, Deserialize)]
pub struct DriverFile {
    /// Its absolute path.
    pub path: String,
    /// Its size in bytes.
    pub size: u64,
    /// Tells it from what it is after a change.
    pub stamp: Value,
}

/// A file of the driver that is being written.
#[derive(Clone, Debug, Deserialize)]
pub struct BegunFile {
    /// The absolute path that it will have.
    pub path: String,
    /// Its path until then.
    pub part: String,
    /// How many bytes are there already.
    pub size: u64,
}

/// One frame of a file.
#[derive(Debug, Deserialize)]
pub struct FileFrame {
    /// The bytes, in Base64.
    body: String,
    /// Their SHA-256, in hexadecimal digits.
    pub sha256: String,
}

impl FileFrame {
    /// Returns the bytes, if they are Base64.
    pub fn bytes(&self) -> Option<Vec<u8>> {
        STANDARD.decode(&self.body).ok()
    }
}

impl Agent {
    /// Looks at a file that is to be read.
    pub async fn look_at_file(&self, path: &str) -> Result<DriverFile, AgentError> {
        self.repeat("look_at_file", &json!([path])).await
    }

    /// Reads a frame of it.
    pub async fn read_file(
        &self,
        file: &DriverFile,
        offset: u64,
        length: usize,
    ) -> Result<FileFrame, AgentError> {
        self.repeat("read_file", &json!([file.path, file.stamp, offset, length])).await
    }

    /// Returns the hashes of so many frames of it, or of those that are there.
    pub async fn hash_file(
        &self,
        path: &str,
        offset: u64,
        length: usize,
        count: usize,
    ) -> Result<Vec<String>, AgentError> {
        self.repeat("hash_file", &json!([path, offset, length, count])).await
    }

    /// Begins to write a file: to this path, or under the name into this folder. The tag tells it from others that
    /// are to go there.
    pub async fn begin_file(
        &self,
        path: &str,
        name: &str,
        tag: &str,
        replaces: bool,
    ) -> Result<BegunFile, AgentError> {
        self.repeat("begin_file", &json!([path, name, tag, replaces])).await
    }

    /// Writes a frame of it.
    pub async fn write_file(
        &self,
        file: &BegunFile,
        offset: u64,
        bytes: &[u8],
        sha256: &str,
    ) -> Result<(), AgentError> {
        let args = json!([file.part, offset, STANDARD.encode(bytes), sha256]);
        self.repeat("write_file", &args).await.map(|_: Value| ())
    }

    /// Gives it its name, once everything is written.
    pub async fn finish_file(
        &self,
        file: &BegunFile,
        size: u64,
        replaces: bool,
    ) -> Result<(), AgentError> {
        let args = json!([file.part, file.path, size, replaces]);
        self.repeat("finish_file", &args).await.map(|_: Value| ())
    }
}
