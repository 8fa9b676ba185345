//! Scripts: the inputs to an execution, played as they are written down.

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use engine::{Answer, ChainedOutcome, Input, InvocationOutcome, Output};
use expect_test::Expect;
use model::{
    CallbackId, CheckpointToken, ClientToken, ExecutionSpec, Limits, OperationUpdate, Owner,
};

use crate::text::{self, time};
use crate::update::{Update, error, id};
use crate::world::{Log, World, spec};

/// A world that is being played, and the last input for [`Script::again`].
pub struct Script {
    pub world: World,
    last: Input,
}

/// An execution with a timeout of an hour and results of up to a thousand bytes.
pub fn script() -> Script {
    script_with(|_, _| {})
}

pub fn script_with(settings: impl FnOnce(&mut ExecutionSpec, &mut Limits)) -> Script {
    let mut spec = spec();
    let mut limits = Limits {
        failed_invocations_max: 3,
        ..Limits::AWS
    };
    settings(&mut spec, &mut limits);
    Script {
        world: World::start(spec, limits, Log::default()),
        last: Input::DeadlineReached,
    }
}

/// Compares the log, and the final state, to the expected text.
pub fn check(script: Script, expected: Expect) {
    script.world.check_rerun();
    let mut lines = script.world.log.borrow().clone();
    lines.push(script.summary());
    lines.push(String::new());
    expected.assert_eq(&lines.join("\n"));
}

impl Script {
    fn summary(&self) -> String {
        let execution = &self.world.execution;
        let mut line = format!("= {}", text::outcome(execution.state.outcome.as_ref()));
        if let (None, Some(next)) = (&execution.state.outcome, &execution.state.next_deadline) {
            let reason = format!("{:?}", next.reason).replace('"', "");
            line.push_str(&format!(", next {} {reason}", time(next.at)));
        }
        let operations: Vec<_> = execution.operations().skip(1).collect();
        for operation in operations {
            line.push_str(&format!(" | {}", text::operation(operation)));
        }
        line
    }

    /// Gives an input; a refusal is part of the log.
    pub fn give(mut self, input: Input) -> Self {
        self.last = input.clone();
        let _refused_is_logged = self.world.give(input);
        self
    }

    /// Gives the last input once more, exactly as it was.
    pub fn again(self) -> Self {
        self.world.say("again");
        let input = self.last.clone();
        self.give(input)
    }

    fn request(
        token: CheckpointToken,
        client_token: Option<&str>,
        updates: impl IntoIterator<Item = Update>,
    ) -> Input {
        let updates: Vec<OperationUpdate> = updates.into_iter().map(|update| update.0).collect();
        let key = |key| ClientToken::parse(key).expect("a valid client token");
        Input::Checkpoint {
            token,
            client_token: client_token.map(key),
            updates,
        }
    }

    pub fn checkpoint(self, updates: impl IntoIterator<Item = Update>) -> Self {
        let input = Self::request(self.world.token(), None, updates);
        self.give(input)
    }

    /// With the token that was given so many-th, counted from zero.
    pub fn checkpoint_with_token(
        self,
        nth: usize,
        updates: impl IntoIterator<Item = Update>,
    ) -> Self {
        let input = Self::request(self.world.tokens[nth].clone(), None, updates);
        self.give(input)
    }

    /// With the token that was given so many-th and a client token of its own.
    pub fn checkpoint_with_token_and_key(
        self,
        nth: usize,
        key: &str,
        updates: impl IntoIterator<Item = Update>,
    ) -> Self {
        let token = self.world.tokens[nth].clone();
        self.give(Self::request(token, Some(key), updates))
    }

    pub fn checkpoint_with_text(
        self,
        token: &str,
        updates: impl IntoIterator<Item = Update>,
    ) -> Self {
        let token = CheckpointToken::parse(token).expect("base64");
        let input = Self::request(token, None, updates);
        self.give(input)
    }

    /// With a client token: a request that can be repeated.
    pub fn checkpoint_with_key(self, key: &str, updates: impl IntoIterator<Item = Update>) -> Self {
        let input = Self::request(self.world.token(), Some(key), updates);
        self.telling(input)
    }

    /// A checkpoint whose answer is part of the log.
    pub fn checkpoint_told(self, updates: impl IntoIterator<Item = Update>) -> Self {
        let input = Self::request(self.world.token(), None, updates);
        self.telling(input)
    }

    pub fn poll(self) -> Self {
        self.checkpoint_told([])
    }

    pub fn again_told(self) -> Self {
        self.world.say("again");
        let input = self.last.clone();
        self.telling(input)
    }

    fn telling(mut self, input: Input) -> Self {
        self.last = input.clone();
        if let Ok(Answer::Checkpoint { token, operations }) = self.world.give(input) {
            let operations = operations.iter().map(Arc::as_ref);
            let mut words: Vec<_> = operations.map(text::operation).collect();
            words.extend(token.is_none().then(|| "no token".to_owned()));
            self.world.say(format!("told [{}]", words.join(", ")));
        }
        self
    }

    fn ends(self, outcome: InvocationOutcome) -> Self {
        let input = self.world.invocation_ended(outcome);
        self.give(input)
    }

    pub fn returns(self, result: &str) -> Self {
        self.ends(InvocationOutcome::Returned(Output::Succeeded(Some(
            result.into(),
        ))))
    }

    /// The invocation that was started so many-th, counted from zero, returns, whether or not it is the running one.
    pub fn ends_as(self, nth: usize, result: &str) -> Self {
        let request_id = self.world.request_ids[nth].clone();
        let started_at = self.world.now;
        let outcome = InvocationOutcome::Returned(Output::Succeeded(Some(result.into())));
        self.give(Input::InvocationEnded {
            request_id,
            started_at,
            outcome,
        })
    }

