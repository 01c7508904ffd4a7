//! Reading: one `GetItem` for one thing, `Query`s for lists.

use std::collections::HashMap;

use super::DynamoDbStore;
use super::failures::store_error;
use super::items::{self, Item};
use crate::id::{RegistrationId, RegistrationType};
use crate::name::RegistrationName;
use crate::store::{
    CatalogVersions, FunctionFilter, Page, ResourceFilter, Selection, StoreError,
    StoredRegistration, StoredTemplate,
};

/// A page of a list ends after so many bytes of items, so that the reader of one holds one `Query` page in memory, not
/// as many as his limit makes. Below the 1 MB at which a `Query` ends its own page, since that counts keys as well.
const PAGE_BYTES: usize = 768 * 1024;

/// What to ask a partition for.
struct Listing<'a> {
    partition: &'a str,
    /// Only items whose sort key begins with this.
    prefix: Option<&'a str>,
    /// Only items that have this attribute.
    having: Option<&'a str>,
    /// Only items of functions whose ARN holds this.
    function: Option<&'a str>,
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
            Some(item) => items::read_catalog(&item),
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
            .filter(|item| !items::flag_of(item, items::DISABLED))
            .map(|item| items::read_name(item, items::REGISTRATION))
            .transpose()
    }

    pub(super) async fn read_list(
        &self,
        kind: RegistrationType,
        selection: &Selection,
        after: Option<&RegistrationName>,
        limit: usize,
    ) -> Result<Page<StoredRegistration>, StoreError> {
        let mut listing = Listing {
            partition: kind.as_str(),
            prefix: selection.prefix.as_deref(),
            function: selection.function.as_ref().map(FunctionFilter::hint),
            having: match selection.resources {
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
            let is_filtered = listing.having.is_some() || listing.function.is_some();
            listing.limit = (!is_filtered).then(|| wanted.saturating_add(1));
            let (items, next) = self.query(&listing).await?;
            for item in items {
                match items::read_registration(&item) {
                    Ok(entry) if !selection.holds(&entry.registration) => {}
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
            prefix: None,
            having: None,
            function: None,
            after: None,
            limit: None,
        };
        let mut templates = Vec::new();
        loop {
            let (items, next) = self.query(&listing).await?;
            for item in items {
                if items::flag_of(&item, items::DISABLED) {
                    continue;
                }
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
        let mut values = HashMap::from([(":type".to_owned(), items::text(listing.partition))]);
        let mut keys = "#type = :type".to_owned();
        let mut filters = Vec::new();
        if let Some(prefix) = listing.prefix {
            keys.push_str(" AND begins_with(#name, :prefix)");
            names.insert("#name".to_owned(), items::NAME.to_owned());
            values.insert(":prefix".to_owned(), items::text(prefix));
        }
        if let Some(attribute) = listing.having {
            filters.push("attribute_exists(#having)");
            names.insert("#having".to_owned(), attribute.to_owned());
        }
        if let Some(function) = listing.function {
            filters.push("contains(#arn, :function)");
            names.insert("#arn".to_owned(), items::LAMBDA_ARN.to_owned());
            values.insert(":function".to_owned(), items::text(function));
        }
        let answer = self
            .client
            .query()
            .table_name(self.table.as_str())
            .consistent_read(true)
            .key_condition_expression(keys)
            .set_filter_expression((!filters.is_empty()).then(|| filters.join(" AND ")))
            .set_expression_attribute_names(Some(names))
            .set_expression_attribute_values(Some(values))
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
