//! Compiling the functions for Lambda with cargo-lambda, the same way from any folder.

use std::env;
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use fs_err as fs;
use thiserror::Error;

use crate::architecture::Architecture;
use crate::checkout::{Checkout, CheckoutError};
use crate::elf::{self, ElfError};

/// The cargo-lambda that releases are built with, from `PyPI`. It brings zig, which links against an old C library.
pub const CARGO_LAMBDA: &str = "1.9.2";

/// The functions could not be compiled.
#[derive(Debug, Error)]
pub enum CompileError {
    /// The checkout can't be read.
    #[error(transparent)]
    Checkout(#[from] CheckoutError),
    /// A program can't be started.
    #[error("`{program}` can't be started")]
    Start {
        /// The program.
        program: String,
        /// Why.
        source: io::Error,
    },
    /// A program failed; it has said why.
    #[error("`{0}` failed")]
    Failed(String),
    /// A file can't be read or written; the message names it.
    #[error(transparent)]
    File(#[from] io::Error),
    /// What was compiled would not start on Lambda.
    #[error("{program} can't run on Lambda")]
    Program {
        /// The program.
        program: PathBuf,
        /// Why.
        source: ElfError,
    },
}

/// Compiles the functions of `checkout` and answers the folder with `NAME/bootstrap` for each of them.
///
/// Installs cargo-lambda into `target/tools`, and the Rust target if rustup is there to do it.
pub fn compile(checkout: &Checkout, architecture: Architecture) -> Result<PathBuf, CompileError> {
    let root = checkout.root();
    let template = checkout.template()?;
    let functions = template.functions().map_err(CheckoutError::from)?;
    let programs: Vec<_> = functions.iter().map(|it| it.program.as_str()).collect();
    let tools = install_cargo_lambda(root)?;
    add_target(root, architecture)?;

    let folder = root.join("target/lambda").join(architecture.to_string());
    let mut command = Command::new(program_in(&tools, "cargo-lambda"));
    command
        .args(["lambda", "build", "--release", "--locked"])
        // The profile in Cargo.toml is complete; cargo-lambda would add `panic = "abort"`, and the Lambda runtime
        // answers a panic that unwinds.
        .arg("--disable-optimizations")
        .args(["--target", architecture.target(), "--skip-target-check"])
        .arg("--lambda-dir")
        .arg(&folder)
        .current_dir(root)
        .env("PATH", path_with(&tools))
        .env("CARGO_ENCODED_RUSTFLAGS", rust_flags(root, architecture))
        .env_remove("RUSTFLAGS");
    for program in &programs {
        command.args(["--package", program, "--bin", program]);
    }
    for variable in ["CFLAGS", "CXXFLAGS"] {
        command.env(variable, c_flags(root));
    }
    run(&mut command)?;

    for name in programs {
        let program = folder.join(name).join("bootstrap");
        elf::check(&fs::read(&program)?, architecture)
            .map_err(|source| CompileError::Program { program, source })?;
    }
    Ok(folder)
}

/// Where cargo-lambda is, or will be once it is installed.
pub fn cargo_lambda_folder(root: &Path) -> PathBuf {
    root.join(format!("target/tools/cargo-lambda-{CARGO_LAMBDA}"))
        .join(if cfg!(windows) { "Scripts" } else { "bin" })
}

/// Whether cargo-lambda is installed.
pub fn has_cargo_lambda(root: &Path) -> bool {
    program_in(&cargo_lambda_folder(root), "cargo-lambda").is_file()
}

fn install_cargo_lambda(root: &Path) -> Result<PathBuf, CompileError> {
    let programs = cargo_lambda_folder(root);
    if has_cargo_lambda(root) {
        return Ok(programs);
    }
    let environment = programs.parent().unwrap_or(&programs);
    run(Command::new("python3")
        .args(["-m", "venv", "--clear"])
        .arg(environment))?;
    run(Command::new(program_in(&programs, "python"))
        .args(["-m", "pip", "install", "--quiet"])
        .arg("--disable-pip-version-check")
        .arg(format!("cargo-lambda=={CARGO_LAMBDA}")))?;
    Ok(programs)
}

/// Adds the Rust target. Without rustup, the toolchain has it or the compiler says that it does not.
fn add_target(root: &Path, architecture: Architecture) -> Result<(), CompileError> {
    let has_rustup = Command::new("rustup")
        .arg("--version")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success());
    if has_rustup {
        run(Command::new("rustup")
            .args(["target", "add", architecture.target()])
            .current_dir(root))?;
    }
    Ok(())
}

/// The compiler's flags, separated by 0x1f: no path of this machine gets into the programs, and arm64 is Graviton 2,
/// the oldest that Lambda has.
fn rust_flags(root: &Path, architecture: Architecture) -> OsString {
    let mut flags = Vec::new();
    for (from, to) in remapped(root) {
        let mut flag = OsString::from("--remap-path-prefix=");
        flag.push(from);
        flag.push(format!("={to}"));
        flags.push(flag);
    }
    if architecture == Architecture::Arm64 {
        flags.push("-Ctarget-cpu=neoverse-n1".into());
    }
    flags.join(&OsString::from("\u{1f}"))
}

/// The same for the C and assembly sources of dependencies.
fn c_flags(root: &Path) -> OsString {
    let mut flags = Vec::new();
    for (from, to) in remapped(root) {
        let mut flag = OsString::from("-ffile-prefix-map=");
        flag.push(from);
        flag.push(format!("={to}"));
        flags.push(flag);
    }
    flags.join(&OsString::from(" "))
}

/// The folders that differ between machines, and what stands for them.
fn remapped(root: &Path) -> Vec<(PathBuf, &'static str)> {
    let home = env::var_os("HOME").map(PathBuf::from);
    let cargo = env::var_os("CARGO_HOME")
        .map(PathBuf::from)
        .or_else(|| home.map(|home| home.join(".cargo")));
    let mut folders = vec![(root.to_owned(), "/src")];
    folders.extend(cargo.map(|cargo| (cargo, "/cargo")));
    folders
}

fn program_in(folder: &Path, name: &str) -> PathBuf {
    folder.join(name).with_extension(env::consts::EXE_EXTENSION)
}

fn path_with(folder: &Path) -> OsString {
    let path = env::var_os("PATH").unwrap_or_default();
    let folders = std::iter::once(folder.to_owned()).chain(env::split_paths(&path));
    env::join_paths(folders).unwrap_or(path)
}

/// Runs `command`; what it prints goes to standard error, because standard output is the release's own.
fn run(command: &mut Command) -> Result<(), CompileError> {
    let program = command.get_program().to_string_lossy().into_owned();
    let status = command
        .stdout(io::stderr())
        .status()
        .map_err(|source| CompileError::Start {
            program: program.clone(),
            source,
        })?;
    if status.success() {
        Ok(())
    } else {
        Err(CompileError::Failed(program))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_folder_of_the_checkout_is_mapped_away() {
        let flags = rust_flags(Path::new("/somewhere/else"), Architecture::Arm64);
        let flags = flags.to_string_lossy();
        assert!(flags.starts_with("--remap-path-prefix=/somewhere/else=/src\u{1f}"));
        assert!(flags.ends_with("\u{1f}-Ctarget-cpu=neoverse-n1"));
        let flags = c_flags(Path::new("/somewhere/else"));
        let flags = flags.to_string_lossy();
        assert!(flags.starts_with("-ffile-prefix-map=/somewhere/else=/src "));
    }
}
