//! The function's settings, read once from its environment.

use std::env;
use std::time::Duration;

use registry::{InvalidTableName, TableName};
use tracing::Level;

use crate::health::{InvalidRole, RoleArn};

/// The longest that records of changes are kept unless it is for ever, as in the template.
const MOST_DAYS: u64 = 3650;

/// What the template sets; see `sar/template.yaml`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// The table with the registrations (`REGISTRATION_TABLE_NAME`).
    pub registration_table: TableName,
    /// What the names of functions begin with that may be invoked (`TOOL_FUNCTION_PREFIX`).
    pub tool_function_prefix: Option<String>,
    /// The MCP function's role (`MCP_ROLE_ARN`).
    pub mcp_role: Option<RoleArn>,
    /// This function's role (`REGISTRATION_ROLE_ARN`).
    pub registration_role: Option<RoleArn>,
    /// How long records of changes are kept (`CHANGE_RETENTION_DAYS`): for ever if it is 0 or not set.
    pub change_retention: Option<Duration>,
    /// The least severe level that is logged (`LOG_LEVEL`, `info` unless set).
    pub log_level: Level,
}

/// A setting that is missing or not understood.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SettingsError {
    /// The table's name is not set.
    #[error("the environment variable REGISTRATION_TABLE_NAME is not set")]
    NoTable,
    /// The table's name cannot be one.
    #[error("the environment variable REGISTRATION_TABLE_NAME is unusable")]
    Table(#[source] InvalidTableName),
    /// A role's ARN cannot be one.
    #[error("the environment variable {variable} is unusable")]
    Role {
        /// The variable.
        variable: &'static str,
        /// What is wrong with it.
        #[source]
        source: InvalidRole,
    },
    /// The days are no number of days.
    #[error("the environment variable CHANGE_RETENTION_DAYS must be a whole number from 0 to 3650")]
    ChangeRetention,
    /// The level is not known.
    #[error("the environment variable LOG_LEVEL must be error, warn, info, debug or trace")]
    LogLevel,
}

impl Settings {
    /// Reads the environment.
    pub fn from_environment() -> Result<Self, SettingsError> {
        Self::from_variables(|name| env::var(name).ok())
    }

    fn from_variables(variable: impl Fn(&str) -> Option<String>) -> Result<Self, SettingsError> {
        let set = |name| variable(name).filter(|value| !value.trim().is_empty());
        let role = |variable| {
            let arn = set(variable).map(|arn| arn.parse());
            arn.transpose()
                .map_err(|source| SettingsError::Role { variable, source })
        };
        let days = set("CHANGE_RETENTION_DAYS").map(|days| days.trim().parse::<u64>().ok());
        let change_retention = match days {
            None | Some(Some(0)) => None,
            Some(Some(days @ 1..=MOST_DAYS)) => Some(Duration::from_hours(24 * days)),
            Some(_) => return Err(SettingsError::ChangeRetention),
        };
        Ok(Self {
            tool_function_prefix: set("TOOL_FUNCTION_PREFIX"),
            mcp_role: role("MCP_ROLE_ARN")?,
            registration_role: role("REGISTRATION_ROLE_ARN")?,
            change_retention,
            registration_table: set("REGISTRATION_TABLE_NAME")
                .ok_or(SettingsError::NoTable)?
                .parse()
                .map_err(SettingsError::Table)?,
            log_level: match set("LOG_LEVEL") {
                None => Level::INFO,
                Some(level) => level.parse().map_err(|_| SettingsError::LogLevel)?,
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(variables: &[(&str, &str)]) -> Result<Settings, SettingsError> {
        Settings::from_variables(|name| {
            let found = variables.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| (*value).to_owned())
        })
    }

    const TABLE: (&str, &str) = ("REGISTRATION_TABLE_NAME", "registrations");

    #[test]
    fn settings_are_read() {
        let role = "arn:aws:iam::123456789012:role/mcp";
        let settings = read(&[
            TABLE,
            ("LOG_LEVEL", "WARN"),
            ("TOOL_FUNCTION_PREFIX", "mcp-tool-"),
            ("MCP_ROLE_ARN", role),
            ("CHANGE_RETENTION_DAYS", "400"),
        ])
        .unwrap();
        assert_eq!(settings.registration_table.as_str(), "registrations");
        assert_eq!(settings.log_level, Level::WARN);
        assert_eq!(settings.tool_function_prefix.as_deref(), Some("mcp-tool-"));
        assert_eq!(
            settings.mcp_role.map(|arn| arn.to_string()).as_deref(),
            Some(role)
        );
        assert_eq!(settings.registration_role, None);
        assert_eq!(
            settings.change_retention,
            Some(Duration::from_hours(24 * 400))
        );
    }

    #[test]
    fn only_the_table_is_needed() {
        let settings = read(&[TABLE, ("LOG_LEVEL", ""), ("CHANGE_RETENTION_DAYS", "0")]).unwrap();
        assert_eq!(settings.log_level, Level::INFO);
        assert_eq!(settings.change_retention, None);
        assert_eq!(read(&[]), Err(SettingsError::NoTable));
        assert_eq!(
            read(&[("REGISTRATION_TABLE_NAME", " ")]),
            Err(SettingsError::NoTable)
        );
    }

    #[test]
    fn what_is_not_understood_is_named() {
        assert_eq!(
            read(&[("REGISTRATION_TABLE_NAME", "a/b/c")]),
            Err(SettingsError::Table(InvalidTableName))
        );
        assert_eq!(
            read(&[TABLE, ("LOG_LEVEL", "loud")]),
            Err(SettingsError::LogLevel)
        );
        for days in ["-1", "3651", "a year"] {
            let read = read(&[TABLE, ("CHANGE_RETENTION_DAYS", days)]);
            assert_eq!(read, Err(SettingsError::ChangeRetention), "{days}");
        }
        let error = read(&[TABLE, ("MCP_ROLE_ARN", "mcp")]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the environment variable MCP_ROLE_ARN is unusable"
        );
    }
}
