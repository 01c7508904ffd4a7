//! Registrations as MCP lists show them.

use super::{InvalidEntry, bounded::Bounded, weight};
use registry::{
    Definition, Page, Registration, RegistrationName, RegistrationType, ResourceFilter,
    ResourceLocator, StoredRegistration, logging,
};
use rmcp::model::{Prompt, PromptArgument, Resource, ResourceTemplate, Tool};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, value::RawValue};
use std::sync::Arc;

/// Document bytes kept as pages of each kind of list.
const PAGES_BYTES: usize = 2 * 1024 * 1024;

/// An MCP type that registrations are listed as.
pub trait Listed: Sized + Clone + Send + Sync + 'static {
    /// The type of the registrations.
    const KIND: RegistrationType;
    /// Which of them.
    const FILTER: ResourceFilter;

    /// The registration as clients see it.
    fn describe(registration: &Registration) -> Result<Self, serde_json::Error>;

    #[doc(hidden)]
    fn pages(pages: &mut Pages) -> &mut PagesOf<Self>;
}

type PagesOf<T> = Bounded<Option<RegistrationName>, Arc<ListedPage<T>>>;

/// The pages that were read, by list.
#[derive(Debug)]
pub struct Pages {
    tools: PagesOf<Tool>,
    resources: PagesOf<Resource>,
    templates: PagesOf<ResourceTemplate>,
    prompts: PagesOf<Prompt>,
}

impl Default for Pages {
    fn default() -> Self {
        Self {
            tools: Bounded::new(PAGES_BYTES),
            resources: Bounded::new(PAGES_BYTES),
            templates: Bounded::new(PAGES_BYTES),
            prompts: Bounded::new(PAGES_BYTES),
        }
    }
}

/// One page of a list.
#[derive(Debug)]
pub struct ListedPage<T> {
    /// In the order of names.
    pub items: Vec<T>,
    /// The last name, if the list goes on after it.
    pub next: Option<RegistrationName>,
    /// Size of the documents the page was read from.
    pub(super) bytes: usize,
}

impl<T: Listed> ListedPage<T> {
    pub(super) fn read(page: &Page<StoredRegistration>) -> Self {
        let bytes = page
            .entries
            .iter()
            .map(|stored| weight(&stored.registration))
            .sum();
        let items = page
            .entries
            .iter()
            .filter_map(|stored| described(&stored.registration))
            .collect();
        Self {
            items,
            next: page.next.clone(),
            bytes,
        }
    }
}

/// One damaged registration must not take the list down with it.
fn described<T: Listed>(registration: &Registration) -> Option<T> {
    T::describe(registration)
        .map_err(|error| {
            let error = InvalidEntry::from(error);
            tracing::error!(registration = %registration.id(), cause = logging::chain(&error), "left out of a list");
        })
        .ok()
}

impl Listed for Tool {
    const KIND: RegistrationType = RegistrationType::Tool;
    const FILTER: ResourceFilter = ResourceFilter::Any;

    fn describe(registration: &Registration) -> Result<Self, serde_json::Error> {
        let Definition::Tool(definition) = &registration.definition else {
            return Err(other_type());
        };
        let input: Map<String, Value> = serde_json::from_str(definition.input_schema.get())?;
        let mut tool = Self::new_with_raw(registration.name.to_string(), None, input);
        tool.title.clone_from(&registration.title);
        tool.description = registration.description.clone().map(Into::into);
        tool.output_schema =
            parsed::<Map<String, Value>>(definition.output_schema.as_deref())?.map(Arc::new);
        tool.annotations = parsed(definition.annotations.as_deref())?;
        tool.icons = parsed(registration.icons.as_deref())?;
        tool.meta = parsed(registration.meta.as_deref())?;
        Ok(tool)
    }

    fn pages(pages: &mut Pages) -> &mut PagesOf<Self> {
        &mut pages.tools
    }
}

impl Listed for Resource {
    const KIND: RegistrationType = RegistrationType::Resource;
    const FILTER: ResourceFilter = ResourceFilter::Uris;

    fn describe(registration: &Registration) -> Result<Self, serde_json::Error> {
        let Definition::Resource(definition) = &registration.definition else {
            return Err(other_type());
        };
        let ResourceLocator::Uri(uri) = &definition.locator else {
            return Err(other_type());
        };
        let mut resource = Self::new(uri.clone(), registration.name.to_string());
        resource.title.clone_from(&registration.title);
        resource.description.clone_from(&registration.description);
        resource.mime_type.clone_from(&definition.mime_type);
        resource.size = definition.size;
        resource.annotations = parsed(definition.annotations.as_deref())?;
        resource.icons = parsed(registration.icons.as_deref())?;
        resource.meta = parsed(registration.meta.as_deref())?;
        Ok(resource)
    }

    fn pages(pages: &mut Pages) -> &mut PagesOf<Self> {
        &mut pages.resources
    }
}

impl Listed for ResourceTemplate {
    const KIND: RegistrationType = RegistrationType::Resource;
    const FILTER: ResourceFilter = ResourceFilter::Templates;

    fn describe(registration: &Registration) -> Result<Self, serde_json::Error> {
        let Definition::Resource(definition) = &registration.definition else {
            return Err(other_type());
        };
        let ResourceLocator::Template(template) = &definition.locator else {
            return Err(other_type());
        };
        let mut listed = Self::new(template.as_str(), registration.name.to_string());
        listed.title.clone_from(&registration.title);
        listed.description.clone_from(&registration.description);
        listed.mime_type.clone_from(&definition.mime_type);
        listed.annotations = parsed(definition.annotations.as_deref())?;
        listed.icons = parsed(registration.icons.as_deref())?;
        listed.meta = parsed(registration.meta.as_deref())?;
        Ok(listed)
    }

    fn pages(pages: &mut Pages) -> &mut PagesOf<Self> {
        &mut pages.templates
    }
}

impl Listed for Prompt {
    const KIND: RegistrationType = RegistrationType::Prompt;
    const FILTER: ResourceFilter = ResourceFilter::Any;

    fn describe(registration: &Registration) -> Result<Self, serde_json::Error> {
        let Definition::Prompt(definition) = &registration.definition else {
            return Err(other_type());
        };
        let arguments = definition.arguments.iter().map(|argument| {
            let mut listed = PromptArgument::new(argument.name.clone());
            listed.title.clone_from(&argument.title);
            listed.description.clone_from(&argument.description);
            listed.required = Some(argument.required);
            listed
        });
        let arguments = (!definition.arguments.is_empty()).then(|| arguments.collect());
        let mut prompt = Self::new(
            registration.name.to_string(),
            registration.description.clone(),
            arguments,
        );
        prompt.title.clone_from(&registration.title);
        prompt.icons = parsed(registration.icons.as_deref())?;
        prompt.meta = parsed(registration.meta.as_deref())?;
        Ok(prompt)
    }

    fn pages(pages: &mut Pages) -> &mut PagesOf<Self> {
        &mut pages.prompts
    }
}

fn parsed<T: DeserializeOwned>(raw: Option<&RawValue>) -> Result<Option<T>, serde_json::Error> {
    raw.map(|raw| serde_json::from_str(raw.get())).transpose()
}

/// The store asks for registrations of one type and filters them; another one is a damaged item.
fn other_type() -> serde_json::Error {
    serde::de::Error::custom("the registration is of another type than its list")
}
