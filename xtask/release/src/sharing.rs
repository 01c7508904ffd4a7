//! Who may deploy the application: what `sar/sharing.toml` wants, what SAR has, and what differs.
//!
//! `PutApplicationPolicy` replaces the whole policy, so what is wanted is always the whole of it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::json;
use thiserror::Error;

use crate::application::{AccountId, OrganizationId};

/// The most characters of a policy. Source: SAR's API reference, `PutApplicationPolicy`.
const MAX_POLICY: usize = 6144;

/// Whom a policy lets in.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(into = "String")]
pub enum Principal {
    /// Everyone: the application is public, in every region.
    Everyone,
    /// One AWS account, in the application's home region.
    Account(AccountId),
    /// Every account of an organisation, by its ID. SAR takes the publisher's own organisation alone.
    Organization(OrganizationId),
    /// What a live policy names and this program has no meaning for.
    Other(String),
}

impl Principal {
    /// The principal that one entry of a statement's `Principals` names.
    pub fn from_statement(text: &str) -> Self {
        match text.parse() {
            Ok(account) => Self::Account(account),
            Err(_) if text == "*" => Self::Everyone,
            Err(_) => Self::Other(text.to_owned()),
        }
    }

    /// The principal that one entry of a statement's `PrincipalOrgIDs` names.
    fn from_organization(text: &str) -> Self {
        text.parse()
            .map_or_else(|_| Self::Other(text.to_owned()), Self::Organization)
    }
}

impl fmt::Display for Principal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Everyone => f.write_str("everyone"),
            Self::Account(account) => write!(f, "account {account}"),
            Self::Organization(id) => write!(f, "organization {id}"),
            Self::Other(text) => write!(f, "`{text}`"),
        }
    }
}

impl From<Principal> for String {
    fn from(principal: Principal) -> Self {
        principal.to_string()
    }
}

/// A statement as SAR's API has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Statement {
    /// Accounts, or `*`.
    pub principals: Vec<String>,
    /// Organisations; with these, `principals` is `*`.
    pub organizations: Vec<String>,
    /// What they may do.
    pub actions: Vec<String>,
}

/// A policy, independent of how its statements are cut: what each principal may do.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct SharingPolicy(BTreeMap<Principal, BTreeSet<String>>);

impl SharingPolicy {
    /// The policy that `statements` make together.
    pub fn from_statements(statements: &[Statement]) -> Self {
        let mut policy = BTreeMap::<Principal, BTreeSet<String>>::new();
        for statement in statements {
            let principals: Vec<_> = if statement.organizations.is_empty() {
                let named = statement.principals.iter();
                named.map(|text| Principal::from_statement(text)).collect()
            } else {
                let named = statement.organizations.iter();
                named
                    .map(|text| Principal::from_organization(text))
                    .collect()
            };
            for principal in principals {
                let actions = statement.actions.iter().cloned();
                policy.entry(principal).or_default().extend(actions);
            }
        }
        Self(policy)
    }

    /// The statements of this policy: principals that may do the same share one.
    pub fn to_statements(&self) -> Vec<Statement> {
        let mut statements: Vec<Statement> = Vec::new();
        for (principal, actions) in &self.0 {
            let actions: Vec<_> = actions.iter().cloned().collect();
            let (name, organizations) = match principal {
                Principal::Everyone => ("*".to_owned(), vec![]),
                Principal::Account(account) => (account.to_string(), vec![]),
                Principal::Organization(id) => ("*".to_owned(), vec![id.to_string()]),
                Principal::Other(text) => (text.clone(), vec![]),
            };
            let same = statements.iter_mut().find(|statement| {
                // `*` stands alone: with accounts beside it, a statement would say two things.
                statement.actions == actions
                    && statement.organizations == organizations
                    && organizations.is_empty()
                    && name != "*"
                    && statement.principals != ["*"]
            });
            match same {
                Some(statement) => statement.principals.push(name),
                None => statements.push(Statement {
                    principals: vec![name],
                    organizations,
                    actions,
                }),
            }
        }
        statements
    }

    /// The policy's length as SAR counts it at most: as JSON, with an identifier for each statement.
    fn length(&self) -> usize {
        let statements: Vec<_> = self
            .to_statements()
            .into_iter()
            .map(|statement| {
                json!({
                    "actions": statement.actions,
                    "principals": statement.principals,
                    "principalOrgIDs": statement.organizations,
                    "statementId": "00000000-0000-0000-0000-000000000000",
                })
            })
            .collect();
        json!(statements).to_string().len()
    }

    /// Whether everyone may deploy.
    pub fn is_public(&self) -> bool {
        self.0.contains_key(&Principal::Everyone)
    }
}

/// `sar/sharing.toml` can't be used.
#[derive(Debug, Error)]
pub enum SharingError {
    /// Not TOML, or not these fields.
    #[error("sar/sharing.toml: {0}")]
    Toml(String),
    /// SAR would refuse it, after everything else was published.
    #[error(
        "sar/sharing.toml: the policy has {0} characters, and SAR takes {MAX_POLICY}: name fewer accounts, or their organization"
    )]
    TooLong(usize),
}

/// The file's fields.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct SharingFile {
    public: bool,
    #[serde(default)]
    accounts: Vec<AccountId>,
    organization: Option<OrganizationId>,
}

