//! How a local cloud is set up.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use crate::credentials::Credentials;
use crate::function::{FunctionSpec, Reuse};
use crate::host::LogSink;
use crate::published::Publisher;

/// Where registrations and keys are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Data {
    /// Nowhere: they end with the local cloud.
    Memory,
    /// In a folder, which is created if it is missing. One local cloud at a time uses it.
    Dir(PathBuf),
}

/// Who may call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Auth {
    /// Everyone. Functions see no caller.
    None,
    /// Whoever signs with a local key. Functions see the key's principal.
    Iam,
}

/// Where the local Serverless Application Repository makes change sets: an emulator that serves `CloudFormation`, and S3
/// for the functions' code, at one address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CloudFormation {
    /// Its address on this machine, `http://127.0.0.1:PORT`.
    pub endpoint: String,
    /// The keys to sign with.
    pub credentials: Credentials,
}

impl CloudFormation {
    /// Whether the address is one of this machine: nothing local reaches the network.
    pub(crate) fn is_local(&self) -> bool {
        let uri: Option<http::Uri> = self.endpoint.parse().ok();
        uri.is_some_and(|uri| {
            uri.scheme_str() == Some("http")
                && matches!(uri.host(), Some("127.0.0.1" | "localhost" | "[::1]"))
                && uri.path() == "/"
                && uri.query().is_none()
        })
    }
}

/// Everything a local cloud can be told.
#[derive(Debug, Clone)]
pub struct Config {
    /// The port on 127.0.0.1; 0 takes a free one.
    pub port: u16,
    /// Where data is kept.
    pub data: Data,
    /// Who may call.
    pub auth: Auth,
    /// Who publishes the programs to the SAR here; the functions then run from what was published. `None` runs them as
    /// they are, by `template`.
    pub publisher: Option<Publisher>,
    /// The SAM template; `None` is the one this program was built with.
    pub template: Option<PathBuf>,
    /// Values for the template's parameters, in place of their defaults.
    pub parameters: BTreeMap<String, String>,
    /// The folder with the programs `mcp`, `registration` and `sample`.
    pub binaries: PathBuf,
    /// Functions beside the template's.
    pub tools: Vec<FunctionSpec>,
    /// Whether to run the sample function and register what it offers.
    pub sample: bool,
    /// Files with a registration or an array of them, to be created or replaced at start.
    pub register: Vec<PathBuf>,
    /// The names of the local IAM users; each has keys of its own.
    pub users: Vec<String>,
    /// The most environments of a function that the template sets no limit for.
    pub max_concurrency: usize,
    /// How often environments of the template's functions are invoked.
    pub reuse: Reuse,
    /// Whether to start each function once at start, so that one that can't run is noticed then.
    pub warm: bool,
    /// Whether to count requests to `DynamoDB`, which puts a proxy before it.
    pub count_dynamodb_requests: bool,
    /// How long a function may take to initialise.
    pub init_timeout: Duration,
    /// Where change sets of applications are made; without it none can be.
    pub cloudformation: Option<CloudFormation>,
    /// Where the functions' output goes.
    pub logs: LogSink,
}

impl Config {
    /// In memory, on a free port, without signatures, with the sample, one user called `local`, warmed up.
    pub fn new(binaries: impl Into<PathBuf>) -> Self {
        Self {
            port: 0,
            data: Data::Memory,
            auth: Auth::None,
            publisher: None,
            template: None,
            parameters: BTreeMap::new(),
            binaries: binaries.into(),
            tools: Vec::new(),
            sample: true,
            register: Vec::new(),
            users: vec!["local".to_owned()],
            max_concurrency: FunctionSpec::DEFAULT_CONCURRENCY,
            reuse: Reuse::Always,
            warm: true,
            count_dynamodb_requests: false,
            init_timeout: Duration::from_secs(10),
            cloudformation: None,
            logs: LogSink::Stderr,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cloudformation_is_on_this_machine() {
        let is_local = |endpoint: &str| {
            let credentials = Credentials {
                access_key_id: String::new(),
                secret_access_key: String::new(),
                session_token: None,
            };
            let endpoint = endpoint.to_owned();
            CloudFormation {
                endpoint,
                credentials,
            }
            .is_local()
        };
        for good in [
            "http://127.0.0.1:4566",
            "http://localhost:4566/",
            "http://[::1]:1",
        ] {
            assert!(is_local(good), "{good}");
        }
        for bad in [
            "",
            "127.0.0.1:4566",
            "https://127.0.0.1:4566",
            "https://cloudformation.us-east-1.amazonaws.com",
            "http://example.com",
            "http://localhost.example.com",
            "http://127.0.0.1:4566/path",
        ] {
            assert!(!is_local(bad), "{bad}");
        }
    }
}
