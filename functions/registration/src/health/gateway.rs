//! What the gateway can invoke, and what has to be done where it can't.

use std::fmt;
use std::str::FromStr;

use registry::LambdaArn;

use super::{Health, Probed, Status};

/// The ARN of a role: `arn:{partition}:iam::{account}:role/{path and name}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleArn(String);

/// The text is no ARN of a role.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be the ARN of an IAM role")]
pub struct InvalidRole;

impl FromStr for RoleArn {
    type Err = InvalidRole;

    fn from_str(text: &str) -> Result<Self, InvalidRole> {
        let parts: Vec<&str> = text.splitn(6, ':').collect();
        match parts[..] {
            ["arn", _, "iam", "", account, role]
                if account.len() == 12
                    && account.bytes().all(|byte| byte.is_ascii_digit())
                    && role.starts_with("role/")
                    // It goes into commands that people copy.
                    && text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\'') =>
            {
                Ok(Self(text.to_owned()))
            }
            _ => Err(InvalidRole),
        }
    }
}

impl RoleArn {
    fn account(&self) -> &str {
        self.0.split(':').nth(4).unwrap_or_default()
    }

    fn name(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or_default()
    }
}

impl fmt::Display for RoleArn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The MCP function, as far as registering has to know of it.
#[derive(Debug, Clone)]
pub struct Gateway {
    /// The region that it runs in.
    pub region: String,
    /// The role that it invokes functions with; none if the deployment does not say.
    pub role: Option<RoleArn>,
    /// The role that asks for it.
    pub own_role: Option<RoleArn>,
    /// What the names of functions begin with that both roles may invoke (`ToolFunctionPrefix`).
    pub tool_prefix: Option<String>,
}

impl Gateway {
    /// What can be said of a function without asking.
    pub fn foresee(&self, function: &LambdaArn) -> Option<Health> {
        if !function.is_complete() {
            return Some(Health::unknown(
                "the ARN has a placeholder for its region or account",
            ));
        }
        // Lambda looks for a function only in the region that is asked, whatever the ARN says: "Functions from
        // 'eu-west-1' are not reachable in this region ('us-east-1')".
        if function.region() != self.region {
            return Some(Health {
                status: Status::Unreachable,
                message: Some(format!(
                    "the function is in {}, and this server can invoke only functions of {}",
                    function.region(),
                    self.region
                )),
                mend: Some(format!(
                    "Deploy the function in {}, or another server in {}.",
                    self.region,
                    function.region()
                )),
            });
        }
        None
    }

    /// What the answer to a dry run means.
    pub fn judge(&self, function: &LambdaArn, probed: Probed) -> Health {
        match probed {
            Probed::Allowed => Health::OK,
            Probed::Unclear => Health::unknown("Lambda gave no clear answer when it was asked"),
            Probed::Missing => Health {
                status: Status::Missing,
                message: Some(missing(function)),
                mend: Some("Deploy it, or correct the ARN.".to_owned()),
            },
            Probed::Denied => match &self.role {
                Some(role) if function.account() != role.account() => {
                    of_another_account(function, role)
                }
                _ => self.denied(function),
            },
        }
    }

    /// Within an account, one grant is enough: the role's policy or the function's.
    fn denied(&self, function: &LambdaArn) -> Health {
        let name = function.function_name();
        let roles: Vec<&RoleArn> = self.role.iter().chain(&self.own_role).collect();
        let grants = roles.iter().map(|role| grant(function, role));
        let grants: Vec<String> = grants.collect();
        let (message, mend) = match &self.tool_prefix {
            Some(prefix) if name.starts_with(prefix.as_str()) => (
                format!(
                    "the server may not invoke the function, although its name begins with `{prefix}`"
                ),
                "A service control policy, a permissions boundary or the function's own policy must forbid it: look \
                 there. A deployment that is a minute old may only need another minute."
                    .to_owned(),
            ),
            Some(prefix) => (
                format!(
                    "the server may not invoke the function, as its name does not begin with `{prefix}`"
                ),
                format!(
                    "Deploy the server with a ToolFunctionPrefix that `{name}` begins with, or allow it this function:\n{}",
                    grants.join("\n")
                ),
            ),
            None => (
                "the server may not invoke the function".to_owned(),
                format!("Allow it this function:\n{}", grants.join("\n")),
            ),
        };
        Health {
            status: Status::Denied,
            message: Some(message),
            mend: (!grants.is_empty()).then_some(mend),
        }
    }
}

/// Across accounts, both have to allow it: the function's policy, and the role's.
fn of_another_account(function: &LambdaArn, role: &RoleArn) -> Health {
    let policy = format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Action":"lambda:InvokeFunction","Resource":"{function}"}}]}}"#
    );
    let mend = format!(
        "The owner of the function has to allow it to the server's role:\n{}\nand this account has to allow the role to use that:\naws iam put-role-policy --role-name {} --policy-name {} --policy-document '{policy}'",
        grant(function, role),
        role.name(),
        statement(function.function_name()),
    );
    Health {
        status: Status::Unknown,
        message: Some(
            "the function is of another account, and only the server itself would find out whether it may invoke it"
                .to_owned(),
        ),
        mend: Some(mend),
    }
}

