//! Writes the pickle of a job, which is a call of `eval`, and reads that of its result, which is a text or bytes.

use base64::{Engine, engine::general_purpose::STANDARD};

/// A job's result that is neither a text nor bytes.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("the answer of a job is no text: {0}")]
pub struct Unreadable(&'static str);

/// A job's result.
#[derive(Debug, PartialEq, Eq)]
pub enum JobResult {
    /// A `str`.
    Text(String),
    /// A `bytes`.
    Bytes(Vec<u8>),
}

impl JobResult {
    /// The text, if it is one.
    pub fn text(self) -> Result<String, Unreadable> {
        match self {
            Self::Text(text) => Ok(text),
            Self::Bytes(_) => Err(Unreadable("it is bytes")),
        }
    }
}

/// Pickles a job, in Base64, whose callable is the value of a Python expression.
pub fn job(expression: &str) -> String {
    let mut pickle = call_of_eval(expression);
    pickle.push(b'.');
    STANDARD.encode(pickle)
}

/// Does the same where the expression's value is a function that is given bytes and returns the callable. In the
/// expression, the bytes would be Base64 within Base64.
pub fn job_with_bytes(expression: &str, bytes: &[u8]) -> String {
    let mut pickle = call_of_eval(expression);
    pickle.extend(b"(B");
    add_counted(&mut pickle, bytes);
    pickle.extend(b"tR.");
    STANDARD.encode(pickle)
}

fn call_of_eval(expression: &str) -> Vec<u8> {
    let mut pickle = b"cbuiltins\neval\n(X".to_vec();
    add_counted(&mut pickle, expression.as_bytes());
    pickle.extend(b"tR");
    pickle
}

fn add_counted(pickle: &mut Vec<u8>, bytes: &[u8]) {
    // The kernel writes nothing longer.
    pickle.extend(u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_le_bytes());
    pickle.extend(bytes);
}

/// Returns what a job returned: Base64 (Python's) of Base64 (Java's) of a pickle.
pub fn result(result: &str) -> Result<JobResult, Unreadable> {
    let decoded = |text: &[u8]| STANDARD.decode(text).map_err(|_| Unreadable("it is no Base64"));
    Reader(&decoded(&decoded(result.as_bytes())?)?).result()
}

/// Reads the opcodes of [protocols 2 to 5](https://docs.python.org/3/library/pickletools.html) that
/// a `str` or a `bytes` needs, and no others, so that a session cannot make the kernel build any other object.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn result(mut self) -> Result<JobResult, Unreadable> {
        let mut result = None;
        loop {
            match self.take(1)?[0] {
                b'.' => return result.ok_or(Unreadable("it is empty")),
                // PROTO, BINPUT
                0x80 | b'q' => drop(self.take(1)?),
                // FRAME
                0x95 => drop(self.take(8)?),
                // LONG_BINPUT
                b'r' => drop(self.take(4)?),
                // MEMOIZE
                0x94 => {}
                // SHORT_BINUNICODE, BINUNICODE, BINUNICODE8
                0x8c => result = Some(self.string(1)?),
                b'X' => result = Some(self.string(4)?),
                0x8d => result = Some(self.string(8)?),
                // SHORT_BINBYTES, BINBYTES, BINBYTES8
                b'C' => result = Some(JobResult::Bytes(self.counted(1)?.to_vec())),
                b'B' => result = Some(JobResult::Bytes(self.counted(4)?.to_vec())),
                0x8e => result = Some(JobResult::Bytes(self.counted(8)?.to_vec())),
                _ => return Err(Unreadable("it is something else")),
            }
        }
    }

    fn string(&mut self, length_bytes: usize) -> Result<JobResult, Unreadable> {
        let bytes = self.counted(length_bytes)?.to_vec();
        String::from_utf8(bytes).map(JobResult::Text).map_err(|_| Unreadable("it is no UTF-8"))
    }

    /// Takes so many bytes as the length before them says.
    fn counted(&mut self, length_bytes: usize) -> Result<&'a [u8], Unreadable> {
        let mut length = [0; 8];
        length[..length_bytes].copy_from_slice(self.take(length_bytes)?);
        self.take(usize::try_from(u64::from_le_bytes(length)).unwrap_or(usize::MAX))
    }

    fn take(&mut self, count: usize) -> Result<&'a [u8], Unreadable> {
        let (taken, rest) = self.0.split_at_checked(count).ok_or(Unreadable("it is cut off"))?;
        self.0 = rest;
        Ok(taken)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_any(pickle: &[u8]) -> Result<JobResult, Unreadable> {
        result(&STANDARD.encode(STANDARD.encode(pickle)))
    }

    fn read(pickle: &[u8]) -> Result<String, Unreadable> {
        read_any(pickle)?.text()
    }

    #[test]
    fn a_job_is_the_one_that_a_real_livy_ran() {
        assert_eq!(job("lambda jc: 1+1"), "Y2J1aWx0aW5zCmV2YWwKKFgOAAAAbGFtYmRhIGpjOiAxKzF0Ui4=");
    }

    #[test]
    fn the_texts_of_a_real_livy_are_read() {
        let ticks = "Z0FXVkVnQUFBQUFBQUFDTURuUnBZMnNnTUFwMGFXTnJJREVLbEM0PQ==";
        assert_eq!(result(ticks).unwrap(), JobResult::Text("tick 0\ntick 1\n".to_owned()));
    }

    #[test]
    fn every_length_of_a_text_is_read() {
        assert_eq!(read(b"\x80\x04\x8c\x01x\x94.").unwrap(), "x");
        assert_eq!(read(b"\x80\x02X\x02\0\0\0\xc3\xa9q\0.").unwrap(), "é");
        assert_eq!(read(b"\x80\x05\x8d\x01\0\0\0\0\0\0\0xr\0\0\0\0.").unwrap(), "x");
    }

    #[test]
    fn bytes_are_given_and_read_as_they_are() {
        let job = STANDARD.decode(job_with_bytes("f", b"\0\xff")).unwrap();
        assert_eq!(job, b"cbuiltins\neval\n(X\x01\0\0\0ftR(B\x02\0\0\0\0\xfftR.");
        for pickle in [&b"\x80\x04C\x02\0\xff\x94."[..], b"B\x02\0\0\0\0\xff."] {
            assert_eq!(read_any(pickle).unwrap(), JobResult::Bytes(vec![0, 0xff]));
            read(pickle).unwrap_err();
        }
        let long = b"\x80\x05\x8e\x01\0\0\0\0\0\0\0x\x94.";
        assert_eq!(read_any(long).unwrap(), JobResult::Bytes(b"x".to_vec()));
    }

    #[test]
    fn other_objects_are_refused() {
        for pickle in [
            b"\x80\x05K\x02.".as_slice(),
            b"cos\nsystem\n(X\x02\0\0\0lstR.",
            b"\x8c\xffx",
            b"\x8d\xff\xff\xff\xff\xff\xff\xff\xffx",
            b"X\x01\0\0\0\xff.",
            b"B\xff\xff\xff\xffx",
            b".",
            b"",
        ] {
            read(pickle).unwrap_err();
        }
        result("%").unwrap_err();
        result("JQ==").unwrap_err();
    }
}
