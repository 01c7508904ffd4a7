//! What stands in the table, attribute by attribute.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;

use crate::id::{RegistrationId, RegistrationType};
use crate::name::RegistrationName;
use crate::registration::{Definition, Registration, ResourceLocator};
use crate::store::{CatalogVersion, CatalogVersions, StoreError, StoredRegistration};

pub(super) type Item = HashMap<String, AttributeValue>;

/// Partition key of every item.
pub(super) const TYPE: &str = "type";
/// Sort key of every item.
pub(super) const NAME: &str = "name";
/// The registration as JSON.
pub(super) const DOCUMENT: &str = "document";
/// The catalog version that the item's last write made.
pub(super) const REVISION: &str = "revision";
pub(super) const CREATED_AT: &str = "createdAt";
pub(super) const UPDATED_AT: &str = "updatedAt";
/// The function, for lists to be filtered by, and for people who look into the table.
pub(super) const LAMBDA_ARN: &str = "lambdaArn";
/// On a resource with a fixed URI: so that lists can be filtered, and pointers found without reading the document.
pub(super) const URI: &str = "uri";
/// On a resource with a template, and on the item that lists it among the templates.
pub(super) const URI_TEMPLATE: &str = "uriTemplate";
/// On a template, and on the item that lists it: its function lists the resources behind it.
pub(super) const LISTS: &str = "lists";
/// On the items that lead to a resource: it is not to be found by MCP clients.
pub(super) const DISABLED: &str = "disabled";
/// On a pointer: the name of the resource.
pub(super) const REGISTRATION: &str = "registration";
/// On the catalog's item: its number.
pub(super) const VERSION: &str = "version";
/// On the catalog's item: the numbers that the last writes of each type made.
const TOOL_VERSION: &str = "toolVersion";
const RESOURCE_VERSION: &str = "resourceVersion";
const PROMPT_VERSION: &str = "promptVersion";

/// The partition of pointers from URIs to resources.
pub(super) const URI_PARTITION: &str = "resource-uri";
/// The partition that lists all templates.
pub(super) const TEMPLATE_PARTITION: &str = "resource-template";
const CATALOG_PARTITION: &str = "catalog";
const CATALOG_NAME: &str = "version";

pub(super) fn text(value: impl Into<String>) -> AttributeValue {
    AttributeValue::S(value.into())
}

pub(super) fn number(version: CatalogVersion) -> AttributeValue {
    AttributeValue::N(version.to_string())
}

pub(super) fn key(partition: &str, name: &str) -> Item {
    HashMap::from([
        (TYPE.to_owned(), text(partition)),
        (NAME.to_owned(), text(name)),
    ])
}

pub(super) fn registration_key(id: &RegistrationId) -> Item {
    key(id.kind.as_str(), id.name.as_str())
}

pub(super) fn catalog_key() -> Item {
    key(CATALOG_PARTITION, CATALOG_NAME)
}

/// A string attribute, if it is there and is one.
pub(super) fn text_of<'a>(item: &'a Item, attribute: &str) -> Option<&'a str> {
    item.get(attribute)?.as_s().ok().map(String::as_str)
}

/// Whether a flag is there and set.
pub(super) fn flag_of(item: &Item, attribute: &str) -> bool {
    item.get(attribute)
        .is_some_and(|value| value.as_bool() == Ok(&true))
}

/// A version attribute, if it is there and is one.
pub(super) fn version_of(item: &Item, attribute: &str) -> Option<CatalogVersion> {
    let number = item.get(attribute)?.as_n().ok()?.parse().ok()?;
    Some(CatalogVersion::new(number))
}

pub(super) fn catalog(versions: CatalogVersions) -> Item {
    let mut item = catalog_key();
    for (attribute, version) in [
        (VERSION, versions.whole),
        (TOOL_VERSION, versions.tools),
        (RESOURCE_VERSION, versions.resources),
        (PROMPT_VERSION, versions.prompts),
    ] {
        item.insert(attribute.to_owned(), number(version));
    }
    item
}

/// The versions in the catalog's item. One that an older version of this program wrote has only the first of them.
fn catalog_of(item: &Item) -> Option<CatalogVersions> {
    let of_type = |attribute| version_of(item, attribute).unwrap_or_default();
    Some(CatalogVersions {
        whole: version_of(item, VERSION)?,
        tools: of_type(TOOL_VERSION),
        resources: of_type(RESOURCE_VERSION),
        prompts: of_type(PROMPT_VERSION),
    })
}

/// The same, for an item that has to have them.
pub(super) fn read_catalog(item: &Item) -> Result<CatalogVersions, StoreError> {
    catalog_of(item).ok_or_else(|| corrupt(item, "it has no version"))
}

/// The item that leads to a resource from where it is.
pub(super) enum Pointer<'a> {
    /// From its URI.
    Uri { uri: &'a str, enabled: bool },
    /// From the list of all templates.
    Template {
        template: &'a str,
        lists: bool,
        enabled: bool,
    },
}

