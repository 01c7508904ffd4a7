//! The records of changes, as items.
//!
//! They stand in a partition of their own, in the order of catalog versions, so that no list ever meets them. One item
//! holds the records of a whole transaction: an item for each change would not leave room for 40 changes in the 100
//! actions that a transaction has. What is too large for one item goes on in the next.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry as Place;
use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::value::RawValue;
use time::OffsetDateTime;

use super::items::{self, Item};
use super::timestamp;
use crate::id::RegistrationId;
use crate::store::{Action, Author, CatalogVersion, ChangeRecord, StoreError};

/// The partition of the records.
pub(super) const PARTITION: &str = "audit";
/// The ids of the registrations that an item has records of, to filter by.
pub(super) const IDS: &str = "ids";
const BY: &str = "by";
const AT: &str = "at";
const RECORDS: &str = "records";
const ID: &str = "id";
const ACTION: &str = "action";
const BEFORE: &str = "before";
const AFTER: &str = "after";
/// When DynamoDB may delete the item: its time to live, in seconds since 1970.
const EXPIRES_AT: &str = "expiresAt";

/// An item ends before it has more than so many bytes of documents. DynamoDB takes 400 KB; any document fits, and any
/// two of the largest don't.
const ITEM_BYTES: usize = 350 * 1024;

/// What is to be recorded of one change.
pub(super) struct Entry {
    pub(super) id: RegistrationId,
    pub(super) action: Action,
    /// The documents, as stored.
    pub(super) before: Option<String>,
    pub(super) after: Option<String>,
}

/// What the records of one transaction have in common.
pub(super) struct Occasion<'a> {
    pub(super) version: CatalogVersion,
    pub(super) author: Option<&'a Author>,
    pub(super) time: OffsetDateTime,
    /// How long they are kept; for ever if not said.
    pub(super) keep: Option<Duration>,
}

/// The sort key before which all records of older versions stand, and none of this one or later ones.
pub(super) fn before(version: CatalogVersion) -> String {
    format!("{:020}", version.get())
}

/// The items that hold these records.
pub(super) fn items(entries: Vec<Entry>, occasion: &Occasion<'_>) -> Vec<Item> {
    let mut parts: Vec<Part> = vec![Part::default()];
    for entry in entries {
        for (entry, bytes) in fitting(entry) {
            let mut part = parts.pop().unwrap_or_default();
            if part.bytes > 0 && part.bytes + bytes > ITEM_BYTES {
                parts.push(part);
                part = Part::default();
            }
            part.bytes += bytes;
            part.entries.push(entry);
            parts.push(part);
        }
    }
    let items = parts.into_iter().enumerate();
    items
        .map(|(index, part)| item(index, part, occasion))
        .collect()
}

#[derive(Default)]
struct Part {
    entries: Vec<Entry>,
    bytes: usize,
}

/// The record, in two if it is too large for one item, each with its bytes.
fn fitting(entry: Entry) -> Vec<(Entry, usize)> {
    let length = |text: &Option<String>| text.as_ref().map_or(0, String::len);
    let (before, after) = (length(&entry.before), length(&entry.after));
    if before + after <= ITEM_BYTES {
        return vec![(entry, before + after)];
    }
    let first = Entry {
        id: entry.id.clone(),
        action: entry.action,
        before: entry.before,
        after: None,
    };
    let second = Entry {
        id: entry.id,
        action: entry.action,
        before: None,
        after: entry.after,
    };
    vec![(first, before), (second, after)]
}

