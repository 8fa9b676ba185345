//! Stacks that are deployed over the API, and the tasks that keep them as recorded.
//!
//! A deployment proceeds from the harmless to the visible. Tables, code and published versions come first, and nothing
//! uses them yet. Then each changed function is started as a trial. Then one write records the stack, which decides it.
//! Everything after that only makes the functions match the record, and a server that finds an unfinished record
//! completes it: this server at its next start, or another one that shares the store. So a crash leaves either the old or
//! the new stack.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use model::{FunctionName, Timestamp, Version};
use stdx::error_chain;
use store::{Stacks, StacksRevision, StoreFault};
use tokio_util::sync::CancellationToken;

use super::apis::faces;
use super::companion::queues;
use super::document::{Code, Deployed, Stage};
use super::ground::Ground;
use super::stack::schedules;
use super::upload::Uploads;
use crate::api::Draining;
use crate::deploy_error::DeployError;
use crate::functions::{Depth, FrozenCode};
use crate::gateway::Face;
use crate::http::refusal;
use crate::server::Server;
use wire::ApiError;

/// How often to check whether another server has changed a stack: a change is seen everywhere within a second.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// How long another server may take to complete its own deployment, before this one completes it.
const OTHERS_WITHIN: Duration = Duration::from_secs(10);

/// Deploys and serves stacks, see the module.
pub(super) struct StackService {
    pub ground: Ground,
    pub store: Arc<dyn Stacks>,
    /// Locked during a whole deployment: this server runs one at a time.
    pub deploying: tokio::sync::Mutex<()>,
    /// Locked while the stored stacks are read or changed.
    pub known: tokio::sync::Mutex<Known>,
    pub uploads: Uploads,
    /// Stacks that cannot be read, by name, with the reason: logged once, and never replaced.
    pub unreadable: Mutex<BTreeMap<String, String>>,
}

/// The stacks when they were last read or changed.
#[derive(Debug, Default)]
pub(super) struct Known {
    pub revision: StacksRevision,
    pub stacks: BTreeMap<String, Deployed>,
    /// Whether this server does not serve all of them yet, because that failed.
    is_behind: bool,
}

impl Server {
    /// Serves the stacks that were deployed over the API, and accepts further deployments. Without this call, the API
    /// answers that there is nothing to deploy to.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn serve_stacks(&self) -> Result<(), StoreFault> {
        let service = Arc::new(StackService {
            ground: Ground::of(self),
            store: Arc::clone(&self.stacks),
            deploying: tokio::sync::Mutex::default(),
            known: tokio::sync::Mutex::default(),
            uploads: Uploads::default(),
            unreadable: Mutex::default(),
        });
        {
            let mut known = service.known.lock().await;
            service.read(&mut known).await?;
            // Completes what a crash interrupted, before the first request; failures are tried again.
            service.catch_up(&mut known, Duration::ZERO).await;
        }
        // The server's task owns the service: this handler must not keep it alive.
        let weak = Arc::downgrade(&service);
        let handle: crate::app::StackRequests = Box::new(move |request| {
            let service = weak.upgrade();
            Box::pin(async move {
                match service {
                    Some(service) => service.handle(request).await,
                    None => refusal(ApiError::shutting_down("The service is shutting down.")),
                }
            })
        });
        if self.app.stacks.set(handle).is_err() {
            tracing::error!("stacks are served already");
            return Ok(());
        }
        let shutdown = self.shutdown.clone();
        self.tasks
            .spawn(async move { service.follow(shutdown).await });
        Ok(())
    }
}

impl StackService {
    /// Loads other servers' changes, and completes unfinished deployments, until the shutdown.
    async fn follow(&self, shutdown: CancellationToken) {
        let clock = Arc::clone(self.ground.app.driver.clock());
        loop {
            tokio::select! {
                () = shutdown.cancelled() => return,
                () = clock.sleep(LOOK_EVERY) => {}
            }
            if let Err(fault) = self.look().await {
                let error = error_chain(&fault);
                tracing::error!(
                    error,
                    "failed to read which stacks are deployed; trying again"
                );
            }
        }
    }

    async fn look(&self) -> Result<(), StoreFault> {
        let mut known = self.known.lock().await;
        if self.ground.app.cluster.is_some()
            && self.store.stacks_revision().await? != known.revision
        {
            self.read(&mut known).await?;
        }
        self.catch_up(&mut known, OTHERS_WITHIN).await;
        Ok(())
    }

