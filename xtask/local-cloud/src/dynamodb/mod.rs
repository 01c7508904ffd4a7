//! `DynamoDB` in this process: `dynoxide` on a loopback port, with the template's tables.

mod counter;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use dynoxide::Database;
use serde_json::json;
use thiserror::Error;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::listener;
use crate::template::TemplateTable;

/// How long open connections may hold up the end.
const SHUTDOWN_LIMIT: Duration = Duration::from_secs(1);

/// `DynamoDB` could not be started.
#[derive(Debug, Error)]
pub enum DynamoDbError {
    /// The database can't be opened or a table can't be made.
    #[error("{subject}: {message}")]
    Database {
        /// The file or the table.
        subject: String,
        /// What the database says.
        message: String,
    },
    /// No port to listen on.
    #[error("can't listen on a loopback port")]
    Listen(#[from] std::io::Error),
}

/// The running server.
#[derive(Debug)]
pub(crate) struct DynamoDb {
    endpoint: String,
    requests: Option<Arc<AtomicU64>>,
    stop: oneshot::Sender<()>,
    server: JoinHandle<()>,
    counter: Option<JoinHandle<()>>,
}

impl DynamoDb {
    /// Opens `file`, or a database in memory, creates the `tables` that are missing and serves them.
    ///
    /// The file's journal is SQLite's write-ahead log: what was answered survives a SIGKILL of this process.
    pub(crate) fn start(
        file: Option<&Path>,
        tables: &[TemplateTable],
        count: bool,
    ) -> Result<Self, DynamoDbError> {
        let subject = file.map_or_else(
            || "the database in memory".to_owned(),
            |file| file.display().to_string(),
        );
        let database = match file {
            Some(file) => Database::new(&file.to_string_lossy()),
            None => Database::memory(),
        };
        let database = database.map_err(|error| DynamoDbError::Database {
            subject,
            message: error.to_string(),
        })?;
        for table in tables {
            create(&database, table)?;
        }

        let socket = listener::bind(0)?;
        let address = socket.local_addr()?;
        let (stop, stopped) = oneshot::channel::<()>();
        let server = tokio::spawn(async move {
            let stopped = async {
                let _ = stopped.await;
            };
            if let Err(message) =
                dynoxide::server::serve_with_shutdown(socket, database, stopped).await
            {
                eprintln!("error: the local DynamoDB stopped: {message}");
            }
        });
        let mut this = Self {
            endpoint: format!("http://{address}"),
            requests: None,
            stop,
            server,
            counter: None,
        };
        if count {
            let socket = listener::bind(0)?;
            this.endpoint = format!("http://{}", socket.local_addr()?);
            let requests = Arc::new(AtomicU64::new(0));
            this.counter = Some(tokio::spawn(counter::serve(
                socket,
                address,
                Arc::clone(&requests),
            )));
            this.requests = Some(requests);
        }
        Ok(this)
    }

    /// Where clients connect, `http://127.0.0.1:PORT`.
    pub(crate) fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// The requests served so far; 0 if they are not counted.
    pub(crate) fn requests(&self) -> u64 {
        self.requests
            .as_ref()
            .map_or(0, |requests| requests.load(Ordering::Relaxed))
    }

    pub(crate) async fn shutdown(self) {
        if let Some(counter) = self.counter {
            counter.abort();
        }
        let _ = self.stop.send(());
        let abort = self.server.abort_handle();
        if tokio::time::timeout(SHUTDOWN_LIMIT, self.server)
            .await
            .is_err()
        {
            abort.abort();
        }
    }
}

fn create(database: &Database, table: &TemplateTable) -> Result<(), DynamoDbError> {
    let problem = |message: String| DynamoDbError::Database {
        subject: format!("table {}", table.name),
        message,
    };
    let request = serde_json::from_value(json!({"TableName": table.name}))
        .map_err(|error| problem(error.to_string()))?;
    if database.describe_table(request).is_ok() {
        return Ok(());
    }
    let request = serde_json::from_value(table.create_request.clone())
        .map_err(|error| problem(error.to_string()))?;
    database
        .create_table(request)
        .map_err(|error| problem(error.to_string()))?;
    if let Some(attribute) = &table.ttl_attribute {
        let request = json!({
            "TableName": table.name,
            "TimeToLiveSpecification": {"AttributeName": attribute, "Enabled": true},
        });
        let request =
            serde_json::from_value(request).map_err(|error| problem(error.to_string()))?;
        database
            .update_time_to_live(request)
            .map_err(|error| problem(error.to_string()))?;
    }
    Ok(())
}