impl<'a> Pointer<'a> {
    pub(super) fn of(registration: &'a Registration) -> Option<Self> {
        let Definition::Resource(resource) = &registration.definition else {
            return None;
        };
        Some(match &resource.locator {
            ResourceLocator::Uri(uri) => Self::Uri {
                uri,
                enabled: registration.enabled,
            },
            ResourceLocator::Template(template) => Self::Template {
                template: template.as_str(),
                lists: registration.invocation.list,
                enabled: registration.enabled,
            },
        })
    }

    pub(super) fn item(&self, name: &RegistrationName) -> Item {
        let mut item = match self {
            Self::Uri { uri, .. } => key(URI_PARTITION, uri),
            Self::Template { .. } => key(TEMPLATE_PARTITION, name.as_str()),
        };
        item.insert(REGISTRATION.to_owned(), text(name.as_str()));
        let (Self::Uri { enabled, .. } | Self::Template { enabled, .. }) = *self;
        if !enabled {
            item.insert(DISABLED.to_owned(), AttributeValue::Bool(true));
        }
        if let Self::Template {
            template, lists, ..
        } = *self
        {
            item.insert(URI_TEMPLATE.to_owned(), text(template));
            item.insert(LISTS.to_owned(), AttributeValue::Bool(lists));
        }
        item
    }
}

/// An item's partition and sort key; empty where there is none, which no stored item has.
pub(super) fn key_of(item: &Item) -> (&str, &str) {
    let part = |attribute| text_of(item, attribute).unwrap_or_default();
    (part(TYPE), part(NAME))
}

/// The bytes that an item is charged and limited by: names and texts as UTF-8, about 20 for a number, one or three for
/// the rest (Amazon DynamoDB developer guide, "DynamoDB item sizes and formats").
pub(super) fn size(item: &Item) -> usize {
    item.iter()
        .map(|(name, value)| name.len() + size_of(value))
        .sum()
}

fn size_of(value: &AttributeValue) -> usize {
    match value {
        AttributeValue::S(text) => text.len(),
        AttributeValue::N(_) => 21,
        AttributeValue::Ss(texts) => texts.iter().map(String::len).sum(),
        AttributeValue::L(list) => 3 + list.iter().map(|value| 1 + size_of(value)).sum::<usize>(),
        AttributeValue::M(map) => 3 + map.len() + size(map),
        _ => 1,
    }
}

/// The key of the item that leads to a resource. It needs the attributes alone, so that a resource whose document is
/// broken can still be replaced and deleted.
pub(super) fn pointer_key(resource: &Item) -> Option<Item> {
    if let Some(uri) = text_of(resource, URI) {
        return Some(key(URI_PARTITION, uri));
    }
    text_of(resource, URI_TEMPLATE)?;
    Some(key(TEMPLATE_PARTITION, text_of(resource, NAME)?))
}

pub(super) fn registration(stored: &StoredRegistration) -> Item {
    let registration = &stored.registration;
    let mut item = registration_key(&registration.id());
    let mut put = |attribute: &str, value| item.insert(attribute.to_owned(), value);
    put(DOCUMENT, text(registration.to_json().get()));
    put(REVISION, number(stored.revision));
    put(CREATED_AT, text(&stored.created_at));
    put(UPDATED_AT, text(&stored.updated_at));
    put(LAMBDA_ARN, text(registration.lambda_arn.as_str()));
    match Pointer::of(registration) {
        Some(Pointer::Uri { uri, .. }) => put(URI, text(uri)),
        Some(Pointer::Template { template, .. }) => put(URI_TEMPLATE, text(template)),
        None => None,
    };
    item
}

/// Reads an item back. What this program did not write is [`StoreError::Corrupt`].
pub(super) fn read_registration(item: &Item) -> Result<StoredRegistration, StoreError> {
    let document = text_of(item, DOCUMENT).ok_or_else(|| corrupt(item, "it has no document"))?;
    let registration = Registration::parse_stored(document)
        .map_err(|problems| corrupt(item, format!("its document is invalid: {problems}")))?;
    let same_key = text_of(item, TYPE) == Some(registration.kind().as_str())
        && text_of(item, NAME) == Some(registration.name.as_str());
    if !same_key {
        return Err(corrupt(
            item,
            "its document is that of another registration",
        ));
    }
    Ok(StoredRegistration {
        registration,
        revision: version_of(item, REVISION).ok_or_else(|| corrupt(item, "it has no revision"))?,
        created_at: text_of(item, CREATED_AT).unwrap_or_default().to_owned(),
        updated_at: text_of(item, UPDATED_AT).unwrap_or_default().to_owned(),
    })
}

pub(super) fn read_name(item: &Item, attribute: &str) -> Result<RegistrationName, StoreError> {
    text_of(item, attribute)
        .and_then(|name| name.parse().ok())
        .ok_or_else(|| corrupt(item, format!("its {attribute} is no registration's name")))
}

pub(super) fn corrupt(item: &Item, what: impl Into<String>) -> StoreError {
    let part = |attribute| text_of(item, attribute).unwrap_or("?");
    StoreError::Corrupt {
        item: format!("{}-{}", part(TYPE), part(NAME)),
        source: what.into().into(),
    }
}

/// The resource that a pointer names, for the error that says so.
pub(super) fn resource(name: RegistrationName) -> RegistrationId {
    RegistrationId {
        kind: RegistrationType::Resource,
        name,
    }
}