fn item(index: usize, part: Part, occasion: &Occasion<'_>) -> Item {
    let name = format!("{}-{index:02}", before(occasion.version));
    let mut item = items::key(PARTITION, &name);
    let mut put = |attribute: &str, value| item.insert(attribute.to_owned(), value);
    put(items::VERSION, items::number(occasion.version));
    put(AT, items::text(timestamp(occasion.time)));
    if let Some(author) = occasion.author {
        put(BY, items::text(author.as_str()));
    }
    if let Some(keep) = occasion.keep {
        let end = occasion.time.unix_timestamp().cast_unsigned() + keep.as_secs();
        put(EXPIRES_AT, AttributeValue::N(end.to_string()));
    }
    let ids = part.entries.iter().map(|entry| entry.id.to_string());
    put(IDS, AttributeValue::Ss(ids.collect()));
    let records = part.entries.into_iter().map(record);
    put(RECORDS, AttributeValue::L(records.collect()));
    item
}

fn record(entry: Entry) -> AttributeValue {
    let mut record = Item::new();
    let mut put = |attribute: &str, value: Option<String>| {
        if let Some(value) = value {
            record.insert(attribute.to_owned(), items::text(value));
        }
    };
    put(ID, Some(entry.id.to_string()));
    put(ACTION, Some(entry.action.as_str().to_owned()));
    put(BEFORE, entry.before);
    put(AFTER, entry.after);
    AttributeValue::M(record)
}

/// The version whose records an item holds.
pub(super) fn version(item: &Item) -> Result<CatalogVersion, StoreError> {
    items::version_of(item, items::VERSION).ok_or_else(|| items::corrupt(item, "it has no version"))
}

/// The same by the sort key alone.
pub(super) fn version_in_key(key: &Item) -> Result<CatalogVersion, StoreError> {
    let (number, _) = items::key_of(key).1.split_once('-').unwrap_or_default();
    let number = number.parse().map(CatalogVersion::new);
    number.map_err(|_| items::corrupt(key, "its name is no version"))
}

/// The record of a registration in an item that has one.
pub(super) fn read(item: &Item, id: &RegistrationId) -> Result<ChangeRecord, StoreError> {
    let id = id.to_string();
    let record = item
        .get(RECORDS)
        .and_then(|records| records.as_l().ok())
        .into_iter()
        .flatten()
        .filter_map(|record| record.as_m().ok())
        .find(|record| items::text_of(record, ID) == Some(&id))
        .ok_or_else(|| items::corrupt(item, format!("it has no record of {id}")))?;
    let action = items::text_of(record, ACTION)
        .and_then(Action::from_word)
        .ok_or_else(|| items::corrupt(item, format!("its record of {id} has no action")))?;
    // What stood there before may be nothing that this program wrote.
    let document = |attribute| {
        let text = items::text_of(record, attribute)?;
        RawValue::from_string(text.to_owned()).ok()
    };
    Ok(ChangeRecord {
        version: version(item)?,
        at: items::text_of(item, AT).unwrap_or_default().to_owned(),
        by: items::text_of(item, BY).map(ToOwned::to_owned),
        action,
        before: document(BEFORE),
        after: document(AFTER),
    })
}

/// Puts together the records of the versions, of which some are in two items. Newest first, as they are read.
#[derive(Default)]
pub(super) struct Together(BTreeMap<Reverse<CatalogVersion>, ChangeRecord>);

impl Together {
    /// How many records there are so far.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is one of this version already, which another part of it belongs to.
    pub(super) fn has(&self, version: CatalogVersion) -> bool {
        self.0.contains_key(&Reverse(version))
    }

    pub(super) fn add(&mut self, record: ChangeRecord) {
        match self.0.entry(Reverse(record.version)) {
            Place::Vacant(place) => {
                place.insert(record);
            }
            Place::Occupied(mut other) => {
                let other = other.get_mut();
                other.before = other.before.take().or(record.before);
                other.after = other.after.take().or(record.after);
            }
        }
    }

    /// Forgets the record of a version, which may not be whole.
    pub(super) fn forget(&mut self, version: CatalogVersion) {
        self.0.remove(&Reverse(version));
    }

    pub(super) fn finish(self) -> Vec<ChangeRecord> {
        self.0.into_values().collect()
    }
}
