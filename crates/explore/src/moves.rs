//! The possible next moves in a world, and their conditions.
//!
//! A move is possible whenever some party could make it, whether or not the engine accepts it: a refusal must change
//! nothing, so it costs a transition and no state. An immediate repetition of a request is not a separate move: `step`
//! sends every accepted request twice. Later repetitions are moves: `CheckpointAgain`, `EndsAgain`, and every other
//! request whose answer is recorded (a pause while paused, a callback that is closed), simply because they stay
//! possible.

use std::fmt;

use model::OperationType;

use crate::pair::Slot;
use crate::update::Action;
use crate::world::World;

/// One event in a world.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Move {
    /// The function checkpoints nothing, without a client token.
    Poll,
    /// The function checkpoints one update, with a client token.
    Checkpoint(Slot, Action),
    /// The function starts both operations in one request, with a client token.
    StartBoth,
    /// The function checkpoints the execution's result, with a client token.
    CheckpointResult,
    /// The last checkpoint with a client token arrives again, however much later.
    CheckpointAgain,
    /// Some process checkpoints with an old token.
    Stale(Old),
    /// The invocation is over.
    Ends(Ending),
    /// The end of a finished invocation is reported again.
    EndsAgain,
    /// The clock reaches the next deadline, and the timer fires.
    Deadline,
    /// The clock reaches the next deadline, and the timer is late.
    Late,
    /// An outside party uses its callback id.
    Callback(Slot, Says),
    /// The function of a chained invoke ends.
    ChainedEnds(Slot, Chained),
    /// `StopDurableExecution`.
    Stop,
    /// `PauseDurableExecution`.
    Pause,
    /// `PauseDurableExecution`; the execution timeout stands still meanwhile.
    PauseTimeout,
    /// `ResumeDurableExecution`.
    Resume,
    /// `DeleteDurableExecution`.
    Delete,
}

/// Selects an old token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Old {
    /// The first token that was ever given.
    First,
    /// The last token that was valid.
    Last,
}

/// How an invocation ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "as in `engine::InvocationOutcome`")]
pub enum Ending {
    Succeeded,
    Failed,
    Pending,
    Invalid,
    FunctionError,
    Interrupted,
    NotStarted,
    Unavailable,
    Lost,
}

impl Ending {
    const ALL: [Self; 9] = [
        Self::Succeeded,
        Self::Failed,
        Self::Pending,
        Self::Invalid,
        Self::FunctionError,
        Self::Interrupted,
        Self::NotStarted,
        Self::Unavailable,
        Self::Lost,
    ];
}

/// The message of an outside party about a callback.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it all")]
pub enum Says {
    Succeeded,
    Failed,
    Heartbeat,
    /// Success, with an id that was never given out.
    Forged,
}

/// How a chained invoke ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "as in `engine::ChainedOutcome`")]
pub enum Chained {
    Succeeded,
    Failed,
    TimedOut,
    Stopped,
}

/// Every move that is possible in a world.
pub fn moves(world: &World) -> Vec<Move> {
    let mut moves = Vec::with_capacity(48);
    if world.removed {
        return moves;
    }
    if world.token.is_some() {
        function_moves(world, &mut moves);
    }
    if world.repeatable.is_some() {
        moves.push(Move::CheckpointAgain);
    }
    if world.first_token.is_some() {
        moves.push(Move::Stale(Old::First));
    }
    if world.last_token.is_some() {
        moves.push(Move::Stale(Old::Last));
    }
    if let Some(process) = &world.process {
        // The runtime reports `NotStarted` only for an invocation that no process has begun.
        let endings = Ending::ALL.into_iter();
        let possible =
            endings.filter(|ending| *ending != Ending::NotStarted || !process.has_checkpointed);
        moves.extend(possible.map(Move::Ends));
    }
    if world.over.is_some() {
        moves.push(Move::EndsAgain);
    }
    let next = world.execution.state.next_deadline.as_ref();
    if let Some(next) = next {
        moves.push(Move::Deadline);
        if next.at > world.now {
            moves.push(Move::Late);
        }
    }
    for slot in Slot::BOTH {
        outside_moves(world, slot, &mut moves);
    }
    moves.extend([
        Move::Stop,
        Move::Pause,
        Move::PauseTimeout,
        Move::Resume,
        Move::Delete,
    ]);
    moves
}

/// The records that the function may write: any, while it holds a token. Of two equal operations the first begins
/// first.
fn function_moves(world: &World, moves: &mut Vec<Move>) {
    let recorded = |slot: Slot| world.execution.operation(&slot.id()).is_some();
    moves.push(Move::Poll);
    for slot in Slot::BOTH {
        if slot == Slot::Second && world.pair.is_symmetric() && !recorded(Slot::First) {
            continue;
        }
        let actions = Action::of(world.pair.operation_type(slot));
        moves.extend(actions.iter().map(|action| Move::Checkpoint(slot, *action)));
    }
    if !recorded(Slot::First) && !recorded(Slot::Second) {
        moves.push(Move::StartBoth);
    }
    moves.push(Move::CheckpointResult);
}

/// The possible moves of other parties for an operation that has begun.
fn outside_moves(world: &World, slot: Slot, moves: &mut Vec<Move>) {
    if world.execution.operation(&slot.id()).is_none() {
        return;
    }
    match world.pair.operation_type(slot) {
        OperationType::Callback => {
            let says = [Says::Succeeded, Says::Failed, Says::Heartbeat, Says::Forged];
            moves.extend(says.map(|says| Move::Callback(slot, says)));
        }
        OperationType::ChainedInvoke => {
            let endings = [
                Chained::Succeeded,
                Chained::Failed,
                Chained::TimedOut,
                Chained::Stopped,
            ];
            moves.extend(endings.map(|ending| Move::ChainedEnds(slot, ending)));
        }
        OperationType::Execution
        | OperationType::Context
        | OperationType::Step
        | OperationType::Wait => {}
    }
}

impl fmt::Display for Move {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Poll => f.write_str("checkpoint without updates"),
            Self::Checkpoint(slot, action) => {
                write!(f, "checkpoint {action:?} of {}", slot.name())
            }
            Self::StartBoth => f.write_str("checkpoint Start of both"),
            Self::CheckpointResult => f.write_str("checkpoint the execution's result"),
            Self::CheckpointAgain => f.write_str("the last checkpoint once more"),
            Self::Stale(Old::First) => f.write_str("checkpoint with the first token"),
            Self::Stale(Old::Last) => f.write_str("checkpoint with the last token that was good"),
            Self::Ends(ending) => write!(f, "invocation ends: {ending:?}"),
            Self::EndsAgain => f.write_str("the end of an earlier invocation once more"),
            Self::Deadline => f.write_str("the next deadline is reached"),
            Self::Late => f.write_str("the next deadline passes unnoticed"),
            Self::Callback(slot, says) => write!(f, "callback {}: {says:?}", slot.name()),
            Self::ChainedEnds(slot, ending) => {
                write!(f, "chained invoke {} ends: {ending:?}", slot.name())
            }
            Self::Stop => f.write_str("stop"),
            Self::Pause => f.write_str("pause"),
            Self::PauseTimeout => f.write_str("pause, the execution timeout too"),
            Self::Resume => f.write_str("resume"),
            Self::Delete => f.write_str("delete"),
        }
    }
}
