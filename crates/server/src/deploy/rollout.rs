//! One deployment of a stack: checked, tried, decided.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use function_host::{InvocationResult, Runtimes};
use futures_util::future::BoxFuture;
use futures_util::{FutureExt as _, StreamExt as _};
use lambda_api::ErrorCode;
use stack::{FunctionResource, Stack};
use stdx::error_chain;
use tokio::task::spawn_blocking;
use wire::ApiError;

use super::apis::{Bound, faces};
use super::document::{Deployed, Document, Stage, Submitted};
use super::stack::{OPEN_EXECUTIONS_MAX, schedules};
use super::stacks::{Known, StackService, function_name, key_of};
use super::submitted;
use crate::app::App;
use crate::deploy_error::DeployError;
use crate::functions::{FrozenCode, FunctionVersion, PublishStagedError, StagedFunction};
use crate::gateway::Face;

/// Functions that are started at the same time as a trial: interpreters start slowly, and there are few processors.
const STARTED_AT_ONCE: usize = 4;

/// How many times a deployment is decided again because other stacks were changed at the same time.
const DECIDED_MAX: usize = 5;

/// Lines of a function's output that are shown when it does not start.
const OUTPUT_LINES_MAX: usize = 40;

impl StackService {
    /// Deploys a stack. `on` is the stack's revision that the client knows; none for a new stack.
    ///
    /// # Errors
    /// When the stack cannot be deployed. It stays as it was then, unless the store failed: then the answer says that
    /// the result is not known.
    pub async fn deploy(
        &self,
        name: &str,
        submitted: Submitted,
        on: Option<&str>,
    ) -> Result<Deployed, ApiError> {
        let _deploying = self.deploying.lock().await;
        let (ports, before) = {
            let mut known = self.known.lock().await;
            self.read(&mut known).await?;
            self.check(&known, name, &submitted, on)?;
            let before = known.stacks.get(name).cloned();
            (
                ports(&known, name, &submitted.stack, before.as_ref()),
                before,
            )
        };
        let codes = self.codes(&submitted).await?;
        self.prepare_runtimes(&submitted.stack).await?;
        let ground = &self.ground;
        for table in &submitted.stack.tables {
            ground.app.tables.deploy(table).await.map_err(refused)?;
        }
        ground.make_activities(&submitted.stack).await?;
        let companions = ground.create_companions(&submitted.stack).await;
        let stack = companions.map_err(refused)?;
        let (stack, bound) = self.bind(name, stack, &ports).await?;
        let code = submitted.code;
        let mut document = Document::new(Stage::Applying, Submitted { stack, code });
        document.ports = ports;
        document.gone = gone(before.as_ref(), &document.stack);
        let staged = self.stage(&mut document, &codes).map_err(refused)?;
        let registry = &ground.app.registry;
        let grants = &ground.app.access.grants;
        grants.set_new(&document.stack, &registry.home);
        self.try_to_start(&staged).await?;
        let store = ground.app.driver.store();
        let published = registry.publish_staged(store.as_ref(), &staged).await;
        published.map_err(|error| match error {
            PublishStagedError::Store(fault) => fault.into(),
            changed @ PublishStagedError::Changed(_) => {
                conflict(format!("{changed}. Deploy again."))
            }
        })?;
        let deployed = Deployed {
            name: name.to_owned(),
            deployed_at: self.now(),
            document,
        };
        let mut known = self.known.lock().await;
        self.decide(&mut known, deployed, on).await?;
        if let Some(decided) = known.stacks.get(name) {
            grants.set(&decided.document.stack, &registry.home);
        }
        for (face, bound) in bound {
            ground.serve_bound(key_of(name, face.as_ref()), bound, face);
        }
        // The deployment is decided now, and some server will complete it: `follow` tries again after a failure.
        let done = self.finish(&mut known, name).await;
        let installed = self.install(&known).await;
        done.and(installed).map_err(|error| {
            let error = error_chain(&error);
            tracing::error!(stack = name, error, "a deployment that is decided cannot be done yet");
            let message = format!("The deployment is recorded, but cannot be completed yet: {error}. The server keeps trying.");
            ApiError::new(ErrorCode::Service, message)
        })?;
        let deployed = known.stacks.get(name).cloned();
        deployed.ok_or_else(|| conflict(format!("Stack '{name}' was destroyed in the meantime.")))
    }

