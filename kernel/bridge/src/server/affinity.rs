//! By which way each of this person's sessions is reached: behind a balancer it is on one of several
//! Livys, and if several servers are listed, on one of them. A file for each such session, beside the
//! history, leads a kernel that is started again, and the command line, to the same Livy. Cookies may be
//! as good as a login, so only this user can read the files.

use std::{
    fs, io,
    path::{Path, PathBuf},
    time::Duration,
};

use livy_client::{Affinity, Client, Identity};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::platform::{jupyter_paths, private_file};

/// Files of sessions that nobody has ended are removed after this time.
const FILE_LIFETIME: Duration = Duration::from_secs(7 * 24 * 3600);
/// A file is written again after this time, since its session is still there.
const FILE_REFRESH: Duration = Duration::from_secs(24 * 3600);

/// What has a way of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject(String);

#[derive(Serialize, Deserialize)]
struct Note {
    /// The session's name, for people who look into the file.
    of: String,
    affinity: Affinity,
}

impl Subject {
    /// A session by its name, or by its id if its server has no names.
    pub fn session(identity: &Identity) -> Self {
        let name = identity.name.as_deref().unwrap_or(identity.id.as_str());
        Self(format!("session {name}"))
    }

    /// This person's batches on a server: all of them are on one Livy, so that each command finds them.
    pub fn batches(client: &Client) -> Self {
        Self(format!("batches of {} on {}", client.account(), client.first_endpoint()))
    }

    /// Returns a client whose way leads to where this is, as far as that was noted.
    pub fn client(&self, client: &Client) -> Client {
        let noted = || self.within(&folder()?, client);
        noted().unwrap_or_else(|| client.apart())
    }

    /// Notes the way of a client, if there can be another one.
    pub fn note(&self, client: &Client) {
        if client.has_several_servers() || !client.cookie_names().is_empty() {
            let written = folder().map_or(Ok(()), |folder| self.note_within(&folder, client));
            if let Err(error) = written {
                tracing::warn!(
                    "a kernel that is started again may not find the {}: {error}",
                    self.0
                );
            }
        }
    }

    /// Forgets the way to something that has ended.
    pub fn forget(&self) {
        if let Some(Err(error)) = folder().map(|folder| private_file::remove(&self.path(&folder))) {
            tracing::debug!("the way to the {} is still noted: {error}", self.0);
        }
    }

    fn within(&self, folder: &Path, client: &Client) -> Option<Client> {
        let note: Note = private_file::read_json(&self.path(folder))?;
        client.with_affinity(&note.affinity)
    }

    fn note_within(&self, folder: &Path, client: &Client) -> io::Result<()> {
        let path = self.path(folder);
        let affinity = client.affinity();
        let known = private_file::read_json(&path).map(|note: Note| note.affinity);
        if known.as_ref() == Some(&affinity) && !is_older(&path, FILE_REFRESH) {
            return Ok(());
        }
        private_file::create_folder(folder)?;
        private_file::write_json(&path, &Note { of: self.0.clone(), affinity })?;
        remove_old_files(folder);
        Ok(())
    }

    fn path(&self, folder: &Path) -> PathBuf {
        let digest = Sha256::digest(&self.0);
        folder.join(format!("{}.json", hex::encode(&digest[..16])))
    }
}

/// Returns a client for each way to a Livy that this person's sessions and batches take, the client's own
/// first, and for each server of the list.
pub fn all_ways(client: &Client) -> Vec<Client> {
    let noted = folder().map(|folder| noted(&folder, client)).unwrap_or_default();
    let servers = if client.has_several_servers() { client.each_server() } else { Vec::new() };
    let mut ways: Vec<Client> = Vec::new();
    for way in [client.clone()].into_iter().chain(noted).chain(servers) {
        let affinity = way.affinity();
        let is_known = |known: &Client| {
            known.affinity() == affinity
                || known.affinity().server == affinity.server && way.cookie_names().is_empty()
        };
        if !ways.iter().any(is_known) {
            ways.push(way);
        }
    }
    ways
}

fn noted(folder: &Path, client: &Client) -> Vec<Client> {
    let files = fs::read_dir(folder).into_iter().flatten().flatten();
    let notes = files.filter_map(|file| private_file::read_json::<Note>(&file.path()));
    notes.filter_map(|note| client.with_affinity(&note.affinity)).collect()
}

fn remove_old_files(folder: &Path) {
    let files = fs::read_dir(folder).into_iter().flatten().flatten().map(|file| file.path());
    for file in files.filter(|file| is_older(file, FILE_LIFETIME)) {
        // The next note tries again.
        let _ = private_file::remove(&file);
    }
}

fn is_older(file: &Path, than: Duration) -> bool {
    let written = fs::metadata(file).and_then(|metadata| metadata.modified());
    written.is_ok_and(|written| written.elapsed().is_ok_and(|age| age > than))
}

fn folder() -> Option<PathBuf> {
    jupyter_paths::kernels_folder("affinity").ok()
}
