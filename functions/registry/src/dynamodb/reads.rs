//! Reading: one `GetItem` for one thing, `Query`s for lists.

use std::collections::HashMap;

use super::DynamoDbStore;
use super::failures::store_error;
use super::items::{self, Item};
use crate::id::{RegistrationId, RegistrationType};
use crate::name::RegistrationName;
use crate::store::{
    CatalogVersions, Page, ResourceFilter, StoreError, StoredRegistration, StoredTemplate,
};

/// A page of a list ends after so many bytes of items, so that the reader of one holds one `Query` page in memory, not
/// as many as his limit makes. Below the 1 MB at which a `Query` ends its own page, since that counts keys as well.
const PAGE_BYTES: usize = 768 * 1024;

/// What to ask a partition for.
struct Listing<'a> {
    partition: &'a str,
    /// Only items that have this attribute.
    having: Option<&'a str>,
    /// Read on after this sort key.
    after: Option<Item>,
    /// Evaluate at most so many items at a time.
    limit: Option<usize>,
}

impl DynamoDbStore {
    pub(super) async fn get_item(&self, key: Item) -> Result<Option<Item>, StoreError> {
        let answer = self
            .client
            .get_item()
            .table_name(self.table.as_str())
            .set_key(Some(key))
            .consistent_read(true)
            .send()
            .await
            .map_err(|error| store_error("GetItem", &error))?;
        Ok(answer.item)
    }

    pub(super) async fn read_catalog(&self) -> Result<CatalogVersions, StoreError> {
        match self.get_item(items::catalog_key()).await? {
            None => Ok(CatalogVersions::default()),
            Some(item) => {
                items::catalog_of(&item).ok_or_else(|| items::corrupt(&item, "it has no version"))
            }
        }
    }

    pub(super) async fn read_registration(
        &self,
        id: &RegistrationId,
    ) -> Result<Option<StoredRegistration>, StoreError> {
        let item = self.get_item(items::registration_key(id)).await?;
        item.as_ref().map(items::read_registration).transpose()
    }

    pub(super) async fn read_uri_pointer(
        &self,
        uri: &str,
    ) -> Result<Option<RegistrationName>, StoreError> {
        // No sort key is empty or longer than this, and DynamoDB would refuse to look for one.
        if uri.is_empty() || uri.len() > 1024 {
            return Ok(None);
        }
        let item = self.get_item(items::key(items::URI_PARTITION, uri)).await?;
        item.as_ref()
            .map(|item| items::read_name(item, items::REGISTRATION))
            .transpose()
    }

    pub(super) async fn read_list(
        &self,
        kind: RegistrationType,
        filter: ResourceFilter,
        after: Option<&RegistrationName>,
        limit: usize,
    ) -> Result<Page<StoredRegistration>, StoreError> {
        let mut listing = Listing {
            partition: kind.as_str(),
            having: match filter {
                ResourceFilter::Any => None,
                ResourceFilter::Uris => Some(items::URI),
                ResourceFilter::Templates => Some(items::URI_TEMPLATE),
            },
            after: after.map(|name| items::key(kind.as_str(), name.as_str())),
            limit: None,
        };
        let mut entries: Vec<StoredRegistration> = Vec::new();
        let mut bytes = 0;
        loop {
            // One more than wanted shows whether there is more. A filter is applied after the limit, and may leave
            // nothing of a small read; then whole pages of 1 MB are fewer requests.
            let wanted = if bytes < PAGE_BYTES {
                limit - entries.len()
            } else {
                0
            };
            listing.limit = listing.having.is_none().then(|| wanted.saturating_add(1));
            let (items, next) = self.query(&listing).await?;
            for item in items {
                match items::read_registration(&item) {
                    Ok(_) if entries.len() == limit || bytes >= PAGE_BYTES => {
                        let next = entries.last().map(|entry| entry.registration.name.clone());
                        return Ok(Page {
                            entries,
                            next: next.or_else(|| after.cloned()),
                        });
                    }
                    Ok(entry) => {
                        bytes += items::text_of(&item, items::DOCUMENT).map_or(0, str::len);
                        entries.push(entry);
                    }
                    Err(error) => log_unreadable(&error),
                }
            }
            if next.is_none() {
                return Ok(Page {
                    entries,
                    next: None,
                });
            }
            listing.after = next;
        }
    }

    pub(super) async fn read_templates(&self) -> Result<Vec<StoredTemplate>, StoreError> {
        let mut listing = Listing {
            partition: items::TEMPLATE_PARTITION,
            having: None,
            after: None,
            limit: None,
        };
        let mut templates = Vec::new();
        loop {
            let (items, next) = self.query(&listing).await?;
            for item in items {
                match read_template(&item) {
                    Ok(entry) => templates.push(entry),
                    Err(error) => log_unreadable(&error),
                }
            }
            if next.is_none() {
                return Ok(templates);
            }
            listing.after = next;
        }
    }

    /// One page of at most 1 MB, and the key to go on after.
    async fn query(&self, listing: &Listing<'_>) -> Result<(Vec<Item>, Option<Item>), StoreError> {
        let mut names = HashMap::from([("#type".to_owned(), items::TYPE.to_owned())]);
        if let Some(attribute) = listing.having {
            names.insert("#having".to_owned(), attribute.to_owned());
        }
        let answer = self
            .client
            .query()
            .table_name(self.table.as_str())
            .consistent_read(true)
            .key_condition_expression("#type = :type")
            .set_filter_expression(
                listing
                    .having
                    .map(|_| "attribute_exists(#having)".to_owned()),
            )
            .set_expression_attribute_names(Some(names))
            .expression_attribute_values(":type", items::text(listing.partition))
            .set_exclusive_start_key(listing.after.clone())
            .set_limit(
                listing
                    .limit
                    .map(|limit| i32::try_from(limit).unwrap_or(i32::MAX)),
            )
            .send()
            .await
            .map_err(|error| store_error("Query", &error))?;
        Ok((answer.items.unwrap_or_default(), answer.last_evaluated_key))
    }
}

fn read_template(item: &Item) -> Result<StoredTemplate, StoreError> {
    let name = items::read_name(item, items::NAME)?;
    let template = items::text_of(item, items::URI_TEMPLATE)
        .and_then(|text| text.parse().ok())
        .ok_or_else(|| items::corrupt(item, "it has no valid template"))?;
    Ok(StoredTemplate {
        name,
        template,
        lists: items::flag_of(item, items::LISTS),
    })
}

fn log_unreadable(error: &StoreError) {
    if let StoreError::Corrupt { item, source } = error {
        tracing::error!(%item, %source, "left an unreadable item out of a list");
    }
}
