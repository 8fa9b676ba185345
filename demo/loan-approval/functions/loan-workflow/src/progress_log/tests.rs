//! The log against a table in memory: killed at any point, with races and lost answers.

use std::sync::Mutex;

use proptest::prelude::*;

use super::*;

/// An application as stored in the table.
#[derive(Clone, Debug, Default)]
pub struct Item {
    pub counts: Counts,
    pub entries: Vec<LogEntry>,
    pub standing: Option<Standing>,
    pub callback_id: Option<String>,
}

/// A table in memory.
#[derive(Default)]
pub struct FakeTable {
    pub item: Mutex<Item>,
    /// The failures of the next calls, the last one first; calls work once it is empty.
    pub troubles: Mutex<Vec<Trouble>>,
}

#[derive(Clone, Copy, Debug)]
pub enum Trouble {
    /// Nothing happens, and an error is returned.
    Fails,
    /// It happens, and an error is returned.
    AnswerLost,
}

impl FakeTable {
    fn call<T>(&self, change: impl FnOnce(&mut Item) -> T) -> Result<T, StoreProgressError> {
        let trouble = self.troubles.lock().unwrap().pop();
        let error = || StoreProgressError {
            attempting: "call the table".to_owned(),
            cause: "throttled".into(),
        };
        match trouble {
            Some(Trouble::Fails) => Err(error()),
            Some(Trouble::AnswerLost) => {
                change(&mut self.item.lock().unwrap());
                Err(error())
            }
            None => Ok(change(&mut self.item.lock().unwrap())),
        }
    }

    pub fn messages(&self) -> Vec<String> {
        self.item
            .lock()
            .unwrap()
            .entries
            .iter()
            .map(|entry| entry.message.clone())
            .collect()
    }

    pub fn fresh_messages(&self) -> Vec<String> {
        let item = self.item.lock().unwrap();
        let fresh = item
            .entries
            .iter()
            .filter(|entry| entry.level != Level::Replay);
        fresh.map(|entry| entry.message.clone()).collect()
    }
}

impl ProgressStore for FakeTable {
    async fn counts(&self, _application_id: &str) -> Result<Counts, StoreProgressError> {
        self.call(|item| item.counts)
    }

    async fn update(
        &self,
        _application_id: &str,
        update: &Update,
    ) -> Result<Applied, StoreProgressError> {
        self.call(|item| {
            if item.counts != update.expected {
                return Applied::Overtaken;
            }
            item.counts = update.counts;
            item.entries.extend(update.entries.iter().cloned());
            if let Some(standing) = &update.standing {
                if standing.status != Status::PendingApproval {
                    item.callback_id = None;
                }
                item.standing = Some(standing.clone());
            }
            Applied::Yes
        })
    }

    async fn offer_callback(
        &self,
        _application_id: &str,
        callback_id: &str,
        progress: u64,
    ) -> Result<Applied, StoreProgressError> {
        self.call(|item| {
            if item.counts.progress != progress {
                return Applied::Overtaken;
            }
            item.callback_id = Some(callback_id.to_owned());
            Applied::Yes
        })
    }
}

fn status(table: &FakeTable) -> Option<(Status, Stage)> {
    table
        .item
        .lock()
        .unwrap()
        .standing
        .as_ref()
        .map(|standing| (standing.status, standing.stage))
}

#[tokio::test]
async fn replay_is_told_again_and_sets_nothing_back() {
    let table = FakeTable::default();
    let mut first = ProgressLog::open(&table, "LOAN-1").await.unwrap();
    first.tell(Stage::Validating, Status::Processing, "validating");
    first.flush_news().await.unwrap();
    first.tell(Stage::Validating, Status::Processing, "validated");
    first.tell(
        Stage::ManagerApproval,
        Status::PendingApproval,
        "asking the manager",
    );
    first.flush().await.unwrap();

    let mut second = ProgressLog::open(&table, "LOAN-1").await.unwrap();
    second.tell(Stage::Validating, Status::Processing, "validating");
    second.flush_news().await.unwrap();
    assert_eq!(
        table.messages().len(),
        3,
        "a replay alone can wait for company"
    );
    second.tell(Stage::Validating, Status::Processing, "validated");
    second.tell(
        Stage::ManagerApproval,
        Status::PendingApproval,
        "asking the manager",
    );
    second.flush().await.unwrap();
    assert_eq!(
        status(&table),
        Some((Status::PendingApproval, Stage::ManagerApproval))
    );

    second.tell_end(
        Stage::Complete,
        Status::Approved,
        Level::Info,
        "done".to_owned(),
        Some("result".into()),
    );
    second.flush().await.unwrap();
    let expected = [
        "validating",
        "validated",
        "asking the manager",
        "[REPLAY] validating",
        "[REPLAY] validated",
        "[REPLAY] asking the manager",
        "done",
    ];
    assert_eq!(table.messages(), expected);

    let mut late = ProgressLog::open(&table, "LOAN-1").await.unwrap();
    late.tell(Stage::Validating, Status::Processing, "validating");
    late.flush().await.unwrap();
    assert_eq!(
        status(&table),
        Some((Status::Approved, Stage::Complete)),
        "the end is the end"
    );
}