    /// Reads the stored stacks.
    pub async fn read(&self, known: &mut Known) -> Result<(), StoreFault> {
        let list = self.store.stacks().await?;
        let mut stacks = BTreeMap::new();
        let mut unreadable = BTreeMap::new();
        for record in &list.stacks {
            match Deployed::read(record) {
                Ok(deployed) => {
                    stacks.insert(record.name.clone(), deployed);
                }
                Err(error) => {
                    unreadable.insert(record.name.clone(), error_chain(&error));
                }
            }
        }
        {
            let mut said = self
                .unreadable
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            for (stack, error) in unreadable
                .iter()
                .filter(|(name, _)| !said.contains_key(*name))
            {
                tracing::error!(
                    stack,
                    error,
                    "a stored stack cannot be read: it is not served"
                );
            }
            *said = unreadable;
        }
        known.is_behind |= known.revision != list.revision;
        known.revision = list.revision;
        known.stacks = stacks;
        Ok(())
    }

    /// Serves the known stacks, and completes deployments that are older than `others_within`. Failures are logged, and
    /// tried again at the next look.
    pub async fn catch_up(&self, known: &mut Known, others_within: Duration) {
        if known.is_behind {
            match self.install(known).await {
                Ok(()) => known.is_behind = false,
                Err(error) => {
                    let error = error_chain(&error);
                    tracing::error!(
                        error,
                        "a stack cannot be served as it was deployed; trying again"
                    );
                }
            }
        }
        let now = self.ground.app.driver.now();
        let undone = known
            .stacks
            .values()
            .filter(|it| it.document.stage != Stage::Live && it.deployed_at + others_within <= now);
        let undone: Vec<String> = undone.map(|it| it.name.clone()).collect();
        for name in undone {
            if let Err(error) = self.finish(known, &name).await {
                let error = error_chain(&error);
                tracing::error!(
                    stack = name,
                    error,
                    "what was decided about a stack cannot be done; trying again"
                );
            }
        }
    }

    /// Serves those parts of the stacks that are not in the catalogue: APIs, schedules, grants.
    pub async fn install(&self, known: &Known) -> Result<(), DeployError> {
        let ground = &self.ground;
        let app = &ground.app;
        if app.cluster.is_some() {
            // Functions before the APIs and schedules that invoke them.
            let store = app.driver.store();
            app.registry.refresh(store.as_ref(), None).await?;
        }
        let served = || {
            let all = known.stacks.values();
            all.filter(|it| it.document.stage != Stage::Destroying)
        };
        let mut planned = Vec::new();
        let mut companions = Vec::new();
        let named = served().flat_map(|it| &it.document.stack.functions);
        let named = named.map(|it| it.name.as_str()).collect();
        app.access.grants.keep(&named);
        for Deployed { document, .. } in served() {
            app.access.grants.set(&document.stack, &app.registry.home);
            planned.extend(schedules(&document.stack, &BTreeMap::new())?);
            companions.extend(document.stack.companions.iter().cloned());
        }
        let functions = served().flat_map(|it| &it.document.stack.functions);
        app.diagnostics.set_in_templates(functions);
        if app.aws.emulator().is_none() {
            let (home, now) = (&app.registry.home, app.driver.now());
            app.other_services.set_own(&companions, home, now);
        }
        ground.plan(planned).await?;
        let mut kept = BTreeSet::new();
        let mut failed = None;
        for deployed in served() {
            for face in faces(&deployed.document.stack)? {
                let key = (deployed.name.clone(), face.logical_id().to_owned());
                kept.insert(key.clone());
                let index = deployed.document.ports.get(&key.1).copied();
                let index = index.unwrap_or_default();
                // One taken port must not prevent the others from being served.
                if let Err(error) = ground.serve_api(&key.0, index, face).await {
                    failed = Some(error);
                }
            }
        }
        ground.keep_apis(&kept);
        failed.map_or(Ok(()), Err)
    }

    /// Completes a recorded deployment or removal. May be repeated.
    pub async fn finish(&self, known: &mut Known, name: &str) -> Result<(), DeployError> {
        let Some(deployed) = known.stacks.get(name).cloned() else {
            return Ok(());
        };
        match deployed.document.stage {
            Stage::Live => Ok(()),
            Stage::Applying => self.apply(known, deployed).await,
            Stage::Destroying => self.remove(known, deployed).await,
        }
    }

