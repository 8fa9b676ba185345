//! A server for one test: own data folder, own ports, real function processes.

#![allow(dead_code, reason = "each test file uses its part of this")]
#![allow(clippy::unwrap_used, reason = "a test that cannot set itself up fails")]

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::{HeaderMap, Method, Request};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::Value;
use server::{Artifacts, AuthorizerConfig, Deployment, Elsewhere, Limits, Server, ServerConfig};
use tempfile::TempDir;

/// Longest time that anything may take in a test. Long, because the machine may be busy.
const PATIENCE: Duration = Duration::from_secs(120);

/// How long idle processes are kept where a test does not say.
const IDLE_TIME: Duration = Duration::from_secs(30);

pub struct TestServer {
    server: Server,
    pub deployment: Deployment,
    /// How templates are read for AWS's other services.
    services: stack::OtherServices,
    data_dir: TempDir,
    client: Client<HttpConnector, Full<Bytes>>,
}

/// An answer, read whole.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{error} in {:?}", self.body))
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }

    /// Status, error code and message of an answer.
    pub fn error(&self) -> String {
        let body = self.json();
        let message = body["message"].as_str().unwrap_or_default();
        format!(
            "{} {} {message}",
            self.status,
            self.header("x-amzn-errortype")
        )
    }
}

pub fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")
}

fn load_options(parameters: &[(&str, &str)]) -> stack::LoadOptions {
    let parameters = parameters.iter();
    stack::LoadOptions {
        parameters: parameters
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect(),
        ..stack::LoadOptions::default()
    }
}

/// All functions with their code.
fn artifacts(stack: &stack::Stack) -> Artifacts {
    let functions = stack.functions.iter();
    functions
        .map(|function| (function.logical_id.clone(), function.code_path.clone()))
        .collect()
}

fn config(data_dir: &TempDir, idle_time: Duration, limits: Limits) -> ServerConfig {
    ServerConfig {
        idle_time,
        limits,
        ..ServerConfig::local(data_dir.path())
    }
}

/// The configuration of a server on loopback.
pub fn bare_config(data_dir: &TempDir) -> ServerConfig {
    config(data_dir, IDLE_TIME, Limits::AWS)
}

impl TestServer {
    pub async fn start() -> Self {
        Self::start_in(tempfile::tempdir().unwrap(), IDLE_TIME).await
    }

    /// A server whose idle function processes end soon.
    pub async fn start_with_idle_time(idle_time: Duration) -> Self {
        Self::start_in(tempfile::tempdir().unwrap(), idle_time).await
    }

    /// Stops the server; returns its data folder for [`TestServer::start_on`].
    pub async fn stop(self) -> TempDir {
        let Self {
            server, data_dir, ..
        } = self;
        server.shut_down().await.unwrap();
        data_dir
    }

    /// A server on the data of an earlier one.
    pub async fn start_on(data_dir: TempDir) -> Self {
        Self::start_in(data_dir, IDLE_TIME).await
    }

    pub async fn start_with_limits(limits: Limits) -> Self {
        let options = stack::LoadOptions::default();
        Self::start_stack(
            tempfile::tempdir().unwrap(),
            IDLE_TIME,
            "template.yaml",
            &options,
            limits,
        )
        .await
    }

    /// A server with another template of the fixtures, and values for its parameters.
    pub async fn start_with_template(template: &str, parameters: &[(&str, &str)]) -> Self {
        let data_dir = tempfile::tempdir().unwrap();
        Self::start_again_with_template(data_dir, template, parameters).await
    }

    /// As [`TestServer::start_with_template`], on the data of a stopped server.
    pub async fn start_again_with_template(
        data_dir: TempDir,
        template: &str,
        parameters: &[(&str, &str)],
    ) -> Self {
        let options = load_options(parameters);
        Self::start_stack(data_dir, IDLE_TIME, template, &options, Limits::AWS).await
    }

