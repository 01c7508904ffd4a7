//! The function's settings, read once from its environment variables.

use std::env;
use tracing::Level;

/// What the template sets; see `sar/template.yaml`.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Table with the registrations (`REGISTRATION_TABLE_NAME`).
    pub registration_table: String,
    /// Table with what has to cross environments (`SESSION_TABLE_NAME`).
    pub session_table: String,
    /// Origins of browser pages that may call (`ALLOWED_ORIGINS`, separated by commas; `*` allows all).
    pub allowed_origins: Vec<String>,
    /// Name the server gives itself (`SERVER_NAME`).
    pub server_name: String,
    /// What the server tells models about itself (`SERVER_INSTRUCTIONS`).
    pub instructions: Option<String>,
    /// Least severe level that is logged (`LOG_LEVEL`, by default `info`).
    pub log_level: Level,
}

/// A setting that is missing or not understood.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// The variable has to be set.
    #[error("environment variable {0} is not set")]
    Missing(&'static str),
    /// The variable's value isn't one of those it can have.
    #[error("environment variable {name} has to be {expected}")]
    Invalid {
        /// The variable.
        name: &'static str,
        /// What it can be.
        expected: &'static str,
    },
}

impl Settings {
    /// Reads the environment.
    pub fn from_environment() -> Result<Self, SettingsError> {
        Self::from_variables(|name| env::var(name).ok())
    }

    fn from_variables(variable: impl Fn(&str) -> Option<String>) -> Result<Self, SettingsError> {
        let set = |name| variable(name).filter(|value| !value.trim().is_empty());
        let log_level = set("LOG_LEVEL").map_or(Ok(Level::INFO), |level| {
            level.parse().map_err(|_| SettingsError::Invalid {
                name: "LOG_LEVEL",
                expected: "error, warn, info, debug or trace",
            })
        })?;
        Ok(Self {
            registration_table: set("REGISTRATION_TABLE_NAME")
                .ok_or(SettingsError::Missing("REGISTRATION_TABLE_NAME"))?,
            session_table: set("SESSION_TABLE_NAME")
                .ok_or(SettingsError::Missing("SESSION_TABLE_NAME"))?,
            allowed_origins: set("ALLOWED_ORIGINS")
                .map(|list| {
                    list.split(',')
                        .map(|origin| origin.trim().to_owned())
                        .collect()
                })
                .unwrap_or_default(),
            server_name: set("SERVER_NAME")
                .unwrap_or_else(|| env!("CARGO_PKG_NAME").to_owned() + "-lambda-sam"),
            instructions: set("SERVER_INSTRUCTIONS"),
            log_level,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pairs: &[(&str, &str)]) -> Result<Settings, SettingsError> {
        Settings::from_variables(|name| {
            pairs
                .iter()
                .find(|(key, _)| *key == name)
                .map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn defaults_are_safe() {
        let settings = read(&[
            ("REGISTRATION_TABLE_NAME", "t"),
            ("SESSION_TABLE_NAME", "s"),
            ("ALLOWED_ORIGINS", ""),
        ])
        .unwrap();
        assert_eq!(settings.server_name, "mcp-lambda-sam");
        assert_eq!(settings.allowed_origins, Vec::<String>::new());
        assert_eq!(settings.log_level, Level::INFO);
    }

    #[test]
    fn a_missing_or_odd_variable_is_named() {
        assert_eq!(
            read(&[]).unwrap_err().to_string(),
            "environment variable REGISTRATION_TABLE_NAME is not set"
        );
        let odd = read(&[("REGISTRATION_TABLE_NAME", "t"), ("LOG_LEVEL", "loud")]).unwrap_err();
        assert_eq!(
            odd.to_string(),
            "environment variable LOG_LEVEL has to be error, warn, info, debug or trace"
        );
    }
}
