//! One execution and everything around it: a store, a clock, and the tokens that a function holds.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::sync::Arc;

use engine::{
    Answer, Chance, Context, Effect, Execution, Input, InvocationOutcome, Output, Rejection,
    Transition, apply, checkpoint_token, start,
};
use model::{
    CallbackId, CheckpointToken, ClientToken, Event, ExecutionArn, ExecutionId, ExecutionName,
    ExecutionSpec, FunctionArn, FunctionName, Invocation, Limits, Operation, OperationDetails,
    OperationId, Owner, RequestId, Timestamp, Trigger, Version,
};

use crate::invariants;
use crate::text::{self, EPOCH, time};

/// The log so far, line by line: outlives a world that panics.
pub type Log = Rc<RefCell<Vec<String>>>;

pub struct World {
    pub execution: Execution,
    /// As a store would hold them: new ones appended, known ones replaced.
    pub stored: Vec<Arc<Operation>>,
    places: BTreeMap<OperationId, usize>,
    pub events: Vec<Event>,
    pub now: Timestamp,
    pub limits: Limits,
    pub log: Log,
    /// The token that the running invocation has to present next; `None` when it must not.
    pub live_token: Option<CheckpointToken>,
    /// Every token ever given, oldest first.
    pub tokens: Vec<CheckpointToken>,
    /// The tokens of the checkpoint that may be repeated.
    pub repeatable: Option<(CheckpointToken, ClientToken)>,
    /// Every request id ever given, oldest first.
    pub request_ids: Vec<RequestId>,
    /// Changes by the service that the function was not told of: a second opinion on
    /// `untold_operations`.
    pub untold: BTreeSet<OperationId>,
    /// Changes that it was told of and may forget by failing: a second opinion on `unsettled_operations`.
    pub told: BTreeSet<OperationId>,
    pub removed: bool,
    spec: ExecutionSpec,
    accepted: Vec<(Input, Timestamp, Chance)>,
    draws: u64,
}

/// The run of the server, in a world with one.
pub const OWNER: Owner = Owner(1);

pub fn spec() -> ExecutionSpec {
    ExecutionSpec {
        arn: ExecutionArn {
            function: FunctionArn {
                partition: "aws".into(),
                region: "us-east-1".into(),
                account_id: "000000000000".into(),
                name: FunctionName::parse("Loan").expect("a valid name"),
            },
            version: Version::Published(1),
            name: ExecutionName::parse("order-1").expect("a valid name"),
            id: ExecutionId::parse("execution-1").expect("a valid id"),
        },
        started_at: EPOCH,
        input: Some("{}".into()),
        execution_timeout_seconds: 3600,
        retention_days: 1,
        result_bytes_max: 1000,
        trace_header: None,
        tenant_id: None,
        trigger: Trigger::Invoke,
    }
}

impl World {
    pub fn start(spec: ExecutionSpec, limits: Limits, log: Log) -> Self {
        let context = Context {
            now: spec.started_at,
            chance: Chance::new(0, 0),
            limits: &limits,
            owner: OWNER,
        };
        let transition = start(spec.clone(), context);
        assert_eq!(transition.from_version, 0, "a start creates");
        let mut world = Self {
            execution: Execution::create(&transition),
            stored: Vec::new(),
            places: BTreeMap::new(),
            events: Vec::new(),
            now: spec.started_at,
            limits,
            log,
            live_token: None,
            tokens: Vec::new(),
            repeatable: None,
            request_ids: Vec::new(),
            untold: BTreeSet::new(),
            told: BTreeSet::new(),
            removed: false,
            spec,
            accepted: Vec::new(),
            draws: 0,
        };
        world.record(&transition);
        world.act(&transition.effects);
        invariants::check_state(&world);
        world
    }

    pub fn say(&self, line: impl AsRef<str>) {
        let line = format!("{} - {}", time(self.now), line.as_ref());
        self.log.borrow_mut().push(line);
    }

