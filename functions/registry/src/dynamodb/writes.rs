//! Writing: read what there is, try one transaction that moves the catalog's version by one, and start over when somebody
//! was faster.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{BuildHasher, Hasher, RandomState};
use std::time::Duration;

use aws_sdk_dynamodb::types::KeysAndAttributes;
use time::OffsetDateTime;

use super::DynamoDbStore;
use super::failures::{by_code, malformed, store_error};
use super::items::{self, Item};
use super::plan::{self, Circumstances, Found, Plan};
use super::transaction::{Outcome, Taken};
use crate::id::{RegistrationId, RegistrationType};
use crate::store::{Author, CatalogVersions, Change, Refused, StoreError, WriteError, Written};

/// How often a write is tried. All writes meet at the catalog's version, so of any number that start together one
/// succeeds in each round; a dozen rounds are more administrators at the same moment than a catalog has, and with the
/// waits between them take seconds, not the whole time of an invocation.
const ATTEMPTS: u32 = 12;
/// The first wait is up to this long, and each following up to twice as long as the one before.
const FIRST_WAIT: Duration = Duration::from_millis(20);
const LONGEST_WAIT: Duration = Duration::from_millis(640);

impl DynamoDbStore {
    pub(super) async fn write_changes(
        &self,
        changes: &[Change],
        author: Option<&Author>,
    ) -> Result<Vec<Written>, WriteError> {
        if changes.is_empty() {
            return Ok(Vec::new());
        }
        for attempt in 1..=ATTEMPTS {
            let found = self.read_before_change(changes).await?;
            let circumstances = Circumstances {
                author,
                time: OffsetDateTime::now_utc(),
                keep: self.keep_changes,
            };
            let plan = Plan::of(changes, &found, &circumstances).map_err(WriteError::Refused)?;
            if !plan.fits() {
                return Err(WriteError::TooLarge {
                    fits: fitting(changes, &found, &circumstances),
                });
            }
            match self.commit(&plan.transaction).await? {
                Outcome::Done => return Ok(plan.written),
                Outcome::Raced => wait(attempt).await,
                Outcome::Taken(taken) => return Err(refused(taken)),
            }
        }
        Err(WriteError::Conflict { attempts: ATTEMPTS })
    }

    /// The catalog's versions and the items of the registrations, with one request as a rule. They need not be of one
    /// moment: the transaction notices whatever was written between the first of them and itself.
    async fn read_before_change(&self, changes: &[Change]) -> Result<Found, StoreError> {
        let ids: BTreeSet<RegistrationId> =
            changes.iter().map(|change| change.operation.id()).collect();
        let keys = ids.iter().map(items::registration_key);
        let mut wanted: Vec<Item> = std::iter::once(items::catalog_key()).chain(keys).collect();
        let mut found = Found {
            catalog: CatalogVersions::default(),
            registrations: BTreeMap::new(),
        };
        for attempt in 1..=ATTEMPTS {
            let (items, left) = self.get_items(wanted).await?;
            for item in items {
                let (partition, name) = items::key_of(&item);
                match (partition.parse::<RegistrationType>(), name.parse()) {
                    (Ok(kind), Ok(name)) => {
                        let id = RegistrationId { kind, name };
                        found.registrations.insert(id, item);
                    }
                    _ => found.catalog = items::read_catalog(&item)?,
                }
            }
            if left.is_empty() {
                return Ok(found);
            }
            wanted = left;
            wait(attempt).await;
        }
        Err(by_code(
            "BatchGetItem",
            "ThrottlingException",
            "not all items were answered",
        ))
    }

    /// The items that exist, and the keys that `DynamoDB` left for another request: it answers 16 MB at once.
    async fn get_items(&self, keys: Vec<Item>) -> Result<(Vec<Item>, Vec<Item>), StoreError> {
        let wanted = KeysAndAttributes::builder()
            .set_keys(Some(keys))
            .consistent_read(true)
            .build()
            .map_err(malformed)?;
        let answer = self
            .client
            .batch_get_item()
            .request_items(self.table.as_str(), wanted)
            .send()
            .await
            .map_err(|error| store_error("BatchGetItem", &error))?;
        let items = answer.responses.unwrap_or_default().into_values();
        let left = answer.unprocessed_keys.unwrap_or_default().into_values();
        Ok((
            items.flatten().collect(),
            left.flat_map(|left| left.keys).collect(),
        ))
    }
}

/// How many changes from the first on one transaction can hold.
fn fitting(changes: &[Change], found: &Found, circumstances: &Circumstances<'_>) -> usize {
    let fits = |count: &usize| {
        Plan::of(&changes[..*count], found, circumstances).is_ok_and(|plan| plan.fits())
    };
    (1..changes.len()).rev().find(fits).unwrap_or_default()
}

/// Every URI that is not to be had. (A template's pointer stands under the registration's own name, and can't be
/// another's unless somebody else wrote it.)
fn refused(taken: Vec<Taken>) -> WriteError {
    let mut refused = Vec::new();
    for Taken {
        change,
        pointer,
        by,
    } in taken
    {
        match by {
            Some(by) if items::key_of(&pointer).0 == items::URI_PARTITION => {
                refused.push(Refused {
                    change,
                    refusal: plan::taken_by(&pointer, by),
                });
            }
            _ => return items::corrupt(&pointer, "it leads to no resource").into(),
        }
    }
    refused.sort_by_key(|refused| refused.change);
    WriteError::Refused(refused)
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
