//! DynamoDB tables, stored by the embedded `dynoxide` in one SQLite file and served on the main port, for
//! requests with `X-Amz-Target: DynamoDB_…`.
//!
//! `dynoxide` can only be reached over TCP, accepts every client, and admits every web page. So its port is open only
//! for the moment in which one connection to it is made; requests use that connection.
//!
//! It handles one request at a time, and would wait for the disk at each. So it is configured not to wait, and
//! answers are held back here until one sync of its log covers them all: see [`Log`].

use std::fmt::Display;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use dynoxide::Database;
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http1::{self, SendRequest};
use hyper::header::{
    CONNECTION, CONTENT_LENGTH, DATE, EXPECT, HOST, HeaderName, ORIGIN, SERVER, TRANSFER_ENCODING,
};
use hyper::{HeaderMap, Request, Response, StatusCode, Version};
use hyper_util::rt::TokioIo;
use stack::TableResource;
use stdx::error_chain;
use store::Durability;
use store_sqlite::{ForeignFile, OpenStoreError};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use crate::deploy_error::DeployError;
use crate::http::{Body, BodyError, RequestBody, read_body};
use crate::start_error::StartServerError;

/// Largest request. Source: DynamoDB's quota for one request, read 2026-11.
const REQUEST_BYTES_MAX: usize = 16 * 1024 * 1024;

/// Requests that may wait in the queue. Senders of further ones wait to enter it.
const REQUESTS_WAITING: usize = 64;

/// The most answers that one sync of the log covers: the first of them has waited for all the others.
const ANSWERS_PER_SYNC: usize = REQUESTS_WAITING;

/// Headers that concern one connection only, or a browser that must not be served.
const NOT_HANDED_ON: [HeaderName; 9] = [
    CONNECTION,
    CONTENT_LENGTH,
    DATE,
    EXPECT,
    HOST,
    ORIGIN,
    SERVER,
    TRANSFER_ENCODING,
    HeaderName::from_static("x-dynoxide-version"),
];

/// The tables, and the connection to `dynoxide`, which answers for them.
#[derive(Clone)]
pub(crate) struct Embedded {
    database: Database,
    requests: mpsc::Sender<Asked>,
    /// Why changes are refused, after a failed sync of their log.
    failed: Arc<OnceLock<String>>,
    /// Released after the database is closed; `None` for tables in memory.
    _file: Option<Arc<ForeignFile>>,
}

/// A request on its way, and the sender for its answer.
struct Asked {
    request: Request<Full<Bytes>>,
    answer: oneshot::Sender<Result<Response<Bytes>, String>>,
}

