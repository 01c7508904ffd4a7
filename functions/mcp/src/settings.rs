//! The function's settings, read once from its environment variables.

use std::{env, ops::RangeInclusive, time::Duration};
use tracing::Level;

/// Unless the variables say otherwise; as in the template.
const STREAM_SECONDS: u64 = 240;
const TASK_LIFETIME_HOURS: u64 = 24;

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
    /// This function's own name, which it invokes itself by (`AWS_LAMBDA_FUNCTION_NAME`, set by Lambda).
    pub function_name: String,
    /// How long a stream of notifications lasts (`STREAM_SECONDS`, 0 to 840, by default 240); none if there are none, at
    /// 0.
    pub stream_lifetime: Option<Duration>,
    /// How long a task is kept from its creation (`TASK_LIFETIME_HOURS`, 1 to 720, by default 24).
    pub task_lifetime: Duration,
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
        let whole = |name, range: RangeInclusive<u64>, expected, default| match set(name) {
            None => Ok(default),
            Some(text) => text
                .trim()
                .parse()
                .ok()
                .filter(|number| range.contains(number))
                .ok_or(SettingsError::Invalid { name, expected }),
        };
        let stream_seconds = whole(
            "STREAM_SECONDS",
            0..=840,
            "a whole number from 0 to 840",
            STREAM_SECONDS,
        )?;
        let task_hours = whole(
            "TASK_LIFETIME_HOURS",
            1..=720,
            "a whole number from 1 to 720",
            TASK_LIFETIME_HOURS,
        )?;
        Ok(Self {
            stream_lifetime: (stream_seconds > 0).then(|| Duration::from_secs(stream_seconds)),
            task_lifetime: Duration::from_hours(task_hours),
            registration_table: set("REGISTRATION_TABLE_NAME")
                .ok_or(SettingsError::Missing("REGISTRATION_TABLE_NAME"))?,
            session_table: set("SESSION_TABLE_NAME")
                .ok_or(SettingsError::Missing("SESSION_TABLE_NAME"))?,
            function_name: set("AWS_LAMBDA_FUNCTION_NAME")
                .ok_or(SettingsError::Missing("AWS_LAMBDA_FUNCTION_NAME"))?,
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
            ("AWS_LAMBDA_FUNCTION_NAME", "f"),
            ("ALLOWED_ORIGINS", ""),
        ])
        .unwrap();
        assert_eq!(settings.server_name, "mcp-lambda-sam");
        assert_eq!(settings.allowed_origins, Vec::<String>::new());
        assert_eq!(settings.log_level, Level::INFO);
        assert_eq!(settings.stream_lifetime, Some(Duration::from_mins(4)));
        assert_eq!(settings.task_lifetime, Duration::from_hours(24));
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
        for (name, value, expected) in [
            ("STREAM_SECONDS", "841", "a whole number from 0 to 840"),
            ("TASK_LIFETIME_HOURS", "0", "a whole number from 1 to 720"),
            ("TASK_LIFETIME_HOURS", "x", "a whole number from 1 to 720"),
        ] {
            assert_eq!(
                read(&[(name, value)]).unwrap_err().to_string(),
                format!("environment variable {name} has to be {expected}")
            );
        }
    }

    #[test]
    fn streams_can_be_off() {
        let settings = read(&[
            ("REGISTRATION_TABLE_NAME", "t"),
            ("SESSION_TABLE_NAME", "s"),
            ("AWS_LAMBDA_FUNCTION_NAME", "f"),
            ("STREAM_SECONDS", "0"),
        ])
        .unwrap();
        assert_eq!(settings.stream_lifetime, None);
    }
}