    /// As [`TestServer::start_with_template`], with settings for authorizers.
    pub async fn start_with_authorizers(
        template: &str,
        parameters: &[(&str, &str)],
        authorizers: AuthorizerConfig,
    ) -> Self {
        let data_dir = tempfile::tempdir().unwrap();
        let options = load_options(parameters);
        let config = ServerConfig {
            authorizers,
            ..config(&data_dir, IDLE_TIME, Limits::AWS)
        };
        Self::start_configured(data_dir, config, template, &options).await
    }

    /// A server with a clock that can be moved.
    pub async fn start_with_clock(clock: server::ClockMode) -> Self {
        Self::start_with_clock_on(tempfile::tempdir().unwrap(), clock).await
    }

    /// As [`TestServer::start_with_clock`], on the data of an earlier server.
    pub async fn start_with_clock_on(data_dir: TempDir, clock: server::ClockMode) -> Self {
        Self::start_with_answers_on(data_dir, clock, None).await
    }

    /// As [`TestServer::start_with_clock_on`], with rules for answers.
    pub async fn start_with_answers_on(
        data_dir: TempDir,
        clock: server::ClockMode,
        answers: Option<Value>,
    ) -> Self {
        let config = ServerConfig {
            clock,
            answers,
            ..config(&data_dir, IDLE_TIME, Limits::AWS)
        };
        let options = stack::LoadOptions::default();
        Self::start_configured(data_dir, config, "clock.yaml", &options).await
    }

    /// As [`TestServer::start_with_template`], with an emulator of AWS's other services at this URL.
    pub async fn start_with_emulator(
        template: &str,
        parameters: &[(&str, &str)],
        url: &str,
    ) -> Self {
        let data_dir = tempfile::tempdir().unwrap();
        let options = stack::LoadOptions {
            services: stack::OtherServices::Emulator,
            ..load_options(parameters)
        };
        let config = ServerConfig {
            elsewhere: Elsewhere::Emulator(url.parse().unwrap()),
            ..config(&data_dir, IDLE_TIME, Limits::AWS)
        };
        Self::start_configured(data_dir, config, template, &options).await
    }

    /// A server that refuses unsigned requests, and two access keys: one that may do everything, and one with these
    /// policies.
    pub async fn start_enforced(
        template: &str,
        policies: Vec<Value>,
        limits: server::AccessLimits,
    ) -> (Self, server::KeyWithSecret, server::KeyWithSecret) {
        let data_dir = tempfile::tempdir().unwrap();
        let now = model::Timestamp::from_millis(1_790_000_000_000);
        let keys = server::OfflineKeys::open(data_dir.path(), None, "user test".to_owned(), now);
        let keys = keys.await.unwrap();
        let admin = keys
            .create("admin", vec!["admin".into()], now)
            .await
            .unwrap();
        let other = keys.create("other", policies, now).await.unwrap();
        keys.close().await.unwrap();
        let config = ServerConfig {
            access: server::AccessConfig {
                enforce_policies: true,
                limits,
                ..server::AccessConfig::default()
            },
            ..config(&data_dir, IDLE_TIME, Limits::AWS)
        };
        let options = load_options(&[]);
        let server = Self::start_configured(data_dir, config, template, &options).await;
        (server, admin, other)
    }

    /// Deploys a template again; `left_out` are functions without code, with the reason.
    pub async fn deploy_template(
        &mut self,
        template: &str,
        parameters: &[(&str, &str)],
        left_out: &[(&str, &str)],
    ) {
        let options = stack::LoadOptions {
            services: self.services,
            ..load_options(parameters)
        };
        let stack = stack::load(&fixtures().join(template), &options).unwrap();
        let mut artifacts = artifacts(&stack);
        for (id, reason) in left_out {
            artifacts.folders.remove(*id);
            artifacts
                .left_out
                .insert((*id).to_owned(), (*reason).to_owned());
        }
        self.deployment = self.server.deploy(&stack, &artifacts).await.unwrap();
    }

