//! What a function is to the host: its name, how it is started and its limits.

use std::collections::BTreeMap;
use std::time::Duration;

use thiserror::Error;

/// The account that everything local belongs to.
pub const ACCOUNT_ID: &str = "000000000000";
/// The region that everything local lies in.
pub const REGION: &str = "us-east-1";

/// The longest function name that Lambda accepts, in characters.
const MAX_NAME: usize = 64;

/// How often an execution environment is invoked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reuse {
    /// As often as there is something to do, while it lives.
    Always,
    /// Once: no two requests meet the same one, so what the next has to know must be somewhere else.
    Never,
}

/// A function that the host can run: any program that speaks the Lambda Runtime API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FunctionSpec {
    /// The function's name, 1 to 64 characters of `A-Z a-z 0-9 - _`.
    pub name: String,
    /// The program and its arguments. The program is looked up on `PATH` if it has no folder.
    pub command: Vec<String>,
    /// Told to the function as `AWS_LAMBDA_FUNCTION_MEMORY_SIZE`, in MB. The host sets no limit by it.
    pub memory_mb: u32,
    /// How long one invocation may take before the environment is killed.
    pub timeout: Duration,
    /// The function's own environment variables. What Lambda reserves is set by the host and wins over these.
    pub environment: BTreeMap<String, String>,
    /// The most execution environments at a time; a request beyond them is throttled.
    pub max_concurrency: usize,
    /// How often an environment is invoked.
    pub reuse: Reuse,
    /// How often an event (an asynchronous invocation) that the function failed at is tried again, 0 to 2.
    pub event_retries: usize,
}

impl FunctionSpec {
    /// The environments a function gets unless it says otherwise: kind to a laptop.
    pub const DEFAULT_CONCURRENCY: usize = 10;
    /// How often Lambda tries an event again unless the function says otherwise.
    /// <https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html>
    pub const DEFAULT_EVENT_RETRIES: usize = 2;

    /// A function with 128 MB, a timeout of 30 seconds, no variables of its own, the default concurrency and retries.
    pub fn new(name: impl Into<String>, command: Vec<String>) -> Self {
        Self {
            name: name.into(),
            command,
            memory_mb: 128,
            timeout: Duration::from_secs(30),
            environment: BTreeMap::new(),
            max_concurrency: Self::DEFAULT_CONCURRENCY,
            reuse: Reuse::Always,
            event_retries: Self::DEFAULT_EVENT_RETRIES,
        }
    }

    /// The function's ARN, `arn:aws:lambda:us-east-1:000000000000:function:NAME`.
    pub fn arn(&self) -> String {
        function_arn(&self.name)
    }

    /// Says what is wrong with the name or the command, if anything is.
    pub fn validate(&self) -> Result<(), FunctionSpecError> {
        validate_name(&self.name)?;
        if self.command.first().is_none_or(String::is_empty) {
            return Err(FunctionSpecError::EmptyCommand {
                function: self.name.clone(),
            });
        }
        Ok(())
    }
}

/// A function's description that the host can't work with.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum FunctionSpecError {
    /// The name breaks Lambda's rule.
    #[error("function name {name:?} must be 1 to 64 letters, digits, hyphens or underscores")]
    Name {
        /// The name as given.
        name: String,
    },
    /// There is no program to start.
    #[error("function {function} has an empty command")]
    EmptyCommand {
        /// The function's name.
        function: String,
    },
}

/// The local ARN of the function called `name`.
pub fn function_arn(name: &str) -> String {
    format!("arn:aws:lambda:{REGION}:{ACCOUNT_ID}:function:{name}")
}

fn validate_name(name: &str) -> Result<(), FunctionSpecError> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if name.is_empty() || name.len() > MAX_NAME || !name.chars().all(allowed) {
        return Err(FunctionSpecError::Name {
            name: name.to_owned(),
        });
    }
    Ok(())
}

/// A function and, if named, its version or alias, as the Invoke API's path and query give them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FunctionReference {
    /// The function's name.
    pub name: String,
    /// Version or alias. The host runs `$LATEST` whatever it is.
    pub qualifier: Option<String>,
}

impl FunctionReference {
    /// Reads a name, `name:qualifier`, a partial ARN (`account:function:name`) or a full ARN.
    ///
    /// `None` means that no such function can exist here: another account or region, or no function's ARN.
    pub fn parse(text: &str) -> Option<Self> {
        let rest = if let Some(arn) = text.strip_prefix("arn:") {
            let (_partition, arn) = arn.split_once(':')?;
            let place = format!("lambda:{REGION}:{ACCOUNT_ID}:function:");
            arn.strip_prefix(place.as_str())?
        } else {
            let partial = format!("{ACCOUNT_ID}:function:");
            text.strip_prefix(partial.as_str()).unwrap_or(text)
        };
        let (name, qualifier) = match rest.split_once(':') {
            Some((name, qualifier)) => (name, Some(qualifier.to_owned())),
            None => (rest, None),
        };
        validate_name(name).ok()?;
        Some(Self {
            name: name.to_owned(),
            qualifier,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_names_and_local_arns() {
        let name = |text| FunctionReference::parse(text).map(|found| (found.name, found.qualifier));
        assert_eq!(name("hello"), Some(("hello".into(), None)));
        assert_eq!(
            name("hello:live"),
            Some(("hello".into(), Some("live".into())))
        );
        assert_eq!(
            name("000000000000:function:hello"),
            Some(("hello".into(), None))
        );
        assert_eq!(
            name("arn:aws:lambda:us-east-1:000000000000:function:hello:3"),
            Some(("hello".into(), Some("3".into())))
        );
        assert_eq!(
            name("arn:aws:lambda:eu-west-1:000000000000:function:hello"),
            None
        );
        assert_eq!(
            name("arn:aws:lambda:us-east-1:123456789012:function:hello"),
            None
        );
        assert_eq!(name("arn:aws:s3:::bucket"), None);
        assert_eq!(name("../hello"), None);
        assert_eq!(name(""), None);
    }

    #[test]
    fn a_spec_needs_a_name_and_a_program() {
        let spec = |name: &str, command: &[&str]| {
            let command = command.iter().map(|word| (*word).to_owned()).collect();
            FunctionSpec::new(name, command)
                .validate()
                .map_err(|error| error.to_string())
        };
        assert_eq!(spec("mcp-tool_1", &["program"]), Ok(()));
        insta::assert_snapshot!(spec("a b", &["program"]).unwrap_err(), @r#"function name "a b" must be 1 to 64 letters, digits, hyphens or underscores"#);
        insta::assert_snapshot!(spec("a", &[]).unwrap_err(), @"function a has an empty command");
    }
}