    /// Gives the engine an input; commits and absorbs the transition. Every invariant is checked.
    pub fn give(&mut self, input: Input) -> Result<Answer, Rejection> {
        self.draws += 1;
        let chance = Chance::new(self.draws, 0);
        let context = || Context {
            now: self.now,
            chance: chance.clone(),
            limits: &self.limits,
            owner: OWNER,
        };
        let result = apply(&self.execution, input.clone(), context());
        let repeated = apply(&self.execution, input.clone(), context());
        assert_eq!(result, repeated, "same inputs, same transition");
        let transition = match result {
            Ok(transition) => transition,
            Err(rejection) => {
                self.say(format!("refused: {rejection}"));
                return Err(rejection);
            }
        };
        invariants::check_transition(self, &input, &transition);
        self.tell(&input, &transition);
        self.record(&transition);
        self.execution.absorb(&transition);
        self.settle(&input, &transition);
        self.act(&transition.effects);
        if transition.removes {
            self.say("removed");
            self.removed = true;
        }
        invariants::check_state(self);
        self.accepted.push((input, self.now, chance));
        Ok(transition.answer)
    }

    /// Records a transition as a store does.
    fn record(&mut self, transition: &Transition) {
        for operation in &transition.operations {
            match self.places.get(&operation.id) {
                Some(place) => self.stored[*place] = Arc::clone(operation),
                None => {
                    self.places.insert(operation.id.clone(), self.stored.len());
                    self.stored.push(Arc::clone(operation));
                }
            }
        }
        let mut log = self.log.borrow_mut();
        log.extend(transition.events.iter().map(text::event));
        self.events.extend(transition.events.iter().cloned());
    }

    /// Notes the service's changes that the function cannot know.
    fn tell(&mut self, input: &Input, transition: &Transition) {
        let own: BTreeSet<_> = match input {
            Input::Checkpoint { updates, .. } => updates.iter().map(|update| &update.id).collect(),
            _ => BTreeSet::new(),
        };
        for operation in &transition.operations {
            let before = self.execution.operation(&operation.id);
            let changed = before.is_none_or(|before| before.status != operation.status);
            if changed && !own.contains(&operation.id) {
                self.told.remove(&operation.id);
                self.untold.insert(operation.id.clone());
            }
        }
        let ended_well = match input {
            Input::InvocationEnded { .. } if self.execution.state.is_cut_short() => false,
            Input::InvocationEnded { outcome, .. } => match outcome {
                InvocationOutcome::Returned(Output::Pending) => {
                    self.execution.state.pending_count > 0 || !self.untold.is_empty()
                }
                InvocationOutcome::Returned(_) => true,
                InvocationOutcome::FunctionError(_)
                | InvocationOutcome::Interrupted(_)
                | InvocationOutcome::NotStarted
                | InvocationOutcome::Unavailable(_)
                | InvocationOutcome::Lost => false,
            },
            _ => false,
        };
        if ended_well {
            self.told.clear();
        }
    }

    /// Takes an answer as the function does.
    fn settle(&mut self, input: &Input, transition: &Transition) {
        match &transition.answer {
            // The answer to a repeated request proves nothing: the first one may have arrived.
            Answer::Checkpoint { .. } if transition.is_empty() => {}
            Answer::Checkpoint { token, operations } => {
                for operation in operations {
                    if self.untold.remove(&operation.id) {
                        self.told.insert(operation.id.clone());
                    }
                }
                self.live_token.clone_from(token);
                self.tokens.extend(token.clone());
            }
            Answer::Done | Answer::Stopped { .. } => {}
        }
        if let Input::Checkpoint {
            token,
            client_token,
            ..
        } = input
            && !transition.is_empty()
        {
            let key = client_token.clone().filter(|_| self.live_token.is_some());
            self.repeatable = key.map(|key| (token.clone(), key));
        }
        let over = matches!(input, Input::InvocationEnded { .. });
        if over || self.execution.state.outcome.is_some() {
            self.live_token = None;
            self.repeatable = None;
        }
    }

