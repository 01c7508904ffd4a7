//! The ARN of a Lambda function.

use std::fmt;
use std::ops::Range;
use std::str::FromStr;

use serde::Serialize;

/// Names a Lambda function, and optionally one alias or version of it:
/// `arn:{partition}:lambda:{region}:{account}:function:{name}[:{qualifier}]`.
///
/// The pattern is that of Lambda's `FunctionArn`, for every partition (`aws`, `aws-cn`, `aws-us-gov`, …). Beyond it, the
/// account may be a purely alphabetic placeholder, so that the example of the project's first README,
/// `arn:aws:lambda:region:account:function:name`, is accepted as printed; invoking it fails, as it must.
#[derive(Clone, PartialEq, Eq, Hash, Serialize)]
#[serde(into = "String")]
pub struct LambdaArn {
    text: String,
    partition: Range<usize>,
    region: Range<usize>,
    account: Range<usize>,
    function_name: Range<usize>,
    qualifier: Option<Range<usize>>,
}

/// Why a text is no ARN of a Lambda function.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidArn {
    /// Too few or too many parts, or another service's or resource's ARN.
    #[error(
        "must be the ARN of a Lambda function: `arn:aws:lambda:REGION:ACCOUNT:function:NAME`, optionally with `:ALIAS` or `:VERSION`"
    )]
    Shape,
    /// The partition is not `aws` or `aws-…`.
    #[error("has a partition (second part) that is not `aws` or `aws-…`")]
    Partition,
    /// The region holds something else than lowercase letters, digits and `-`.
    #[error("has a region (fourth part) that is not made of lowercase letters, digits and `-`")]
    Region,
    /// The account is not 12 digits.
    #[error("has an account (fifth part) that is not 12 digits")]
    Account,
    /// The function name is not 1 to 64 of `A-Z a-z 0-9 - _`.
    #[error("has a function name (seventh part) that is not 1 to 64 letters, digits, `-` or `_`")]
    FunctionName,
    /// The qualifier is neither `$LATEST` nor 1 to 128 of `A-Z a-z 0-9 - _`.
    #[error(
        "has a qualifier (eighth part) that is not `$LATEST`, a version, or an alias of 1 to 128 letters, digits, `-` or `_`"
    )]
    Qualifier,
}

impl LambdaArn {
    /// The whole ARN.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// `aws`, `aws-cn`, …
    pub fn partition(&self) -> &str {
        &self.text[self.partition.clone()]
    }

    /// Where the function runs, such as `eu-west-1`.
    pub fn region(&self) -> &str {
        &self.text[self.region.clone()]
    }

    /// The owner's account: 12 digits, or a placeholder of letters.
    pub fn account(&self) -> &str {
        &self.text[self.account.clone()]
    }

    /// The function's name without qualifier.
    pub fn function_name(&self) -> &str {
        &self.text[self.function_name.clone()]
    }

    /// The ARN without qualifier.
    pub fn unqualified(&self) -> &str {
        &self.text[..self.function_name.end]
    }

    /// Whether a text can be the name of a function: 1 to 64 of `A-Z a-z 0-9 - _`.
    pub fn is_function_name(text: &str) -> bool {
        is_word(text, 64)
    }

    /// Whether region and account can exist, and are not placeholders as in the example of the project's first README.
    pub fn is_complete(&self) -> bool {
        // Regions end in a number: `eu-west-1`, `us-gov-east-1`.
        let is_region = self.region().rsplit_once('-').is_some_and(|(_, number)| {
            !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
        });
        is_region && self.account().bytes().all(|byte| byte.is_ascii_digit())
    }

    /// The alias or version, if the ARN names one.
    pub fn qualifier(&self) -> Option<&str> {
        self.qualifier.clone().map(|range| &self.text[range])
    }
}

fn is_word(text: &str, longest: usize) -> bool {
    (1..=longest).contains(&text.len())
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
}

fn is_lowercase_word(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && text
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

fn is_account(text: &str) -> bool {
    let digits = text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit());
    let placeholder =
        (1..=64).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphabetic());
    digits || placeholder
}

impl TryFrom<String> for LambdaArn {
    type Error = InvalidArn;

