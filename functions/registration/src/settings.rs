//! The function's settings, read once from its environment.

use std::env;

use registry::{InvalidTableName, TableName};
use tracing::Level;

/// What the template sets; see `sar/template.yaml`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// The table with the registrations (`REGISTRATION_TABLE_NAME`).
    pub registration_table: TableName,
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
        Ok(Self {
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

    fn read(table: Option<&str>, level: Option<&str>) -> Result<Settings, SettingsError> {
        Settings::from_variables(|name| {
            let value = match name {
                "REGISTRATION_TABLE_NAME" => table,
                "LOG_LEVEL" => level,
                _ => None,
            };
            value.map(ToOwned::to_owned)
        })
    }

    #[test]
    fn settings_are_read_or_named() {
        let settings = read(Some("registrations"), Some("WARN")).unwrap();
        assert_eq!(settings.registration_table.as_str(), "registrations");
        assert_eq!(settings.log_level, Level::WARN);
        assert_eq!(
            read(Some("table"), Some("")).unwrap().log_level,
            Level::INFO
        );
        assert_eq!(read(None, None), Err(SettingsError::NoTable));
        assert_eq!(read(Some(" "), None), Err(SettingsError::NoTable));
        assert_eq!(
            read(Some("a/b/c"), None),
            Err(SettingsError::Table(InvalidTableName))
        );
        assert_eq!(
            read(Some("table"), Some("loud")),
            Err(SettingsError::LogLevel)
        );
    }
}
