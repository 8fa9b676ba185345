//! Detects equal worlds: hashes a canonical description of everything that can still make a difference.
//!
//! Left out are pure counters and pure records: the version, event ids, the numbers of invocations and of changes, ids
//! and tokens themselves, payloads, a step's attempts, and the begin and end times of ended operations. Instants are
//! taken relative to the clock, a token relative to the valid one. Two worlds that differ only in these make the same
//! moves with the same answers from there on. The omitted parts are checked all the same, because the invariants
//! inspect every transition as it is made.

use std::hash::{DefaultHasher, Hash, Hasher};

use model::{Invocation, Operation, OperationDetails, OperationId, Timestamp};

use crate::pair::Slot;
use crate::world::{Token, World};

/// The 128 bits that identify a world.
pub fn fingerprint(world: &World) -> u128 {
    let mut canonical = Canonical(Vec::with_capacity(256));
    describe(world, &mut canonical);
    let half = |salt: u8| {
        let mut hasher = DefaultHasher::new();
        hasher.write_u8(salt);
        hasher.write(&canonical.0);
        u128::from(hasher.finish())
    };
    half(0) << 64 | half(1)
}

/// Collects the hashed bytes, so that they can be hashed twice.
struct Canonical(Vec<u8>);

impl Hasher for Canonical {
    fn write(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }

    fn finish(&self) -> u64 {
        unreachable!("the bytes are read, not this")
    }
}

fn describe(world: &World, to: &mut Canonical) {
    world.removed.hash(to);
    describe_state(world, to);
    for operation in world.execution.operations() {
        describe_operation(operation, world.now, to);
    }
    slots(world.execution.untold_operations()).hash(to);
    slots(world.execution.unsettled_operations()).hash(to);
    (world.process.as_ref())
        .map(|process| process.has_checkpointed)
        .hash(to);
    world.token.is_some().hash(to);
    describe_old(world.first_token.as_ref(), world, to);
    describe_old(world.last_token.as_ref(), world, to);
    world.repeatable.is_some().hash(to);
    world.over.is_some().hash(to);
}

fn describe_state(world: &World, to: &mut Canonical) {
    let state = &world.execution.state;
    state.status().hash(to);
    state.terminal_event_owed.hash(to);
    match state.invocation {
        Invocation::Idle => 0_u8.hash(to),
        Invocation::Active { .. } => (1_u8, state.is_cut_short()).hash(to),
        Invocation::BackingOff { until } => (2_u8, apart(until, world.now)).hash(to),
    }
    if let Some(last) = &state.last_checkpoint {
        let age = state.token_sequence - last.token_sequence;
        (age, slots(last.answered.iter())).hash(to);
    }
    let failures = (state.failed_invocations, state.counted_failures);
    (failures, state.invalid_pendings).hash(to);
    if let Some(pause) = &state.pause {
        let since = pause.in_effect_since.map(|since| apart(since, world.now));
        // The duration of a pause matters only if the execution timeout stands still.
        let stands_still = pause.execution_timeout_paused;
        let since = since.map(|since| if stands_still { since } else { 0 });
        (stands_still, pause.owes_invocation, since).hash(to);
    }
    state.resume_client_token.is_some().hash(to);
    match state.ended_at {
        Some(ended_at) => apart(ended_at, world.now).hash(to),
        None => {
            let started_at = world.execution.spec.started_at;
            (apart(started_at, world.now), state.timeout_paused_for).hash(to);
        }
    }
}

fn describe_operation(operation: &Operation, now: Timestamp, to: &mut Canonical) {
    (Slot::of(&operation.id), operation.status).hash(to);
    if let OperationDetails::Context {
        replay_children, ..
    } = operation.details
    {
        replay_children.hash(to);
    }
    if operation.status.is_terminal() {
        return;
    }
    match &operation.details {
        OperationDetails::Execution { .. }
        | OperationDetails::Context { .. }
        | OperationDetails::ChainedInvoke { .. } => {}
        OperationDetails::Step {
            next_attempt_at, ..
        } => next_attempt_at.map(|at| apart(at, now)).hash(to),
        OperationDetails::Wait {
            scheduled_end_at, ..
        } => apart(*scheduled_end_at, now).hash(to),
        OperationDetails::Callback {
            timeout_seconds: None,
            ..
        } => {}
        OperationDetails::Callback {
            last_heartbeat_at, ..
        } => {
            let began = apart(operation.started_at, now);
            Some((began, apart(*last_heartbeat_at, now))).hash(to);
        }
    }
}

/// An old token, described by what the engine compares.
fn describe_old(old: Option<&Token>, world: &World, to: &mut Canonical) {
    let state = &world.execution.state;
    let nonce_now = match state.invocation {
        Invocation::Active { nonce, .. } => Some(nonce),
        Invocation::Idle | Invocation::BackingOff { .. } => None,
    };
    let repeatable = (state.last_checkpoint.as_ref()).map(|last| last.token_sequence);
    let same = old.map(|old| {
        (
            old.invocation_count == state.invocation_count,
            Some(old.nonce) == nonce_now,
            old.sequence == state.token_sequence,
            Some(old.sequence) == repeatable,
        )
    });
    same.hash(to);
}

fn slots<'a>(ids: impl Iterator<Item = &'a OperationId>) -> Vec<Option<Slot>> {
    ids.map(Slot::of).collect()
}

fn apart(at: Timestamp, now: Timestamp) -> i64 {
    at.as_millis() - now.as_millis()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::moves::{Ending, Move, Says};
    use crate::update::Action;

    fn after(pair: &str, moves: &[Move]) -> World {
        let pair = pair.parse().expect("a test names a pair");
        let start = World::start(pair);
        moves.iter().fold(start, |world, by| {
            world.after(*by).expect("a test makes accepted moves")
        })
    }

    #[test]
    fn what_only_counts_makes_no_difference() {
        let once = after("step,wait", &[Move::Poll, Move::Poll]);
        let again = after("step,wait", &[Move::Poll, Move::Poll, Move::Poll]);
        assert_ne!(once.execution, again.execution);
        assert_eq!(fingerprint(&once), fingerprint(&again));
    }

    #[test]
    fn what_can_be_seen_makes_one() {
        let begin = Move::Checkpoint(Slot::First, Action::Start);
        let pending = Move::Ends(Ending::Pending);
        let worlds = [
            after("callback,callback", &[]),
            after("callback,callback", &[Move::Late]),
            after("callback,callback", &[begin]),
            after("callback,callback", &[Move::StartBoth]),
            after("callback,callback", &[begin, Move::Pause]),
            after("callback,callback", &[begin, Move::PauseTimeout]),
            after("callback,callback", &[begin, pending]),
            after(
                "callback,callback",
                &[begin, Move::Callback(Slot::First, Says::Succeeded)],
            ),
            after("callback,callback", &[begin, Move::Stop]),
        ];
        for (index, world) in worlds.iter().enumerate() {
            for other in &worlds[index + 1..] {
                assert_ne!(fingerprint(world), fingerprint(other));
            }
        }
    }
}
