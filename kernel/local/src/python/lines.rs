//! Reads lines from a pipe, whatever bytes it carries.

use std::mem;

use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};

/// How much of a log line is kept, since a child may print a gigabyte without a line end.
pub(super) const MAX_LOG_LINE_BYTES: usize = 10_000;

/// Reads lines, and keeps the first `limit` bytes of each.
pub(super) struct Lines<R> {
    reader: BufReader<R>,
    line: Vec<u8>,
    limit: usize,
}

impl<R: AsyncRead + Unpin> Lines<R> {
    pub(super) fn new(pipe: R, limit: usize) -> Self {
        Self { reader: BufReader::new(pipe), line: Vec::new(), limit }
    }

    /// Returns the next line, or none at the end of the pipe. Dropping the future loses nothing that was read.
    pub(super) async fn next(&mut self) -> Option<String> {
        loop {
            let bytes = self.reader.fill_buf().await.unwrap_or_default();
            if bytes.is_empty() {
                return if self.line.is_empty() { None } else { Some(self.take()) };
            }
            let end = bytes.iter().position(|&byte| byte == b'\n');
            let part = &bytes[..end.unwrap_or(bytes.len())];
            let room = self.limit - self.line.len();
            self.line.extend_from_slice(&part[..part.len().min(room)]);
            let read = end.map_or(bytes.len(), |end| end + 1);
            self.reader.consume(read);
            if end.is_some() {
                return Some(self.take());
            }
        }
    }

    fn take(&mut self) -> String {
        let line = String::from_utf8(mem::take(&mut self.line))
            .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned());
        line.trim_end_matches('\r').to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn lines_of(bytes: &[u8], limit: usize) -> Vec<String> {
        let mut lines = Lines::new(bytes, limit);
        let mut all = Vec::new();
        while let Some(line) = lines.next().await {
            all.push(line);
        }
        all
    }

    #[tokio::test]
    async fn lines_end_with_any_line_end_or_with_the_pipe() {
        assert_eq!(lines_of(b"a\n\nb\r\nc", 10).await, ["a", "", "b", "c"]);
        assert!(lines_of(b"", 10).await.is_empty());
    }

    #[tokio::test]
    async fn long_lines_are_cut_and_invalid_text_is_replaced() {
        let long = [vec![b'x'; 100_000], b"\nnext\xff".to_vec()].concat();
        assert_eq!(lines_of(&long, 5).await, ["xxxxx", "next\u{fffd}"]);
    }
}