fn missing(function: &LambdaArn) -> String {
    let qualified = match function.qualifier() {
        None => String::new(),
        Some(qualifier) => format!(", or no version or alias `{qualifier}` of it,"),
    };
    format!(
        "there is no function `{}`{qualified} in account {} and region {}",
        function.function_name(),
        function.account(),
        function.region()
    )
}

/// The command that lets a role invoke a function. A version or alias has a policy of its own.
fn grant(function: &LambdaArn, role: &RoleArn) -> String {
    let qualifier = match function.qualifier() {
        // Lambda keeps no policy for it but the function's.
        None | Some("$LATEST") => String::new(),
        Some(qualifier) => format!(" --qualifier {qualifier}"),
    };
    format!(
        "aws lambda add-permission --region {} --function-name {}{qualifier} --statement-id {} --action lambda:InvokeFunction --principal {role}",
        function.region(),
        function.unqualified(),
        statement(role.name()),
    )
}

/// A name as an identifier of a statement: letters, digits, `-` and `_`, at most 100.
fn statement(name: &str) -> String {
    let is_fine = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    let name = name.chars().map(|c| if is_fine(c) { c } else { '-' });
    format!("invoke-{}", name.take(90).collect::<String>())
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::*;

    fn gateway(prefix: Option<&str>) -> Gateway {
        let role = |name: &str| {
            format!("arn:aws:iam::123456789012:role/{name}")
                .parse()
                .ok()
        };
        Gateway {
            region: "eu-west-1".to_owned(),
            role: role("mcp-McpFunctionRole-1A2B"),
            own_role: role("mcp-RegistrationFunctionRole-3C4D"),
            tool_prefix: prefix.map(ToOwned::to_owned),
        }
    }

    fn function(account: &str, name: &str) -> LambdaArn {
        let arn = format!("arn:aws:lambda:eu-west-1:{account}:function:{name}");
        arn.parse().unwrap()
    }

    fn shown(health: &Health) -> String {
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        format!(
            "{:?}: {}\n{}",
            health.status,
            text(&health.message),
            text(&health.mend)
        )
    }

    #[test]
    fn each_state_says_what_to_do() {
        let mut seen = String::new();
        for (prefix, account, name, probed) in [
            (Some("mcp-tool-"), "123456789012", "report", Probed::Allowed),
            (Some("mcp-tool-"), "123456789012", "report", Probed::Unclear),
            (Some("mcp-tool-"), "123456789012", "report", Probed::Missing),
            (
                Some("mcp-tool-"),
                "123456789012",
                "report:live",
                Probed::Missing,
            ),
            (Some("mcp-tool-"), "123456789012", "report", Probed::Denied),
            (
                Some("mcp-tool-"),
                "123456789012",
                "report:live",
                Probed::Denied,
            ),
            (
                Some("mcp-tool-"),
                "123456789012",
                "mcp-tool-report",
                Probed::Denied,
            ),
            (None, "123456789012", "report:$LATEST", Probed::Denied),
            (
                Some("mcp-tool-"),
                "999999999999",
                "report:live",
                Probed::Denied,
            ),
            (Some("mcp-tool-"), "999999999999", "report", Probed::Missing),
        ] {
            let health = gateway(prefix).judge(&function(account, name), probed);
            writeln!(seen, "{account} {name} {probed:?}\n{}\n", shown(&health)).unwrap();
        }
        insta::assert_snapshot!(seen);
    }

    #[test]
    fn what_is_known_beforehand_is_not_asked() {
        let seen = |arn: &str| {
            let health = gateway(None).foresee(&arn.parse().unwrap());
            health.map(|health| shown(&health))
        };
        assert_eq!(
            seen("arn:aws:lambda:eu-west-1:123456789012:function:f"),
            None
        );
        let placeholder = "Unknown: the ARN has a placeholder for its region or account\n";
        for arn in [
            "arn:aws:lambda:region:account:function:name",
            "arn:aws:lambda:eu-west-1:ACCOUNT:function:f",
            "arn:aws:lambda:region:123456789012:function:f",
        ] {
            assert_eq!(seen(arn).as_deref(), Some(placeholder), "{arn}");
        }
        insta::assert_snapshot!(
            seen("arn:aws:lambda:us-east-1:123456789012:function:f").unwrap(),
            @r"
        Unreachable: the function is in us-east-1, and this server can invoke only functions of eu-west-1
        Deploy the function in eu-west-1, or another server in us-east-1.
        "
        );
    }

    #[test]
    fn roles_are_read_or_refused() {
        for (text, expected) in [
            ("arn:aws:iam::123456789012:role/a", true),
            ("arn:aws-cn:iam::123456789012:role/path/to/a", true),
            ("arn:aws:iam::123456789012:user/a", false),
            ("arn:aws:iam::1234:role/a", false),
            ("arn:aws:iam::123456789012:role/a b", false),
            ("", false),
        ] {
            assert_eq!(text.parse::<RoleArn>().is_ok(), expected, "{text}");
        }
    }
}
