//! What administrators see when the store fails in ways that no local `DynamoDB` can be made to.

use lambda_http::{Body, Response};
use registration::Api;
use registry::{
    Author, CatalogVersion, CatalogVersions, Change, History, Page, RegistrationId,
    RegistrationName, RegistrationStore, RegistrationType, Selection, StoreError,
    StoredRegistration, StoredTemplate, WriteError, Written,
};

use crate::description;
use crate::support::{Sent, checker};

pub(crate) type Failure = fn() -> WriteError;

/// A store that always fails in the same way.
struct Failing(Failure);

impl Failing {
    fn read(&self) -> StoreError {
        match self.0() {
            WriteError::Store(error) => error,
            error => panic!("{error}: only a write fails like that"),
        }
    }
}

impl RegistrationStore for Failing {
    async fn catalog_version(&self) -> Result<CatalogVersion, StoreError> {
        Err(self.read())
    }

    async fn catalog_versions(&self) -> Result<CatalogVersions, StoreError> {
        Err(self.read())
    }

    async fn get(&self, _: &RegistrationId) -> Result<Option<StoredRegistration>, StoreError> {
        Err(self.read())
    }

    async fn list(
        &self,
        _: RegistrationType,
        _: &Selection,
        _: Option<&RegistrationName>,
        _: usize,
    ) -> Result<Page<StoredRegistration>, StoreError> {
        Err(self.read())
    }

    async fn resource_at(&self, _: &str) -> Result<Option<RegistrationName>, StoreError> {
        Err(self.read())
    }

    async fn resource_templates(&self) -> Result<Vec<StoredTemplate>, StoreError> {
        Err(self.read())
    }

    async fn write(&self, _: &[Change], _: Option<&Author>) -> Result<Vec<Written>, WriteError> {
        Err(self.0())
    }

    async fn history(
        &self,
        _: &RegistrationId,
        _: Option<CatalogVersion>,
        _: usize,
    ) -> Result<History, StoreError> {
        Err(self.read())
    }
}

pub(crate) async fn fails_with(
    failure: Failure,
    method: &str,
    target: &str,
    body: &str,
) -> Response<Body> {
    let request = Sent {
        method,
        target,
        body: Some(body),
        content_type: Some("application/json"),
        ..Sent::default()
    };
    let response = Api::new(Failing(failure), checker())
        .answer(request.event())
        .await;
    description::check(method, target, &response);
    response
}

async fn delete_fails_with(failure: Failure) -> Response<Body> {
    fails_with(failure, "DELETE", "/register/tool-a", "").await
}

#[tokio::test]
async fn what_passes_is_a_503_to_try_again() {
    let failures: [(Failure, &str); 2] = [
        (
            || StoreError::Throttled("ThrottlingException".into()).into(),
            "throttled",
        ),
        (|| WriteError::Conflict { attempts: 12 }, "busy"),
    ];
    for (failure, code) in failures {
        let response = delete_fails_with(failure).await;
        assert_eq!(response.status(), 503);
        assert_eq!(response.headers()["retry-after"], "1");
        let Body::Text(body) = response.body() else {
            panic!("errors are texts");
        };
        assert!(body.contains(&format!(r#""code":"{code}""#)), "{body}");
    }
}

#[tokio::test]
async fn causes_stay_in_the_log() {
    let failures: [Failure; 2] = [
        || StoreError::Denied("not authorized to perform dynamodb:PutItem".into()).into(),
        || StoreError::Unavailable("connection refused by 10.0.0.1".into()).into(),
    ];
    for failure in failures {
        let response = delete_fails_with(failure).await;
        assert_eq!(response.status(), 500);
        let Body::Text(body) = response.body() else {
            panic!("errors are texts");
        };
        assert!(body.contains(r#""code":"internal_error""#), "{body}");
        assert!(
            !body.contains("PutItem") && !body.contains("10.0.0.1"),
            "{body}"
        );
    }
}
