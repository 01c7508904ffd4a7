//! The command line.

use std::path::PathBuf;

use clap::{Parser, ValueEnum};
use local_cloud::{
    Auth, CloudFormation, Config, Credentials, Data, FunctionSpec, Publisher, Reuse,
};

/// Where data and `endpoints.json` go unless told otherwise.
const DEFAULT_FOLDER: &str = "target/local";

/// The MCP server on one machine: Lambda, Function URLs, DynamoDB, S3 and SAR, until Ctrl-C
#[derive(Debug, Parser)]
#[command(name = "local-cloud", args_override_self = true)]
pub(crate) struct Arguments {
    /// The port on 127.0.0.1; 0 takes a free one
    #[arg(long, default_value_t = 9100)]
    pub(crate) port: u16,

    /// The folder that keeps registrations and keys
    #[arg(long, value_name = "DIR", default_value = DEFAULT_FOLDER)]
    pub(crate) data: PathBuf,

    /// Keep nothing
    #[arg(long, conflicts_with = "data")]
    pub(crate) memory: bool,

    /// Who may call: everyone, or whoever signs with the local keys
    #[arg(long, value_enum, default_value_t = AuthArgument::None)]
    pub(crate) auth: AuthArgument,

    /// A function beside the product's own: any program that speaks the Lambda Runtime API
    #[arg(long = "tool", value_name = "NAME=COMMAND", value_parser = parse_tool)]
    pub(crate) tools: Vec<FunctionSpec>,

    /// A JSON file with a registration or an array of them, created or replaced at start
    #[arg(long, value_name = "FILE")]
    pub(crate) register: Vec<PathBuf>,

    /// Leave out the sample tool, resource and prompt
    #[arg(long)]
    pub(crate) no_sample: bool,

    /// What to print when ready
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(crate) format: Format,

    /// The most environments of each of the product's functions, where the template sets no limit
    #[arg(long, value_name = "NUMBER", hide = true, default_value_t = FunctionSpec::DEFAULT_CONCURRENCY)]
    pub(crate) max_concurrency: usize,

    /// End each environment of the product's functions after one request
    #[arg(long, hide = true)]
    pub(crate) fresh_environments: bool,

    /// The folder with the functions' programs [default: the folder of this program]
    #[arg(long, value_name = "DIR")]
    pub(crate) binaries: Option<PathBuf>,

    /// An AWS emulator in which `create-cloud-formation-change-set` makes its change sets; signed with the keys in
    /// `AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY`
    #[arg(long, value_name = "URL")]
    pub(crate) cloudformation_endpoint: Option<String>,

    /// The program with the release commands: it publishes the current folder's checkout here, and the functions run from
    /// what was published
    #[arg(long, value_name = "FILE", conflicts_with = "template")]
    pub(crate) publisher: Option<PathBuf>,

    /// The SAM template [default: the one this program was built with]
    #[arg(long, value_name = "FILE")]
    pub(crate) template: Option<PathBuf>,
}

/// Who may call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum AuthArgument {
    /// Everyone
    None,
    /// Whoever signs with the local keys, which are printed at start
    Iam,
}

/// How the addresses are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people
    Text,
    /// As one line of JSON
    Json,
}

impl Arguments {
    /// The library's configuration for these arguments.
    pub(crate) fn config(&self) -> std::io::Result<Config> {
        let cloudformation = match &self.cloudformation_endpoint {
            None => None,
            Some(endpoint) => Some(CloudFormation {
                endpoint: endpoint.clone(),
                credentials: keys()?,
            }),
        };
        let binaries = match &self.binaries {
            Some(folder) => folder.clone(),
            None => own_folder()?,
        };
        let publisher = match &self.publisher {
            None => None,
            Some(program) => Some(Publisher {
                program: program.clone(),
                checkout: std::env::current_dir()?,
            }),
        };
        Ok(Config {
            publisher,
            port: self.port,
            data: if self.memory {
                Data::Memory
            } else {
                Data::Dir(self.data.clone())
            },
            auth: match self.auth {
                AuthArgument::None => Auth::None,
                AuthArgument::Iam => Auth::Iam,
            },
            template: self.template.clone(),
            tools: self.tools.clone(),
            sample: !self.no_sample,
            register: self.register.clone(),
            cloudformation,
            max_concurrency: self.max_concurrency,
            reuse: if self.fresh_environments {
                Reuse::Never
            } else {
                Reuse::Always
            },
            ..Config::new(binaries)
        })
    }

    /// Where `endpoints.json` goes: the data folder, or with `--memory` the default one.
    pub(crate) fn endpoints_file(&self) -> PathBuf {
        let folder = if self.memory {
            PathBuf::from(DEFAULT_FOLDER)
        } else {
            self.data.clone()
        };
        folder.join("endpoints.json")
    }
}

/// The keys in the environment.
fn keys() -> std::io::Result<Credentials> {
    let variable = |name: &str| {
        std::env::var(name).map_err(|_| {
            std::io::Error::other(format!(
                "--cloudformation-endpoint needs keys: {name} is not set"
            ))
        })
    };
    Ok(Credentials {
        access_key_id: variable("AWS_ACCESS_KEY_ID")?,
        secret_access_key: variable("AWS_SECRET_ACCESS_KEY")?,
        session_token: variable("AWS_SESSION_TOKEN").ok(),
    })
}

fn own_folder() -> std::io::Result<PathBuf> {
    let program = std::env::current_exe()?;
    Ok(program.parent().map(PathBuf::from).unwrap_or_default())
}

/// `NAME=COMMAND`, the command split into words as a shell would.
fn parse_tool(text: &str) -> Result<FunctionSpec, String> {
    let (name, command) = text.split_once('=').ok_or("must be NAME=COMMAND")?;
    let command = shlex::split(command).ok_or("the command has a quote that is not closed")?;
    let spec = FunctionSpec::new(name, command);
    spec.validate().map_err(|error| error.to_string())?;
    Ok(spec)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tools_are_split_like_a_shell_does() {
        let spec = parse_tool("hello=node 'my tool.js' --level=\"a b\"").unwrap();
        assert_eq!(spec.name, "hello");
        assert_eq!(spec.command, ["node", "my tool.js", "--level=a b"]);
    }

    #[test]
    fn wrong_tools_say_what_is_wrong() {
        let problem = |text| parse_tool(text).unwrap_err();
        insta::assert_snapshot!(problem("hello"), @"must be NAME=COMMAND");
        insta::assert_snapshot!(problem("hello=sh 'x"), @"the command has a quote that is not closed");
        insta::assert_snapshot!(problem("hello="), @"function hello has an empty command");
        insta::assert_snapshot!(problem("a b=x"), @r#"function name "a b" must be 1 to 64 letters, digits, hyphens or underscores"#);
    }

    #[test]
    fn the_command_line_is_consistent() {
        use clap::CommandFactory;
        Arguments::command().debug_assert();
        assert!(Arguments::try_parse_from(["local-cloud", "--memory", "--data", "x"]).is_err());
    }
}
