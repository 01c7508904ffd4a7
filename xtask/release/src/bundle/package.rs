//! Making a bundle from a checkout and compiled functions.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};

use fs_err as fs;
use thiserror::Error;

use super::archive::{self, Effort, Entry};
use super::sbom::{SbomError, sbom};
use super::{Artifact, Bundle, BundleError, FunctionArtifact, MANIFEST, Manifest, SUMS};
use crate::architecture::Architecture;
use crate::checkout::{Checkout, CheckoutError, TrackedFile};
use crate::digest::sha256;
use crate::elf::{self, ElfError};
use crate::metadata::{MetadataError, check_text};
use crate::template::{FunctionCode, TemplateError};
use crate::version::SemanticVersion;

/// The most bytes a function's zip may have: a quarter more than the larger one has. Lambda takes 50 MB; a cold start
/// reads all of it.
const FUNCTION_BUDGET: u64 = 5 * 1024 * 1024;
/// The most bytes of a source archive that SAR takes.
const SOURCE_LIMIT: u64 = 50 * 1024 * 1024;
/// The program's name that `provided.al2023` starts.
const BOOTSTRAP: &str = "bootstrap";

/// Where the functions' programs come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BinarySource {
    /// A folder with `NAME/bootstrap`, as cargo-lambda writes it, or `NAME`, as cargo does.
    Folder(PathBuf),
    /// Nowhere: stand-ins are packaged, so that all but the compiler is exercised. They can't be published to AWS.
    Fake,
}

/// What to package.
#[derive(Debug, Clone)]
pub struct PackageOptions {
    /// The checkout.
    pub checkout: Checkout,
    /// The bundle's folder, replaced if it is there.
    pub output: PathBuf,
    /// The processor that the programs are for.
    pub architecture: Architecture,
    /// The programs.
    pub binaries: BinarySource,
    /// What it is for.
    pub purpose: Purpose,
}

/// What a bundle is for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Purpose {
    /// To be released.
    #[default]
    Release,
    /// To be tried on this machine: the programs may be of any kind and size, are packed quickly, and the version is
    /// another one for each content, so that it can be published after every change.
    Development,
}

