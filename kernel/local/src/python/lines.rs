//! Lines from a pipe, whatever is in them.

use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};

/// Reads lines, of which it keeps no more than the first `limit` bytes.
pub(crate) struct Lines<R> {
    reader: BufReader<R>,
    line: Vec<u8>,
    limit: usize,
}

impl<R: AsyncRead + Unpin> Lines<R> {
    pub(crate) fn new(pipe: R, limit: usize) -> Self {
        Self { reader: BufReader::new(pipe), line: Vec::new(), limit }
    }

    /// None at the end. What was read of a line is kept when this is dropped before it is ready.
    pub(crate) async fn next(&mut self) -> Option<String> {
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
        let line = String::from_utf8(std::mem::take(&mut self.line))
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
    async fn what_is_too_long_is_cut_and_what_is_no_text_is_replaced() {
        let long = [vec![b'x'; 100_000], b"\nnext\xff".to_vec()].concat();
        assert_eq!(lines_of(&long, 5).await, ["xxxxx", "next\u{fffd}"]);
    }
}
