//! The rules for an application's sharing policy.
//! <https://docs.aws.amazon.com/serverlessrepo/latest/devguide/security_iam_resource-based-policy-examples.html>

use std::collections::BTreeSet;

use super::errors::SarError;
use super::fields;
use super::state::{Application, Statement};

/// The longest policy, in characters of its JSON.
const MAX_POLICY: usize = 6144;
/// What a statement can allow.
const ACTIONS: [&str; 8] = [
    "GetApplication",
    "CreateCloudFormationChangeSet",
    "CreateCloudFormationTemplate",
    "ListApplicationVersions",
    "ListApplicationDependencies",
    "SearchApplications",
    "Deploy",
    UNSHARE,
];
/// The action that goes with sharing with an organisation, and with nothing else.
const UNSHARE: &str = "UnshareApplication";

impl Statement {
    /// Whether it makes the application public.
    pub(super) fn is_public(&self) -> bool {
        self.principal_org_ids.is_empty() && self.principals.iter().any(|who| who == "*")
    }

    fn check(&self) -> Result<(), SarError> {
        if self.principals.is_empty() {
            return Err(SarError::bad("a statement needs Principals"));
        }
        if self.actions.is_empty() {
            return Err(SarError::bad("a statement needs Actions"));
        }
        let is_account = |who: &str| who.len() == 12 && who.chars().all(|c| c.is_ascii_digit());
        if !self
            .principals
            .iter()
            .all(|who| who == "*" || is_account(who))
        {
            return Err(SarError::bad(
                "each of Principals must be an account of 12 digits or *",
            ));
        }
        if self.principals.len() > 1 && self.principals.iter().any(|who| who == "*") {
            return Err(SarError::bad("* is all of Principals or none of them"));
        }
        if let Some(action) = self
            .actions
            .iter()
            .find(|action| !ACTIONS.contains(&action.as_str()))
        {
            return Err(SarError::bad(format!("{action:?} is not an action")));
        }
        let can_unshare = self.actions.iter().any(|action| action == UNSHARE);
        if self.principal_org_ids.is_empty() {
            if can_unshare {
                return Err(SarError::bad(
                    "UnshareApplication goes with PrincipalOrgIDs only",
                ));
            }
            return Ok(());
        }
        if !can_unshare {
            return Err(SarError::bad(
                "a statement with PrincipalOrgIDs needs UnshareApplication among its Actions",
            ));
        }
        if self.principals != ["*"] {
            return Err(SarError::bad(
                "a statement with PrincipalOrgIDs needs * as its Principals",
            ));
        }
        if !self.principal_org_ids.iter().all(|id| is_organisation(id)) {
            return Err(SarError::bad(
                "each of PrincipalOrgIDs must match o-[a-z0-9]{10,32}",
            ));
        }
        Ok(())
    }
}

/// Whether `id` is the id of an organisation.
pub(super) fn is_organisation(id: &str) -> bool {
    id.strip_prefix("o-").is_some_and(|rest| {
        (10..=32).contains(&rest.len())
            && rest
                .chars()
                .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit())
    })
}

/// The policy to keep: checked, and with an id for each statement.
pub(super) fn complete(
    mut statements: Vec<Statement>,
    application: &Application,
) -> Result<Vec<Statement>, SarError> {
    let mut ids = BTreeSet::new();
    for statement in &mut statements {
        statement.check()?;
        if statement.id.is_empty() {
            statement.id = uuid::Uuid::new_v4().to_string();
        }
        if !ids.insert(statement.id.clone()) {
            return Err(SarError::bad("each StatementId must be there once"));
        }
    }
    if serde_json::json!(statements).to_string().chars().count() > MAX_POLICY {
        return Err(SarError::bad(format!(
            "a policy can have {MAX_POLICY} characters at most"
        )));
    }
    if statements.iter().any(Statement::is_public) {
        check_publishable(application)?;
    }
    Ok(statements)
}

/// What an application needs before everyone can see it.
fn check_publishable(application: &Application) -> Result<(), SarError> {
    let problem = |what: &str| {
        Err(SarError::bad(format!(
            "Application {} can't be made public: it needs {what}",
            application.name
        )))
    };
    if application.versions.is_empty() {
        return problem("a SemanticVersion");
    }
    if application.license.is_none() {
        return problem("a LicenseUrl");
    }
    if !application
        .spdx_license_id
        .as_deref()
        .is_some_and(fields::is_open_source)
    {
        return problem("an SpdxLicenseId that the Open Source Initiative approved");
    }
    let (_, newest) = application.version(None)?;
    if newest.source_code_url.is_none() {
        return problem("a SourceCodeUrl in its newest version");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn problem(statement: &Value) -> String {
        let statement: Statement = serde_json::from_value(statement.clone()).unwrap();
        statement
            .check()
            .map_or_else(|error| error.to_string(), |()| "fine".to_owned())
    }

    #[test]
    fn statements_are_for_accounts_everyone_or_organisations() {
        let check = |principals: Value, actions: Value, organisations: Value| {
            problem(
                &json!({"principals": principals, "actions": actions, "principalOrgIDs": organisations}),
            )
        };
        assert_eq!(check(json!(["*"]), json!(["Deploy"]), json!([])), "fine");
        assert_eq!(
            check(
                json!(["111122223333"]),
                json!(["GetApplication"]),
                json!([])
            ),
            "fine"
        );
        assert_eq!(
            check(
                json!(["*"]),
                json!(["Deploy", "UnshareApplication"]),
                json!(["o-abcdefghij"])
            ),
            "fine"
        );
        insta::assert_snapshot!(check(json!([]), json!(["Deploy"]), json!([])), @"a statement needs Principals");
        insta::assert_snapshot!(check(json!(["*"]), json!([]), json!([])), @"a statement needs Actions");
        insta::assert_snapshot!(check(json!(["11112222333"]), json!(["Deploy"]), json!([])), @"each of Principals must be an account of 12 digits or *");
        insta::assert_snapshot!(check(json!(["*", "111122223333"]), json!(["Deploy"]), json!([])), @"* is all of Principals or none of them");
        insta::assert_snapshot!(check(json!(["*"]), json!(["PutApplicationPolicy"]), json!([])), @r#""PutApplicationPolicy" is not an action"#);
        insta::assert_snapshot!(check(json!(["*"]), json!(["UnshareApplication"]), json!([])), @"UnshareApplication goes with PrincipalOrgIDs only");
        insta::assert_snapshot!(check(json!(["*"]), json!(["Deploy"]), json!(["o-abcdefghij"])), @"a statement with PrincipalOrgIDs needs UnshareApplication among its Actions");
        insta::assert_snapshot!(check(json!(["111122223333"]), json!(["UnshareApplication"]), json!(["o-abcdefghij"])), @"a statement with PrincipalOrgIDs needs * as its Principals");
        insta::assert_snapshot!(check(json!(["*"]), json!(["UnshareApplication"]), json!(["o-ABC"])), @"each of PrincipalOrgIDs must match o-[a-z0-9]{10,32}");
    }
}
