//! `requests_per_second`: how often all kernels and commands of one person ask a server together. They
//! take turns by a small file beside the history, in which is when the next request may be made.

use std::{
    fs::{File, TryLockError},
    io::{self, Read, Seek, Write},
    path::{Path, PathBuf},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use async_trait::async_trait;
use livy_client::{Endpoint, Pace};
use sha2::{Digest, Sha256};
use tokio::time::sleep;

use crate::platform::{jupyter_paths, private_file};

/// How long another process may hold the file: one that was stopped must not stop all others.
const LOCK_LIMIT: Duration = Duration::from_secs(1);
const LOCK_RETRY_DELAY: Duration = Duration::from_millis(2);
/// A turn further in the future was written by a clock that was wrong.
const LONGEST_QUEUE: Duration = Duration::from_secs(600);

/// The pace of one server.
#[derive(Debug)]
pub struct SharedPace {
    path: PathBuf,
    interval: Duration,
}

impl SharedPace {
    /// Allows so many requests a second; `None` if there is no folder in which processes could meet.
    pub fn new(server: &Endpoint, requests_per_second: f64) -> Option<Self> {
        let folder = jupyter_paths::kernels_folder("pace").ok()?;
        let digest = Sha256::digest(server.to_string());
        let path = folder.join(hex::encode(&digest[..16]));
        Some(Self { path, interval: Duration::from_secs_f64(requests_per_second.recip()) })
    }

    /// Takes the next turn, and returns how long to wait for it.
    async fn reserve(&self, clock: impl Fn() -> Duration + Send) -> io::Result<Duration> {
        let mut file = open(&self.path)?;
        let begun = SystemTime::now();
        while let Err(error) = file.try_lock() {
            match error {
                TryLockError::WouldBlock if is_within(begun, LOCK_LIMIT) => {
                    sleep(LOCK_RETRY_DELAY).await;
                }
                TryLockError::WouldBlock => return Err(io::ErrorKind::TimedOut.into()),
                TryLockError::Error(error) => return Err(error),
            }
        }
        let now = clock();
        let mut text = String::new();
        (&mut file).take(32).read_to_string(&mut text)?;
        let turn = turn(&text, now);
        file.set_len(0)?;
        file.rewind()?;
        file.write_all((turn + self.interval).as_micros().to_string().as_bytes())?;
        Ok(turn - now)
    }
}

#[async_trait]
impl Pace for SharedPace {
    async fn turn(&self) {
        match self.reserve(now).await {
            Ok(wait) => sleep(wait).await,
            // Without the file this process keeps to the pace alone.
            Err(error) => {
                tracing::debug!("{}: {error}", self.path.display());
                sleep(self.interval).await;
            }
        }
    }
}

fn now() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}

/// Returns when the next request may be made, both times since 1970: as the file says, or at once.
fn turn(text: &str, now: Duration) -> Duration {
    let noted = text.trim().parse().map(Duration::from_micros).unwrap_or_default();
    let is_sound = noted <= now + LONGEST_QUEUE;
    if is_sound { noted.max(now) } else { now }
}

fn is_within(begun: SystemTime, limit: Duration) -> bool {
    begun.elapsed().is_ok_and(|elapsed| elapsed < limit)
}

fn open(path: &Path) -> io::Result<File> {
    if let Some(folder) = path.parent() {
        private_file::create_folder(folder)?;
    }
    let mut options = File::options();
    options.read(true).write(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_turn_is_never_in_the_past_nor_far_in_the_future() {
        let now = Duration::from_secs(1_700_000_000);
        let of = |noted: Duration| turn(&noted.as_micros().to_string(), now);
        let second = Duration::from_secs(1);
        assert_eq!(of(now + second), now + second);
        assert_eq!(of(now - second), now);
        assert_eq!(of(now + LONGEST_QUEUE + second), now);
        for nonsense in ["", "x", "-1", "99999999999999999999999999999999"] {
            assert_eq!(turn(nonsense, now), now, "{nonsense}");
        }
    }

    #[tokio::test]
    async fn requests_of_all_processes_keep_their_distance() {
        let folder = private_file::temporary_folder("livy-pace-").unwrap();
        let interval = Duration::from_millis(100);
        let pace = || SharedPace { path: folder.path().join("livy"), interval };
        let mut waits = Vec::new();
        for _ in 0..5 {
            let clock = || Duration::from_secs(1_700_000_000);
            waits.push(pace().reserve(clock).await.unwrap());
        }
        assert_eq!(waits, [0, 1, 2, 3, 4].map(|turns| interval * turns));
    }
}
