//! Moves as inputs of the engine: the request of each party, with its token and id.

use engine::{ChainedOutcome, Input, InvocationOutcome, Output};
use model::{
    CallbackId, ClientToken, ErrorObject, OperationDetails, OperationUpdate, RequestId, Timestamp,
};

use crate::moves::{Chained, Ending, Move, Old, Says};
use crate::pair::Slot;
use crate::update::{self, Action};
use crate::world::World;

impl World {
    /// The clock's time when a move is made, and its input; `None` if only time passes.
    pub fn request(&self, by: Move) -> (Timestamp, Option<Input>) {
        let next = self.execution.state.next_deadline.as_ref();
        let at_deadline = next.map_or(self.now, |next| self.now.max(next.at));
        match by {
            Move::Late => (at_deadline, None),
            Move::Deadline => (at_deadline, Some(Input::DeadlineReached)),
            other => (self.now, Some(self.input(other))),
        }
    }

    fn input(&self, by: Move) -> Input {
        match by {
            Move::Poll => self.checkpoint(None, Vec::new()),
            Move::Checkpoint(slot, action) => {
                let update = update::update(self.pair, slot, action);
                self.checkpoint(Some(AGAIN), vec![update])
            }
            Move::StartBoth => {
                let start = |slot| update::update(self.pair, slot, Action::Start);
                self.checkpoint(Some(AGAIN), Slot::BOTH.map(start).to_vec())
            }
            Move::CheckpointResult => {
                self.checkpoint(Some(AGAIN), vec![update::execution_result()])
            }
            Move::CheckpointAgain => {
                let repeatable = self.repeatable.as_ref();
                repeatable.expect("there is one to repeat").input.clone()
            }
            Move::Stale(old) => self.stale(old),
            Move::Ends(ending) => {
                let process = self.process.as_ref().expect("an invocation is in flight");
                ended(process.request_id.clone(), process.started_at, ending)
            }
            Move::EndsAgain => {
                let request_id = self.over.clone().expect("an invocation is over");
                ended(request_id, self.now, Ending::Succeeded)
            }
            Move::Deadline | Move::Late => Input::DeadlineReached,
            Move::Callback(slot, says) => self.callback(slot, says),
            Move::ChainedEnds(slot, ending) => Input::ChainedInvokeEnded {
                operation_id: slot.id(),
                outcome: match ending {
                    Chained::Succeeded => ChainedOutcome::Succeeded(Some("1".into())),
                    Chained::Failed => ChainedOutcome::Failed(error()),
                    Chained::TimedOut => ChainedOutcome::TimedOut(error()),
                    Chained::Stopped => ChainedOutcome::Stopped(error()),
                },
            },
            Move::Stop => Input::Stop { error: error() },
            Move::Pause => pause(false),
            Move::PauseTimeout => pause(true),
            Move::Resume => Input::Resume {
                reason: None,
                client_token: Some(client_token("resume")),
            },
            Move::Delete => Input::Delete,
        }
    }

    fn checkpoint(&self, key: Option<&str>, updates: Vec<OperationUpdate>) -> Input {
        let token = self.token.as_ref().expect("the function holds a token");
        Input::Checkpoint {
            token: token.text.clone(),
            client_token: key.map(client_token),
            updates,
        }
    }

    /// A checkpoint with an old token and the client token that was sent with it; with another client token if it would
    /// otherwise be the checkpoint that may be repeated.
    fn stale(&self, old: Old) -> Input {
        let token = match old {
            Old::First => self.first_token.as_ref(),
            Old::Last => self.last_token.as_ref(),
        };
        let token = token.expect("there is a token from the past").text.clone();
        let is_repeatable = self.repeatable.as_ref().is_some_and(|repeatable| {
            matches!(&repeatable.input, Input::Checkpoint { token: of, .. } if *of == token)
        });
        Input::Checkpoint {
            token,
            client_token: Some(client_token(if is_repeatable { "other" } else { AGAIN })),
            updates: Vec::new(),
        }
    }

    fn callback(&self, slot: Slot, says: Says) -> Input {
        let operation_id = slot.id();
        let operation = self.execution.operation(&operation_id);
        let callback_id = match operation.map(|operation| &operation.details) {
            Some(OperationDetails::Callback { callback_id, .. }) if says != Says::Forged => {
                callback_id.clone()
            }
            _ => CallbackId::parse("AAAA").expect("base64 is a callback id"),
        };
        match says {
            Says::Succeeded | Says::Forged => Input::CallbackSucceeded {
                operation_id,
                callback_id,
                result: Some("1".into()),
            },
            Says::Failed => Input::CallbackFailed {
                operation_id,
                callback_id,
                error: error(),
            },
            Says::Heartbeat => Input::CallbackHeartbeat {
                operation_id,
                callback_id,
            },
        }
    }
}

/// The client token of every checkpoint: always the same, so that only the checkpoint token distinguishes a repeated
/// request from a new one.
const AGAIN: &str = "again";

fn client_token(text: &str) -> ClientToken {
    ClientToken::parse(text).expect("a valid client token")
}

fn pause(execution_timeout_paused: bool) -> Input {
    Input::Pause {
        reason: None,
        execution_timeout_paused,
        client_token: Some(client_token("pause")),
    }
}

fn ended(request_id: RequestId, started_at: Timestamp, ending: Ending) -> Input {
    let returned = InvocationOutcome::Returned;
    Input::InvocationEnded {
        request_id,
        started_at,
        outcome: match ending {
            Ending::Succeeded => returned(Output::Succeeded(Some("1".into()))),
            Ending::Failed => returned(Output::Failed(error())),
            Ending::Pending => returned(Output::Pending),
            Ending::Invalid => returned(Output::Invalid("not an answer".to_owned())),
            Ending::FunctionError => InvocationOutcome::FunctionError(error()),
            Ending::Interrupted => InvocationOutcome::Interrupted(error()),
            Ending::NotStarted => InvocationOutcome::NotStarted,
            Ending::Unavailable => InvocationOutcome::Unavailable(error()),
            Ending::Lost => InvocationOutcome::Lost,
        },
    }
}

fn error() -> ErrorObject {
    ErrorObject::new("Boom", "it broke")
}