    /// Records a stack, unless a change of another stack meanwhile conflicts with it.
    async fn decide(
        &self,
        known: &mut Known,
        deployed: Deployed,
        on: Option<&str>,
    ) -> Result<(), ApiError> {
        let name = deployed.name.clone();
        for _ in 0..DECIDED_MAX {
            match self.put(known, deployed.clone()).await {
                Ok(()) => return Ok(()),
                Err(fault) if fault.is_stacks_changed() => {}
                Err(fault) => return Err(fault.into()),
            }
            self.read(known).await?;
            let submitted = Submitted {
                stack: deployed.document.stack.clone(),
                code: deployed.document.code.clone(),
            };
            self.check(known, &name, &submitted, on)?;
            let taken = ports_of_others(known, &name);
            if deployed
                .document
                .ports
                .values()
                .any(|it| taken.contains(it))
            {
                break;
            }
        }
        Err(conflict(
            "Other stacks were changed in the meantime. Nothing was changed; deploy again."
                .to_owned(),
        ))
    }

    /// Checks whether a stack may be deployed on the current stacks.
    pub fn check(
        &self,
        known: &Known,
        name: &str,
        submitted: &Submitted,
        on: Option<&str>,
    ) -> Result<(), ApiError> {
        submitted::check(name, submitted, &self.ground.app.registry.home)?;
        // Their errors must come before anything is changed.
        schedules(&submitted.stack, &BTreeMap::new()).map_err(refused)?;
        faces(&submitted.stack).map_err(refused)?;
        let unreadable = self.unreadable.lock();
        let unreadable = unreadable.unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some(reason) = unreadable.get(name) {
            return Err(conflict(format!("Stack '{name}' cannot be read: {reason}")));
        }
        let before = known.stacks.get(name);
        if before.is_some_and(|it| it.document.stage != Stage::Live) {
            return Err(conflict(format!(
                "Stack '{name}' is being changed. Deploy again in a moment."
            )));
        }
        let is = before.map(|it| it.document.revision.as_str());
        if is != on {
            return Err(ApiError::new(
                ErrorCode::PreconditionFailed,
                format!(
                    "Stack '{name}' was changed in the meantime. Look at the change again, and deploy then."
                ),
            ));
        }
        submitted::check_names(name, &submitted.stack, known.stacks.values())
    }

    /// The code of each function.
    async fn codes(&self, submitted: &Submitted) -> Result<BTreeMap<String, FrozenCode>, ApiError> {
        let mut codes = BTreeMap::new();
        for (id, code) in &submitted.code {
            let Some(frozen) = self.code(code).await? else {
                return Err(ApiError::new(
                    ErrorCode::ResourceNotFound,
                    format!(
                        "The code of '{id}' ({}) is not here: upload it first.",
                        code.sha256
                    ),
                ));
            };
            codes.insert(id.clone(), frozen);
        }
        Ok(codes)
    }

    /// Makes sure that the interpreters are installed. Takes seconds the first time.
    async fn prepare_runtimes(&self, stack: &Stack) -> Result<(), ApiError> {
        let functions = stack.functions.iter();
        let names: BTreeSet<&str> = functions.map(|it| it.runtime.as_str()).collect();
        for name in names.into_iter().filter(|name| Runtimes::is_managed(name)) {
            let (runtimes, name) = (Arc::clone(&self.ground.app.runtimes), name.to_owned());
            let prepared = spawn_blocking(move || runtimes.prepare(&name)).await;
            match prepared {
                Ok(Ok(_)) => {}
                Ok(Err(error)) => return Err(ApiError::invalid_parameter(error_chain(&error))),
                Err(panicked) => std::panic::resume_unwind(panicked.into_panic()),
            }
        }
        Ok(())
    }

