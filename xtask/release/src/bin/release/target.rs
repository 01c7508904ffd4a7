//! From arguments to the checkout and the services.

use std::env;

use anyhow::{Context as _, Result};
use release::architecture::Architecture;
use release::aws::Target;
use release::checkout::Checkout;
use release::compile::CompileOptions;

use crate::arguments::{Arch, CompilerArgs, TargetArgs};

/// The checkout that the current folder is in.
pub(crate) fn checkout() -> Result<Checkout> {
    let current = env::current_dir().context("the current folder can't be read")?;
    current
        .ancestors()
        .find(|folder| folder.join("sar/template.yaml").is_file())
        .map(Checkout::new)
        .context("this folder is in no checkout: there is no sar/template.yaml above it")
}

/// The services that the arguments name.
pub(crate) fn target(checkout: &Checkout, args: &TargetArgs) -> Target {
    if args.local {
        Target::Local {
            endpoints: args
                .endpoints
                .clone()
                .unwrap_or_else(|| checkout.root().join("target/local/endpoints.json")),
        }
    } else {
        Target::Aws {
            region: args.region.clone(),
            endpoint_url: args.endpoint_url.clone(),
        }
    }
}

impl From<Arch> for Architecture {
    fn from(arch: Arch) -> Self {
        match arch {
            Arch::Arm64 => Self::Arm64,
            Arch::X86_64 => Self::X86_64,
        }
    }
}

impl From<CompilerArgs> for CompileOptions {
    fn from(args: CompilerArgs) -> Self {
        Self {
            architecture: args.arch.into(),
            toolchain: args.toolchain,
        }
    }
}
