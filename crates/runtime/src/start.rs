//! Starting executions, once per name.

use std::sync::Arc;

use engine::Execution;
use model::{ExecutionArn, ExecutionId, ExecutionName, ExecutionSpec, FunctionName, RequestId};
use store::{CommitError, ExecutionRecord, StoreFault};

use crate::process::Settled;
use crate::to_the_end::ToTheEnd;
use crate::{Driver, StartError, StartRequest, Started};

impl Driver {
    /// A fresh id for an execution.
    pub fn new_execution_id(&self) -> ExecutionId {
        let now = self.inner.clock.now();
        let mut chance = self.inner.seeds.chance();
        match self.inner.territory.any(&self.inner.seeds) {
            Some(shard) => chance.execution_id_in(now, shard),
            None => chance.execution_id(now),
        }
    }

    /// A fresh id for an execution that another one starts: the same server drives both.
    pub fn new_execution_id_beside(&self, other: &ExecutionId) -> ExecutionId {
        let now = self.inner.clock.now();
        let mut chance = self.inner.seeds.chance();
        chance.execution_id_in(now, other.shard())
    }

    /// A fresh id for an accepted invocation of a plain function, which is driven here.
    pub fn new_accepted_id(&self) -> RequestId {
        let mut chance = self.inner.seeds.chance();
        match self.inner.territory.any(&self.inner.seeds) {
            Some(shard) => chance.request_id_in(shard),
            None => chance.request_id(),
        }
    }

    /// Starts an execution; when this returns `Ok`, it is durable. Cancel safe.
    ///
    /// # Errors
    /// [`StartError::AlreadyStarted`] when the name is in use with another input or version.
    pub async fn start(&self, request: StartRequest) -> Result<Started, StartError> {
        if self.inner.tasks.is_closed() {
            return Err(StartError::ShuttingDown);
        }
        let driver = self.clone();
        let at_work = self.inner.clock.work();
        let work = async move {
            let _at_work = at_work;
            driver.start_here(request).await
        };
        ToTheEnd::of(&self.inner.tasks, work).await
    }

    pub(crate) async fn start_here(&self, request: StartRequest) -> Result<Started, StartError> {
        let spec = self.spec(request);
        let (function, name) = (spec.arn.function.name.clone(), spec.arn.name.clone());
        let (input, version) = (spec.input.clone(), spec.arn.version.clone());
        // The slot is locked before the commit, so that no checkpoint of the first invocation can
        // find the execution missing from memory and load it a second time.
        let lease = self.inner.residents.lease(&spec.arn.id);
        let mut resident = lease.slot.execution.lock().await;
        let transition = Arc::new(engine::start(spec, self.inner.context(&lease.id)));
        match self.inner.store.commit(Arc::clone(&transition)).await {
            Ok(()) => {
                let execution = resident.insert(Execution::create(&transition));
                self.committed(execution, &transition);
                Ok(Started::New(transition.spec.arn.clone()))
            }
            Err(CommitError::Fault(fault)) => {
                match self.settle(&mut resident, &transition, fault).await {
                    Settled::Committed => Ok(Started::New(transition.spec.arn.clone())),
                    Settled::NotCommitted(fault) => Err(fault.into()),
                    Settled::Unknown(fault) => {
                        let id = transition.spec.arn.id.clone();
                        self.settle_later(self.inner.residents.lease(&id), id);
                        Err(fault.into())
                    }
                }
            }
            Err(CommitError::NameTaken(_) | CommitError::VersionConflict(_)) => {
                let existing = self.find_by_name(&function, &name).await?;
                let existing = existing.ok_or_else(|| vanished(&name))?;
                let same = existing.spec.input == input && existing.spec.arn.version == version;
                if same {
                    return Ok(Started::Existing(Box::new(existing)));
                }
                Err(StartError::AlreadyStarted(Box::new(
                    existing.spec.arn.clone(),
                )))
            }
        }
    }

    /// The execution of this function with this name; `None` also when it is removed meanwhile.
    async fn find_by_name(
        &self,
        function: &FunctionName,
        name: &ExecutionName,
    ) -> Result<Option<ExecutionRecord>, StoreFault> {
        let store = &self.inner.store;
        match store.head_by_name(function, name).await? {
            Some(head) => store.record(&head.arn.id).await,
            None => Ok(None),
        }
    }

    fn spec(&self, request: StartRequest) -> ExecutionSpec {
        let id = request.id.unwrap_or_else(|| self.new_execution_id());
        let name = request.name.unwrap_or_else(|| {
            ExecutionName::parse(id.as_str()).expect("the alphabets of ids and names are the same")
        });
        ExecutionSpec {
            arn: ExecutionArn {
                function: request.function,
                version: request.version,
                name,
                id,
            },
            started_at: self.inner.clock.now(),
            input: request.input,
            execution_timeout_seconds: request.execution_timeout_seconds,
            retention_days: request.retention_days,
            result_bytes_max: request.result_bytes_max,
            trace_header: request.trace_header,
            tenant_id: request.tenant_id,
            trigger: request.trigger,
        }
    }
}

/// Between the refusal and the look-up the other execution was removed: the caller may try again.
fn vanished(name: &ExecutionName) -> StoreFault {
    StoreFault::new(
        format!("start execution `{name}`"),
        true,
        "the execution that had this name was removed meanwhile",
    )
}