    async fn start_in(data_dir: TempDir, idle_time: Duration) -> Self {
        let options = stack::LoadOptions::default();
        Self::start_stack(data_dir, idle_time, "template.yaml", &options, Limits::AWS).await
    }

    async fn start_stack(
        data_dir: TempDir,
        idle_time: Duration,
        template: &str,
        options: &stack::LoadOptions,
        limits: Limits,
    ) -> Self {
        let config = config(&data_dir, idle_time, limits);
        Self::start_configured(data_dir, config, template, options).await
    }

    async fn start_configured(
        data_dir: TempDir,
        config: ServerConfig,
        template: &str,
        options: &stack::LoadOptions,
    ) -> Self {
        let server = Server::start(config).await.unwrap();
        let stack = stack::load(&fixtures().join(template), options)
            .unwrap_or_else(|error| panic!("{error:?}"));
        let artifacts = artifacts(&stack);
        let deployment = server.deploy(&stack, &artifacts).await.unwrap();
        let client = Client::builder(TokioExecutor::new()).build_http();
        Self {
            server,
            deployment,
            services: options.services,
            data_dir,
            client,
        }
    }

    /// Stops the server and starts one on the same data.
    pub async fn restart(self) -> Self {
        let Self {
            server, data_dir, ..
        } = self;
        server.shut_down().await.unwrap();
        Self::start_in(data_dir, IDLE_TIME).await
    }

    /// As [`TestServer::restart`], with a change to the data folder in between.
    pub async fn restart_after(self, meanwhile: impl FnOnce(&Path)) -> Self {
        let Self {
            server, data_dir, ..
        } = self;
        server.shut_down().await.unwrap();
        meanwhile(data_dir.path());
        Self::start_in(data_dir, IDLE_TIME).await
    }

    pub fn data_dir(&self) -> &Path {
        self.data_dir.path()
    }

    /// Deploys the template again, with other code for one function.
    pub async fn deploy_code(&self, function: &str, code: &Path) -> Deployment {
        let options = stack::LoadOptions::default();
        let stack = stack::load(&fixtures().join("template.yaml"), &options).unwrap();
        let artifacts = stack.functions.iter().map(|resource| {
            let own = resource.logical_id == function;
            let path = if own { code } else { &resource.code_path };
            (resource.logical_id.clone(), path.to_owned())
        });
        let artifacts = artifacts.collect();
        self.server.deploy(&stack, &artifacts).await.unwrap()
    }

    pub fn endpoint(&self) -> String {
        self.server.endpoint()
    }

    pub async fn send(
        &self,
        method: Method,
        url: &str,
        headers: &[(&str, &str)],
        body: impl Into<Bytes>,
    ) -> Answer {
        let mut request = Request::builder().method(method).uri(url);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.send_request(request, body).await
    }

    /// Sends a builder's request; for headers that are not text.
    pub async fn send_request(
        &self,
        request: hyper::http::request::Builder,
        body: impl Into<Bytes>,
    ) -> Answer {
        let request = request.body(Full::new(body.into())).unwrap();
        answer_to(&self.client, request).await
    }

