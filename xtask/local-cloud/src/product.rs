//! The functions that a local cloud runs: the product's own, from programs as they are or from what was published here, the
//! sample and the tools.

use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::cloud::CloudError;
use crate::config::{Config, Data};
use crate::credentials::Keyring;
use crate::endpoints::Endpoints;
use crate::function::FunctionSpec;
use crate::sar::Sar;
use crate::template::{Application, TemplateFunction};

/// The sample's function name, as its registrations' ARNs have it.
const SAMPLE_FUNCTION: &str = "mcp-tool-hello";
/// The folder of the functions' programs in the data folder, if they were published.
const PROGRAMS: &str = "programs";

/// What there is to run.
pub(crate) struct Product {
    pub(crate) application: Application,
    pub(crate) functions: Vec<FunctionSpec>,
    /// The ARN that the application was published as.
    pub(crate) published: Option<String>,
    /// The functions' programs, when there is no data folder for them.
    pub(crate) unpacked: Option<TempDir>,
}

impl Product {
    /// The programs as they are, by the configured template.
    pub(crate) fn direct(config: &Config) -> Result<Self, CloudError> {
        let application = Application::load(config.template.as_deref(), &config.parameters)?;
        Ok(Self {
            functions: functions(config, &application, &config.binaries)?,
            application,
            published: None,
            unpacked: None,
        })
    }

    /// The programs published to the SAR here, and read back from there.
    pub(crate) async fn published(
        config: &Config,
        sar: &Sar,
        endpoints: &Endpoints,
        keyring: &Keyring,
    ) -> Result<Self, CloudError> {
        let Some(publisher) = &config.publisher else {
            return Self::direct(config);
        };
        let (folder, unpacked) = match &config.data {
            Data::Dir(folder) => (folder.clone(), None),
            Data::Memory => {
                let folder = tempfile::tempdir()?;
                (folder.path().to_owned(), Some(folder))
            }
        };
        let credentials = &keyring.users()[0].credentials;
        let release = publisher
            .publish(&config.binaries, endpoints, credentials, &folder)
            .await?;
        let programs = folder.join(PROGRAMS);
        let application = release.unpack(sar, &programs, &config.parameters)?;
        Ok(Self {
            functions: functions(config, &application, &programs)?,
            application,
            published: Some(release.application().to_owned()),
            unpacked,
        })
    }
}

/// The template's functions, with their programs in `binaries`, the sample's and the tools.
fn functions(
    config: &Config,
    application: &Application,
    binaries: &Path,
) -> Result<Vec<FunctionSpec>, CloudError> {
    let mut functions = Vec::new();
    for function in &application.functions {
        functions.push(template_function(config, function, binaries)?);
    }
    if config.sample {
        let program = program(&config.binaries, SAMPLE_FUNCTION, "sample")?;
        functions.push(FunctionSpec::new(SAMPLE_FUNCTION, vec![program]));
    }
    functions.extend(config.tools.iter().cloned());
    Ok(functions)
}

fn template_function(
    config: &Config,
    function: &TemplateFunction,
    binaries: &Path,
) -> Result<FunctionSpec, CloudError> {
    Ok(FunctionSpec {
        name: function.name.clone(),
        command: vec![program(binaries, &function.name, &function.binary)?],
        memory_mb: function.memory_mb,
        timeout: function.timeout,
        environment: function.environment.clone(),
        reuse: config.reuse,
        max_concurrency: function
            .reserved_concurrency
            .unwrap_or(config.max_concurrency),
        event_retries: function.event_retries,
    })
}

fn program(binaries: &Path, function: &str, package: &str) -> Result<String, CloudError> {
    let program: PathBuf = binaries.join(format!("{package}{}", std::env::consts::EXE_SUFFIX));
    if !program.is_file() {
        return Err(CloudError::NoProgram {
            function: function.to_owned(),
            program: program.display().to_string(),
            package: package.to_owned(),
        });
    }
    Ok(program.to_string_lossy().into_owned())
}
