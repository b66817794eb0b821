//! What the kernel asks the agent about files of the driver, all of which may be asked again.

use serde::{Deserialize, de::IgnoredAny};
use serde_json::{Value, json};

use crate::agent::{
    client::{Agent, repeated},
    error::AgentError,
};

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

/// The hexadecimal digits of a SHA-256, which come before the bytes of a frame.
const HASH_DIGITS: usize = 64;

/// One frame of a file.
#[derive(Debug)]
pub struct FileFrame {
    /// The SHA-256 of the bytes, in hexadecimal digits.
    pub sha256: String,
    /// The bytes.
    pub bytes: Vec<u8>,
}

impl FileFrame {
    fn read(answer: &[u8]) -> Result<Self, AgentError> {
        let (digits, bytes) = answer.split_at_checked(HASH_DIGITS).ok_or_else(no_frame)?;
        let sha256 = String::from_utf8(digits.to_vec()).map_err(|_| no_frame())?;
        Ok(Self { sha256, bytes: bytes.to_vec() })
    }
}

fn no_frame() -> AgentError {
    AgentError::InvalidAnswer("it is no frame of a file".to_owned())
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
        let args = json!([file.path, file.stamp, offset, length]);
        let answer = repeated(|| self.call_for_bytes("read_file", &args)).await?;
        FileFrame::read(&answer.ok_or_else(no_frame)?)
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
        let args = json!([file.part, offset, sha256]);
        let write = || self.call_with_bytes::<IgnoredAny>("write_file", &args, bytes);
        repeated(write).await.map(|_| ())
    }

    /// Gives it its name, once everything is written.
    pub async fn finish_file(
        &self,
        file: &BegunFile,
        size: u64,
        replaces: bool,
    ) -> Result<(), AgentError> {
        let args = json!([file.part, file.path, size, replaces]);
        self.repeat::<IgnoredAny>("finish_file", &args).await.map(|_| ())
    }
}
