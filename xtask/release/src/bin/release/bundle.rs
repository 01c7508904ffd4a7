//! `build` and `package`, and the bundle that other commands work with.

use std::path::PathBuf;

use anyhow::{Context as _, Result};
use release::bundle::{self, BinarySource, Bundle, PackageOptions, Purpose};
use release::checkout::Checkout;
use release::compile::{CompileOptions, compile};
use tooling::{Outcome, say};

use crate::arguments::{BuildArgs, PackageArgs, ProgramArgs};

/// Where bundles are unless somebody says otherwise.
pub(crate) fn default_folder(checkout: &Checkout) -> PathBuf {
    checkout.root().join("target/bundle")
}

/// Where bundles are that are only tried: what is to be released stays where it is.
pub(crate) fn development_folder(checkout: &Checkout) -> PathBuf {
    checkout.root().join("target/development")
}

/// `cargo xtask build`.
pub(crate) fn build(checkout: &Checkout, args: BuildArgs) -> Result<Outcome> {
    let folder = compile(checkout, &args.compiler.into()).context("build")?;
    say!("{}", folder.display());
    Ok(Outcome::Done)
}

/// `cargo xtask package`.
pub(crate) fn package(checkout: &Checkout, args: PackageArgs) -> Result<Outcome> {
    let output = args.output.unwrap_or_else(|| default_folder(checkout));
    let bundle = make(checkout, args.programs, Purpose::Release, output)?;
    let manifest = bundle.manifest();
    say!(
        "{} {} in {}",
        manifest.metadata.name,
        manifest.version,
        bundle.folder().display()
    );
    for artifact in manifest.artifacts() {
        say!(
            "{:>9}  {}  {}",
            artifact.bytes,
            artifact.sha256,
            artifact.file
        );
    }
    Ok(Outcome::Done)
}

/// Makes a bundle in `output`, compiling the functions unless the arguments name programs.
pub(crate) fn make(
    checkout: &Checkout,
    args: ProgramArgs,
    purpose: Purpose,
    output: PathBuf,
) -> Result<Bundle> {
    let options = CompileOptions::from(args.compiler);
    let architecture = options.architecture;
    let binaries = match args.binaries {
        Some(folder) => BinarySource::Folder(folder),
        None if args.fake_binaries => BinarySource::Fake,
        None => BinarySource::Folder(compile(checkout, &options).context("build")?),
    };
    bundle::package(&PackageOptions {
        checkout: checkout.clone(),
        output,
        architecture,
        binaries,
        purpose,
    })
    .context("package")
}