    /// Binds the ports of new APIs; returns the stack with the URLs of its APIs.
    async fn bind(
        &self,
        name: &str,
        stack: Stack,
        ports: &BTreeMap<String, usize>,
    ) -> Result<(Stack, Vec<(Arc<dyn Face>, Bound)>), ApiError> {
        let mut urls = BTreeMap::new();
        let mut bound = Vec::new();
        for face in faces(&stack).map_err(refused)? {
            let logical_id = face.logical_id().to_owned();
            let index = ports.get(&logical_id).copied().unwrap_or_default();
            let url = match self.ground.api_url(name, &logical_id) {
                Some(url) => url,
                None => {
                    let port = self.ground.bind(&logical_id, index).map_err(refused)?;
                    let url = port.url.clone();
                    bound.push((face, port));
                    url
                }
            };
            urls.insert(logical_id, url);
        }
        Ok((stack.with_local_urls(&urls), bound))
    }

    /// Stages each function's next version; records the version's number in the document.
    fn stage(
        &self,
        document: &mut Document,
        codes: &BTreeMap<String, FrozenCode>,
    ) -> Result<Vec<StagedFunction>, DeployError> {
        let now = self.now();
        let mut staged = Vec::new();
        for resource in &document.stack.functions {
            let id = &resource.logical_id;
            let code = codes.get(id).ok_or_else(|| DeployError::NoArtifact {
                function: id.clone(),
            })?;
            let name = function_name(&resource.name)?;
            let function = self.ground.app.registry.stage(&name, resource, code, now);
            let version = function.record.version.to_string();
            document.versions.insert(id.clone(), version);
            staged.push(function);
        }
        Ok(staged)
    }

    /// Starts a process of each function that changes.
    ///
    /// # Errors
    /// Lists the functions that do not start, with their output.
    async fn try_to_start(&self, staged: &[StagedFunction]) -> Result<(), ApiError> {
        let changed = staged.iter().filter(|it| it.changes);
        let starts = changed.map(|function| {
            let app = Arc::clone(&self.ground.app);
            let (name, version) = (function.name.clone(), app.registry.staged_version(function));
            let started = async move {
                let started = start(&app, &version).await;
                started.map_err(|problem| format!("Function '{name}' does not start: {problem}"))
            };
            started.boxed()
        });
        let starts: Vec<BoxFuture<'static, Result<(), String>>> = starts.collect();
        let started: Vec<Result<(), String>> = futures_util::stream::iter(starts)
            .buffer_unordered(STARTED_AT_ONCE)
            .collect()
            .await;
        let problems: Vec<String> = started.into_iter().filter_map(Result::err).collect();
        match problems.as_slice() {
            [] => Ok(()),
            problems => Err(ApiError::invalid_parameter(format!(
                "{}\nNothing was changed.",
                problems.join("\n")
            ))),
        }
    }

    /// Removes a stack: its functions once their executions have ended, its APIs and schedules at once.
    ///
    /// # Errors
    /// When there is no such stack, or executions are open and `force` is not set.
    pub async fn destroy(&self, name: &str, force: bool) -> Result<(), ApiError> {
        let _deploying = self.deploying.lock().await;
        let mut known = self.known.lock().await;
        self.read(&mut known).await?;
        let Some(mut deployed) = known.stacks.get(name).cloned() else {
            return Err(no_such_stack(name));
        };
        let open = self.open_executions(&deployed.document.stack).await?;
        let count: usize = open.values().sum();
        if count > 0 && !force {
            let is_cut = open.values().any(|it| *it >= OPEN_EXECUTIONS_MAX);
            let open = match count {
                1 => format!("1 execution of stack '{name}' is open. It"),
                _ if is_cut => {
                    format!("{count} or more executions of stack '{name}' are open. They")
                }
                _ => format!("{count} executions of stack '{name}' are open. They"),
            };
            return Err(ApiError::new(
                ErrorCode::ResourceInUse,
                format!("{open} would run to the end, and nothing new would start (force=true)."),
            ));
        }
        deployed.document.stage = Stage::Destroying;
        deployed.deployed_at = self.now();
        match self.put(&mut known, deployed).await {
            Err(fault) if fault.is_stacks_changed() => {
                return Err(conflict(
                    "Other stacks were changed in the meantime. Try again.".to_owned(),
                ));
            }
            put => put?,
        }
        let installed = self.install(&known).await;
        let removed = self.finish(&mut known, name).await;
        installed.and(removed).map_err(|error| {
            let error = error_chain(&error);
            tracing::error!(stack = name, error, "a stack cannot be removed yet");
            let message = format!("The stack is being removed, but this prevents it for now: {error}. The server keeps trying.");
            ApiError::new(ErrorCode::Service, message)
        })
    }

