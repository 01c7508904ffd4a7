//! Which registrations of a type a list holds.

use std::str::FromStr;

use crate::arn::LambdaArn;
use crate::registration::Registration;

/// Which resources a list is to hold. The other types are listed whole with [`ResourceFilter::Any`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ResourceFilter {
    /// All.
    #[default]
    Any,
    /// Those with a fixed URI.
    Uris,
    /// Those with a URI template.
    Templates,
}

/// What has to be true of a registration to be listed. Everything is, by default.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Selection {
    /// Which resources.
    pub resources: ResourceFilter,
    /// Only those whose names begin with this. Reads no others.
    pub prefix: Option<String>,
    /// Only those of this function. Reads all others too.
    pub function: Option<FunctionFilter>,
    /// Only those that MCP clients see.
    pub enabled_only: bool,
}

impl Selection {
    /// What MCP clients see of these resources, or of another type.
    pub fn enabled(resources: ResourceFilter) -> Self {
        Self {
            resources,
            enabled_only: true,
            ..Self::default()
        }
    }

    /// Whether it holds a registration; that it is of the right resources and has the prefix is the reader's business.
    pub(crate) fn holds(&self, registration: &Registration) -> bool {
        (registration.enabled || !self.enabled_only)
            && self
                .function
                .as_ref()
                .is_none_or(|function| function.holds(&registration.lambda_arn))
    }
}

/// Which function: an ARN, or a name in any account and region. Without a qualifier, with any.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FunctionFilter {
    /// By its ARN.
    Arn(LambdaArn),
    /// By its name.
    Name(String),
}

/// The text is neither the ARN nor the name of a function.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be the ARN or the name of a Lambda function")]
pub struct InvalidFunction;

impl FunctionFilter {
    /// A text that stands in the ARN of every function that is meant.
    pub(crate) fn hint(&self) -> &str {
        match self {
            Self::Arn(arn) => arn.as_str(),
            Self::Name(name) => name,
        }
    }

    fn holds(&self, arn: &LambdaArn) -> bool {
        match self {
            Self::Name(name) => arn.function_name() == name,
            Self::Arn(wanted) if wanted.qualifier().is_some() => arn == wanted,
            Self::Arn(wanted) => arn.unqualified() == wanted.as_str(),
        }
    }
}

impl FromStr for FunctionFilter {
    type Err = InvalidFunction;

    fn from_str(text: &str) -> Result<Self, InvalidFunction> {
        if LambdaArn::is_function_name(text) {
            return Ok(Self::Name(text.to_owned()));
        }
        text.parse().map(Self::Arn).map_err(|_| InvalidFunction)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_is_meant_with_any_qualifier_or_with_one() {
        let of = |name: &str| format!("arn:aws:lambda:eu-west-1:123456789012:function:{name}");
        for (filter, arn, expected) in [
            ("f", of("f"), true),
            ("f", of("f:live"), true),
            ("f", of("ff"), false),
            (&of("f"), of("f"), true),
            (&of("f"), of("f:live"), true),
            (&of("f"), of("ff"), false),
            (&of("f:live"), of("f:live"), true),
            (&of("f:live"), of("f"), false),
            (&of("f:live"), of("f:lives"), false),
        ] {
            let parsed: FunctionFilter = filter.parse().unwrap();
            assert!(arn.contains(parsed.hint()) || !expected);
            assert_eq!(
                parsed.holds(&arn.parse().unwrap()),
                expected,
                "{filter} {arn}"
            );
        }
        for text in ["", "a b", "arn:aws:s3:::bucket", "f:live"] {
            assert_eq!(text.parse::<FunctionFilter>(), Err(InvalidFunction));
        }
    }
}
