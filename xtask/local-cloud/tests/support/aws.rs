//! S3 and SAR of a local cloud without functions, as a client sees them.

use bytes::Bytes;
use http::{Method, Request};
use http_body_util::BodyExt;
use local_cloud::{Config, LocalCloud};
use serde_json::{Value, json};

use super::{programs, send};

/// A local cloud, and the folder that its programs are in.
pub(crate) struct Aws {
    pub(crate) cloud: LocalCloud,
    _programs: tempfile::TempDir,
}

/// An answer: status, headers and body.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: http::HeaderMap,
    pub(crate) body: Bytes,
}

impl Answer {
    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }

    /// The status and S3's code of the error, if it is one.
    pub(crate) fn outcome(&self) -> String {
        let code = self.text().split("<Code>").nth(1);
        let code = code.and_then(|rest| rest.split('<').next());
        format!("{} {}", self.status, code.unwrap_or_default())
            .trim()
            .to_owned()
    }
}

impl Aws {
    /// Changed by `change`, and without starting a function.
    pub(crate) async fn start(change: impl FnOnce(&mut Config)) -> Self {
        let programs = programs();
        let mut config = Config {
            sample: false,
            warm: false,
            ..Config::new(programs.path())
        };
        change(&mut config);
        Self {
            cloud: LocalCloud::start(config).await.unwrap(),
            _programs: programs,
        }
    }

    pub(crate) fn s3_port(&self) -> u16 {
        port_of(&self.cloud.endpoints().s3_endpoint)
    }

    pub(crate) async fn s3(&self, request: Request<Bytes>) -> Answer {
        exchange(self.s3_port(), request).await
    }

    /// A request to S3 that has headers and a body at most.
    pub(crate) async fn object(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Bytes>,
    ) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.s3(request.body(body.into()).unwrap()).await
    }

    /// Puts an object that has to be taken.
    pub(crate) async fn put(&self, path: &str, body: impl Into<Bytes>) {
        let answer = self.object(Method::PUT, path, &[], body).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
    }

    /// A request to SAR; gives the status and the document.
    pub(crate) async fn sar(&self, method: Method, path: &str, body: &Value) -> (u16, Value) {
        let port = port_of(&self.cloud.endpoints().serverlessrepo_endpoint);
        let body = if body.is_null() {
            Bytes::new()
        } else {
            body.to_string().into()
        };
        let request = Request::builder().method(method).uri(path).body(body);
        let answer = exchange(port, request.unwrap()).await;
        let document = serde_json::from_slice(&answer.body).unwrap_or(Value::Null);
        (answer.status, document)
    }

    /// The bucket `artifacts` that SAR can read, with the product's packaged template and zips.
    pub(crate) async fn provide_artifacts(&self) {
        self.put("/artifacts", "").await;
        for name in ["mcp", "registration"] {
            self.put(&format!("/artifacts/{name}.zip"), format!("PK {name}"))
                .await;
        }
        self.put("/artifacts/template.yaml", packaged_template())
            .await;
        let policy = sar_policy(&json!({"StringEquals": {"aws:SourceAccount": "000000000000"}}));
        self.object(Method::PUT, "/artifacts?policy", &[], policy.to_string())
            .await;
    }
}

/// A bucket policy that lets SAR read under a condition.
pub(crate) fn sar_policy(condition: &Value) -> Value {
    let mut statement = json!({
        "Effect": "Allow",
        "Principal": {"Service": "serverlessrepo.amazonaws.com"},
        "Action": "s3:GetObject",
        "Resource": "arn:aws:s3:::artifacts/*",
    });
    if !condition.is_null() {
        statement["Condition"] = condition.clone();
    }
    json!({"Version": "2012-10-17", "Statement": [statement]})
}

/// The product's template, packaged.
pub(crate) fn packaged_template() -> String {
    include_str!("../../../../sar/template.yaml")
        .replace("../target/lambda/mcp/", "s3://artifacts/mcp.zip")
        .replace(
            "../target/lambda/registration/",
            "s3://artifacts/registration.zip",
        )
}

/// The port of an address of this machine.
pub(crate) fn port_of(endpoint: &str) -> u16 {
    endpoint.rsplit_once(':').unwrap().1.parse().unwrap()
}

/// Sends a request and collects the answer.
pub(crate) async fn exchange(port: u16, request: Request<Bytes>) -> Answer {
    let response = send(port, request).await.unwrap();
    let (parts, body) = response.into_parts();
    Answer {
        status: parts.status.as_u16(),
        headers: parts.headers,
        body: body.collect().await.unwrap().to_bytes(),
    }
}
