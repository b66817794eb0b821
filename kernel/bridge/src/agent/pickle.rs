//! Writes the pickle of a job, which is a call of `eval`, and reads that of its result, which is a text.

use base64::{Engine, engine::general_purpose::STANDARD};

/// A job's result that is not a text.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("the answer of a job is no text: {0}")]
pub struct NotText(&'static str);

/// Pickles a job, in Base64, whose callable is the value of a Python expression.
pub fn job(expression: &str) -> String {
    let mut pickle = b"cbuiltins\neval\n(X".to_vec();
    // The kernel writes no longer expression.
    pickle.extend(u32::try_from(expression.len()).unwrap_or(u32::MAX).to_le_bytes());
    pickle.extend(expression.as_bytes());
    pickle.extend(b"tR.");
    STANDARD.encode(pickle)
}

/// Returns the text that a job returned: Base64 (Python's) of Base64 (Java's) of a pickle.
pub fn text(result: &str) -> Result<String, NotText> {
    let decoded = |text: &[u8]| STANDARD.decode(text).map_err(|_| NotText("it is no Base64"));
    Reader(&decoded(&decoded(result.as_bytes())?)?).text()
}

/// Reads the opcodes of [protocols 2 to 5](https://docs.python.org/3/library/pickletools.html) that
/// a `str` needs, and no others, so that a session cannot make the kernel build any other object.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn text(mut self) -> Result<String, NotText> {
        let mut text = None;
        loop {
            match self.take(1)?[0] {
                b'.' => return text.ok_or(NotText("it is empty")),
                // PROTO, BINPUT
                0x80 | b'q' => drop(self.take(1)?),
                // FRAME
                0x95 => drop(self.take(8)?),
                // LONG_BINPUT
                b'r' => drop(self.take(4)?),
                // MEMOIZE
                0x94 => {}
                // SHORT_BINUNICODE, BINUNICODE, BINUNICODE8
                0x8c => text = Some(self.string(1)?),
                b'X' => text = Some(self.string(4)?),
                0x8d => text = Some(self.string(8)?),
                _ => return Err(NotText("it is something else")),
            }
        }
    }

    fn string(&mut self, length_bytes: usize) -> Result<String, NotText> {
        let mut length = [0; 8];
        length[..length_bytes].copy_from_slice(self.take(length_bytes)?);
        let length = usize::try_from(u64::from_le_bytes(length)).unwrap_or(usize::MAX);
        let bytes = self.take(length)?;
        String::from_utf8(bytes.to_vec()).map_err(|_| NotText("it is no UTF-8"))
    }

    fn take(&mut self, count: usize) -> Result<&'a [u8], NotText> {
        let (taken, rest) = self.0.split_at_checked(count).ok_or(NotText("it is cut off"))?;
        self.0 = rest;
        Ok(taken)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pickle: &[u8]) -> Result<String, NotText> {
        text(&STANDARD.encode(STANDARD.encode(pickle)))
    }

    #[test]
    fn a_job_is_the_one_that_a_real_livy_ran() {
        assert_eq!(job("lambda jc: 1+1"), "Y2J1aWx0aW5zCmV2YWwKKFgOAAAAbGFtYmRhIGpjOiAxKzF0Ui4=");
    }

    #[test]
    fn the_texts_of_a_real_livy_are_read() {
        let ticks = "Z0FXVkVnQUFBQUFBQUFDTURuUnBZMnNnTUFwMGFXTnJJREVLbEM0PQ==";
        assert_eq!(text(ticks).unwrap(), "tick 0\ntick 1\n");
    }

    #[test]
    fn every_length_of_a_text_is_read() {
        assert_eq!(read(b"\x80\x04\x8c\x01x\x94.").unwrap(), "x");
        assert_eq!(read(b"\x80\x02X\x02\0\0\0\xc3\xa9q\0.").unwrap(), "é");
        assert_eq!(read(b"\x80\x05\x8d\x01\0\0\0\0\0\0\0xr\0\0\0\0.").unwrap(), "x");
    }

    #[test]
    fn other_objects_are_refused() {
        for pickle in [
            b"\x80\x05K\x02.".as_slice(),
            b"cos\nsystem\n(X\x02\0\0\0lstR.",
            b"\x8c\xffx",
            b"\x8d\xff\xff\xff\xff\xff\xff\xff\xffx",
            b"X\x01\0\0\0\xff.",
            b".",
            b"",
        ] {
            read(pickle).unwrap_err();
        }
        text("%").unwrap_err();
        text("JQ==").unwrap_err();
    }
}
