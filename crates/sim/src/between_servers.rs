//! The line between servers: it loses notices and answers to them, delays them, and repeats them.

use std::sync::Arc;
use std::time::Duration;

use runtime::{MessageFuture, Messenger, Notice};
use store::ServerRecord;

use crate::fault::Fault;
use crate::machine::Machine;
use crate::world::Counted;

/// How long a server waits for another's answer.
const ANSWER_WITHIN: Duration = Duration::from_secs(1);

pub(crate) struct Line(pub Arc<Machine>);

/// The fault that hits a notice.
#[derive(Debug, Clone, Copy)]
enum Wrong {
    Lost,
    AnswerLost,
    Slow(Duration),
    Twice(Duration),
}

impl Line {
    async fn send(&self, to: Arc<Machine>, notice: Notice) -> Result<(), String> {
        let (from, world) = (&self.0, &self.0.world);
        let nth = world.count(Counted::Notices);
        let executions = notice.executions.len();
        from.note(&format!(
            "notice {nth} to server {}: {executions} executions",
            to.number
        ));
        let took = world.transit();
        if !took.is_zero() {
            tokio::time::sleep(took).await;
        }
        if from.is_cut_from_others() || to.is_cut_from_others() {
            return unanswered().await;
        }
        match self.wrong(nth) {
            Some(Wrong::Lost) => {
                from.note(&format!("notice {nth} is lost"));
                return unanswered().await;
            }
            Some(Wrong::AnswerLost) => {
                tokio::spawn(arrive(to, notice));
                from.note(&format!("the answer to notice {nth} is lost"));
                return unanswered().await;
            }
            Some(Wrong::Slow(by)) => {
                let arriving = tokio::spawn(async move {
                    tokio::time::sleep(by).await;
                    arrive(to, notice).await;
                });
                return within(arriving).await;
            }
            Some(Wrong::Twice(after)) => {
                let (again, to) = (notice.clone(), Arc::clone(&to));
                tokio::spawn(async move {
                    tokio::time::sleep(after).await;
                    arrive(to, again).await;
                });
            }
            None => {}
        }
        if to.is_dead() {
            return Err("nobody is there".to_owned());
        }
        within(tokio::spawn(arrive(to, notice))).await
    }

    fn wrong(&self, notice: u64) -> Option<Wrong> {
        let after = Duration::from_millis;
        self.0.world.fault(|fault| match *fault {
            Fault::NoticeLost { nth } if nth == notice => Some(Wrong::Lost),
            Fault::NoticeAnswerLost { nth } if nth == notice => Some(Wrong::AnswerLost),
            Fault::NoticeSlow { nth, ms } if nth == notice => Some(Wrong::Slow(after(ms))),
            Fault::NoticeTwice { nth, after_ms } if nth == notice => {
                Some(Wrong::Twice(after(after_ms)))
            }
            _ => None,
        })
    }
}

/// A suspended server receives it when it goes on.
async fn arrive(to: Arc<Machine>, notice: Notice) {
    to.goes().await;
    if let Some(cluster) = to.server().and_then(|it| it.cluster) {
        cluster.hear(notice);
    }
}

async fn within(arriving: tokio::task::JoinHandle<()>) -> Result<(), String> {
    match tokio::time::timeout(ANSWER_WITHIN, arriving).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err("it does not answer".to_owned()),
    }
}

async fn unanswered() -> Result<(), String> {
    tokio::time::sleep(ANSWER_WITHIN).await;
    Err("it does not answer".to_owned())
}

impl Messenger for Line {
    fn tell<'a>(&'a self, to: &'a ServerRecord, notice: Notice) -> MessageFuture<'a> {
        Box::pin(async move {
            self.0.goes().await;
            let machines = self.0.world.machines().into_iter();
            let mut machines = machines.filter(|it| it.owner() == Some(to.id));
            let told = match machines.next() {
                Some(machine) => self.send(machine, notice).await,
                None => Err("nobody is there".to_owned()),
            };
            self.0.goes().await;
            told
        })
    }
}
