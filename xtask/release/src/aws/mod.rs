//! The ports, as AWS has them: the SDK's clients, and what its types mean here. No SDK type leaves this folder.

mod clients;
mod cloudformation;
mod download;
mod repository;
mod store;

pub use self::clients::{Aws, ConnectError, Target, connect};
pub use self::cloudformation::{ChangeSetRequest, ChangeSetState, CloudFormation};
pub use self::repository::{RepositoryChangeSet, ServerlessRepository};
pub use self::store::S3Store;
