//! The catalogue commands' arguments.
//!
//! The program `catalog` takes these, and `cargo xtask` includes this file, so that it knows the commands and prints
//! their help without compiling what they need.

use std::path::PathBuf;

/// Keep the catalogue of registrations as a file.
#[derive(Debug, clap::Args)]
pub(crate) struct CatalogArgs {
    #[command(subcommand)]
    pub(crate) command: CatalogCommand,
}

/// What can be done with a catalogue.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum CatalogCommand {
    Plan(PlanArgs),
    Apply(ApplyArgs),
    Export(ExportArgs),
    Validate(ValidateArgs),
}

/// Show what applying the file would change; exit code 3 when there is something.
#[derive(Debug, clap::Args)]
pub(crate) struct PlanArgs {
    #[command(flatten)]
    pub(crate) files: FileArgs,
    #[command(flatten)]
    pub(crate) deployment: DeploymentArgs,
    /// Plan to delete what is not in the file.
    #[arg(long)]
    pub(crate) prune: bool,
    /// Text for a person, or JSON with every detail.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(crate) format: Format,
}

/// Make the deployment what the file says, after showing it and asking.
#[derive(Debug, clap::Args)]
pub(crate) struct ApplyArgs {
    #[command(flatten)]
    pub(crate) files: FileArgs,
    #[command(flatten)]
    pub(crate) deployment: DeploymentArgs,
    /// Delete what is not in the file.
    #[arg(long)]
    pub(crate) prune: bool,
    /// Do it without asking.
    #[arg(long)]
    pub(crate) yes: bool,
    /// Register functions that the gateway can't invoke, too.
    #[arg(long)]
    pub(crate) force: bool,
    /// Text for a person, or JSON with every detail.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(crate) format: Format,
}

/// Write what is registered as a file that applies to the same.
#[derive(Debug, clap::Args)]
pub(crate) struct ExportArgs {
    /// The file to write [default: standard output].
    #[arg(long, value_name = "FILE")]
    pub(crate) file: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) deployment: DeploymentArgs,
    /// Replace a file that has something else in it.
    #[arg(long, requires = "file")]
    pub(crate) yes: bool,
    /// YAML, or JSON [default: as the file's name ends].
    #[arg(long, value_enum)]
    pub(crate) format: Option<FileFormat>,
}

/// Say everything that is wrong with the file; with --url or --stack also what that deployment finds, and whether the
/// functions can be invoked.
#[derive(Debug, clap::Args)]
pub(crate) struct ValidateArgs {
    #[command(flatten)]
    pub(crate) files: FileArgs,
    #[command(flatten)]
    pub(crate) deployment: DeploymentArgs,
    /// Text for a person, or JSON.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(crate) format: Format,
}

/// The catalogue.
#[derive(Debug, clap::Args)]
pub(crate) struct FileArgs {
    /// The file, YAML or JSON, or a folder of such files; can be given again: together they are the catalogue.
    #[arg(long, value_name = "FILE", required = true)]
    pub(crate) file: Vec<PathBuf>,
}

/// Which deployment; without any of these the local cloud that `cargo xtask local` runs.
#[derive(Debug, clap::Args)]
pub(crate) struct DeploymentArgs {
    /// The registration function's URL, with or without `/register`.
    #[arg(long, value_name = "URL", conflicts_with_all = ["stack", "endpoints"])]
    pub(crate) url: Option<String>,
    /// The stack, also by the name without `serverlessrepo-`.
    #[arg(long, value_name = "NAME", conflicts_with = "endpoints")]
    pub(crate) stack: Option<String>,
    /// The local cloud's own list of its addresses [default: target/local/endpoints.json].
    #[arg(long, value_name = "FILE")]
    pub(crate) endpoints: Option<PathBuf>,
}

/// How to print.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Format {
    /// For a person.
    Text,
    /// One JSON document on standard output.
    Json,
}

/// How to write a catalogue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum FileFormat {
    /// For people.
    Yaml,
    /// A registration a line.
    Json,
}