/// Why the tables' file cannot be used.
#[derive(Debug, thiserror::Error)]
enum OpenTablesError {
    #[error("{}", error_chain(.0))]
    File(#[from] OpenStoreError),
    #[error(transparent)]
    Database(#[from] dynoxide::DynoxideError),
}

/// Opened tables: the database, the log to sync, and the hold on the file.
struct Opened {
    database: Database,
    log: Log,
    file: Option<ForeignFile>,
}

/// Opens the tables with the server's durability. The file belongs to this server until the returned hold is dropped.
fn open(path: &Path, durability: Durability) -> Result<Opened, OpenTablesError> {
    if durability == Durability::Memory {
        return Ok(Opened {
            database: Database::memory()?,
            log: Log::Unsynced,
            file: None,
        });
    }
    let mut file = ForeignFile::take(path)?;
    let database = Database::new(&path.display().to_string())?;
    // The name comes from its use after an import: it sets `synchronous = NORMAL`, and otherwise
    // SQLite's defaults.
    database.disable_bulk_loading()?;
    file.say_open()?;
    let log = match durability {
        Durability::Disk => Log::Synced {
            path: beside(path, "-wal"),
            failed: Arc::default(),
        },
        Durability::Os | Durability::Memory => Log::Unsynced,
    };
    Ok(Opened {
        database,
        log,
        file: Some(file),
    })
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut path = path.as_os_str().to_owned();
    path.push(suffix);
    path.into()
}

/// The write-ahead log of the tables.
///
/// A commit is durable once its frames in the log are on the disk. With `synchronous = NORMAL` SQLite writes them and
/// does not wait (it does before it copies them into the database, and when it begins the log anew); one sync after
/// several commits covers all of them. Source: <https://sqlite.org/pragma.html#pragma_synchronous>.
enum Log {
    /// Writes survive the process, and that is enough.
    Unsynced,
    /// The log file must be on the disk before an answer goes out.
    Synced {
        path: PathBuf,
        failed: Arc<OnceLock<String>>,
    },
}

impl Log {
    /// The place that holds the first failure of a sync.
    fn failed(&self) -> Arc<OnceLock<String>> {
        match self {
            Self::Unsynced => Arc::default(),
            Self::Synced { failed, .. } => Arc::clone(failed),
        }
    }

    /// Waits until all writes are on the disk.
    ///
    /// The system reports a failed write once, and takes the data for written from then on: no later sync would report
    /// that it is missing. So after a failed sync none succeeds until the tables are opened anew.
    fn sync(&self) -> Result<(), String> {
        let Self::Synced { path, failed } = self else {
            return Ok(());
        };
        if let Some(problem) = failed.get() {
            return Err(problem.clone());
        }
        let said = |cause: std::io::Error| format!("sync `{}`: {cause}", path.display());
        // Opened by its name each time: the file exists while the tables are open, unless a user removed it. A log that
        // cannot be opened has not been synced, and may be later.
        let log = File::open(path).map_err(said)?;
        log.sync_data().map_err(|cause| {
            let problem = format!(
                "{}; what was written to the tables since the last answer may be lost: no change is answered until a restart",
                said(cause)
            );
            failed.get_or_init(|| problem).clone()
        })
    }
}

/// Whether a request cannot change anything. An unknown operation may.
fn only_reads(request: &Request<Full<Bytes>>) -> bool {
    let target = request.headers().get("x-amz-target");
    let target = target.and_then(|target| target.to_str().ok());
    let operation = target.and_then(|target| target.rsplit('.').next());
    operation.is_some_and(|operation| {
        matches!(
            operation,
            "GetItem" | "BatchGetItem" | "TransactGetItems" | "Query" | "Scan"
        ) || operation.starts_with("Describe")
            || operation.starts_with("List")
    })
}

impl Embedded {
    /// Opens the tables' file and serves it until the shutdown.
    ///
    /// It runs on a thread of its own, because it waits for the disk: on the server's threads all other tasks would
    /// wait, too.
    pub async fn start(
        path: &Path,
        durability: Durability,
        shutdown: CancellationToken,
    ) -> Result<Self, StartServerError> {
        fn failed(cause: &dyn Display) -> StartServerError {
            StartServerError::Tables {
                cause: cause.to_string(),
            }
        }

        let path = path.to_owned();
        let Opened {
            database,
            log,
            file,
        } = tokio::task::spawn_blocking(move || open(&path, durability))
            .await
            .map_err(|cause| failed(&cause))?
            .map_err(|cause| failed(&cause))?;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|cause| failed(&cause))?;
        let failed_sync = log.failed();
        let (requests, asked) = mpsc::channel(REQUESTS_WAITING);
        let (began, begins) = oneshot::channel();
        let served = database.clone();
        std::thread::Builder::new()
            .name("tables".to_owned())
            .spawn(move || runtime.block_on(answer_all(served, log, asked, began, shutdown)))
            .map_err(|cause| failed(&cause))?;
        begins
            .await
            .map_err(|cause| failed(&cause))?
            .map_err(|cause| failed(&cause))?;
        Ok(Self {
            database,
            requests,
            failed: failed_sync,
            _file: file.map(Arc::new),
        })
    }

    /// Why changes of tables are refused until a restart, if they are.
    pub fn trouble(&self) -> Option<&str> {
        self.failed.get().map(String::as_str)
    }

    /// Whether a request is for tables.
    pub fn serve(headers: &HeaderMap) -> bool {
        let target = headers.get("x-amz-target");
        target.is_some_and(|target| target.as_bytes().starts_with(b"DynamoDB"))
    }

    /// Answers a request for tables.
    pub async fn handle(&self, request: Request<RequestBody>) -> Response<Body> {
        let (mut parts, body) = request.into_parts();
        let body = match read_body(body, REQUEST_BYTES_MAX).await {
            Ok(body) => body,
            Err(BodyError::TooLarge) => {
                let message = "The request is larger than 16 MB.";
                return refused(
                    StatusCode::PAYLOAD_TOO_LARGE,
                    "ValidationException",
                    message,
                );
            }
            Err(BodyError::Broken | BodyError::Slow) => {
                let message = "The rest of the request did not come.";
                return refused(StatusCode::REQUEST_TIMEOUT, "RequestTimeout", message);
            }
        };
        keep_to_be_handed_on(&mut parts.headers);
        parts.version = Version::HTTP_11;
        match self.ask(Request::from_parts(parts, Full::new(body))).await {
            Ok(answer) => answer.map(Body::from),
            Err(cause) => {
                tracing::error!(cause, "a request for tables was not answered");
                let message = "The tables do not answer. See the server's log.";
                let status = StatusCode::INTERNAL_SERVER_ERROR;
                refused(status, "InternalServerError", message)
            }
        }
    }

    /// Once sent, a request is completed, even if its caller no longer waits.
    async fn ask(&self, request: Request<Full<Bytes>>) -> Result<Response<Bytes>, String> {
        let (answer, answered) = oneshot::channel();
        let gone = "the tables are no longer served";
        let asked = Asked { request, answer };
        self.requests.send(asked).await.map_err(|_| gone)?;
        answered.await.map_err(|_| gone)?
    }

    /// Creates a table unless it exists.
    pub async fn deploy(&self, table: &TableResource) -> Result<(), DeployError> {
        let failed = {
            let name = table.name.clone();
            move |cause: String| DeployError::Table {
                name: name.clone(),
                cause,
            }
        };
        let request = serde_json::from_value(table.create_table.clone())
            .map_err(|cause| failed(cause.to_string()))?;
        let (database, name) = (self.database.clone(), table.name.clone());
        let created = tokio::task::spawn_blocking(move || {
            let listed = serde_json::json!({ "TableName": name });
            let describe = serde_json::from_value(listed).expect("a table name is all it takes");
            if database.describe_table(describe).is_ok() {
                return Ok(());
            }
            database
                .create_table(request)
                .map(drop)
                .map_err(|cause| cause.to_string())
        })
        .await;
        match created {
            Ok(result) => result.map_err(failed),
            Err(panicked) => std::panic::resume_unwind(panicked.into_panic()),
        }
    }
}

/// Answers requests in the order of their arrival until the shutdown: handles all that wait, syncs the log once, then
/// sends their answers.
async fn answer_all(
    database: Database,
    log: Log,
    mut asked: mpsc::Receiver<Asked>,
    began: oneshot::Sender<Result<(), String>>,
    shutdown: CancellationToken,
) {
    let mut tables = Connected {
        sender: None,
        database,
        shutdown: shutdown.clone(),
    };
    let connected = tables.connect_anew().await;
    let failed = connected.is_err();
    // The caller that starts the tables may have given up.
    let _ = began.send(connected);
    if failed {
        return;
    }
    loop {
        let mut next = tokio::select! {
            next = asked.recv() => next,
            () = shutdown.cancelled() => return,
        };
        if next.is_none() {
            return;
        }
        let mut answers = Vec::new();
        let mut changed = false;
        while let Some(Asked { request, answer }) = next {
            changed |= !only_reads(&request);
            answers.push((answer, tables.answer(request).await));
            next = if answers.len() < ANSWERS_PER_SYNC {
                asked.try_recv().ok()
            } else {
                None
            };
        }
        // Reads wait for the sync, too: they may have seen the change of another request in this batch.
        let synced = if changed { log.sync() } else { Ok(()) };
        for (asker, answered) in answers {
            let answered = synced.clone().and(answered);
            // The caller may be gone; its request is done all the same.
            let _ = asker.send(answered);
        }
    }
}

/// The only connection to `dynoxide`, reopened when it was closed.
struct Connected {
    sender: Option<SendRequest<Full<Bytes>>>,
    database: Database,
    shutdown: CancellationToken,
}

impl Connected {
    async fn connect_anew(&mut self) -> Result<(), String> {
        self.sender = Some(connect(&self.database, &self.shutdown).await?);
        Ok(())
    }

