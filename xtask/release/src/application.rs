//! What identifies an application in the Serverless Application Repository (SAR): its name and its ARN.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// An identifier that AWS would not accept.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum IdentifierError {
    /// Not an application's name.
    #[error("`{0}` is not an application name: it takes 1 to 140 letters, digits and hyphens")]
    Name(String),
    /// Not an AWS account.
    #[error("`{0}` is not an AWS account: it takes 12 digits")]
    Account(String),
    /// Not an organisation.
    #[error("`{0}` is not an organization: it takes o- and 10 to 32 lower-case letters and digits")]
    Organization(String),
    /// Not the ARN of a principal or resource.
    #[error("`{0}` is not an ARN")]
    Arn(String),
}

/// An application's name: 1 to 140 of `[a-zA-Z0-9-]`. Source: SAR's API reference, `CreateApplication`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ApplicationName(String);

impl ApplicationName {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for ApplicationName {
    type Err = IdentifierError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let is_valid = (1..=140).contains(&text.len())
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        if is_valid {
            Ok(Self(text.to_owned()))
        } else {
            Err(IdentifierError::Name(text.to_owned()))
        }
    }
}

impl TryFrom<String> for ApplicationName {
    type Error = IdentifierError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<ApplicationName> for String {
    fn from(name: ApplicationName) -> Self {
        name.0
    }
}

impl fmt::Display for ApplicationName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// An AWS account: 12 digits.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct AccountId(String);

impl AccountId {
    /// The digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for AccountId {
    type Err = IdentifierError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit()) {
            Ok(Self(text.to_owned()))
        } else {
            Err(IdentifierError::Account(text.to_owned()))
        }
    }
}

impl TryFrom<String> for AccountId {
    type Error = IdentifierError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<AccountId> for String {
    fn from(account: AccountId) -> Self {
        account.0
    }
}

impl fmt::Display for AccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// An organisation of AWS Organizations: `o-` and 10 to 32 of `[a-z0-9]`. Source: its API reference, `Organization`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct OrganizationId(String);

impl FromStr for OrganizationId {
    type Err = IdentifierError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let is_valid = text.strip_prefix("o-").is_some_and(|rest| {
            (10..=32).contains(&rest.len())
                && rest
                    .bytes()
                    .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
        });
        if is_valid {
            Ok(Self(text.to_owned()))
        } else {
            Err(IdentifierError::Organization(text.to_owned()))
        }
    }
}

impl TryFrom<String> for OrganizationId {
    type Error = IdentifierError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<OrganizationId> for String {
    fn from(id: OrganizationId) -> Self {
        id.0
    }
}

impl fmt::Display for OrganizationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Where a publisher publishes: one account in one region of one partition (`aws`, `aws-cn`, `aws-us-gov`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Publisher {
    /// The partition, the second part of every ARN in it.
    pub partition: String,
    /// The region, such as `eu-west-1`: the application's home.
    pub region: String,
    /// The account.
    pub account: AccountId,
}

impl Publisher {
    /// The publisher that a caller's ARN, as STS tells it, belongs to.
    pub fn from_caller_arn(arn: &str, region: &str) -> Result<Self, IdentifierError> {
        let parts: Vec<&str> = arn.splitn(6, ':').collect();
        match parts[..] {
            ["arn", partition, _, _, account, _] => Ok(Self {
                partition: partition.to_owned(),
                region: region.to_owned(),
                account: account.parse()?,
            }),
            _ => Err(IdentifierError::Arn(arn.to_owned())),
        }
    }

    /// The ARN that the application called `name` has at this publisher, whether it exists or not.
    ///
    /// SAR makes it from these parts alone, so nothing has to be searched for, and no ARN has to be kept anywhere.
    pub fn application(&self, name: &ApplicationName) -> ApplicationArn {
        ApplicationArn(format!(
            "arn:{}:serverlessrepo:{}:{}:applications/{name}",
            self.partition, self.region, self.account
        ))
    }

    /// The bucket that artifacts are uploaded to unless another one is named: one for an account and region.
    pub fn default_bucket(&self) -> String {
        format!("serverlessrepo-artifacts-{}-{}", self.account, self.region)
    }
}

/// An application's ARN.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ApplicationArn(String);

impl ApplicationArn {
    /// The ARN as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for ApplicationArn {
    type Err = IdentifierError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parts: Vec<&str> = text.splitn(6, ':').collect();
        match parts[..] {
            ["arn", _, "serverlessrepo", _, account, name] => {
                let _: AccountId = account.parse()?;
                let name = name.strip_prefix("applications/").unwrap_or_default();
                let _: ApplicationName = name.parse()?;
                Ok(Self(text.to_owned()))
            }
            _ => Err(IdentifierError::Arn(text.to_owned())),
        }
    }
}

impl fmt::Display for ApplicationArn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_arn_follows_from_caller_and_name() {
        let caller = "arn:aws-cn:sts::123456789012:assumed-role/publisher/session:1";
        let publisher = Publisher::from_caller_arn(caller, "cn-north-1").unwrap();
        assert_eq!(
            publisher.application(&"my-app".parse().unwrap()).as_str(),
            "arn:aws-cn:serverlessrepo:cn-north-1:123456789012:applications/my-app"
        );
        let arn = publisher.application(&"my-app".parse().unwrap());
        assert_eq!(arn.as_str().parse(), Ok(arn.clone()));
        assert_eq!(
            publisher.default_bucket(),
            "serverlessrepo-artifacts-123456789012-cn-north-1"
        );
    }

    #[test]
    fn what_aws_refuses_is_refused() {
        assert!("a_b".parse::<ApplicationName>().is_err());
        assert!("".parse::<ApplicationName>().is_err());
        assert!("a".repeat(141).parse::<ApplicationName>().is_err());
        assert!("12345678901".parse::<AccountId>().is_err());
        assert!("12345678901a".parse::<AccountId>().is_err());
        assert!("o-abcdefghi1".parse::<OrganizationId>().is_ok());
        for id in ["o-abcdefghi", "o-ABCDEFGHIJ", "abcdefghij", ""] {
            assert!(id.parse::<OrganizationId>().is_err(), "{id}");
        }
        assert!(Publisher::from_caller_arn("nobody", "eu-west-1").is_err());
        for arn in ["mcp", "arn:aws:lambda:eu-west-1:123456789012:function:mcp"] {
            assert!(arn.parse::<ApplicationArn>().is_err(), "{arn}");
        }
    }
}