    fn act(&mut self, effects: &[Effect]) {
        for effect in effects {
            match effect {
                Effect::Invoke => self.invoke(),
                Effect::StartChainedInvoke(id) => self.say(format!("start chained {id}")),
                Effect::Closed => self.say("closed"),
            }
        }
    }

    fn invoke(&mut self) {
        let state = &self.execution.state;
        let token = checkpoint_token(&self.execution.spec, state);
        let token = token.expect("an invocation has a token");
        self.live_token = Some(token.clone());
        self.tokens.push(token);
        self.told.append(&mut self.untold);
        let (number, request_id) = match &state.invocation {
            Invocation::Active {
                number, request_id, ..
            } => (number, request_id),
            other => panic!("invoked while {other:?}"),
        };
        assert!(!self.request_ids.contains(request_id), "a new request id");
        self.request_ids.push(request_id.clone());
        let updated = self.execution.unsettled_operations();
        let updated: Vec<_> = updated.map(OperationId::as_str).collect();
        match updated.as_slice() {
            [] => self.say(format!("invoke {number}")),
            ids => self.say(format!("invoke {number}, updated {}", ids.join(" "))),
        }
    }

    /// The end of the running invocation, or of the last one.
    pub fn invocation_ended(&self, outcome: InvocationOutcome) -> Input {
        let request_id = self.request_ids.last().expect("a start invokes").clone();
        let started_at = match self.execution.state.invocation {
            Invocation::Active { scheduled_at, .. } => scheduled_at,
            Invocation::Idle | Invocation::BackingOff { .. } => self.now,
        };
        Input::InvocationEnded {
            request_id,
            started_at,
            outcome,
        }
    }

    /// The token that the function presents: the live one, or the last that it was given.
    pub fn token(&self) -> CheckpointToken {
        let last = self.live_token.as_ref().or(self.tokens.last());
        last.expect("a start gives a token").clone()
    }

    /// The callback id that an operation has, if it is a callback.
    pub fn callback_id(&self, id: &OperationId) -> Option<CallbackId> {
        match &self.execution.operation(id)?.details {
            OperationDetails::Callback { callback_id, .. } => Some(callback_id.clone()),
            _ => None,
        }
    }

    /// The server dies and comes back: data that was not stored is gone, the running invocation lost.
    pub fn restart(&mut self) {
        self.say("restart");
        self.execution = self.loaded();
        if let Invocation::Active { .. } = self.execution.state.invocation {
            let lost = self.invocation_ended(InvocationOutcome::Lost);
            self.give(lost).expect("the active invocation can be lost");
        }
    }

    /// The execution as read back from the store.
    pub fn loaded(&self) -> Execution {
        Execution::load(
            Arc::clone(&self.execution.spec),
            self.execution.state.clone(),
            self.stored.iter().cloned(),
        )
    }

    /// Plays the accepted inputs again: refused ones must not have left a trace.
    pub fn check_rerun(&self) {
        let context = |now, chance| Context {
            now,
            chance,
            limits: &self.limits,
            owner: OWNER,
        };
        let first = start(
            self.spec.clone(),
            context(self.spec.started_at, Chance::new(0, 0)),
        );
        let mut execution = Execution::create(&first);
        let mut events = first.events;
        for (input, now, chance) in &self.accepted {
            let transition = apply(&execution, input.clone(), context(*now, chance.clone()))
                .expect("what was accepted is accepted without the refused inputs in between");
            execution.absorb(&transition);
            events.extend(transition.events);
        }
        assert_eq!(
            events, self.events,
            "the same history without refused inputs"
        );
        assert_eq!(
            execution, self.execution,
            "the same execution without refused inputs"
        );
    }
}
