//! The bytes of objects, by their hash: in memory, or as files.

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use sha2::{Digest, Sha256};

/// Where bytes are kept. The same bytes are kept once.
#[derive(Debug)]
pub(super) enum Blobs {
    Memory(Mutex<HashMap<String, Bytes>>),
    Folder(PathBuf),
}

impl Blobs {
    /// In `folder`, which is created if it is missing, or in memory.
    pub(super) fn open(folder: Option<&Path>) -> std::io::Result<Self> {
        match folder {
            None => Ok(Self::Memory(Mutex::default())),
            Some(folder) => {
                fs_err::create_dir_all(folder)?;
                Ok(Self::Folder(folder.to_path_buf()))
            }
        }
    }

    /// Keeps the bytes and gives the name to find them by.
    pub(super) fn put(&self, bytes: &Bytes) -> std::io::Result<String> {
        let id = hex::encode(Sha256::digest(bytes));
        match self {
            Self::Memory(map) => {
                let mut map = map.lock().unwrap_or_else(PoisonError::into_inner);
                map.insert(id.clone(), bytes.clone());
            }
            Self::Folder(folder) => {
                let file = folder.join(&id);
                if !file.exists() {
                    // Two uploads of the same bytes at once must not write to the same temporary file.
                    let temporary = folder.join(format!("{}.new", uuid::Uuid::new_v4()));
                    fs_err::write(&temporary, bytes)?;
                    fs_err::rename(&temporary, &file)?;
                }
            }
        }
        Ok(id)
    }

    pub(super) fn get(&self, id: &str) -> std::io::Result<Bytes> {
        match self {
            Self::Memory(map) => {
                let map = map.lock().unwrap_or_else(PoisonError::into_inner);
                map.get(id)
                    .cloned()
                    .ok_or_else(|| std::io::Error::from(std::io::ErrorKind::NotFound))
            }
            Self::Folder(folder) => fs_err::read(folder.join(id)).map(Bytes::from),
        }
    }

    /// Drops everything that is not named in `used`. At start only: an upload that is under way is not named yet.
    pub(super) fn retain(&self, used: &BTreeSet<&str>) -> std::io::Result<()> {
        match self {
            Self::Memory(map) => {
                let mut map = map.lock().unwrap_or_else(PoisonError::into_inner);
                map.retain(|id, _| used.contains(id.as_str()));
            }
            Self::Folder(folder) => {
                for entry in fs_err::read_dir(folder)? {
                    let entry = entry?;
                    let name = entry.file_name();
                    if !name.to_str().is_some_and(|name| used.contains(name)) {
                        fs_err::remove_file(entry.path())?;
                    }
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_bytes_are_kept_once_and_what_is_unused_goes() {
        let folder = tempfile::tempdir().unwrap();
        for blobs in [
            Blobs::open(None).unwrap(),
            Blobs::open(Some(folder.path())).unwrap(),
        ] {
            let first = blobs.put(&Bytes::from_static(b"one")).unwrap();
            assert_eq!(blobs.put(&Bytes::from_static(b"one")).unwrap(), first);
            let second = blobs.put(&Bytes::from_static(b"two")).unwrap();
            blobs.retain(&BTreeSet::from([second.as_str()])).unwrap();
            assert_eq!(
                blobs.get(&first).unwrap_err().kind(),
                std::io::ErrorKind::NotFound
            );
            assert_eq!(blobs.get(&second).unwrap(), "two");
        }
        assert_eq!(fs_err::read_dir(folder.path()).unwrap().count(), 1);
    }
}
