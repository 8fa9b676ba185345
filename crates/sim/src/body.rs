//! Runs a program as a durable function: with code like that of a user.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use lambdura::{
    BoxError, CallbackId, DurableContext, Jitter, RetryStrategy, StepContext, WaitDecision, branch,
};

use crate::machine::Machine;
use crate::program::{Fate, Op, Program};

/// Attempts of a step beyond those that the plan lets fail: more than any plan interrupts.
const SPARE_ATTEMPTS: u32 = 60;

pub(crate) fn handler(
    machine: &Arc<Machine>,
) -> impl Fn(Program, DurableContext) -> BoxFuture<'static, Result<Vec<String>, BoxError>>
+ Send
+ Sync
+ 'static
+ use<> {
    let machine = Arc::clone(machine);
    move |program, ctx| run(Arc::clone(&machine), program.ops, ctx)
}

fn run(
    machine: Arc<Machine>,
    ops: Vec<Op>,
    ctx: DurableContext,
) -> BoxFuture<'static, Result<Vec<String>, BoxError>> {
    Box::pin(async move {
        let mut results = Vec::new();
        for op in ops {
            let acknowledged = op.is_acknowledged().then(|| op.name().to_owned());
            results.push(perform(&machine, op, &ctx).await?);
            if let Some(name) = acknowledged {
                machine.world.check_recorded(ctx.execution_arn(), &name);
            }
        }
        Ok(results)
    })
}

async fn perform(machine: &Arc<Machine>, op: Op, ctx: &DurableContext) -> Result<String, BoxError> {
    match op {
        Op::Step {
            name,
            takes_ms,
            fails,
            at_most_once,
        } => step(machine, ctx, name, takes_ms, fails, at_most_once).await,
        Op::Doomed { name, attempts } => {
            let told = Arc::clone(machine);
            let step = ctx.step(move |step: StepContext| {
                let told = Arc::clone(&told);
                async move {
                    told.step_begins(&step).await;
                    Err::<(), BoxError>("told to fail".into())
                }
            });
            let step = step.name(&name).retry(retries(attempts));
            Ok(worded(&name, step.await.map(|()| "done")))
        }
        Op::Wait { name, seconds } => {
            let wait = ctx.wait(Duration::from_secs(seconds)).name(&name);
            wait.await?;
            Ok(format!("{name}:done"))
        }
        op @ Op::Callback { .. } => callback(machine, ctx, op).await,
        Op::Condition {
            name,
            checks,
            every_s,
        } => {
            let told = Arc::clone(machine);
            let check = move |checked: u32, step: StepContext| {
                let told = Arc::clone(&told);
                async move {
                    told.step_begins(&step).await;
                    Ok::<_, BoxError>(checked + 1)
                }
            };
            let until = move |checked: &u32, _: u32| match *checked >= checks {
                true => WaitDecision::Stop,
                false => WaitDecision::ContinueAfter(Duration::from_secs(every_s)),
            };
            let checked = ctx.wait_for_condition(0, check, until).name(&name).await?;
            Ok(format!("{name}:{checked}"))
        }
        Op::Echo { name } => {
            let answered = ctx.invoke::<_, String>("echo", &name).name(&name).await?;
            Ok(format!("{answered}:done"))
        }
        Op::Missing { name } => {
            let answered = ctx.invoke::<_, String>("nobody", &name).name(&name).await;
            Ok(worded(&name, answered.map(|_| "done")))
        }
        Op::Chained { name, ops } => {
            let program = Program {
                name: name.clone(),
                starts_after_ms: 0,
                fate: Fate::Ends,
                ops,
            };
            let invoke = ctx.invoke::<_, Vec<String>>("program:live", &program);
            let results = invoke.name(&name).await?;
            Ok(format!("{name}({})", results.join(" ")))
        }
        Op::Child { name, ops } => {
            let machine = Arc::clone(machine);
            let child = ctx.run_in_child_context(&name, move |ctx| run(machine, ops, ctx));
            let results = child.await?;
            Ok(format!("{name}({})", results.join(" ")))
        }
        Op::Parallel {
            name,
            branches,
            at_once,
        } => {
            let branches = branches.into_iter().map(|ops| {
                let machine = Arc::clone(machine);
                branch(move |ctx| run(machine, ops, ctx))
            });
            let parallel = ctx.parallel(branches).name(&name).max_concurrency(at_once);
            Ok(listed(&name, parallel.await?.into_results()?))
        }
        Op::Map { name, items } => {
            let machine = Arc::clone(machine);
            let map = ctx.map(items, move |ctx, ops| run(Arc::clone(&machine), ops, ctx));
            Ok(listed(&name, map.name(&name).await?.into_results()?))
        }
    }
}

