//! One local cloud at a time uses a data folder.

use std::fs::TryLockError;
use std::path::Path;

use thiserror::Error;

/// The file that is locked while a data folder is in use.
const FILE: &str = "lock";

/// A data folder that can't be used.
#[derive(Debug, Error)]
pub enum DataLockError {
    /// Another local cloud uses it.
    #[error("another local cloud is using {folder}; choose another folder with --data")]
    InUse {
        /// The folder.
        folder: String,
    },
    /// It can't be created or written to.
    #[error("can't use the data folder")]
    File(#[from] std::io::Error),
}

/// The right to use a data folder; ends when it is dropped, or with the process.
#[derive(Debug)]
pub(crate) struct DataLock(fs_err::File);

impl DataLock {
    /// Creates `folder` if it is missing and locks it.
    pub(crate) fn take(folder: &Path) -> Result<Self, DataLockError> {
        fs_err::create_dir_all(folder)?;
        let file = fs_err::File::create(folder.join(FILE))?;
        match file.file().try_lock() {
            Ok(()) => Ok(Self(file)),
            Err(TryLockError::WouldBlock) => Err(DataLockError::InUse {
                folder: folder.display().to_string(),
            }),
            Err(TryLockError::Error(error)) => Err(error.into()),
        }
    }
}

impl Drop for DataLock {
    fn drop(&mut self) {
        // Closing the file is not enough: a child that is just being started holds a copy of it until it runs its own
        // program. A failure leaves it at that.
        let _ = self.0.file().unlock();
    }
}
