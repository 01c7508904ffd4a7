//! Local principals and their keys: who may call, and as whom a function sees them.

use std::fmt;
use std::path::Path;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::function::ACCOUNT_ID;

/// The name of the principal that the functions themselves sign as; no IAM user's name has a colon.
const FUNCTIONS: &str = "role:functions";
/// Where the keys are kept in the data folder.
const FILE: &str = "credentials.json";

/// A key pair, with a session token if the keys are temporary ones. `Debug` shows the key's id alone.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Credentials {
    /// `AWS_ACCESS_KEY_ID`.
    pub access_key_id: String,
    /// `AWS_SECRET_ACCESS_KEY`.
    pub secret_access_key: String,
    /// `AWS_SESSION_TOKEN`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session_token: Option<String>,
}

impl Credentials {
    fn generate(is_temporary: bool) -> Self {
        let random = || *uuid::Uuid::new_v4().as_bytes();
        let id = hex::encode_upper(&random()[..7]);
        let mut secret = [0; 30];
        secret[..15].copy_from_slice(&random()[..15]);
        secret[15..].copy_from_slice(&random()[..15]);
        Self {
            access_key_id: format!("{}LO{id}", if is_temporary { "ASIA" } else { "AKIA" }),
            secret_access_key: BASE64_STANDARD.encode(secret),
            session_token: is_temporary
                .then(|| BASE64_STANDARD.encode([random(), random(), random()].concat())),
        }
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials")
            .field("access_key_id", &self.access_key_id)
            .finish_non_exhaustive()
    }
}

/// Someone who may call: a local IAM user, or the role of the functions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Principal {
    /// The user's name.
    pub name: String,
    /// The ARN that a function sees as `userArn`.
    pub arn: String,
    /// The unique id that a function sees as `userId` and `callerId`.
    pub user_id: String,
    /// The keys.
    pub credentials: Credentials,
}

impl Principal {
    fn user(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            arn: format!("arn:aws:iam::{ACCOUNT_ID}:user/{name}"),
            user_id: format!("AIDALOCAL{}", name.to_ascii_uppercase()),
            credentials: Credentials::generate(false),
        }
    }

    fn functions() -> Self {
        Self {
            name: FUNCTIONS.to_owned(),
            arn: format!("arn:aws:sts::{ACCOUNT_ID}:assumed-role/local-functions/functions"),
            user_id: "AROALOCALFUNCTIONS:functions".to_owned(),
            credentials: Credentials::generate(true),
        }
    }
}

/// The keys can't be kept.
#[derive(Debug, Error)]
pub enum KeyringError {
    /// The file can't be read or written.
    #[error("can't keep the local keys")]
    File(#[from] std::io::Error),
    /// The file is there and not what it should be.
    #[error("{file} is not a list of local keys; delete it to have new ones made")]
    Format {
        /// The file.
        file: String,
        /// What is wrong with it.
        source: serde_json::Error,
    },
}

/// All principals of a local cloud.
#[derive(Debug, Clone)]
pub(crate) struct Keyring {
    users: Vec<Principal>,
    functions: Principal,
}

impl Keyring {
    /// Users with these names, with the keys kept in `folder` or with new ones. Without a folder all keys are new.
    pub(crate) fn open(folder: Option<&Path>, users: &[String]) -> Result<Self, KeyringError> {
        let Some(folder) = folder else {
            return Ok(Self::complete(&[], users));
        };
        let file = folder.join(FILE);
        let known: Vec<Principal> = match fs_err::read(&file) {
            Ok(text) => serde_json::from_slice(&text).map_err(|source| KeyringError::Format {
                file: file.display().to_string(),
                source,
            })?,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Vec::new(),
            Err(error) => return Err(error.into()),
        };
        let keyring = Self::complete(&known, users);
        let wanted = keyring.principals().cloned().collect::<Vec<_>>();
        let mut all = known;
        all.retain(|principal| !wanted.iter().any(|other| other.name == principal.name));
        all.extend(wanted);
        write_privately(&file, &serde_json::json!(all).to_string())?;
        Ok(keyring)
    }

    fn complete(known: &[Principal], users: &[String]) -> Self {
        let find = |name: &str| {
            known
                .iter()
                .find(|principal| principal.name == name)
                .cloned()
        };
        Self {
            users: users
                .iter()
                .map(|name| find(name).unwrap_or_else(|| Principal::user(name)))
                .collect(),
            functions: find(FUNCTIONS).unwrap_or_else(Principal::functions),
        }
    }

    pub(crate) fn users(&self) -> &[Principal] {
        &self.users
    }

    pub(crate) fn functions(&self) -> &Principal {
        &self.functions
    }

    /// Whoever has the key with this id.
    pub(crate) fn find(&self, access_key_id: &str) -> Option<&Principal> {
        self.principals()
            .find(|principal| principal.credentials.access_key_id == access_key_id)
    }

    fn principals(&self) -> impl Iterator<Item = &Principal> {
        self.users.iter().chain([&self.functions])
    }
}

/// Writes a file that only its owner can read.
fn write_privately(path: &Path, text: &str) -> std::io::Result<()> {
    use std::io::Write;
    let temporary = path.with_extension("json.new");
    let mut options = fs_err::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    fs_err::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(&temporary)?.write_all(text.as_bytes())?;
    fs_err::rename(&temporary, path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_kept_and_users_added() {
        let folder = tempfile::tempdir().unwrap();
        let open = |names: &[&str]| {
            let names: Vec<_> = names.iter().map(|name| (*name).to_owned()).collect();
            Keyring::open(Some(folder.path()), &names).unwrap()
        };
        let first = open(&["local"]);
        let second = open(&["other"]);
        let third = open(&["local", "other"]);
        assert_eq!(third.users[0], first.users[0]);
        assert_eq!(third.users[1], second.users[0]);
        assert_eq!(third.functions, first.functions);
        assert_ne!(first.users[0].credentials, second.users[0].credentials);
        assert_eq!(third.users[0].credentials.secret_access_key.len(), 40);
        assert_eq!(third.users[0].credentials.access_key_id.len(), 20);
    }

    #[cfg(unix)]
    #[test]
    fn only_the_owner_can_read_the_keys() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        Keyring::open(Some(folder.path()), &["local".to_owned()]).unwrap();
        let mode = fs_err::metadata(folder.path().join(FILE))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn a_broken_file_is_named_and_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        fs_err::write(folder.path().join(FILE), "{").unwrap();
        let error = Keyring::open(Some(folder.path()), &["local".to_owned()]).unwrap_err();
        assert!(
            error
                .to_string()
                .contains("credentials.json is not a list of local keys"),
            "{error}"
        );
        assert_eq!(
            fs_err::read_to_string(folder.path().join(FILE)).unwrap(),
            "{"
        );
    }

    #[test]
    fn secrets_are_not_shown() {
        let keyring = Keyring::open(None, &["local".to_owned()]).unwrap();
        let shown = format!("{keyring:?}");
        for principal in keyring.principals() {
            assert!(!shown.contains(&principal.credentials.secret_access_key));
        }
        assert!(
            !shown.contains(
                keyring
                    .functions
                    .credentials
                    .session_token
                    .as_deref()
                    .unwrap()
            )
        );
    }
}
