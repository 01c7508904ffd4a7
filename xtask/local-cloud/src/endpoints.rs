//! Where the parts of a running local cloud are.

use std::path::Path;

use serde::{Deserialize, Serialize};

/// The addresses that clients need, as `endpoints.json` holds them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Endpoints {
    /// Where MCP clients connect.
    pub mcp_url: String,
    /// Where clients of the 2024-11-05 transport connect.
    pub sse_url: String,
    /// Where administrators register.
    pub registration_url: String,
    /// The Lambda API, for `AWS_ENDPOINT_URL_LAMBDA`.
    pub lambda_endpoint: String,
    /// `DynamoDB`, for `AWS_ENDPOINT_URL_DYNAMODB`.
    pub dynamodb_endpoint: String,
    /// S3, for `AWS_ENDPOINT_URL_S3`.
    pub s3_endpoint: String,
    /// The Serverless Application Repository, for `AWS_ENDPOINT_URL_SERVERLESSAPPLICATIONREPOSITORY`.
    pub serverlessrepo_endpoint: String,
    /// The Security Token Service's `GetCallerIdentity`, for `AWS_ENDPOINT_URL_STS`.
    pub sts_endpoint: String,
    /// The `CloudFormation` that stacks are made in, if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cloudformation_endpoint: Option<String>,
    /// The process that serves all of it.
    pub pid: u32,
}

impl Endpoints {
    pub(crate) fn new(port: u16, dynamodb_endpoint: &str, s3_endpoint: &str) -> Self {
        let base = format!("http://127.0.0.1:{port}");
        Self {
            mcp_url: format!("{base}/mcp"),
            sse_url: format!("{base}/sse"),
            registration_url: format!("{base}/register"),
            serverlessrepo_endpoint: base.clone(),
            sts_endpoint: base.clone(),
            s3_endpoint: s3_endpoint.to_owned(),
            lambda_endpoint: base,
            dynamodb_endpoint: dynamodb_endpoint.to_owned(),
            cloudformation_endpoint: None,
            pid: std::process::id(),
        }
    }

    /// The addresses as JSON on one line.
    pub fn to_json(&self) -> String {
        serde_json::json!(self).to_string()
    }

    /// Writes the JSON to `file` in one step: who reads it sees all of it or what was there before.
    pub fn write(&self, file: &Path) -> std::io::Result<()> {
        let temporary = file.with_extension(format!("json.{}", self.pid));
        fs_err::write(&temporary, self.to_json() + "\n")?;
        fs_err::rename(&temporary, file)
    }
}
