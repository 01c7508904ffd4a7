//! The local cloud as a whole: what is started in which order, and ended again.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use futures_util::future::try_join_all;
use tempfile::TempDir;
use thiserror::Error;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::config::{Auth, Config, Data};
use crate::credentials::{Credentials, Keyring, KeyringError, Principal};
use crate::data_lock::{DataLock, DataLockError};
use crate::dynamodb::{DynamoDb, DynamoDbError};
use crate::endpoints::Endpoints;
use crate::function::REGION;
use crate::gateway::{Functions, Gateway};
use crate::host::{AddError, HostSettings, LambdaHost, WarmError};
use crate::listener;
use crate::product::Product;
use crate::published::PublishedError;
use crate::registrations::{Existing, RegisterError, Registrar, SAMPLE};
use crate::s3::{S3, S3StartError};
use crate::sar::{Sar, SarStartError};
use crate::template::{InvokeMode, TemplateError};
use crate::url::FunctionUrl;

/// The database's file in the data folder.
const DATABASE: &str = "dynamodb.sqlite";
/// The folder of S3's data in the data folder.
const S3_FOLDER: &str = "s3";
/// The folder of SAR's data in the data folder.
const SAR_FOLDER: &str = "serverlessrepo";

/// Why a local cloud can't be started.
#[derive(Debug, Error)]
pub enum CloudError {
    /// The port is taken.
    #[error("port {port} is already in use; choose another with --port")]
    PortInUse {
        /// The port.
        port: u16,
    },
    /// The port can't be listened on for another reason.
    #[error("can't listen on port {port}")]
    Listen {
        /// The port.
        port: u16,
        /// Why not.
        source: std::io::Error,
    },
    /// The data folder can't be used.
    #[error(transparent)]
    Data(#[from] DataLockError),
    /// A function's program is missing.
    #[error(
        "function {function}: there is no program {program}; build it with `cargo build -p {package}`"
    )]
    NoProgram {
        /// The function.
        function: String,
        /// Where its program should be.
        program: String,
        /// The package that it is built from.
        package: String,
    },
    /// The template can't be used.
    #[error("the template can't be used")]
    Template(#[from] TemplateError),
    /// The local keys can't be used.
    #[error(transparent)]
    Keyring(#[from] KeyringError),
    /// `DynamoDB` did not start.
    #[error("the local DynamoDB can't be started")]
    DynamoDb(#[from] DynamoDbError),
    /// S3 did not start.
    #[error(transparent)]
    S3(#[from] S3StartError),
    /// The checkout can't be run by way of the SAR here.
    #[error(transparent)]
    Published(#[from] PublishedError),
    /// There is no room for what is only kept in memory otherwise.
    #[error("can't make a folder for the functions' programs")]
    Programs(#[from] std::io::Error),
    /// SAR did not start.
    #[error(transparent)]
    Sar(#[from] SarStartError),
    /// The address of `CloudFormation` is not one of this machine.
    #[error(
        "{endpoint} is not an address of CloudFormation on this machine, such as http://127.0.0.1:4566"
    )]
    CloudFormation {
        /// The address.
        endpoint: String,
    },
    /// A function can't be added.
    #[error(transparent)]
    Function(#[from] AddError),
    /// A function does not start.
    #[error(transparent)]
    Warm(#[from] WarmError),
    /// A registration was not taken.
    #[error(transparent)]
    Register(#[from] RegisterError),
    /// There are no users.
    #[error("there must be a local user")]
    NoUsers,
}

/// A running local cloud. Call [`shutdown`](Self::shutdown) to end its processes in order.
#[derive(Debug)]
pub struct LocalCloud {
    endpoints: Endpoints,
    auth: Auth,
    keyring: Keyring,
    host: LambdaHost,
    registration: FunctionUrl,
    dynamodb: DynamoDb,
    servers: Servers,
    /// The ARN of the application that the functions were published as.
    published: Option<String>,
    /// The functions' programs, when there is no data folder for them.
    _unpacked: Option<TempDir>,
    /// Keeps the data folder for this one.
    _lock: Option<DataLock>,
}

impl LocalCloud {
    /// Starts everything and registers what the configuration says. On an error nothing is left running.
    pub async fn start(config: Config) -> Result<Self, CloudError> {
        check(&config)?;
        // Whatever is wrong is found before anything is started.
        let direct = match config.publisher {
            None => Some(Product::direct(&config)?),
            Some(_) => None,
        };
        let (listener, port) = bind(config.port)?;
        // S3's paths would collide with those of the main port.
        let (s3_listener, s3_port) = bind(0)?;
        let folder = match &config.data {
            Data::Memory => None,
            Data::Dir(folder) => Some(folder.as_path()),
        };
        let lock = folder.map(DataLock::take).transpose()?;
        let keyring = Keyring::open(folder, &config.users)?;
        let s3_endpoint = format!("http://127.0.0.1:{s3_port}");
        let verifying = (config.auth == Auth::Iam).then(|| keyring.clone());
        let within = |name: &str| folder.map(|folder| folder.join(name));
        let s3 = Arc::new(S3::open(within(S3_FOLDER).as_deref(), verifying.clone())?);
        let sar = Arc::new(Sar::open(
            within(SAR_FOLDER).as_deref(),
            Arc::clone(&s3),
            &s3_endpoint,
            config.cloudformation.clone(),
        )?);
        let mut endpoints = Endpoints::new(port, "", &s3_endpoint);
        let cloudformation = config.cloudformation.as_ref();
        endpoints.cloudformation_endpoint = cloudformation.map(|it| it.endpoint.clone());
        let served = Arc::new(OnceLock::new());
        let gateway = Gateway {
            sar: Arc::clone(&sar),
            keyring: verifying,
            functions: Arc::clone(&served),
        };
        let servers = Servers(vec![
            tokio::spawn(gateway.serve(listener)),
            tokio::spawn(s3.serve(s3_listener)),
        ]);

        let product = match direct {
            Some(product) => product,
            None => Product::published(&config, &sar, &endpoints, &keyring).await?,
        };
        let application = product.application;
        let database = folder.map(|folder| folder.join(DATABASE));
        let dynamodb = DynamoDb::start(
            database.as_deref(),
            &application.tables,
            config.count_dynamodb_requests,
        )?;
        dynamodb
            .endpoint()
            .clone_into(&mut endpoints.dynamodb_endpoint);

        let host = LambdaHost::new(HostSettings {
            environment: shared_variables(&keyring.functions().credentials, &endpoints),
            logs: config.logs.clone(),
            init_timeout: config.init_timeout,
            ..HostSettings::default()
        });
        let url = |id: &str| -> Result<FunctionUrl, TemplateError> {
            let function = application.function(id)?;
            let mode = function.url.unwrap_or(InvokeMode::Buffered);
            Ok(FunctionUrl {
                function: function.name.clone(),
                mode,
                port,
            })
        };
        let (mcp, registration) = (url("McpFunction")?, url("RegistrationFunction")?);
        for function in product.functions {
            host.add(function)?;
        }
        let functions = Functions {
            host: host.clone(),
            mcp,
            registration: registration.clone(),
        };
        // Nobody else sets it.
        let _ = served.set(functions);
        let cloud = Self {
            endpoints,
            published: product.published,
            auth: config.auth,
            keyring,
            host,
            registration,
            dynamodb,
            servers,
            _unpacked: product.unpacked,
            _lock: lock,
        };
        if let Err(error) = cloud.prepare(&config).await {
            cloud.shutdown().await;
            return Err(error);
        }
        Ok(cloud)
    }

    async fn prepare(&self, config: &Config) -> Result<(), CloudError> {
        if config.warm {
            let functions = self.host.functions();
            try_join_all(
                functions
                    .iter()
                    .map(|function| self.host.warm(&function.name)),
            )
            .await?;
        }
        let registrar = self.registrar();
        if config.sample {
            for (file, text) in SAMPLE {
                registrar.register(file, text, Existing::Keep).await?;
            }
        }
        for file in &config.register {
            registrar.register_file(file).await?;
        }
        Ok(())
    }

    fn registrar(&self) -> Registrar<'_> {
        let caller = (self.auth == Auth::Iam)
            .then(|| self.keyring.users().first())
            .flatten();
        Registrar {
            host: &self.host,
            url: &self.registration,
            caller,
        }
    }

    /// Where everything is.
    pub fn endpoints(&self) -> &Endpoints {
        &self.endpoints
    }

    /// The keys of the first local user.
    pub fn credentials(&self) -> &Credentials {
        &self.users()[0].credentials
    }

    /// All local users with their keys; at least one.
    pub fn users(&self) -> &[Principal] {
        self.keyring.users()
    }

    /// The ARN in the SAR here of what the functions run, if it was published there.
    pub fn published(&self) -> Option<&str> {
        self.published.as_deref()
    }

    /// The functions.
    pub fn host(&self) -> &LambdaHost {
        &self.host
    }

    /// The requests that `DynamoDB` has served, if [`Config::count_dynamodb_requests`] asked to count them, else 0.
    pub fn dynamodb_requests(&self) -> u64 {
        self.dynamodb.requests()
    }

    /// The ids of everything registered, as the registration function lists them.
    pub async fn registrations(&self) -> Result<Vec<String>, RegisterError> {
        self.registrar().list().await
    }

    /// Ends every process and stops serving.
    pub async fn shutdown(self) {
        self.servers.stop().await;
        self.host.shutdown().await;
        self.dynamodb.shutdown().await;
    }
}

/// Whether the configuration makes sense.
fn check(config: &Config) -> Result<(), CloudError> {
    if config.users.is_empty() {
        return Err(CloudError::NoUsers);
    }
    match &config.cloudformation {
        Some(cloudformation) if !cloudformation.is_local() => Err(CloudError::CloudFormation {
            endpoint: cloudformation.endpoint.clone(),
        }),
        _ => Ok(()),
    }
}

/// The tasks that listen; dropping them ends them.
#[derive(Debug)]
struct Servers(Vec<JoinHandle<()>>);

impl Servers {
    async fn stop(mut self) {
        for server in self.0.drain(..) {
            server.abort();
            // Aborted, as it should be: now its port is free.
            let _ = server.await;
        }
    }
}

impl Drop for Servers {
    fn drop(&mut self) {
        for server in &self.0 {
            server.abort();
        }
    }
}

/// What every function finds in its environment: its role's keys, and where the services are, by the SDKs' own names.
/// <https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html>
fn shared_variables(credentials: &Credentials, endpoints: &Endpoints) -> BTreeMap<String, String> {
    let mut variables = BTreeMap::from([
        ("AWS_REGION".to_owned(), REGION.to_owned()),
        (
            "AWS_ACCESS_KEY_ID".to_owned(),
            credentials.access_key_id.clone(),
        ),
        (
            "AWS_SECRET_ACCESS_KEY".to_owned(),
            credentials.secret_access_key.clone(),
        ),
        (
            "AWS_ENDPOINT_URL_LAMBDA".to_owned(),
            endpoints.lambda_endpoint.clone(),
        ),
        (
            "AWS_ENDPOINT_URL_DYNAMODB".to_owned(),
            endpoints.dynamodb_endpoint.clone(),
        ),
    ]);
    if let Some(token) = &credentials.session_token {
        variables.insert("AWS_SESSION_TOKEN".to_owned(), token.clone());
    }
    variables
}

/// A listener and the port it has.
fn bind(port: u16) -> Result<(TcpListener, u16), CloudError> {
    let failed = |source: std::io::Error| {
        if source.kind() == std::io::ErrorKind::AddrInUse {
            CloudError::PortInUse { port }
        } else {
            CloudError::Listen { port, source }
        }
    };
    let listener = listener::bind(port).map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    Ok((listener, address.port()))
}
