//! One file a command: its arguments and its `run`.

pub(crate) mod bench;
pub(crate) mod catalog;
pub(crate) mod ci;
pub(crate) mod clients;
pub(crate) mod conformance;
pub(crate) mod examples;
pub(crate) mod local;
pub(crate) mod new_version;
pub(crate) mod rehearse;
pub(crate) mod release;
pub(crate) mod test;
