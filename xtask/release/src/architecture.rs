//! The processors that Lambda runs functions on.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A processor architecture, by Lambda's name.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Architecture {
    /// AWS Graviton: what is released.
    #[default]
    #[serde(rename = "arm64")]
    Arm64,
    /// What most development machines have.
    #[serde(rename = "x86_64")]
    X86_64,
}

impl Architecture {
    /// The Rust target that a function is compiled for.
    pub fn target(self) -> &'static str {
        match self {
            Self::Arm64 => "aarch64-unknown-linux-gnu",
            Self::X86_64 => "x86_64-unknown-linux-gnu",
        }
    }
}

impl fmt::Display for Architecture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Arm64 => "arm64",
            Self::X86_64 => "x86_64",
        })
    }
}
