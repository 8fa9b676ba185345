//! Logs in PostgreSQL keep every promise, and are bounded.

mod support;

use std::time::Duration;

use model::{FunctionName, Timestamp, Version};
use store::conformance;
use store::{LogLine, LogQuery, LogStore, LogStream, Segment};
use store_postgres::{LogOptions, PostgresLogs};

use crate::support::{ACCOUNT, server};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn logs_in_postgres_conform() {
    let empty = || {
        let runtime = tokio::runtime::Handle::current();
        tokio::task::block_in_place(|| {
            runtime.block_on(async {
                let url = server().database().await;
                let logs = PostgresLogs::open(&url, ACCOUNT, LogOptions::default()).await;
                Box::new(logs.expect("a new database")) as Box<dyn LogStore>
            })
        })
    };
    conformance::LOGS.check(empty).await;
}

fn line(number: usize) -> LogLine {
    LogLine {
        function: FunctionName::parse("Loan").expect("a valid name"),
        version: Version::Latest,
        request_id: None,
        execution_id: None,
        at: Timestamp::from(std::time::SystemTime::now()),
        stream: LogStream::Stdout,
        text: format!("{number:0>200}"),
    }
}

async fn all(logs: &PostgresLogs) -> Vec<i64> {
    let query = LogQuery {
        limit: usize::MAX,
        ..LogQuery::default()
    };
    let page = logs.lines(query).await.expect("works");
    page.lines.iter().map(|line| line.number).collect()
}

/// The oldest go when there is more than there may be, and numbers are never given again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_newest_are_kept() {
    const ROUNDS: usize = 200;
    const LINES: usize = 100;
    let url = server().database().await;
    let mut options = LogOptions::default();
    options.bytes_max = 4 * 1024 * 1024;
    let logs = PostgresLogs::open(&url, ACCOUNT, options)
        .await
        .expect("a new database");
    let last = || LogQuery {
        tail: true,
        limit: 1,
        ..LogQuery::default()
    };
    for round in 0..ROUNDS {
        let lines: Vec<_> = (0..LINES)
            .map(|number| line(round * LINES + number))
            .collect();
        let newest = lines.last().cloned();
        logs.append(lines);
        logs.append_segment(Segment {
            trace_id: format!("trace-{round}"),
            at: Timestamp::from_millis(0),
            document: "{}".to_owned(),
        });
        // Asking ends the batch, so that there are as many as rounds.
        let found = logs.lines(last()).await.expect("works");
        assert_eq!(found.lines.first().map(|it| &it.line), newest.as_ref());
    }
    // Half of the room is for lines: of eight megabytes that were written, two and a tenth, and what came since a look.
    let kept = all(&logs).await;
    assert!(kept.len() < ROUNDS * LINES * 9 / 10, "{}", kept.len());
    assert!(kept.len() > LINES * 10, "{}", kept.len());
    let newest = i64::try_from(ROUNDS * LINES).expect("it is small");
    assert!(kept.is_sorted() && kept.last() == Some(&newest));
}

/// Old lines go although there is room.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_old_go() {
    let url = server().database().await;
    let mut options = LogOptions::default();
    options.age_max = Duration::from_secs(3600);
    let logs = PostgresLogs::open(&url, ACCOUNT, options)
        .await
        .expect("a new database");
    let old = LogLine {
        at: Timestamp::from_millis(1_000),
        ..line(0)
    };
    logs.append(vec![old; 100]);
    for number in 0..200 {
        logs.append(vec![line(number)]);
        logs.lines(LogQuery::default()).await.expect("works");
    }
    let kept = all(&logs).await;
    assert!(
        kept.first() > Some(&1) && kept.len() >= 200,
        "{}",
        kept.len()
    );
}