#[tokio::test(start_paused = true)]
async fn table_that_comes_back_in_time_loses_nothing_and_doubles_nothing() {
    let table = FakeTable::default();
    let mut log = ProgressLog::open(&table, "LOAN-1").await.unwrap();
    log.tell(Stage::Validating, Status::Processing, "one");
    *table.troubles.lock().unwrap() = vec![Trouble::Fails, Trouble::AnswerLost, Trouble::Fails];
    log.flush().await.unwrap();
    log.tell(Stage::Validating, Status::Processing, "two");
    log.flush().await.unwrap();
    assert_eq!(table.messages(), ["one", "two"]);
}

#[tokio::test(start_paused = true)]
async fn table_that_stays_away_is_an_error_in_the_end() {
    let table = FakeTable::default();
    *table.troubles.lock().unwrap() = vec![Trouble::Fails; 100];
    let begin = tokio::time::Instant::now();
    assert!(ProgressLog::open(&table, "LOAN-1").await.is_err());
    let waited = begin.elapsed();
    assert!(
        waited > Duration::from_secs(10) && waited < Duration::from_secs(30),
        "{waited:?}"
    );
}

#[tokio::test]
async fn item_has_room_for_so_many_replays_and_no_more() {
    let table = FakeTable::default();
    for _ in 0..REPLAYED_MAX + 50 {
        let mut log = ProgressLog::open(&table, "LOAN-1").await.unwrap();
        log.tell(Stage::Validating, Status::Processing, "validating");
        log.flush().await.unwrap();
    }
    assert_eq!(table.messages().len() as u64, REPLAYED_MAX + 1);
}

/// The flush that an invocation does after making its entries.
#[derive(Clone, Copy, Debug)]
enum Flush {
    Not,
    News,
    All,
}

proptest! {
    /// Invocations that make the same entries, each killed at some point, with some answers lost; two of them may be
    /// alive at once. Then one runs to the end.
    #[test]
    fn every_entry_is_written_exactly_once_in_order(
        flushes in prop::collection::vec(prop::sample::select(vec![Flush::Not, Flush::News, Flush::All]), 8),
        lives in prop::collection::vec((0_usize..2, 0_usize..8), 0..40),
        troubles in prop::collection::vec(prop::sample::select(vec![Trouble::Fails, Trouble::AnswerLost]), 0..6),
        when in 0_usize..40,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        runtime.block_on(async {
            let table = FakeTable::default();
            let mut alive = [None, None];
            for (turn, (slot, more)) in lives.into_iter().enumerate() {
                if turn == when {
                    table.troubles.lock().unwrap().clone_from(&troubles);
                }
                let mut log = match alive[slot].take() {
                    Some(log) => log,
                    None => ProgressLog::open(&table, "LOAN-1").await.unwrap(),
                };
                let from = log.told() as usize;
                for (number, flush) in flushes.iter().enumerate().skip(from).take(more) {
                    tell(&mut log, number, *flush).await;
                }
                // Every second time it is killed instead of going on later, and its waiting entries stay unwritten.
                if turn % 2 == 0 {
                    alive[slot] = Some(log);
                }
            }
            let mut last = ProgressLog::open(&table, "LOAN-1").await.unwrap();
            for (number, flush) in flushes.iter().enumerate() {
                tell(&mut last, number, *flush).await;
            }
            last.flush().await.unwrap();
            let expected: Vec<String> = (0..flushes.len()).map(|number| number.to_string()).collect();
            assert_eq!(table.fresh_messages(), expected);
            assert_eq!(status(&table), Some((Status::Processing, Stage::Validating)));
        });
    }
}

async fn tell(log: &mut ProgressLog<'_, FakeTable>, number: usize, flush: Flush) {
    log.tell(Stage::Validating, Status::Processing, number.to_string());
    match flush {
        Flush::Not => {}
        Flush::News => log.flush_news().await.unwrap(),
        Flush::All => log.flush().await.unwrap(),
    }
}
