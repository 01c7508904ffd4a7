//! The release commands' arguments.
//!
//! The program `release` takes these, and `cargo xtask` includes this file, so that it knows the commands and prints
//! their help without compiling what they need.

use std::path::PathBuf;

/// What can be done for a release.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum ReleaseCommand {
    Doctor(DoctorArgs),
    Build(BuildArgs),
    Package(PackageArgs),
    Publish(PublishArgs),
    Share(ShareArgs),
    Status(StatusArgs),
    Verify(VerifyArgs),
    Deploy(DeployArgs),
}

/// Check everything that a release needs, and say how to mend what is missing.
#[derive(Debug, clap::Args)]
pub(crate) struct DoctorArgs {
    #[command(flatten)]
    pub(crate) compiler: CompilerArgs,
    #[command(flatten)]
    pub(crate) target: TargetArgs,
}

/// Compile the functions for Lambda.
#[derive(Debug, clap::Args)]
pub(crate) struct BuildArgs {
    #[command(flatten)]
    pub(crate) compiler: CompilerArgs,
}

/// What the functions are compiled for, and with.
#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct CompilerArgs {
    /// The processor that the functions are for.
    #[arg(long, value_enum, default_value_t = Arch::Arm64)]
    pub(crate) arch: Arch,
    /// The rustup toolchain to compile them with [default: this checkout's].
    #[arg(long, value_name = "NAME", env = "FUNCTIONS_TOOLCHAIN")]
    pub(crate) toolchain: Option<String>,
}

/// Make the bundle that a release consists of.
#[derive(Debug, clap::Args)]
pub(crate) struct PackageArgs {
    #[command(flatten)]
    pub(crate) programs: ProgramArgs,
    /// Where to make it [default: target/bundle].
    #[arg(long, value_name = "DIR")]
    pub(crate) output: Option<PathBuf>,
}

/// Publish this checkout to the Serverless Application Repository.
#[derive(Debug, clap::Args)]
pub(crate) struct PublishArgs {
    /// Publish this bundle; without it, the functions are compiled and packaged first.
    #[arg(long, value_name = "DIR", conflicts_with_all = ["arch", "binaries", "fake_binaries"])]
    pub(crate) bundle: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) programs: ProgramArgs,
    /// Package for trying on this machine: quickly, with programs of any kind, and a pre-release version for each content.
    #[arg(long, requires = "local", conflicts_with = "fake_binaries")]
    pub(crate) development: bool,
    /// The bucket for the artifacts [default: serverlessrepo-artifacts-ACCOUNT-REGION].
    #[arg(long)]
    pub(crate) bucket: Option<String>,
    /// Append the plan to this file as Markdown, also when it is one that can't be done; exit code 0 for both.
    #[arg(long, value_name = "FILE", requires = "plan")]
    pub(crate) report: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) writing: WritingArgs,
    #[command(flatten)]
    pub(crate) target: TargetArgs,
}

/// Make the published application's policy what sar/sharing.toml says.
#[derive(Debug, clap::Args)]
pub(crate) struct ShareArgs {
    #[command(flatten)]
    pub(crate) writing: WritingArgs,
    #[command(flatten)]
    pub(crate) target: TargetArgs,
}

/// Compare what is published with this checkout; exit code 3 when they differ.
#[derive(Debug, clap::Args)]
pub(crate) struct StatusArgs {
    /// Text for a person, or JSON.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(crate) format: Format,
    #[command(flatten)]
    pub(crate) target: TargetArgs,
}

/// Compare what is served for a published version with a bundle, byte by byte; exit code 3 when they differ.
#[derive(Debug, clap::Args)]
pub(crate) struct VerifyArgs {
    /// The bundle [default: target/bundle].
    #[arg(long, value_name = "DIR")]
    pub(crate) bundle: Option<PathBuf>,
    /// The version, which has to be the bundle's [default: the bundle's].
    #[arg(long)]
    pub(crate) version: Option<String>,
    /// Text for a person, or JSON.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(crate) format: Format,
    #[command(flatten)]
    pub(crate) target: TargetArgs,
}

