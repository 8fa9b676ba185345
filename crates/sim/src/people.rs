//! Outside events: starts, answers to callbacks, pauses, stops, and jumps of the clock.
//!
//! Each happens in the life of the server in which it is due, and is repeated until the server has answered with its
//! outcome. If servers share the store, any of them is asked, and another one if it does not answer.

use std::future::IntoFuture as _;
use std::sync::Arc;
use std::time::Duration;

use engine::Input;
use futures_util::future::join_all;
use lambdura::embedded::Error;
use model::{ErrorObject, ExecutionId, Payload, Timestamp};
use runtime::ProcessError;

use crate::fault::Fault;
use crate::program::{Answer, Fate, Program};
use crate::world::{Asked, Counted, World};

/// Pause before a failed request is repeated.
const AGAIN: Duration = Duration::from_secs(1);

/// How often a resumed execution is checked for having been paused again.
const LOOK_AGAIN_MS: u64 = 60_000;

/// Interval between heartbeats for a callback.
const BEAT: Duration = Duration::from_secs(10);

/// How long one of several servers may take to answer.
const ANSWER_WITHIN: Duration = Duration::from_secs(5);

/// How long one of several servers is asked for an execution's end.
const END_WITHIN: Duration = Duration::from_secs(20);

/// The answer of a server; `None` if another one must be asked.
async fn answered<T>(
    world: &World,
    within: Duration,
    answers: impl Future<Output = T>,
) -> Option<T> {
    match world.plan.is_shared() {
        true => tokio::time::timeout(within, answers).await.ok(),
        false => Some(answers.await),
    }
}

/// Sends an input to any server; `None` if it does not answer.
async fn process(
    world: &World,
    id: &ExecutionId,
    input: Input,
) -> Option<Result<(), ProcessError>> {
    let (_, server) = world.any_server()?;
    let driver = server.app.driver();
    let processed = driver.process(id, input);
    let processed = answered(world, ANSWER_WITHIN, processed).await?;
    Some(processed.map(drop))
}

/// Starts every program, and waits for their ends.
pub(crate) async fn run_programs(world: &Arc<World>) {
    let programs = world.plan.programs.iter();
    join_all(programs.map(|program| run_program(world, program))).await;
}

async fn run_program(world: &Arc<World>, program: &Program) {
    world.aged(program.starts_after_ms).await;
    if world.is_unreadable(&program.name) {
        // This execution cannot end before its records are repaired; the others do.
        return;
    }
    let handler = match program.fate {
        Fate::Hasty => "hasty",
        Fate::Ends | Fate::Stopped { .. } => "program",
    };
    let arn = loop {
        let Some((_, server)) = world.any_server() else {
            tokio::time::sleep(AGAIN).await;
            continue;
        };
        let starting = server.app.start(handler, program).name(&program.name);
        match answered(world, ANSWER_WITHIN, starting.into_future()).await {
            Some(Ok(execution)) => break execution.arn(),
            Some(Err(Error::AlreadyStarted { arn })) => {
                return world.violate("a name stands for one input", arn);
            }
            Some(Err(_)) => tokio::time::sleep(AGAIN).await,
            None => {}
        }
    };
    loop {
        let Some((_, server)) = world.any_server() else {
            tokio::time::sleep(AGAIN).await;
            continue;
        };
        let ended = async {
            let execution = server.app.execution(&arn).await?;
            execution.result::<Vec<String>>().await
        };
        match answered(world, END_WITHIN, ended).await {
            Some(Ok(results)) => return world.ended(program, Ok(results)),
            Some(Err(Error::Ended { status, error })) => {
                let error = error.and_then(|it| it.error_message).unwrap_or_default();
                return world.ended(program, Err((status.to_string(), error)));
            }
            // Whether it was rightly set aside is checked at the end.
            Some(Err(Error::SetAside { .. })) => return,
            Some(Err(_)) => tokio::time::sleep(AGAIN).await,
            None => {}
        }
    }
}