async fn step(
    machine: &Arc<Machine>,
    ctx: &DurableContext,
    name: String,
    takes_ms: u64,
    fails: u32,
    at_most_once: bool,
) -> Result<String, BoxError> {
    let told = Arc::clone(machine);
    let step = ctx.step(move |step: StepContext| {
        let told = Arc::clone(&told);
        async move {
            told.step_begins(&step).await;
            tokio::time::sleep(Duration::from_millis(takes_ms)).await;
            match step.attempt() <= fails {
                true => Err::<(), BoxError>("told to fail".into()),
                false => Ok(()),
            }
        }
    });
    let mut step = step.name(&name).retry(retries(fails + SPARE_ATTEMPTS));
    if at_most_once {
        step = step.at_most_once();
    }
    Ok(worded(&name, step.await.map(|()| "done")))
}

async fn callback(
    machine: &Arc<Machine>,
    ctx: &DurableContext,
    op: Op,
) -> Result<String, BoxError> {
    let Op::Callback {
        name,
        submitted,
        timeout_s,
        heartbeat_timeout_s,
        ..
    } = op
    else {
        unreachable!("it is asked for callbacks only")
    };
    let timeout = timeout_s.map(Duration::from_secs);
    let heartbeat_timeout = heartbeat_timeout_s.map(Duration::from_secs);
    let answered = if submitted {
        let told = Arc::clone(machine);
        let submit = move |_: CallbackId, step: StepContext| {
            let told = Arc::clone(&told);
            async move {
                told.step_begins(&step).await;
                Ok::<_, BoxError>(())
            }
        };
        let mut asked = ctx.wait_for_callback::<String, _, _, _>(&name, submit);
        asked = asked.retry(retries(SPARE_ATTEMPTS));
        if let Some(timeout) = timeout {
            asked = asked.timeout(timeout);
        }
        if let Some(timeout) = heartbeat_timeout {
            asked = asked.heartbeat_timeout(timeout);
        }
        asked.await
    } else {
        let mut created = ctx.create_callback::<String>().name(&name);
        if let Some(timeout) = timeout {
            created = created.timeout(timeout);
        }
        if let Some(timeout) = heartbeat_timeout {
            created = created.heartbeat_timeout(timeout);
        }
        created.await?.await
    };
    Ok(match answered {
        _ if timeout.is_some() || heartbeat_timeout.is_some() => format!("{name}:settled"),
        Ok(answer) => format!("{name}:{answer}"),
        Err(_) => format!("{name}:no"),
    })
}

fn retries(attempts: u32) -> RetryStrategy {
    let delay = Duration::from_secs(2);
    RetryStrategy::fixed(delay)
        .max_attempts(attempts)
        .jitter(Jitter::Half)
}

fn worded<E>(name: &str, came_to: Result<&str, E>) -> String {
    format!("{name}:{}", came_to.unwrap_or("failed"))
}

fn listed(name: &str, results: Vec<Vec<String>>) -> String {
    let results: Vec<_> = results.iter().map(|one| one.join(" ")).collect();
    format!("{name}({})", results.join("|"))
}