/// Deploy the application as a stack, or take the stack down.
#[derive(Debug, clap::Args)]
pub(crate) struct DeployArgs {
    /// What to deploy: the published application, or this checkout [default: sar].
    #[arg(long, value_enum)]
    pub(crate) from: Option<Origin>,
    /// The stack; the Serverless Application Repository puts `serverlessrepo-` before the name.
    #[arg(long, value_name = "NAME")]
    pub(crate) stack_name: Option<String>,
    /// The application's ARN [default: the caller's own].
    #[arg(long, value_name = "ARN")]
    pub(crate) application: Option<String>,
    /// The version [default: the newest].
    #[arg(long)]
    pub(crate) version: Option<String>,
    /// Set a parameter of the template; can be given again.
    #[arg(long = "parameter", value_name = "NAME=VALUE")]
    pub(crate) parameters: Vec<String>,
    /// Run the functions in this VPC; needs --subnet-ids.
    #[arg(long, value_name = "ID", requires = "subnet_ids")]
    pub(crate) vpc_id: Option<String>,
    /// The VPC's subnets.
    #[arg(long, value_name = "ID,ID", requires = "vpc_id")]
    pub(crate) subnet_ids: Option<String>,
    /// Take the stack down, and say what is kept.
    #[arg(long, conflicts_with_all = ["application", "version", "parameters", "vpc_id", "bundle"])]
    pub(crate) delete: bool,
    /// Deploy this bundle; without it, `--from checkout` packages one.
    #[arg(long, value_name = "DIR", conflicts_with_all = ["binaries", "fake_binaries"])]
    pub(crate) bundle: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) programs: ProgramArgs,
    /// The bucket for the functions' code [default: serverlessrepo-artifacts-ACCOUNT-REGION].
    #[arg(long)]
    pub(crate) bucket: Option<String>,
    /// How many minutes to wait for the stack.
    #[arg(long, value_name = "MINUTES", default_value_t = 30)]
    pub(crate) time_limit: u16,
    #[command(flatten)]
    pub(crate) writing: WritingArgs,
    #[command(flatten)]
    pub(crate) target: TargetArgs,
}

/// Where the application comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Origin {
    /// The Serverless Application Repository.
    Sar,
    /// This checkout.
    Checkout,
}

/// The functions' programs.
#[derive(Debug, clap::Args)]
pub(crate) struct ProgramArgs {
    #[command(flatten)]
    pub(crate) compiler: CompilerArgs,
    /// Take the programs from this folder (NAME or NAME/bootstrap) and compile nothing.
    #[arg(long, value_name = "DIR", conflicts_with = "fake_binaries")]
    pub(crate) binaries: Option<PathBuf>,
    /// Package stand-ins and compile nothing: to try the rest. AWS is not given such a bundle.
    #[arg(long)]
    pub(crate) fake_binaries: bool,
}

/// Whether and how to write.
#[derive(Debug, clap::Args)]
pub(crate) struct WritingArgs {
    /// Show what would be done, and do nothing; exit code 3 when there is something.
    #[arg(long, conflicts_with = "yes")]
    pub(crate) plan: bool,
    /// Do it without asking.
    #[arg(long)]
    pub(crate) yes: bool,
    /// Text for a person, or JSON.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(crate) format: Format,
}

/// Which repository.
#[derive(Debug, clap::Args)]
pub(crate) struct TargetArgs {
    /// The local cloud that `cargo xtask local` runs, in place of AWS.
    #[arg(long, conflicts_with_all = ["region", "endpoint_url"])]
    pub(crate) local: bool,
    /// The local cloud's own list of its addresses [default: target/local/endpoints.json].
    #[arg(long, value_name = "FILE", requires = "local")]
    pub(crate) endpoints: Option<PathBuf>,
    /// The application's home region [default: the configured one].
    #[arg(long)]
    pub(crate) region: Option<String>,
    /// An address for every service, in place of AWS's own.
    #[arg(long, value_name = "URL")]
    pub(crate) endpoint_url: Option<String>,
}

/// A processor.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Arch {
    /// AWS Graviton.
    #[default]
    Arm64,
    /// Intel and AMD.
    #[value(name = "x86_64")]
    X86_64,
}

/// How to print.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Format {
    /// For a person.
    Text,
    /// One JSON document on standard output.
    Json,
}
