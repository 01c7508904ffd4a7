//! Writing: read the catalog's version, try one transaction that moves it by one, and start over when somebody was
//! faster.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::time::Duration;

use time::OffsetDateTime;
use time::macros::format_description;

use super::DynamoDbStore;
use super::items::{self, Item, Pointer};
use super::transaction::{Action, Condition, Outcome, Transaction};
use crate::id::RegistrationId;
use crate::name::RegistrationName;
use crate::registration::Registration;
use crate::store::{CatalogVersions, StoreError, StoredRegistration};

/// How often a write is tried. All writes meet at the catalog's version, so of any number that start together one
/// succeeds in each round; a dozen rounds are more administrators at the same moment than a catalog has, and with the
/// waits between them take seconds, not the whole time of an invocation.
const ATTEMPTS: u32 = 12;
/// The first wait is up to this long, and each following up to twice as long as the one before.
const FIRST_WAIT: Duration = Duration::from_millis(20);
const LONGEST_WAIT: Duration = Duration::from_millis(640);

impl DynamoDbStore {
    pub(super) async fn write_new(
        &self,
        registration: &Registration,
    ) -> Result<StoredRegistration, StoreError> {
        let id = registration.id();
        for attempt in 1..=ATTEMPTS {
            let from = self.read_catalog().await?;
            let now = now();
            let stored = StoredRegistration {
                registration: registration.clone(),
                revision: from.whole.next(),
                created_at: now.clone(),
                updated_at: now,
            };
            let transaction = Transaction {
                from,
                kind: id.kind,
                registration: Action::Put(items::registration(&stored), Condition::Absent),
                pointers: Pointer::of(registration)
                    .map(|pointer| put_pointer(&pointer, &id.name))
                    .into_iter()
                    .collect(),
            };
            match self.commit(&transaction).await? {
                Outcome::Done => return Ok(stored),
                Outcome::RegistrationDiffers => return Err(StoreError::AlreadyExists(id)),
                Outcome::PointerTaken { index, by } => {
                    return Err(taken(transaction.pointers[index].item(), by));
                }
                Outcome::Raced => wait(attempt).await,
            }
        }
        Err(StoreError::Conflict { attempts: ATTEMPTS })
    }

    pub(super) async fn write_over(
        &self,
        registration: &Registration,
    ) -> Result<StoredRegistration, StoreError> {
        let id = registration.id();
        for attempt in 1..=ATTEMPTS {
            let (from, old) = self.read_before_change(&id).await?;
            let now = now();
            let stored = StoredRegistration {
                registration: registration.clone(),
                revision: from.whole.next(),
                created_at: items::text_of(&old, items::CREATED_AT)
                    .unwrap_or(&now)
                    .to_owned(),
                updated_at: now,
            };
            let transaction = Transaction {
                from,
                kind: id.kind,
                registration: Action::Put(items::registration(&stored), unchanged(&old)),
                pointers: move_pointer(&old, registration),
            };
            match self.commit(&transaction).await? {
                Outcome::Done => return Ok(stored),
                Outcome::PointerTaken { index, by } => {
                    return Err(taken(transaction.pointers[index].item(), by));
                }
                Outcome::RegistrationDiffers | Outcome::Raced => wait(attempt).await,
            }
        }
        Err(StoreError::Conflict { attempts: ATTEMPTS })
    }

    pub(super) async fn remove(&self, id: &RegistrationId) -> Result<(), StoreError> {
        for attempt in 1..=ATTEMPTS {
            let (from, old) = self.read_before_change(id).await?;
            let transaction = Transaction {
                from,
                kind: id.kind,
                registration: Action::Delete(items::registration_key(id), unchanged(&old)),
                pointers: items::pointer_key(&old)
                    .map(|key| delete_pointer(key, &id.name))
                    .into_iter()
                    .collect(),
            };
            match self.commit(&transaction).await? {
                Outcome::Done => return Ok(()),
                Outcome::PointerTaken { index, by } => {
                    return Err(taken(transaction.pointers[index].item(), by));
                }
                Outcome::RegistrationDiffers | Outcome::Raced => wait(attempt).await,
            }
        }
        Err(StoreError::Conflict { attempts: ATTEMPTS })
    }

    /// The catalog's version first: whatever is written after that moves it, and the transaction notices.
    async fn read_before_change(
        &self,
        id: &RegistrationId,
    ) -> Result<(CatalogVersions, Item), StoreError> {
        let from = self.read_catalog().await?;
        match self.get_item(items::registration_key(id)).await? {
            Some(item) => Ok((from, item)),
            None => Err(StoreError::NotFound(id.clone())),
        }
    }
}

fn unchanged(old: &Item) -> Condition {
    Condition::Revision(items::version_of(old, items::REVISION))
}

fn put_pointer(pointer: &Pointer<'_>, name: &RegistrationName) -> Action {
    Action::Put(pointer.item(name), Condition::PointsTo(name.clone()))
}

fn delete_pointer(key: Item, name: &RegistrationName) -> Action {
    Action::Delete(key, Condition::PointsTo(name.clone()))
}

/// Puts the new pointer, and deletes the old one unless the new one takes its place: a transaction may not touch an
/// item twice.
fn move_pointer(old: &Item, registration: &Registration) -> Vec<Action> {
    let name = &registration.name;
    let put = Pointer::of(registration).map(|pointer| put_pointer(&pointer, name));
    let delete = items::pointer_key(old)
        .filter(|key| {
            put.as_ref()
                .is_none_or(|put| items::key_of(put.item()) != *key)
        })
        .map(|key| delete_pointer(key, name));
    put.into_iter().chain(delete).collect()
}

/// A pointer leads to another resource, so its URI is taken. (A template's pointer stands under the registration's own
/// name, and can't be another's unless somebody else wrote it.)
fn taken(pointer: &Item, by: Option<RegistrationName>) -> StoreError {
    let is_uri = items::text_of(pointer, items::TYPE) == Some(items::URI_PARTITION);
    match (items::text_of(pointer, items::NAME), by) {
        (Some(uri), Some(by)) if is_uri => StoreError::UriTaken {
            uri: uri.to_owned(),
            by: items::resource(by),
        },
        _ => items::corrupt(pointer, "it leads to no resource"),
    }
}

/// Waits a random part of a time that doubles with each attempt, so that those who met don't meet again.
async fn wait(attempt: u32) {
    let longest = FIRST_WAIT
        .saturating_mul(1 << (attempt - 1).min(10))
        .min(LONGEST_WAIT);
    // A new `RandomState` is randomly keyed: enough to part two writers, and no crate to add.
    let random = RandomState::new().build_hasher().finish() % 1000;
    let part = u32::try_from(random).unwrap_or_default();
    tokio::time::sleep(longest * part / 1000).await;
}

fn now() -> String {
    let format =
        format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]Z");
    OffsetDateTime::now_utc()
        .format(format)
        .expect("a UTC time always has all of these parts")
}