/// Answers callbacks when they are due.
pub(crate) async fn answer_callbacks(world: Arc<World>) {
    let mut asks = world.asks();
    loop {
        asks.mark_unchanged();
        let soonest = {
            let state = world.state();
            let open = state.callbacks.iter().enumerate();
            let open = open.filter(|(_, asked)| !asked.is_done);
            open.map(|(index, asked)| (asked.due, index)).min()
        };
        let reached = async {
            match soonest {
                Some((due, _)) => world.reached(due).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            () = reached => {}
            changed = asks.changed() => {
                changed.expect("the world has the sender");
                continue;
            }
        }
        if let Some((_, index)) = soonest {
            let asked = world.state().callbacks[index].clone();
            let next = answer(&world, &asked).await;
            let asked = &mut world.state().callbacks[index];
            match next {
                Some(due) => asked.due = due,
                None => asked.is_done = true,
            }
        }
    }
}

/// Sends the answer or heartbeat that is due for one callback; returns when the next is due.
async fn answer(world: &World, asked: &Asked) -> Option<Timestamp> {
    let (operation_id, callback_id) = (asked.operation.clone(), asked.callback.clone());
    let beats = matches!(asked.answer, Answer::Beats { .. });
    let input = if beats && world.now() < asked.answered_at {
        Input::CallbackHeartbeat {
            operation_id,
            callback_id,
        }
    } else if let Answer::Fails { .. } = asked.answer {
        Input::CallbackFailed {
            operation_id,
            callback_id,
            error: ErrorObject::new("No", "told to fail"),
        }
    } else {
        Input::CallbackSucceeded {
            operation_id,
            callback_id,
            result: Some(Payload::from("\"yes\"".to_owned())),
        }
    };
    let was_open = world.is_open(&asked.execution, &asked.operation);
    let is_beat = matches!(input, Input::CallbackHeartbeat { .. });
    match process(world, &asked.execution, input.clone()).await {
        Some(Ok(())) if is_beat => Some((world.now() + BEAT).min(asked.answered_at)),
        Some(Ok(())) => {
            let nth = world.count(Counted::Answers);
            world.note(format!("answer {nth}: callback {}", asked.name));
            world.answered(asked);
            let twice = world.fault(|fault| match *fault {
                Fault::AnsweredTwice { nth: at } if at == nth => Some(()),
                _ => None,
            });
            if twice.is_some()
                && let Some(Ok(())) = process(world, &asked.execution, input).await
            {
                let name = asked.name.clone();
                world.violate("a callback is answered once", name);
            }
            None
        }
        Some(Err(ProcessError::Rejected(rejection))) => {
            if was_open && world.is_open(&asked.execution, &asked.operation) {
                let seen = format!("{}: {rejection}", asked.name);
                world.violate("an open callback can be answered", seen);
            }
            None
        }
        Some(Err(ProcessError::SetAside { .. } | ProcessError::UnknownExecution(_))) => None,
        Some(Err(_)) | None => Some(world.now() + AGAIN),
    }
}

/// Applies the plan's deaths, clock jumps and pauses, and stops executions.
pub(crate) async fn meddle(world: Arc<World>) {
    let faults = world.plan.faults.iter().enumerate();
    let faults = faults.map(|(stage, fault)| meddle_by(&world, stage, *fault));
    let programs = world.plan.programs.iter().enumerate();
    let stops = programs.filter_map(|(number, program)| match program.fate {
        Fate::Stopped { after_ms } => Some(stop(&world, number, after_ms)),
        Fate::Ends | Fate::Hasty => None,
    });
    futures_util::join!(join_all(faults), join_all(stops));
}

async fn meddle_by(world: &Arc<World>, stage: usize, fault: Fault) {
    match fault {
        Fault::DiesAt { ms } if world.is_stage(stage, 0) && !world.plan.is_shared() => {
            world.aged(ms).await;
            world.set_stage(stage, 1);
            world.die("at its time");
        }
        Fault::ClockJumps { at_ms, by_ms }
            if world.is_stage(stage, 0) && !world.plan.is_shared() =>
        {
            world.aged(at_ms).await;
            world.set_stage(stage, 1);
            world.jump(Duration::from_millis(by_ms));
        }
        Fault::Pause {
            program,
            at_ms,
            for_ms,
        } => {
            // Shrinking may have removed the program.
            let Some(program) = world.plan.programs.get(program) else {
                return;
            };
            let name = &program.name;
            if world.is_stage(stage, 0) {
                world.aged(at_ms).await;
                let pause = Input::Pause {
                    reason: None,
                    execution_timeout_paused: false,
                    client_token: None,
                };
                insist(world, name, "paused", pause).await;
                world.set_stage(stage, 1);
            }
            if world.is_stage(stage, 1) {
                world.aged(at_ms + for_ms).await;
                let resume = Input::Resume {
                    reason: None,
                    client_token: None,
                };
                insist(world, name, "resumed", resume.clone()).await;
                world.set_stage(stage, 2);
                // A server that was suspended may pause it only now.
                while world.plan.is_shared() {
                    world.aged(world.age_ms() + LOOK_AGAIN_MS).await;
                    if world.is_paused(name) {
                        insist(world, name, "resumed again", resume.clone()).await;
                    }
                }
            }
        }
        _ => {}
    }
}

async fn stop(world: &Arc<World>, number: usize, after_ms: u64) {
    let stage = world.plan.faults.len() + number;
    if world.is_stage(stage, 0) {
        world.aged(after_ms).await;
        let error = ErrorObject::new("Stopped", "told to stop");
        let name = &world.plan.programs[number].name;
        insist(world, name, "stopped", Input::Stop { error }).await;
        world.set_stage(stage, 1);
    }
}

/// Repeats an input until it is accepted or refused.
async fn insist(world: &World, name: &str, what: &str, input: Input) {
    loop {
        if let Some(id) = id_of(world, name) {
            match process(world, &id, input.clone()).await {
                Some(Ok(())) => return world.note(format!("{name} is {what}")),
                Some(Err(
                    ProcessError::Rejected(_)
                    | ProcessError::SetAside { .. }
                    | ProcessError::UnknownExecution(_),
                )) => return world.note(format!("{name} is not {what}: refused")),
                Some(Err(_)) | None => {}
            }
        }
        tokio::time::sleep(AGAIN).await;
    }
}

impl World {
    fn is_paused(&self, name: &str) -> bool {
        let stored = id_of(self, name).and_then(|id| self.execution(&id));
        stored.is_some_and(|it| it.state.pause.is_some())
    }
}

fn id_of(world: &World, name: &str) -> Option<ExecutionId> {
    let executions = world.executions().into_iter();
    let mut named = executions.filter(|it| World::name_of(&it.spec.arn) == name);
    named.next().map(|it| it.spec.arn.id.clone())
}