    /// A synchronous invocation that outlives this server.
    pub fn waiting_invocation(
        &self,
        function: &str,
        body: &'static str,
    ) -> tokio::task::JoinHandle<Answer> {
        let endpoint = self.endpoint();
        let url = format!("{endpoint}/2015-03-31/functions/{function}/invocations");
        let request = Request::post(url).body(Full::new(body.into())).unwrap();
        let client = self.client.clone();
        tokio::spawn(async move { answer_to(&client, request).await })
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, &(self.endpoint() + path), &[], "")
            .await
    }

    /// Opens a response that does not end.
    pub async fn open(&self, path: &str) -> hyper::Response<hyper::body::Incoming> {
        let request = Request::get(self.endpoint() + path);
        self.open_request(request, "").await
    }

    /// As above, for any request.
    pub async fn open_request(
        &self,
        request: hyper::http::request::Builder,
        body: impl Into<Bytes>,
    ) -> hyper::Response<hyper::body::Incoming> {
        let request = request.body(Full::new(body.into())).unwrap();
        self.client.request(request).await.unwrap()
    }

    pub async fn post(&self, path: &str, body: impl Into<Bytes>) -> Answer {
        self.send(Method::POST, &(self.endpoint() + path), &[], body)
            .await
    }

    pub async fn delete(&self, path: &str) -> Answer {
        self.send(Method::DELETE, &(self.endpoint() + path), &[], "")
            .await
    }

    pub async fn invoke(&self, function: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        let url = format!(
            "{}/2015-03-31/functions/{function}/invocations",
            self.endpoint()
        );
        self.send(Method::POST, &url, headers, body.to_owned())
            .await
    }

    /// Starts an execution of the durable function; returns its ARN, percent-encoded for paths.
    pub async fn begin(&self, input: &str) -> String {
        let event = [("x-amz-invocation-type", "Event")];
        let answer = self.invoke("Durable:live", &event, input).await;
        assert_eq!(answer.status, 202, "{answer:?}");
        encode(answer.header("x-amz-durable-execution-arn"))
    }

    pub async fn execution(&self, arn: &str) -> Value {
        self.get(&format!("/2025-12-01/durable-executions/{arn}"))
            .await
            .json()
    }

    /// The history, one line an event: `3 StepSucceeded step-1`.
    pub async fn history(&self, arn: &str) -> Vec<String> {
        let path = format!("/2025-12-01/durable-executions/{arn}/history?MaxItems=1000");
        let history = self.get(&path).await.json();
        let events = history["Events"].as_array().unwrap();
        events
            .iter()
            .map(|event| {
                let name = event["Name"].as_str().unwrap_or_default();
                let name = if name.len() == 36 { "" } else { name };
                let text = format!("{} {} {name}", event["EventId"], event["EventType"]);
                text.replace('"', "").trim().to_owned()
            })
            .collect()
    }

    /// Waits until the execution has this status.
    pub async fn until_status(&self, arn: &str, status: &str) -> Value {
        self.until(&format!("the execution is {status}"), async || {
            let execution = self.execution(arn).await;
            let reached = execution["Status"] == status;
            if reached {
                Ok(execution)
            } else {
                Err(execution.to_string())
            }
        })
        .await
    }

    /// Waits until the history has an event of this type, and returns it.
    pub async fn until_event(&self, arn: &str, event_type: &str) -> Value {
        self.until(event_type, async || {
            let path = format!("/2025-12-01/durable-executions/{arn}/history?MaxItems=1000");
            let history = self.get(&path).await.json();
            let events = history["Events"].as_array().cloned().unwrap_or_default();
            let found = events
                .into_iter()
                .find(|event| event["EventType"] == event_type);
            found.ok_or_else(|| history.to_string())
        })
        .await
    }

    /// As [`until`].
    pub async fn until<T>(&self, what: &str, look: impl AsyncFnMut() -> Result<T, String>) -> T {
        until(what, look).await
    }
}

/// Polls until a condition holds; a failure shows the last observation.
pub async fn until<T>(what: &str, mut look: impl AsyncFnMut() -> Result<T, String>) -> T {
    let begun = Instant::now();
    loop {
        match look().await {
            Ok(found) => return found,
            Err(seen) if begun.elapsed() > PATIENCE => {
                panic!("waited {PATIENCE:?} until {what}; last seen: {seen}")
            }
            Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
        }
    }
}

async fn answer_to(
    client: &Client<HttpConnector, Full<Bytes>>,
    request: Request<Full<Bytes>>,
) -> Answer {
    let answer = client.request(request).await.unwrap();
    let (parts, body) = answer.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    Answer {
        status: parts.status.as_u16(),
        headers: parts.headers,
        body,
    }
}

/// Percent-encodes as AWS's clients do.
pub fn encode(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
}
