//! A file of this machine that is read or written frame by frame.

use std::{
    fs::{File, Metadata},
    io::{self, Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use crate::{
    platform::{private_file, task},
    transfer::{
        error::TransferError,
        frame::{Frame, hash},
    },
};

/// A file of this machine.
#[derive(Clone)]
pub struct LocalFile {
    /// Its path.
    pub path: PathBuf,
    /// Its size when it was opened.
    pub size: u64,
    file: Arc<Mutex<File>>,
}

impl LocalFile {
    /// Opens a file that is to be read.
    ///
    /// # Errors
    ///
    /// It cannot be read, or is no regular file.
    pub fn open(path: &Path) -> Result<(Self, Metadata), TransferError> {
        // The name of a pipe must not make it wait for a writer.
        let found = std::fs::metadata(path).map_err(failed(path))?;
        if found.is_dir() {
            return Err(unfit(path, "is a folder; pack it into one file first"));
        }
        if !found.is_file() {
            return Err(unfit(path, "is not a regular file"));
        }
        let file = File::open(path).map_err(failed(path))?;
        Ok((Self::new(path, file, found.len()), found))
    }

    /// Opens a file that is to be written until it is whole, or what is there of it. Nobody else may read it, or
    /// have written it.
    ///
    /// # Errors
    ///
    /// It cannot be written.
    pub fn begin(path: &Path) -> Result<Self, TransferError> {
        let file = match private_file::create_new(path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                private_file::open_again(path)
            }
            created => created,
        };
        let file = file.map_err(failed(path))?;
        let size = file.metadata().map_err(failed(path))?.len();
        Ok(Self::new(path, file, size))
    }

    fn new(path: &Path, file: File, size: u64) -> Self {
        Self { path: path.to_owned(), size, file: Arc::new(Mutex::new(file)) }
    }

    /// Reads a frame.
    pub async fn read(&self, frame: Frame) -> Result<Vec<u8>, TransferError> {
        self.use_at(frame.offset, move |file| {
            let mut bytes = vec![0; frame.length];
            file.read_exact(&mut bytes).map(|()| bytes)
        })
        .await
    }

    /// Hashes a frame.
    pub async fn hash(&self, frame: Frame) -> Result<String, TransferError> {
        let bytes = self.read(frame).await?;
        Ok(task::run_blocking("it hashed a file", move || hash(&bytes)).await?)
    }

    /// Writes a frame.
    pub async fn write(&self, offset: u64, bytes: Vec<u8>) -> Result<(), TransferError> {
        self.use_at(offset, move |file| file.write_all(&bytes)).await
    }

    /// Gives a file that was begun its name, and the size that it should have.
    ///
    /// # Errors
    ///
    /// The name is taken, unless its file is to be replaced.
    pub fn finish(self, size: u64, target: &Path, replaces: bool) -> Result<(), TransferError> {
        let file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        file.set_len(size).and_then(|()| file.sync_all()).map_err(failed(&self.path))?;
        private_file::rename(&self.path, target, replaces).map_err(|error| match error.kind() {
            io::ErrorKind::AlreadyExists => TransferError::Exists(target.to_owned()),
            _ => failed(target)(error),
        })
    }

    async fn use_at<T: Send + 'static>(
        &self,
        offset: u64,
        work: impl FnOnce(&mut File) -> io::Result<T> + Send + 'static,
    ) -> Result<T, TransferError> {
        let file = Arc::clone(&self.file);
        let used = task::run_blocking("it used a file", move || {
            let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
            file.seek(SeekFrom::Start(offset))?;
            work(&mut file)
        });
        used.await?.map_err(failed(&self.path))
    }
}

/// An error of the system about a path.
pub fn failed(path: &Path) -> impl Fn(io::Error) -> TransferError {
    let path = path.to_owned();
    move |error| TransferError::Here { path: path.clone(), error }
}

/// A path that cannot be transferred.
pub fn unfit(path: &Path, why: &'static str) -> TransferError {
    TransferError::Unfit { path: path.to_owned(), why }
}
