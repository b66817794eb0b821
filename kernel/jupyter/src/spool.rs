//! A queue that may grow long: its beginning is in memory, the rest on disk.

use std::{
    collections::VecDeque,
    fs::File,
    io::{self, Read, Seek, SeekFrom, Write},
};

use tracing::warn;

/// How many bytes stay in memory.
const MEMORY_LIMIT_BYTES: usize = 4 << 20;
/// How many bytes go to disk; what comes after that is lost.
const DISK_LIMIT_BYTES: u64 = 1 << 30;

/// A queue of byte strings, first in, first out.
#[derive(Debug)]
pub(crate) struct Spool {
    memory: VecDeque<Vec<u8>>,
    bytes: usize,
    limit: usize,
    disk: Option<Disk>,
    lost: u64,
}

/// A file without a name, so that nothing is left of it.
#[derive(Debug)]
struct Disk {
    file: File,
    read: u64,
    written: u64,
}

impl Default for Spool {
    fn default() -> Self {
        Self::new(MEMORY_LIMIT_BYTES)
    }
}

impl Spool {
    fn new(limit: usize) -> Self {
        Self { memory: VecDeque::new(), bytes: 0, limit, disk: None, lost: 0 }
    }

    /// Adds an item at the end, or logs that it is lost.
    pub fn push(&mut self, item: Vec<u8>) {
        if self.disk.is_none() && self.bytes + item.len() <= self.limit {
            self.bytes += item.len();
            return self.memory.push_back(item);
        }
        if let Err(error) = self.spill(&item) {
            if self.lost == 0 {
                warn!(%error, "output that nobody takes at present is lost from here on");
            }
            self.lost += 1;
        }
    }

    fn spill(&mut self, item: &[u8]) -> io::Result<()> {
        let disk = match &mut self.disk {
            Some(disk) => disk,
            None => self.disk.insert(Disk { file: tempfile::tempfile()?, read: 0, written: 0 }),
        };
        disk.push(item)
    }

    /// Takes the first item; the file goes when it is empty.
    pub fn pop(&mut self) -> Option<Vec<u8>> {
        if let Some(item) = self.memory.pop_front() {
            self.bytes -= item.len();
            return Some(item);
        }
        let item = self.disk.as_mut()?.pop();
        match item {
            Ok(Some(item)) => return Some(item),
            Ok(None) => {}
            Err(error) => warn!(%error, "output that nobody took cannot be read again"),
        }
        if std::mem::take(&mut self.lost) > 0 {
            warn!("some output was lost, since nobody took it for too long");
        }
        self.disk = None;
        None
    }
}

impl Disk {
    fn push(&mut self, item: &[u8]) -> io::Result<()> {
        let length = item.len() as u64;
        if self.written + length > DISK_LIMIT_BYTES {
            return Err(io::Error::other("there is too much of it"));
        }
        self.file.seek(SeekFrom::Start(self.written))?;
        self.file.write_all(&length.to_le_bytes())?;
        self.file.write_all(item)?;
        self.written += 8 + length;
        Ok(())
    }

    fn pop(&mut self) -> io::Result<Option<Vec<u8>>> {
        if self.read == self.written {
            return Ok(None);
        }
        let mut length = [0; 8];
        self.file.seek(SeekFrom::Start(self.read))?;
        self.file.read_exact(&mut length)?;
        let length = u64::from_le_bytes(length);
        let mut item = vec![0; usize::try_from(length).map_err(io::Error::other)?];
        self.file.read_exact(&mut item)?;
        self.read += 8 + length;
        Ok(Some(item))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_went_to_disk_comes_back_in_order() {
        let mut spool = Spool::new(10);
        let items: Vec<Vec<u8>> = (0..50u8).map(|i| vec![i; usize::from(i % 7)]).collect();
        for item in &items {
            spool.push(item.clone());
        }
        assert!(spool.disk.is_some() && spool.bytes <= 10);
        let first: Vec<Vec<u8>> = std::iter::from_fn(|| spool.pop()).take(20).collect();
        spool.push(vec![99]);
        let rest: Vec<Vec<u8>> = std::iter::from_fn(|| spool.pop()).collect();
        assert_eq!([first, rest].concat(), [&items[..], &[vec![99]]].concat());
        assert!(spool.disk.is_none(), "the file is given back");
    }

    #[test]
    fn what_fits_stays_in_memory() {
        let mut spool = Spool::default();
        spool.push(b"a".to_vec());
        assert!(spool.disk.is_none());
        assert_eq!((spool.pop(), spool.pop()), (Some(b"a".to_vec()), None));
    }

    #[test]
    fn a_full_disk_loses_the_newest_and_goes_on() {
        let mut spool = Spool::new(0);
        spool.push(b"kept".to_vec());
        if let Some(disk) = &mut spool.disk {
            disk.file = tempfile::tempfile().unwrap().try_clone().unwrap();
            disk.written = DISK_LIMIT_BYTES;
        }
        spool.push(b"lost".to_vec());
        assert_eq!(spool.lost, 1);
        assert_eq!(spool.pop(), None);
        spool.push(b"next".to_vec());
        assert_eq!(spool.pop(), Some(b"next".to_vec()));
    }
}