    async fn answer(&mut self, request: Request<Full<Bytes>>) -> Result<Response<Bytes>, String> {
        let mut usable = None;
        if let Some(mut connected) = self.sender.take()
            && connected.ready().await.is_ok()
        {
            usable = Some(connected);
        }
        let mut connected = match usable {
            Some(connected) => connected,
            // The connection was closed after the last answer.
            None => connect(&self.database, &self.shutdown).await?,
        };
        let answered = send(&mut connected, request).await?;
        self.sender = Some(connected);
        Ok(answered)
    }
}

/// Makes a connection to `dynoxide`. Its port is closed again before this returns.
async fn connect(
    database: &Database,
    shutdown: &CancellationToken,
) -> Result<SendRequest<Full<Bytes>>, String> {
    let listener = TcpListener::bind(("127.0.0.1", 0))
        .await
        .map_err(|cause| error_chain(&cause))?;
    connect_on(listener, database, shutdown).await
}

async fn connect_on(
    listener: TcpListener,
    database: &Database,
    shutdown: &CancellationToken,
) -> Result<SendRequest<Full<Bytes>>, String> {
    let address = listener.local_addr().map_err(|cause| error_chain(&cause))?;
    let until = shutdown.clone();
    let serving = tokio::spawn(dynoxide::server::serve_with_shutdown(
        listener,
        database.clone(),
        async move { until.cancelled().await },
    ));
    let connected = async {
        let stream = TcpStream::connect(address)
            .await
            .map_err(|cause| error_chain(&cause))?;
        stream
            .set_nodelay(true)
            .map_err(|cause| error_chain(&cause))?;
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream))
            .await
            .map_err(|cause| error_chain(&cause))?;
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "the connection to the tables ended");
            }
        });
        let health = Request::get("/").body(Full::default());
        let health = health.expect("the parts are all valid");
        // After this answer, a task of its own serves the connection.
        send(&mut sender, health).await?;
        sender.ready().await.map_err(|cause| error_chain(&cause))?;
        Ok(sender)
    };
    let connected = connected.await;
    serving.abort();
    // `dynoxide` was told to end, or has ended with an error that the connection has shown.
    let _ = serving.await;
    connected
}