    pub fn returns_nothing(self) -> Self {
        self.ends(InvocationOutcome::Returned(Output::Succeeded(None)))
    }

    pub fn returns_failure(self, message: &str) -> Self {
        self.ends(InvocationOutcome::Returned(Output::Failed(error(
            "Boom", message,
        ))))
    }

    pub fn returns_pending(self) -> Self {
        self.ends(InvocationOutcome::Returned(Output::Pending))
    }

    pub fn returns_nonsense(self, message: &str) -> Self {
        self.ends(InvocationOutcome::Returned(Output::Invalid(
            message.to_owned(),
        )))
    }

    /// The process ends while it works.
    pub fn exits(self) -> Self {
        self.ends(InvocationOutcome::Interrupted(error(
            "Runtime.ExitError",
            "exit status 1",
        )))
    }

    /// The function reports an error that the SDK did not catch.
    pub fn errs(self) -> Self {
        self.ends(InvocationOutcome::FunctionError(error(
            "TypeError",
            "undefined",
        )))
    }

    /// The execution ended or is to be paused before a process took the event up.
    pub fn never_starts(self) -> Self {
        self.ends(InvocationOutcome::NotStarted)
    }

    pub fn function_is_gone(self) -> Self {
        self.ends(InvocationOutcome::Unavailable(error(
            "ResourceNotFoundException",
            "Function not found",
        )))
    }

    pub fn restart(mut self) -> Self {
        self.world.restart();
        self
    }

    /// Time passes, and every deadline fires when it is due.
    pub fn advance(mut self, seconds: u32) -> Self {
        let until = self.world.now.plus_seconds(seconds);
        loop {
            let next = self.world.execution.state.next_deadline.clone();
            let due = next.filter(|next| next.at <= until && !self.world.removed);
            let Some(next) = due else { break };
            self.world.now = self.world.now.max(next.at);
            self.world
                .give(Input::DeadlineReached)
                .expect("a deadline is never refused");
        }
        self.world.now = until;
        self
    }

    /// Time passes, and no deadline fires: the timer is late.
    pub fn delay(mut self, seconds: u32) -> Self {
        self.world.now = self.world.now.plus_seconds(seconds);
        self
    }

    pub fn delay_millis(mut self, millis: u64) -> Self {
        self.world.now = self.world.now + Duration::from_millis(millis);
        self
    }

    /// The timer fires, due or not.
    pub fn fire(self) -> Self {
        self.give(Input::DeadlineReached)
    }

    fn callback_id(&self, operation: &str) -> CallbackId {
        let callback_id = self.world.callback_id(&id(operation));
        callback_id.expect("the operation is a callback")
    }

    pub fn callback_succeeds(self, operation: &str, result: &str) -> Self {
        let callback_id = self.callback_id(operation);
        self.give(Input::CallbackSucceeded {
            operation_id: id(operation),
            callback_id,
            result: Some(result.into()),
        })
    }

    pub fn callback_fails(self, operation: &str, message: &str) -> Self {
        let callback_id = self.callback_id(operation);
        self.give(Input::CallbackFailed {
            operation_id: id(operation),
            callback_id,
            error: error("Denied", message),
        })
    }

    pub fn heartbeat(self, operation: &str) -> Self {
        let callback_id = self.callback_id(operation);
        self.say("heartbeat").give(Input::CallbackHeartbeat {
            operation_id: id(operation),
            callback_id,
        })
    }

    /// An answer to an operation with the id of another callback.
    pub fn callback_forged(self, operation: &str, presented: &str) -> Self {
        let callback_id = self.callback_id(presented);
        self.give(Input::CallbackSucceeded {
            operation_id: id(operation),
            callback_id,
            result: None,
        })
    }

    pub fn chained_ends(self, operation: &str, outcome: ChainedOutcome) -> Self {
        self.give(Input::ChainedInvokeEnded {
            operation_id: id(operation),
            outcome,
        })
    }

    pub fn chained_returns(self, operation: &str, result: &str) -> Self {
        self.chained_ends(operation, ChainedOutcome::Succeeded(Some(result.into())))
    }

    pub fn pause(self, reason: &str) -> Self {
        self.give(Input::Pause {
            reason: Some(reason.to_owned()),
            execution_timeout_paused: true,
            client_token: None,
        })
    }

    pub fn pause_with_key(self, key: &str, execution_timeout_paused: bool) -> Self {
        self.give(Input::Pause {
            reason: None,
            execution_timeout_paused,
            client_token: ClientToken::parse(key).ok(),
        })
    }

    pub fn resume(self) -> Self {
        self.give(Input::Resume {
            reason: None,
            client_token: ClientToken::parse("resume").ok(),
        })
    }

    pub fn delete(self) -> Self {
        self.give(Input::Delete)
    }

    pub fn stop(self, message: &str) -> Self {
        self.give(Input::Stop {
            error: error("Stopped", message),
        })
    }

    pub fn say(self, line: &str) -> Self {
        self.world.say(line);
        self
    }

    /// The operations of the next replay.
    pub fn replays(self) -> Self {
        let operations = self.world.execution.replayed_operations().skip(1);
        let ids: Vec<_> = operations.map(|operation| operation.id.as_str()).collect();
        self.world.say(format!("replay [{}]", ids.join(" ")));
        self
    }

    /// The effects that the next run of the server has to repeat.
    pub fn outstanding(self) -> Self {
        let state = &self.world.execution.state;
        let effects = self.world.execution.outstanding_effects();
        let line = format!("owes {} {effects:?}", state.owes_work(Owner(2)));
        self.world.say(line);
        self
    }
}

impl Drop for Script {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let log = Rc::clone(&self.world.log);
            eprintln!("what happened:\n{}", log.borrow().join("\n"));
        }
    }
}
