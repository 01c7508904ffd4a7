//! Answers, as documents.

use semver::Version as SemanticVersion;
use serde_json::{Map, Value, json};
use time::OffsetDateTime;
use time::format_description::BorrowedFormatItem;
use time::macros::format_description;

use super::Sar;
use super::state::{Application, DeployTemplate, TEMPLATE_LIFE, Version};

const ISO: &[BorrowedFormatItem<'_>] =
    format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]Z");
/// A time in milliseconds since 1970, as answers give it.
pub(super) fn iso(milliseconds: i64) -> String {
    OffsetDateTime::from_unix_timestamp_nanos(i128::from(milliseconds) * 1_000_000)
        .unwrap_or(OffsetDateTime::UNIX_EPOCH)
        .format(ISO)
        .unwrap_or_default()
}

/// An application in a list.
pub(super) fn summary(application: &Application) -> Value {
    let mut document = json!({
        "applicationId": application.id(),
        "author": application.author,
        "creationTime": iso(application.created),
        "description": application.description,
        "labels": application.labels,
        "name": application.name,
    });
    set(
        &mut document,
        "homePageUrl",
        application.home_page_url.as_deref(),
    );
    set(
        &mut document,
        "spdxLicenseId",
        application.spdx_license_id.as_deref(),
    );
    document
}

/// A version in a list.
pub(super) fn version_summary(
    application: &Application,
    number: &SemanticVersion,
    version: &Version,
) -> Value {
    let mut document = json!({
        "applicationId": application.id(),
        "creationTime": iso(version.created),
        "semanticVersion": number.to_string(),
    });
    set(
        &mut document,
        "sourceCodeUrl",
        version.source_code_url.as_deref(),
    );
    document
}

impl Sar {
    /// An application and, if it has one, a version of it.
    pub(super) fn application_document(
        &self,
        application: &Application,
        version: Option<(&SemanticVersion, &Version)>,
    ) -> Value {
        let mut document = summary(application);
        document["isVerifiedAuthor"] = false.into();
        for (name, key) in [
            ("licenseUrl", &application.license),
            ("readmeUrl", &application.readme),
        ] {
            let address = key.as_ref().map(|key| self.address(key));
            set(&mut document, name, address.as_deref());
        }
        if let Some((number, version)) = version {
            document["version"] = self.version_document(application, number, version);
        }
        document
    }

    pub(super) fn version_document(
        &self,
        application: &Application,
        number: &SemanticVersion,
        version: &Version,
    ) -> Value {
        let mut document = version_summary(application, number, version);
        document["parameterDefinitions"] = json!(version.parameters);
        document["requiredCapabilities"] = json!(version.capabilities);
        document["resourcesSupported"] = true.into();
        document["templateUrl"] = self.address(&version.template).into();
        let archive = version.source_code_archive.as_ref();
        let address = archive.map(|key| self.address(key));
        set(&mut document, "sourceCodeArchiveUrl", address.as_deref());
        document
    }

    pub(super) fn template_document(&self, id: &str, template: &DeployTemplate, now: i64) -> Value {
        json!({
            "applicationId": super::state::id(&template.application),
            "creationTime": iso(template.created),
            "expirationTime": iso(template.created + TEMPLATE_LIFE),
            "semanticVersion": template.version.to_string(),
            "status": if template.is_expired(now) { "EXPIRED" } else { "ACTIVE" },
            "templateId": id,
            "templateUrl": self.address(&template.template),
        })
    }
}

/// Sets a field that has a value; what has none is left out.
fn set(document: &mut Value, name: &str, value: Option<&str>) {
    let map: Option<&mut Map<_, _>> = document.as_object_mut();
    if let (Some(map), Some(value)) = (map, value) {
        map.insert(name.to_owned(), value.into());
    }
}