async fn send(
    sender: &mut SendRequest<Full<Bytes>>,
    mut request: Request<Full<Bytes>>,
) -> Result<Response<Bytes>, String> {
    let host = hyper::header::HeaderValue::from_static("localhost");
    request.headers_mut().insert(HOST, host);
    let answer = sender
        .send_request(request)
        .await
        .map_err(|cause| error_chain(&cause))?;
    let (mut parts, body) = answer.into_parts();
    let body = body.collect().await.map_err(|cause| error_chain(&cause))?;
    keep_to_be_handed_on(&mut parts.headers);
    Ok(Response::from_parts(parts, body.to_bytes()))
}

fn keep_to_be_handed_on(headers: &mut HeaderMap) {
    for name in NOT_HANDED_ON {
        headers.remove(name);
    }
    let names: Vec<_> = headers.keys().cloned().collect();
    for name in names {
        if name.as_str().starts_with("access-control-") {
            headers.remove(name);
        }
    }
}

/// An error as DynamoDB sends it.
pub(crate) fn refused(status: StatusCode, kind: &str, message: &str) -> Response<Body> {
    let body = serde_json::json!({
        "__type": format!("com.amazonaws.dynamodb.v20120810#{kind}"),
        "message": message,
    });
    Response::builder()
        .status(status)
        .header("content-type", "application/x-amz-json-1.0")
        .body(Body::from(Bytes::from(body.to_string())))
        .expect("the parts are all valid")
}

#[cfg(test)]
mod tests;
