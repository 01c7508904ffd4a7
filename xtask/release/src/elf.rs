//! What Lambda needs of a compiled function: the right processor, and no newer C library than Amazon Linux 2023 has.

use goblin::elf::header::{EM_AARCH64, EM_X86_64};
use goblin::elf::{Elf, VerneedSection};
use thiserror::Error;

use crate::architecture::Architecture;

/// The C library of Amazon Linux 2023, which `provided.al2023` is.
const GLIBC: (u32, u32) = (2, 34);

/// A program that would not start on Lambda.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ElfError {
    /// Not an ELF file at all.
    #[error("it is not an ELF program")]
    NotElf,
    /// Compiled for another processor.
    #[error("it is not compiled for {0}")]
    Machine(Architecture),
    /// Needs symbols that Lambda's C library does not have.
    #[error(
        "it needs glibc {0}.{1}, and Amazon Linux 2023 has {major}.{minor}",
        major = GLIBC.0,
        minor = GLIBC.1
    )]
    Glibc(u32, u32),
}

/// Checks that `program` can start on Lambda with `architecture`.
pub(crate) fn check(program: &[u8], architecture: Architecture) -> Result<(), ElfError> {
    let elf = Elf::parse(program).map_err(|_| ElfError::NotElf)?;
    let machine = match architecture {
        Architecture::Arm64 => EM_AARCH64,
        Architecture::X86_64 => EM_X86_64,
    };
    if elf.header.e_machine != machine {
        return Err(ElfError::Machine(architecture));
    }
    let names = elf
        .verneed
        .iter()
        .flat_map(VerneedSection::iter)
        .flat_map(|file| file.iter().collect::<Vec<_>>())
        .filter_map(|version| elf.dynstrtab.get_at(version.vna_name));
    check_versions(names)
}

/// Checks the names of the symbol versions that a program needs.
fn check_versions<'a>(names: impl Iterator<Item = &'a str>) -> Result<(), ElfError> {
    match names.filter_map(glibc_version).max() {
        Some(version) if version > GLIBC => Err(ElfError::Glibc(version.0, version.1)),
        _ => Ok(()),
    }
}

/// `GLIBC_2.34` as numbers.
fn glibc_version(name: &str) -> Option<(u32, u32)> {
    let mut parts = name.strip_prefix("GLIBC_")?.split('.');
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_as_numbers() {
        let check = |names: &[&'static str]| check_versions(names.iter().copied());
        assert_eq!(check(&["GLIBC_2.2.5", "GLIBC_2.34", "GCC_4.2.0"]), Ok(()));
        assert_eq!(check(&["GLIBC_2.4", "GLIBC_PRIVATE"]), Ok(()));
        let error = check(&["GLIBC_2.17", "GLIBC_2.35"]).unwrap_err();
        insta::assert_snapshot!(error, @"it needs glibc 2.35, and Amazon Linux 2023 has 2.34");
    }

    #[test]
    fn what_is_no_program_is_refused() {
        assert_eq!(
            check(b"#!/bin/sh\n", Architecture::Arm64),
            Err(ElfError::NotElf)
        );
    }

    #[cfg(all(target_os = "linux", target_arch = "x86_64"))]
    #[test]
    fn a_program_of_this_machine_is_not_one_for_another() {
        let program = std::fs::read(std::env::current_exe().unwrap()).unwrap();
        assert_eq!(
            check(&program, Architecture::Arm64),
            Err(ElfError::Machine(Architecture::Arm64))
        );
    }
}