    async fn apply(&self, known: &mut Known, mut deployed: Deployed) -> Result<(), DeployError> {
        let app = &self.ground.app;
        let (store, now) = (app.driver.store(), app.driver.now());
        let document = &mut deployed.document;
        for resource in &document.stack.functions {
            let id = &resource.logical_id;
            let name = function_name(&resource.name)?;
            let no_code = || DeployError::NoArtifact {
                function: id.clone(),
            };
            let code = document.code.get(id).ok_or_else(no_code)?;
            let code = self.code(code).await?.ok_or_else(no_code)?;
            let version = document.versions.get(id).and_then(|it| it.parse().ok());
            let version = version.unwrap_or(Version::Latest);
            app.registry
                .apply_staged(store.as_ref(), &name, resource, &code, &version, now)
                .await?;
        }
        self.read_queues(known).await?;
        self.remove_functions(&document.gone).await?;
        document.gone.clear();
        document.stage = Stage::Live;
        self.put(known, deployed).await?;
        app.upkeep.notify_one();
        Ok(())
    }

    async fn remove(&self, known: &mut Known, deployed: Deployed) -> Result<(), DeployError> {
        self.read_queues(known).await?;
        let functions = deployed.document.stack.functions.iter();
        let functions = functions.map(|it| it.name.clone());
        let functions = functions.chain(deployed.document.gone.iter().cloned());
        self.remove_functions(&functions.collect()).await?;
        self.store
            .delete_stack(&deployed.name, known.revision)
            .await?;
        known.revision = known.revision.next();
        known.stacks.remove(&deployed.name);
        Ok(())
    }

    /// Stores a stack.
    pub async fn put(&self, known: &mut Known, deployed: Deployed) -> Result<(), StoreFault> {
        self.store
            .put_stack(deployed.record(), known.revision)
            .await?;
        known.revision = known.revision.next();
        known.stacks.insert(deployed.name.clone(), deployed);
        Ok(())
    }

    async fn read_queues(&self, known: &Known) -> Result<(), DeployError> {
        let mut by_function = BTreeMap::new();
        for deployed in known.stacks.values() {
            if deployed.document.stage != Stage::Destroying {
                let queues = queues(&deployed.document.stack, &BTreeMap::new())?;
                by_function.extend(queues.by_function);
            }
        }
        self.ground.read_queues(&by_function).await
    }

    /// Removes functions once their executions have ended; they start no new ones from now on.
    async fn remove_functions(&self, names: &BTreeSet<String>) -> Result<(), DeployError> {
        let app = &self.ground.app;
        for name in names {
            let function = function_name(name)?;
            if app.registry.version(&function, &Version::Latest).is_none()
                && app.registry.newest(&function).is_none()
            {
                continue;
            }
            {
                let store = app.driver.store();
                let changes = app.registry.changes(store.as_ref(), app.driver.now()).await;
                let mut settings = app.registry.settings(&function).as_ref().clone();
                settings.deleting = true;
                changes.put_settings(&function, settings).await?;
            }
            let draining = Draining {
                function,
                version: None,
            };
            if app.try_delete(&draining).await?.is_some() {
                app.drain(draining);
            }
        }
        Ok(())
    }

    /// Uploaded code, from this server or another one. Damaged code that cannot be mended here counts as missing: a new
    /// upload mends it.
    pub async fn code(&self, code: &Code) -> Result<Option<FrozenCode>, StoreFault> {
        let registry = &self.ground.app.registry;
        if registry.code_named(&code.sha256, code.bytes).is_none() {
            registry.fetch_archive(&code.sha256).await?;
        }
        let Some(frozen) = registry.code_named(&code.sha256, code.bytes) else {
            return Ok(None);
        };
        let (store, dir) = (Arc::clone(&registry.code), frozen.dir.clone());
        let looking = tokio::task::spawn_blocking(move || {
            store.check(&dir, Depth::Sizes);
            store.damage(&dir)
        });
        let damage = match looking.await {
            Ok(damage) => damage,
            Err(panicked) => std::panic::resume_unwind(panicked.into_panic()),
        };
        if damage.is_some() {
            return Ok(None);
        }
        // Marks its archive as used, for the deployment that this client plans.
        registry.share_code(&frozen.dir).await?;
        Ok(Some(frozen))
    }

    pub fn now(&self) -> Timestamp {
        self.ground.app.driver.now()
    }
}

/// # Errors
/// When AWS would refuse it.
pub(super) fn function_name(name: &str) -> Result<FunctionName, DeployError> {
    FunctionName::parse(name).map_err(|cause| DeployError::FunctionName { cause })
}

/// The key of an API.
pub(super) fn key_of(stack: &str, face: &dyn Face) -> (String, String) {
    (stack.to_owned(), face.logical_id().to_owned())
}