/// Reads the wanted policy from the text of `sar/sharing.toml`.
pub fn parse_sharing(text: &str) -> Result<SharingPolicy, SharingError> {
    let file: SharingFile =
        toml::from_str(text).map_err(|error| SharingError::Toml(error.message().to_owned()))?;
    let deploy = || BTreeSet::from(["Deploy".to_owned()]);
    let mut policy = BTreeMap::new();
    if file.public {
        policy.insert(Principal::Everyone, deploy());
    }
    for account in file.accounts {
        policy.insert(Principal::Account(account), deploy());
    }
    if let Some(id) = file.organization {
        // SAR wants this second action in every statement for an organisation.
        let mut actions = deploy();
        actions.insert("UnshareApplication".to_owned());
        policy.insert(Principal::Organization(id), actions);
    }
    let policy = SharingPolicy(policy);
    match policy.length() {
        0..=MAX_POLICY => Ok(policy),
        length => Err(SharingError::TooLong(length)),
    }
}

/// What has to change for a live policy to become the wanted one.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SharingDiff {
    /// Who gets in.
    pub added: BTreeMap<Principal, BTreeSet<String>>,
    /// Who is locked out.
    pub removed: BTreeSet<Principal>,
    /// Whose actions change, and to what.
    pub changed: BTreeMap<Principal, BTreeSet<String>>,
    /// The policy as it becomes, whole.
    #[serde(skip)]
    pub wanted: SharingPolicy,
}

impl SharingDiff {
    /// What differs between `wanted` and `live`, or `None` when nothing does.
    pub fn between(wanted: &SharingPolicy, live: &SharingPolicy) -> Option<Self> {
        let mut diff = Self {
            wanted: wanted.clone(),
            ..Self::default()
        };
        for (principal, actions) in &wanted.0 {
            match live.0.get(principal) {
                None => {
                    diff.added.insert(principal.clone(), actions.clone());
                }
                Some(has) if has != actions => {
                    diff.changed.insert(principal.clone(), actions.clone());
                }
                Some(_) => {}
            }
        }
        for principal in live.0.keys().filter(|it| !wanted.0.contains_key(it)) {
            diff.removed.insert(principal.clone());
        }
        (wanted != live).then_some(diff)
    }

    /// Whether this makes a private application public.
    pub fn makes_public(&self) -> bool {
        self.added.contains_key(&Principal::Everyone)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn statement(principals: &[&str], organizations: &[&str], actions: &[&str]) -> Statement {
        let owned = |list: &[&str]| list.iter().map(|&text| text.to_owned()).collect();
        Statement {
            principals: owned(principals),
            organizations: owned(organizations),
            actions: owned(actions),
        }
    }

    #[test]
    fn the_file_becomes_statements() {
        let text = "public = true\naccounts = [\"222222222222\", \"111111111111\"]\norganization = \"o-abcdefghij\"\n";
        let policy = parse_sharing(text).unwrap();
        assert_eq!(
            policy.to_statements(),
            [
                statement(&["*"], &[], &["Deploy"]),
                statement(&["111111111111", "222222222222"], &[], &["Deploy"]),
                statement(&["*"], &["o-abcdefghij"], &["Deploy", "UnshareApplication"]),
            ]
        );
        assert_eq!(
            SharingPolicy::from_statements(&policy.to_statements()),
            policy
        );
    }

    #[test]
    fn private_is_no_statement_at_all() {
        assert_eq!(parse_sharing("public = false").unwrap().to_statements(), []);
    }

    #[test]
    fn a_wrong_file_says_what_is_wrong() {
        let message = |text: &str| parse_sharing(text).unwrap_err().to_string();
        insta::assert_snapshot!(message("public = true\naccounts = [\"12\"]"), @"sar/sharing.toml: `12` is not an AWS account: it takes 12 digits");
        insta::assert_snapshot!(message("public = true\norganization = \"o-1\""), @"sar/sharing.toml: `o-1` is not an organization: it takes o- and 10 to 32 lower-case letters and digits");
        let accounts: Vec<_> = (0..500).map(|number| format!("\"{number:012}\"")).collect();
        let accounts = format!("public = false\naccounts = [{}]", accounts.join(", "));
        insta::assert_snapshot!(message(&accounts), @"sar/sharing.toml: the policy has 7613 characters, and SAR takes 6144: name fewer accounts, or their organization");
        insta::assert_snapshot!(message("accounts = []"), @"sar/sharing.toml: missing field `public`");
    }

    #[test]
    fn how_statements_are_cut_makes_no_difference() {
        let wanted = SharingPolicy::from_statements(&[statement(
            &["111111111111", "222222222222"],
            &[],
            &["Deploy"],
        )]);
        let live = SharingPolicy::from_statements(&[
            statement(&["222222222222"], &[], &["Deploy"]),
            statement(&["111111111111"], &[], &["Deploy"]),
        ]);
        assert_eq!(SharingDiff::between(&wanted, &live), None);
    }

    #[test]
    fn the_difference_names_who_comes_and_goes() {
        let wanted = parse_sharing("public = true\naccounts = [\"111111111111\"]").unwrap();
        let live = SharingPolicy::from_statements(&[
            statement(&["111111111111"], &[], &["GetApplication"]),
            statement(&["222222222222"], &[], &["Deploy"]),
        ]);
        let diff = SharingDiff::between(&wanted, &live).unwrap();
        assert!(diff.makes_public());
        insta::assert_json_snapshot!(diff, @r#"
        {
          "added": {
            "everyone": [
              "Deploy"
            ]
          },
          "removed": [
            "account 222222222222"
          ],
          "changed": {
            "account 111111111111": [
              "Deploy"
            ]
          }
        }
        "#);
    }
}