    fn try_from(text: String) -> Result<Self, InvalidArn> {
        let mut at = 0;
        let parts: Vec<Range<usize>> = text
            .split(':')
            .map(|part| {
                let range = at..at + part.len();
                at = range.end + 1;
                range
            })
            .collect();
        let (fixed, qualifier) = match parts.as_slice() {
            [fixed @ .., qualifier] if parts.len() == 8 => (fixed, Some(qualifier.clone())),
            fixed if parts.len() == 7 => (fixed, None),
            _ => return Err(InvalidArn::Shape),
        };
        let [
            arn,
            partition,
            service,
            region,
            account,
            resource,
            function_name,
        ] = fixed
        else {
            return Err(InvalidArn::Shape);
        };
        let part = |range: &Range<usize>| &text[range.clone()];
        if part(arn) != "arn" || part(service) != "lambda" || part(resource) != "function" {
            return Err(InvalidArn::Shape);
        }
        let name = part(partition);
        if name != "aws" && !(name.starts_with("aws-") && is_lowercase_word(name)) {
            return Err(InvalidArn::Partition);
        }
        if !is_lowercase_word(part(region)) {
            return Err(InvalidArn::Region);
        }
        if !is_account(part(account)) {
            return Err(InvalidArn::Account);
        }
        if !Self::is_function_name(part(function_name)) {
            return Err(InvalidArn::FunctionName);
        }
        if let Some(range) = &qualifier
            && part(range) != "$LATEST"
            && !is_word(part(range), 128)
        {
            return Err(InvalidArn::Qualifier);
        }
        Ok(Self {
            partition: partition.clone(),
            region: region.clone(),
            account: account.clone(),
            function_name: function_name.clone(),
            qualifier,
            text,
        })
    }
}

impl FromStr for LambdaArn {
    type Err = InvalidArn;

    fn from_str(text: &str) -> Result<Self, InvalidArn> {
        Self::try_from(text.to_owned())
    }
}

impl From<LambdaArn> for String {
    fn from(arn: LambdaArn) -> Self {
        arn.text
    }
}

impl fmt::Display for LambdaArn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for LambdaArn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LambdaArn({})", self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_read() {
        let arn: LambdaArn =
            "arn:aws-us-gov:lambda:us-gov-west-1:123456789012:function:mcp_tool-1:live"
                .parse()
                .unwrap();
        assert_eq!(
            (
                arn.partition(),
                arn.region(),
                arn.account(),
                arn.function_name(),
                arn.qualifier()
            ),
            (
                "aws-us-gov",
                "us-gov-west-1",
                "123456789012",
                "mcp_tool-1",
                Some("live")
            )
        );
        for whole in [
            "arn:aws:lambda:region:account:function:name",
            "arn:aws:lambda:eu-west-1:123456789012:function:f",
            "arn:aws-cn:lambda:cn-north-1:123456789012:function:f:$LATEST",
            "arn:aws:lambda:eu-west-1:123456789012:function:f:42",
        ] {
            assert_eq!(whole.parse::<LambdaArn>().unwrap().to_string(), whole);
        }
    }

    #[test]
    fn broken_arns_say_which_part() {
        for (arn, expected) in [
            ("", InvalidArn::Shape),
            ("name", InvalidArn::Shape),
            (
                "arn:aws:s3:eu-west-1:123456789012:function:f",
                InvalidArn::Shape,
            ),
            (
                "arn:aws:lambda:eu-west-1:123456789012:layer:f",
                InvalidArn::Shape,
            ),
            (
                "arn:aws:lambda:eu-west-1:123456789012:function:f:live:x",
                InvalidArn::Shape,
            ),
            (
                "arn:gcp:lambda:eu-west-1:123456789012:function:f",
                InvalidArn::Partition,
            ),
            (
                "arn:aws:lambda:EU:123456789012:function:f",
                InvalidArn::Region,
            ),
            (
                "arn:aws:lambda:eu-west-1:12345:function:f",
                InvalidArn::Account,
            ),
            (
                "arn:aws:lambda:eu-west-1:acc0unt:function:f",
                InvalidArn::Account,
            ),
            (
                "arn:aws:lambda:eu-west-1:123456789012:function:",
                InvalidArn::FunctionName,
            ),
            (
                "arn:aws:lambda:eu-west-1:123456789012:function:a/b",
                InvalidArn::FunctionName,
            ),
            (
                "arn:aws:lambda:eu-west-1:123456789012:function:ü",
                InvalidArn::FunctionName,
            ),
            (
                "arn:aws:lambda:eu-west-1:123456789012:function:f:",
                InvalidArn::Qualifier,
            ),
            (
                "arn:aws:lambda:eu-west-1:123456789012:function:f:$NEWEST",
                InvalidArn::Qualifier,
            ),
        ] {
            assert_eq!(arn.parse::<LambdaArn>(), Err(expected), "{arn:?}");
        }
    }
}
