//! Lambda, Function URLs, DynamoDB, S3 and the Serverless Application Repository on one machine: the engine behind `cargo xtask local`.
//!
//! [`LocalCloud`] runs the product's two functions, the sample and any tools; [`LambdaHost`] alone runs single functions.
//! This package meets the functions only as programs and through `sar/template.yaml`.

mod api;
mod cloud;
mod config;
mod credentials;
mod data_lock;
mod dynamodb;
mod endpoints;
mod function;
mod gateway;
mod host;
mod listener;
mod one_line;
mod product;
mod published;
mod registrations;
mod s3;
mod sar;
mod sigv4;
mod sts;
mod template;
mod url;
mod wildcard;

pub use cloud::{CloudError, LocalCloud};
pub use config::{Auth, CloudFormation, Config, Data};
pub use credentials::{Credentials, KeyringError, Principal};
pub use data_lock::DataLockError;
pub use dynamodb::DynamoDbError;
pub use endpoints::Endpoints;
pub use function::{
    ACCOUNT_ID, FunctionReference, FunctionSpec, FunctionSpecError, REGION, Reuse, function_arn,
};
pub use host::{
    AddError, Answer, EnvironmentInfo, EnvironmentState, Fault, FunctionFailure, HostSettings,
    InitFailure, Invocation, InvokeError, Invoked, LambdaHost, LogCallback, LogSink, MAX_PAYLOAD,
    StreamedAnswer, WarmError,
};
pub use one_line::one_line;
pub use published::{PublishedError, Publisher};
pub use registrations::RegisterError;
pub use s3::S3StartError;
pub use sar::SarStartError;
pub use template::{Application, InvokeMode, TemplateError, TemplateFunction, TemplateTable};