/// No bundle could be made.
#[derive(Debug, Error)]
pub enum PackageError {
    /// The checkout can't be read.
    #[error(transparent)]
    Checkout(#[from] CheckoutError),
    /// The template can't be packaged.
    #[error(transparent)]
    Template(#[from] TemplateError),
    /// SAR would refuse the metadata.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Metadata(Vec<MetadataError>),
    /// The version stands in two places and differs.
    #[error(
        "sar/template.yaml has version {template} and Cargo.toml {workspace}; write the same into both"
    )]
    Versions {
        /// `SemanticVersion` in the template.
        template: SemanticVersion,
        /// `version` in `[workspace.package]`.
        workspace: SemanticVersion,
    },
    /// A program is not where it should be.
    #[error("there is no program at {0}; `cargo xtask build` makes it")]
    NoProgram(PathBuf),
    /// A program would not start on Lambda.
    #[error("{program} can't run on Lambda")]
    Program {
        /// The program.
        program: PathBuf,
        /// Why.
        source: ElfError,
    },
    /// A zip is too large.
    #[error("{file} has {bytes} bytes, over its budget of {budget}")]
    TooLarge {
        /// The zip's path in the bundle.
        file: String,
        /// Its size.
        bytes: u64,
        /// What it may have.
        budget: u64,
    },
    /// The folder for the bundle has something else in it, which would be deleted.
    #[error("{0} has something else than a bundle in it: give another folder, or empty it")]
    Occupied(PathBuf),
    /// A zip can't be written.
    #[error("a zip can't be written")]
    Zip(#[from] zip::result::ZipError),
    /// The crates can't be listed.
    #[error(transparent)]
    Sbom(#[from] SbomError),
    /// A file can't be read or written; the message names it.
    #[error(transparent)]
    File(#[from] io::Error),
    /// What was written can't be read.
    #[error(transparent)]
    Bundle(#[from] BundleError),
}

/// Makes the bundle. It appears in its folder as a whole: a run that is broken off leaves what was there before.
pub fn package(options: &PackageOptions) -> Result<Bundle, PackageError> {
    let checkout = &options.checkout;
    let template = checkout.template()?;
    let block = template.block()?;
    let metadata = block.metadata().map_err(PackageError::Metadata)?;
    let workspace = checkout.workspace_version()?;
    if workspace != block.semantic_version {
        return Err(PackageError::Versions {
            template: block.semantic_version,
            workspace,
        });
    }
    let tracked = checkout.tracked_files()?;
    let text = |what, url: &str| -> Result<String, PackageError> {
        // Also for a link: what it leads to may be anything on this machine.
        let path = beside_template(url).filter(|path| tracked.iter().any(|it| it.path == *path));
        let path =
            path.ok_or_else(|| PackageError::Metadata(vec![MetadataError::untracked(what, url)]))?;
        let text = fs::read_to_string(checkout.root().join(path))?;
        check_text(what, &text).map_err(|error| PackageError::Metadata(vec![error]))?;
        Ok(text)
    };
    let readme = text("ReadmeUrl", &block.readme_url)?;
    let license = text("LicenseUrl", &block.license_url)?;

    let (effort, budget) = match options.purpose {
        Purpose::Release => (Effort::Most, FUNCTION_BUDGET),
        Purpose::Development => (Effort::Least, u64::MAX),
    };
    let staging = Staging::new(&options.output)?;
    let mut functions = Vec::new();
    let mut code = BTreeMap::new();
    let mut programs = BTreeSet::new();
    for function in template.functions()? {
        let content = program(options, &function.program)?;
        let entries = vec![Entry {
            path: BOOTSTRAP.to_owned(),
            is_executable: true,
            content,
        }];
        let zip = archive::zip(entries, effort)?;
        let file = format!("functions/{}.zip", function.program);
        let artifact = staging.write_within(&file, &zip, budget)?;
        code.insert(
            function.logical_id.clone(),
            FunctionCode {
                uri: file,
                sha256: artifact.sha256.clone(),
            },
        );
        programs.insert(function.program);
        functions.push(FunctionArtifact {
            logical_id: function.logical_id,
            artifact,
        });
    }

    let packaged = template.packaged(options.architecture, &code);
    let source = archive::zip(sources(checkout, tracked)?, effort)?;
    let content_sha256 = packaged.content().unwrap_or_default().to_owned();
    let version = match options.purpose {
        Purpose::Release => block.semantic_version.clone(),
        Purpose::Development => block.semantic_version.development(&content_sha256),
    };
    let sbom = sbom(
        checkout.root(),
        options.architecture.target(),
        metadata.name.as_str(),
        &version,
        &programs,
    )?;
    let commit = checkout.commit()?;
    let manifest = Manifest {
        version,
        is_modified: !checkout.changed_files()?.is_empty(),
        is_fake: options.binaries == BinarySource::Fake,
        architecture: options.architecture,
        source_code_url: block.source_at(&commit),
        content_sha256,
        functions,
        template: staging.write("template.json", packaged.to_json().as_bytes())?,
        source: staging.write_within("source.zip", &source, SOURCE_LIMIT)?,
        sbom: staging.write("sbom.cdx.json", sbom.as_bytes())?,
        readme: staging.write("README.md", readme.as_bytes())?,
        license: staging.write("LICENSE", license.as_bytes())?,
        metadata,
        commit,
    };
    let text = serde_json::to_string_pretty(&manifest).map_err(io::Error::from)? + "\n";
    let own = staging.write(MANIFEST, text.as_bytes())?;
    let mut listed = manifest.artifacts();
    listed.push(&own);
    listed.sort_by(|a, b| a.file.cmp(&b.file));
    let line = |artifact: &&Artifact| format!("{}  {}\n", artifact.sha256, artifact.file);
    let sums: Vec<_> = listed.iter().map(line).collect();
    staging.write(SUMS, sums.concat().as_bytes())?;
    staging.finish()?;
    Ok(Bundle::open(&options.output)?)
}

/// The path from the checkout's root of the file that the template calls `url`; none for one outside of the checkout.
fn beside_template(url: &str) -> Option<String> {
    let mut parts = vec!["sar"];
    for part in url.split('/') {
        match part {
            "" => return None,
            "." => {}
            ".." => drop(parts.pop()?),
            name => parts.push(name),
        }
    }
    Some(parts.join("/"))
}

/// The program called `name`, checked.
fn program(options: &PackageOptions, name: &str) -> Result<Vec<u8>, PackageError> {
    let folder = match &options.binaries {
        BinarySource::Fake => {
            let architecture = options.architecture;
            return Ok(format!("stand-in for {name} on {architecture}\n").into_bytes());
        }
        BinarySource::Folder(folder) => folder,
    };
    let by_cargo_lambda = folder.join(name).join(BOOTSTRAP);
    let by_cargo = folder.join(name);
    let path = if by_cargo.is_file() {
        by_cargo
    } else {
        by_cargo_lambda
    };
    if !path.is_file() {
        return Err(PackageError::NoProgram(path));
    }
    let content = fs::read(&path)?;
    if options.purpose == Purpose::Release {
        elf::check(&content, options.architecture).map_err(|source| PackageError::Program {
            program: path,
            source,
        })?;
    }
    Ok(content)
}

/// The tracked files, as they are in the checkout.
fn sources(checkout: &Checkout, files: Vec<TrackedFile>) -> Result<Vec<Entry>, PackageError> {
    files
        .into_iter()
        .map(|file| {
            let content = fs::read(checkout.root().join(&file.path))?;
            Ok(Entry {
                path: file.path,
                is_executable: file.is_executable,
                content,
            })
        })
        .collect()
}

/// Whether nothing is lost when a bundle takes the place of `folder`: it is a bundle, empty, or not there.
fn is_replaceable(folder: &Path) -> io::Result<bool> {
    if folder.join(MANIFEST).is_file() && folder.join(SUMS).is_file() {
        return Ok(true);
    }
    match fs::read_dir(folder) {
        Ok(mut entries) => Ok(entries.next().is_none()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotADirectory => Ok(false),
        Err(error) => Err(error),
    }
}

/// The folder that a bundle is made in before it takes its place.
struct Staging {
    folder: PathBuf,
    destination: PathBuf,
}

impl Staging {
    fn new(destination: &Path) -> Result<Self, PackageError> {
        let occupied = || PackageError::Occupied(destination.to_owned());
        if !is_replaceable(destination)? {
            return Err(occupied());
        }
        let name = destination.file_name().ok_or_else(occupied)?;
        let folder = destination.with_file_name(format!(".{}.partial", name.display()));
        if folder.exists() {
            fs::remove_dir_all(&folder)?;
        }
        fs::create_dir_all(&folder)?;
        Ok(Self {
            folder,
            destination: destination.to_owned(),
        })
    }

    fn write(&self, file: &str, content: &[u8]) -> io::Result<Artifact> {
        let path = self.folder.join(file);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        fs::write(path, content)?;
        Ok(Artifact {
            file: file.to_owned(),
            bytes: content.len() as u64,
            sha256: sha256(content),
        })
    }

    fn write_within(
        &self,
        file: &str,
        content: &[u8],
        budget: u64,
    ) -> Result<Artifact, PackageError> {
        let artifact = self.write(file, content)?;
        if artifact.bytes > budget {
            return Err(PackageError::TooLarge {
                file: artifact.file,
                bytes: artifact.bytes,
                budget,
            });
        }
        Ok(artifact)
    }

    fn finish(self) -> io::Result<()> {
        if self.destination.exists() {
            fs::remove_dir_all(&self.destination)?;
        }
        fs::rename(self.folder, self.destination)
    }
}