    /// The number of open executions, by function name.
    pub async fn open_executions(
        &self,
        stack: &Stack,
    ) -> Result<BTreeMap<String, usize>, ApiError> {
        let mut open = BTreeMap::new();
        for function in &stack.functions {
            let counts = self.ground.app.open_executions(&function.name).await?;
            let count = counts.values().sum::<usize>();
            if count > 0 {
                open.insert(function.name.clone(), count);
            }
        }
        Ok(open)
    }
}

/// Starts a process of a function.
///
/// # Errors
/// The reason why it does not start, and its output.
async fn start(app: &App, version: &FunctionVersion) -> Result<(), String> {
    let request_id = app.new_request_id().to_string();
    let started = app.runner.host.start(&version.config, request_id).await;
    let outcome = started.map_err(|error| error_chain(&error))?;
    let InvocationResult::FunctionError(error) = outcome.result else {
        return Ok(());
    };
    let mut problem = format!("{}: {}", error.error_type, message_of(&error.payload));
    let output = String::from_utf8_lossy(&outcome.log_tail).into_owned();
    let lines: Vec<&str> = output.lines().collect();
    for line in &lines[lines.len().saturating_sub(OUTPUT_LINES_MAX)..] {
        problem.push_str("\n    ");
        problem.push_str(line);
    }
    Err(problem)
}

/// The message in a function's error document.
fn message_of(payload: &[u8]) -> String {
    let document: Option<serde_json::Value> = serde_json::from_slice(payload).ok();
    let message = document
        .as_ref()
        .and_then(|it| it.get("errorMessage")?.as_str());
    let whole = || String::from_utf8_lossy(payload).into_owned();
    message.map_or_else(whole, str::to_owned)
}

/// Names of functions that the stack had before, but no longer has.
fn gone(before: Option<&Deployed>, stack: &Stack) -> BTreeSet<String> {
    let is: BTreeSet<&String> = stack.functions.iter().map(|it| &it.name).collect();
    let was = before.map_or(&[][..], |it| &it.document.stack.functions);
    let gone = was.iter().map(|it: &FunctionResource| &it.name);
    gone.filter(|name| !is.contains(name)).cloned().collect()
}

/// The ports of a stack's APIs: their earlier ports, and for new APIs the first free ones.
fn ports(
    known: &Known,
    name: &str,
    stack: &Stack,
    before: Option<&Deployed>,
) -> BTreeMap<String, usize> {
    let had = before
        .map(|it| it.document.ports.clone())
        .unwrap_or_default();
    let mut taken = ports_of_others(known, name);
    let submitted = Submitted {
        stack: stack.clone(),
        code: BTreeMap::new(),
    };
    let document = Document::new(Stage::Applying, submitted);
    let ids: Vec<&String> = document.api_ids().collect();
    taken.extend(ids.iter().filter_map(|id| had.get(*id)));
    let mut ports = BTreeMap::new();
    for id in ids {
        let port = had.get(id).copied().unwrap_or_else(|| {
            let free = (0..).find(|port| !taken.contains(port));
            free.expect("there are more numbers than ports")
        });
        taken.insert(port);
        ports.insert(id.clone(), port);
    }
    ports
}

fn ports_of_others(known: &Known, name: &str) -> BTreeSet<usize> {
    let others = known.stacks.values().filter(|it| it.name != name);
    others
        .flat_map(|it| it.document.ports.values().copied())
        .collect()
}

pub(super) fn conflict(message: String) -> ApiError {
    ApiError::new(ErrorCode::ResourceConflict, message)
}

pub(super) fn no_such_stack(name: &str) -> ApiError {
    ApiError::new(
        ErrorCode::ResourceNotFound,
        format!("Stack not found: {name}"),
    )
}

/// The reason why a deployment is refused, as an API error.
pub(super) fn refused(error: DeployError) -> ApiError {
    match error {
        DeployError::Store(fault) => fault.into(),
        taken @ DeployError::Listen { .. } => conflict(format!(
            "{}. Nothing was changed; start the server with another `--http-api-listen`, or free the port.",
            error_chain(&taken)
        )),
        other => ApiError::invalid_parameter(error_chain(&other)),
    }
}
