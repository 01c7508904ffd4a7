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

/// The cargo-lambda that releases are built with, from `PyPI`.
pub const CARGO_LAMBDA: &str = "1.9.2";
/// The zig that it links with, against an old C library. cargo-lambda would take any, and another one makes other bytes.
pub const ZIG: &str = "0.17.1";

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

/// What to compile with, and for what.
#[derive(Debug, Clone, Default)]
pub struct CompileOptions {
    /// The processor.
    pub architecture: Architecture,
    /// The rustup toolchain to compile with; without one, whatever `rustc` and `cargo` are here.
    pub toolchain: Option<String>,
}

/// Compiles the functions of `checkout` and answers the folder with `NAME/bootstrap` for each of them.
///
/// Installs cargo-lambda into `tools` in cargo's target folder, and the Rust target with rustup if the compiler does not have it.
pub fn compile(checkout: &Checkout, options: &CompileOptions) -> Result<PathBuf, CompileError> {
    let architecture = options.architecture;
    let root = checkout.root();
    let template = checkout.template()?;
    let functions = template.functions().map_err(CheckoutError::from)?;
    let programs: Vec<_> = functions.iter().map(|it| it.program.as_str()).collect();
    let tools = install_cargo_lambda(root)?;
    add_target(root, options)?;

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
        .env(
            "CARGO_ENCODED_RUSTFLAGS",
            rust_flags(&target_folder(root), architecture),
        )
        .env_remove("RUSTFLAGS");
    choose_toolchain(&mut command, options);
    for program in &programs {
        command.args(["--package", program, "--bin", program]);
    }
    for variable in ["CFLAGS", "CXXFLAGS"] {
        command.env(variable, c_flags(&target_folder(root)));
    }
    run(&mut command)?;

    for name in programs {
        let program = folder.join(name).join("bootstrap");
        elf::check(&fs::read(&program)?, architecture)
            .map_err(|source| CompileError::Program { program, source })?;
    }
    Ok(folder)
}

/// Where cargo-lambda is, or will be once it is installed: in cargo's target folder. Cargo compiles everything anew when the
/// linker lies elsewhere, and checkouts that share what was compiled share the linker then.
pub fn cargo_lambda_folder(root: &Path) -> PathBuf {
    target_folder(root)
        .join(format!("tools/cargo-lambda-{CARGO_LAMBDA}-zig-{ZIG}"))
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
        .arg(format!("cargo-lambda=={CARGO_LAMBDA}"))
        .arg(format!("ziglang=={ZIG}")))?;
    Ok(programs)
}

/// Adds the Rust target if the compiler does not have it. Without rustup, the compiler will say so itself.
fn add_target(root: &Path, options: &CompileOptions) -> Result<(), CompileError> {
    let target = options.architecture.target();
    if has_target(options) || !is_installed("rustup") {
        return Ok(());
    }
    let mut command = Command::new("rustup");
    command.args(["target", "add", target]).current_dir(root);
    choose_toolchain(&mut command, options);
    run(&mut command)
}

/// Whether the compiler has a standard library for the target.
pub fn has_target(options: &CompileOptions) -> bool {
    let mut command = Command::new("rustc");
    command
        .args(["--print", "target-libdir", "--target"])
        .arg(options.architecture.target());
    choose_toolchain(&mut command, options);
    let folder = command
        .stderr(Stdio::null())
        .output()
        .ok()
        .and_then(|output| String::from_utf8(output.stdout).ok());
    // The folder can be there without the library: some of a distribution's packages share it.
    folder
        .and_then(|folder| fs::read_dir(folder.trim()).ok())
        .is_some_and(|files| {
            files
                .flatten()
                .any(|file| file.file_name().to_string_lossy().starts_with("libstd-"))
        })
}

/// Whether `program` can be started.
pub(crate) fn is_installed(program: &str) -> bool {
    Command::new(program)
        .arg("--version")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// Has rustup start the chosen toolchain's programs, and not those that a cargo around this program has chosen.
fn choose_toolchain(command: &mut Command, options: &CompileOptions) {
    if let Some(toolchain) = &options.toolchain {
        command.env("RUSTUP_TOOLCHAIN", toolchain);
        for chosen in ["CARGO", "RUSTC", "RUSTDOC"] {
            command.env_remove(chosen);
        }
    }
}

/// The compiler's flags, separated by 0x1f: no path of this machine gets into the programs, and arm64 is Graviton 2,
/// the oldest that Lambda has.
///
/// The checkout's own files are compiled by relative paths, so its folder needs no flag: checkouts that share a target
/// folder share what was compiled.
fn rust_flags(target: &Path, architecture: Architecture) -> OsString {
    let mut flags = Vec::new();
    for (from, to) in remapped(target) {
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
fn c_flags(target: &Path) -> OsString {
    let mut flags = Vec::new();
    for (from, to) in remapped(target) {
        let mut flag = OsString::from("-ffile-prefix-map=");
        flag.push(from);
        flag.push(format!("={to}"));
        flags.push(flag);
    }
    flags.join(&OsString::from(" "))
}

/// The folders that differ between machines, and what stands for them: what cargo compiles into, and what it downloads.
fn remapped(target: &Path) -> Vec<(PathBuf, &'static str)> {
    let home = env::var_os("HOME").map(PathBuf::from);
    let cargo = env::var_os("CARGO_HOME")
        .map(PathBuf::from)
        .or_else(|| home.map(|home| home.join(".cargo")));
    let mut folders = vec![(target.to_owned(), "/target")];
    folders.extend(cargo.map(|cargo| (cargo, "/cargo")));
    folders
}

/// The folder that cargo compiles into.
fn target_folder(root: &Path) -> PathBuf {
    let configured = env::var_os("CARGO_TARGET_DIR").map(PathBuf::from);
    root.join(configured.unwrap_or_else(|| "target".into()))
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
    fn folders_of_this_machine_are_mapped_away() {
        let flags = rust_flags(Path::new("/somewhere/target"), Architecture::Arm64);
        let flags = flags.to_string_lossy();
        assert!(flags.starts_with("--remap-path-prefix=/somewhere/target=/target\u{1f}"));
        assert!(flags.ends_with("\u{1f}-Ctarget-cpu=neoverse-n1"));
        let flags = c_flags(Path::new("/somewhere/target"));
        let flags = flags.to_string_lossy();
        assert!(flags.starts_with("-ffile-prefix-map=/somewhere/target=/target "));
    }
}
