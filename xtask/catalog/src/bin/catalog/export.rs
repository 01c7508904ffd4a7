//! `cargo xtask catalog export`.

use std::io::{self, Seek as _};
use std::path::Path;

use anyhow::{Context as _, Result, bail};
use catalog::export::{Format, export};
use catalog::retry::Patience;
use fs_err as fs;
use tempfile::NamedTempFile;
use tooling::{Outcome, Usage};

use crate::arguments::{ExportArgs, FileFormat};
use crate::deployment;

/// Writes the file in one step: who reads it sees all of it or what was there before.
pub(crate) async fn run(args: &ExportArgs) -> Result<Outcome> {
    let registry = deployment::registry(&args.deployment).await?;
    let folder = args.file.as_deref().and_then(Path::parent);
    let temporary = match folder.filter(|folder| !folder.as_os_str().is_empty()) {
        Some(folder) => NamedTempFile::new_in(folder),
        None if args.file.is_some() => NamedTempFile::new_in("."),
        None => NamedTempFile::new(),
    };
    let temporary = temporary.context("no file can be made there")?;
    let mut file = fs::File::from_parts(temporary.reopen()?, temporary.path());
    let count = export(&registry, Patience::default(), format(args), &mut file).await?;
    let Some(target) = &args.file else {
        file.rewind()?;
        return match io::copy(&mut file, &mut io::stdout()) {
            // Who closes standard output has seen enough.
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error.into()),
            _ => Ok(Outcome::Done),
        };
    };
    if let Ok(there) = fs::read(target) {
        if there == fs::read(temporary.path())? {
            eprintln!(
                "nothing to do: {} has these {count} registrations",
                target.display()
            );
            return Ok(Outcome::Done);
        }
        if !args.yes {
            bail!(Usage(format!(
                "{} has something else in it: --yes replaces it",
                target.display()
            )));
        }
    }
    temporary
        .persist(target)
        .context("the file can't be put in its place")?;
    eprintln!("{count} registrations written to {}", target.display());
    Ok(Outcome::Done)
}

fn format(args: &ExportArgs) -> Format {
    let is_json = match (args.format, &args.file) {
        (Some(format), _) => format == FileFormat::Json,
        (None, Some(file)) => file.extension().is_some_and(|it| it == "json"),
        (None, None) => false,
    };
    if is_json { Format::Json } else { Format::Yaml }
}
