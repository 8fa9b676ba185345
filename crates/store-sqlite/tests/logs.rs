//! The log store's behaviour beyond the common promises.

use model::{FunctionName, Timestamp, Version};
use store::{LogLine, LogQuery, LogStore, LogStream, Segment};
use store_sqlite::{OpenLogsOptions, SqliteLogs};
use tempfile::TempDir;

fn line(number: usize) -> LogLine {
    LogLine {
        function: FunctionName::parse("Loan").expect("a valid name"),
        version: Version::Latest,
        request_id: None,
        execution_id: None,
        at: Timestamp::from_millis(0),
        stream: LogStream::Stdout,
        text: format!("{number:0>200}"),
    }
}

/// The oldest go when the file has reached its bound, and numbers are never given again.
#[tokio::test]
async fn the_file_stays_within_its_bound_and_keeps_the_newest() {
    const ROUNDS: usize = 200;
    const LINES: usize = 200;
    let directory = TempDir::new().expect("a directory for the test");
    let path = directory.path().join("logs.db");
    let mut options = OpenLogsOptions::default();
    options.bytes_max = 2 * 1024 * 1024;
    let logs = SqliteLogs::open(&path, options).expect("a new database");
    let last = || LogQuery {
        tail: true,
        limit: 1,
        ..LogQuery::default()
    };
    for round in 0..ROUNDS {
        logs.append(
            (0..LINES)
                .map(|number| line(round * LINES + number))
                .collect(),
        );
        logs.append_segment(Segment {
            trace_id: format!("trace-{round}"),
            at: Timestamp::from_millis(0),
            document: "{}".to_owned(),
        });
        // Asking ends the transaction, so that there are as many as rounds.
        let newest = logs.lines(last()).await.expect("works");
        assert_eq!(newest.lines[0].line, line(round * LINES + LINES - 1));
    }
    let all = LogQuery {
        limit: usize::MAX,
        ..LogQuery::default()
    };
    let lines = logs.lines(all.clone()).await.expect("works").lines;
    // Eight megabytes were written; a few transactions may pass between two looks.
    assert!(lines.len() < ROUNDS * LINES * 2 / 3, "{}", lines.len());
    assert!(lines.len() > LINES * 10, "{}", lines.len());
    let numbers = lines.iter().map(|found| found.number);
    let total = i64::try_from(ROUNDS * LINES).expect("it is small");
    assert!(numbers.eq(total - lines.len() as i64 + 1..=total));
    let segments = logs.segments(None, 1, usize::MAX).await.expect("works");
    assert_eq!(segments[0].trace_id, format!("trace-{}", ROUNDS - 1));
    drop(logs);

    let again = SqliteLogs::open(&path, OpenLogsOptions::default()).expect("it was released");
    assert_eq!(again.lines(all).await.expect("works").lines, lines);
}
