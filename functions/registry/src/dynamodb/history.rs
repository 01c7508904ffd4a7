//! Reading what was done to a registration.

use super::DynamoDbStore;
use super::audit::{self, Together};
use super::failures::store_error;
use super::items::{self, Item};
use crate::id::RegistrationId;
use crate::store::{CatalogVersion, History, StoreError};

/// The most answers of `DynamoDB` that one part of a history is made of. Each is of 1 MB of records, of all
/// registrations, so that a part takes a bounded time however long ago the registration was last changed.
const QUERIES: usize = 8;

impl DynamoDbStore {
    pub(super) async fn read_history(
        &self,
        id: &RegistrationId,
        before: Option<CatalogVersion>,
        limit: usize,
    ) -> Result<History, StoreError> {
        let end = audit::before(before.unwrap_or(CatalogVersion::new(u64::MAX)));
        let mut found = Together::default();
        let mut after: Option<Item> = None;
        for _ in 0..QUERIES {
            let answer = self
                .client
                .query()
                .table_name(self.table.as_str())
                .consistent_read(true)
                .scan_index_forward(false)
                .key_condition_expression("#type = :type AND #name < :end")
                .filter_expression("contains(#ids, :id)")
                .expression_attribute_names("#type", items::TYPE)
                .expression_attribute_names("#name", items::NAME)
                .expression_attribute_names("#ids", audit::IDS)
                .expression_attribute_values(":type", items::text(audit::PARTITION))
                .expression_attribute_values(":end", items::text(&end))
                .expression_attribute_values(":id", items::text(id.to_string()))
                .set_exclusive_start_key(after.take())
                .send()
                .await
                .map_err(|error| store_error("Query", &error))?;
            for item in answer.items.unwrap_or_default() {
                let version = audit::version(&item)?;
                if found.len() == limit && !found.has(version) {
                    let changes = found.finish();
                    let next = changes.last().map(|last| last.version);
                    return Ok(History { changes, next });
                }
                found.add(audit::read(&item, id)?);
            }
            after = answer.last_evaluated_key;
            if after.is_none() {
                return Ok(History {
                    changes: found.finish(),
                    next: None,
                });
            }
        }
        // The next part begins with the version at which this one ends, of which there may be more.
        let last = after.as_ref().map(audit::version_in_key).transpose()?;
        let last = last.unwrap_or_default();
        found.forget(last);
        Ok(History {
            changes: found.finish(),
            next: Some(last.next()),
        })
    }
}
