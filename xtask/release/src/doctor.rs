//! Whether everything that a release needs is there, and how to mend what is not.

use std::error::Error as _;
use std::fmt;

use crate::checkout::{Checkout, CheckoutError};
use crate::compile::{
    CARGO_LAMBDA, CompileOptions, ZIG, has_cargo_lambda, has_target, is_installed,
};
use crate::version::SemanticVersion;

/// A check and how it went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    name: &'static str,
    found: String,
    mend: Option<String>,
}

impl Check {
    /// A check that passed.
    pub fn passed(name: &'static str, found: impl Into<String>) -> Self {
        Self {
            name,
            found: found.into(),
            mend: None,
        }
    }

    /// A check that failed, and what to do about it.
    pub fn failed(name: &'static str, found: impl Into<String>, mend: impl Into<String>) -> Self {
        Self {
            name,
            found: found.into(),
            mend: Some(mend.into()),
        }
    }

    /// Whether it passed.
    pub fn is_passed(&self) -> bool {
        self.mend.is_none()
    }
}

impl fmt::Display for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.mend {
            None => write!(f, "ok    {:<12} {}", self.name, self.found),
            Some(mend) => write!(
                f,
                "FAIL  {:<12} {}\n      {:<12} mend: {mend}",
                self.name, self.found, ""
            ),
        }
    }
}

/// Whether `checkout` can be released as it is.
pub fn check_checkout(checkout: &Checkout) -> Vec<Check> {
    let clean = match checkout.changed_files() {
        Ok(files) if files.is_empty() => Check::passed("clean tree", "no file differs"),
        Ok(files) => Check::failed(
            "clean tree",
            format!("{} files differ from the commit", files.len()),
            "commit them, or remove them",
        ),
        Err(error) => Check::failed("clean tree", whole(&error), "release from a git checkout"),
    };
    let block = checkout
        .template()
        .and_then(|template| Ok(template.block()?));
    let metadata = match &block {
        Ok(block) => match block.metadata() {
            Ok(metadata) => Check::passed("metadata", format!("{}", metadata.name)),
            Err(errors) => {
                let list: Vec<_> = errors.iter().map(ToString::to_string).collect();
                Check::failed("metadata", list.join("; "), "change sar/template.yaml")
            }
        },
        Err(error) => Check::failed("metadata", whole(error), "change sar/template.yaml"),
    };
    let mut checks = vec![clean, metadata];
    if let Ok(block) = block {
        let template = block.semantic_version.clone();
        checks.push(match checkout.workspace_version() {
            Ok(workspace) if workspace == template => {
                Check::passed("version", template.to_string())
            }
            Ok(workspace) => Check::failed(
                "version",
                format!("sar/template.yaml has {template}, Cargo.toml has {workspace}"),
                "write the same into both",
            ),
            Err(error) => Check::failed("version", whole(&error), "change Cargo.toml"),
        });
        checks.push(check_tag(checkout, &block.semantic_version));
    }
    checks.push(match checkout.sharing() {
        Ok(policy) if policy.is_public() => Check::passed("sharing", "public"),
        Ok(_) => Check::passed("sharing", "not public"),
        Err(error) => Check::failed("sharing", whole(&error), "change sar/sharing.toml"),
    });
    checks
}

/// Whether the tag of `version`, if there is one, is of this commit, and the commit has no other version's tag.
fn check_tag(checkout: &Checkout, version: &SemanticVersion) -> Check {
    let tag = format!("v{version}");
    let state = || {
        let tagged = checkout.tagged_commit(&tag)?;
        Ok::<_, CheckoutError>((tagged, checkout.commit()?, checkout.tags()?))
    };
    let is_version = |tag: &&String| {
        let version = tag.strip_prefix('v');
        version.is_some_and(|text| text.parse::<SemanticVersion>().is_ok())
    };
    match state() {
        Ok((Some(tagged), commit, _)) if tagged == commit => Check::passed("tag", tag),
        Ok((Some(_), ..)) => Check::failed(
            "tag",
            format!("{tag} is another commit"),
            "check that out, or make a new version with `cargo xtask release`",
        ),
        Ok((None, _, tags)) => match tags.iter().find(is_version) {
            Some(other) => Check::failed(
                "tag",
                format!("this commit is tagged {other}, and its version is {version}"),
                "tag the commit that `cargo xtask release` makes",
            ),
            None => Check::passed("tag", format!("no {tag} yet")),
        },
        Err(error) => Check::failed("tag", whole(&error), "release from a git checkout"),
    }
}

/// Whether the functions can be compiled.
pub fn check_tools(checkout: &Checkout, options: &CompileOptions) -> Vec<Check> {
    let cargo_lambda = if has_cargo_lambda(checkout.root()) {
        Check::passed("cargo-lambda", format!("{CARGO_LAMBDA}, zig {ZIG}"))
    } else if is_installed("python3") {
        Check::passed(
            "cargo-lambda",
            format!("{CARGO_LAMBDA} and zig {ZIG} will be installed into target/tools"),
        )
    } else {
        Check::failed(
            "cargo-lambda",
            "not installed, and there is no python3 to install it with",
            "install Python 3.10 or newer",
        )
    };
    vec![cargo_lambda, check_target(options)]
}

/// An error with all its causes.
fn whole(error: &CheckoutError) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

fn check_target(options: &CompileOptions) -> Check {
    let target = options.architecture.target();
    if has_target(options) {
        return Check::passed("rust target", target);
    }
    if is_installed("rustup") {
        return Check::passed("rust target", format!("{target} will be added by rustup"));
    }
    Check::failed(
        "rust target",
        format!("this toolchain has no {target}"),
        "install Rust by rustup, or the toolchain's package for that target",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_is_printed_with_its_mend() {
        insta::assert_snapshot!(Check::failed("version", "they differ", "write the same into both"), @r"
        FAIL  version      they differ
                           mend: write the same into both
        ");
        insta::assert_snapshot!(Check::passed("version", "0.1.0"), @"ok    version      0.1.0");
    }
}
