//! Log lines and segments.

use model::{ExecutionId, FunctionName, RequestId, Version};

use super::Suite;
use super::subject::BEGINNING;
use crate::{LogLine, LogQuery, LogStore, LogStream, Segment};

/// The promises of [`LogStore`].
pub const LOGS: Suite<dyn LogStore> = suite![logs:
    lines_are_seen_in_order_by_who_asks_after_them,
    queries_select_what_they_say,
    pages_end_at_their_bytes_and_can_be_gone_on_from,
    segments_are_found_by_trace,
];

fn line(function: &str, text: &str) -> LogLine {
    LogLine {
        function: FunctionName::parse(function).expect("a valid name"),
        version: Version::Published(1),
        request_id: None,
        execution_id: None,
        at: BEGINNING,
        stream: LogStream::Stdout,
        text: text.to_owned(),
    }
}

fn all() -> LogQuery {
    LogQuery {
        limit: 1000,
        ..LogQuery::default()
    }
}

async fn texts(logs: &dyn LogStore, query: LogQuery) -> Vec<String> {
    let page = logs.lines(query).await.expect("works");
    let lines = page.lines;
    assert!(lines.is_sorted_by(|one, next| one.number < next.number));
    lines.into_iter().map(|found| found.line.text).collect()
}

async fn lines_are_seen_in_order_by_who_asks_after_them(logs: &dyn LogStore) {
    let mut expected = Vec::new();
    for round in 0..20 {
        let texts: Vec<_> = (0..7).map(|number| format!("{round}.{number}")).collect();
        logs.append(texts.iter().map(|text| line("Loan", text)).collect());
        expected.extend(texts);
        let seen = self::texts(logs, all()).await;
        assert_eq!(seen, expected);
    }
    // Follow: the lines after the last number seen.
    let last = logs.lines(all()).await.expect("works").lines.pop();
    let after = last.expect("there are lines").number;
    logs.append(vec![line("Loan", "new")]);
    let query = LogQuery {
        after: Some(after),
        ..all()
    };
    assert_eq!(texts(logs, query).await, ["new"]);
}

async fn queries_select_what_they_say(logs: &dyn LogStore) {
    let request = RequestId::parse("request-1").expect("a valid id");
    let execution = ExecutionId::parse("execution-1").expect("a valid id");
    let full = LogLine {
        request_id: Some(request.clone()),
        execution_id: Some(execution.clone()),
        stream: LogStream::Stderr,
        version: Version::Latest,
        ..line("Loan", "full \0 ✓")
    };
    let platform = LogLine {
        execution_id: Some(execution.clone()),
        stream: LogStream::Platform,
        ..line("Loan", "platform")
    };
    logs.append(vec![
        line("Loan", "loan"),
        full.clone(),
        platform.clone(),
        line("Fraud", "fraud"),
    ]);
    let of_execution = LogQuery {
        execution_id: Some(execution),
        ..all()
    };
    let lines = logs.lines(of_execution.clone()).await.expect("works");
    let lines: Vec<_> = lines.lines.into_iter().map(|found| found.line).collect();
    assert_eq!(lines, [full, platform]);
    let of_request = LogQuery {
        request_id: Some(request),
        ..all()
    };
    assert_eq!(texts(logs, of_request).await, ["full \0 ✓"]);
    let of_function = LogQuery {
        function: Some(FunctionName::parse("Loan").expect("a valid name")),
        ..all()
    };
    assert_eq!(texts(logs, of_function.clone()).await.len(), 3);
    let first = LogQuery {
        limit: 2,
        ..of_function.clone()
    };
    assert_eq!(texts(logs, first).await, ["loan", "full \0 ✓"]);
    let last = LogQuery {
        limit: 2,
        tail: true,
        ..of_function
    };
    assert_eq!(texts(logs, last).await, ["full \0 ✓", "platform"]);
    let last_of_execution = LogQuery {
        limit: 1,
        tail: true,
        ..of_execution
    };
    assert_eq!(texts(logs, last_of_execution).await, ["platform"]);
}

async fn pages_end_at_their_bytes_and_can_be_gone_on_from(logs: &dyn LogStore) {
    let expected: Vec<_> = (0..9).map(|number| format!("{number} ✓✓✓")).collect();
    logs.append(expected.iter().map(|text| line("Loan", text)).collect());
    for bytes_max in [0, 11, 22, 25, 1_000] {
        for tail in [false, true] {
            let mut query = LogQuery {
                tail,
                bytes_max,
                ..all()
            };
            let mut seen: Vec<String> = Vec::new();
            loop {
                let page = logs.lines(query.clone()).await.expect("works");
                let bytes: usize = page.lines.iter().map(|found| found.line.text.len()).sum();
                assert!(bytes <= bytes_max.max(11), "{bytes} of {bytes_max}");
                let (Some(first), Some(last)) = (page.lines.first(), page.lines.last()) else {
                    panic!("a page has at least one line")
                };
                (query.before, query.after) = match tail {
                    true => (Some(first.number), None),
                    false => (None, Some(last.number)),
                };
                let texts = page.lines.iter().map(|found| found.line.text.clone());
                match tail {
                    true => seen = texts.chain(seen).collect(),
                    false => seen.extend(texts),
                }
                if !page.more {
                    break;
                }
            }
            assert_eq!(
                seen, expected,
                "with {bytes_max} bytes, from the end: {tail}"
            );
        }
    }
    // A text is cut at a character, and says how long it was.
    let query = LogQuery {
        text_bytes_max: 7,
        ..LogQuery::default()
    };
    let page = logs.lines(query).await.expect("works");
    let found = &page.lines[0];
    assert_eq!((found.line.text.as_str(), found.text_bytes), ("0 ✓", 11));
    assert!(page.more);
}

async fn segments_are_found_by_trace(logs: &dyn LogStore) {
    let segment = |trace: &str, document: &str| Segment {
        trace_id: trace.to_owned(),
        at: BEGINNING,
        document: document.to_owned(),
    };
    let all = [
        segment("trace-1", "{\"name\":\"api\"}"),
        segment("trace-2", "{\"name\":\"other\"}"),
        segment("trace-1", "{\"name\":\"fraud\"}"),
    ];
    for segment in &all {
        logs.append_segment(segment.clone());
    }
    assert_eq!(
        logs.segments(None, 10, usize::MAX).await.expect("works"),
        all
    );
    assert_eq!(
        logs.segments(None, 2, usize::MAX).await.expect("works"),
        all[1..]
    );
    let trace = logs
        .segments(Some("trace-1".to_owned()), 10, usize::MAX)
        .await;
    assert_eq!(trace.expect("works"), [all[0].clone(), all[2].clone()]);
    let bytes_max = all[1].document.len() + all[2].document.len();
    for (bytes_max, from) in [(0, 2), (bytes_max - 1, 2), (bytes_max, 1)] {
        let newest = logs.segments(None, 10, bytes_max).await.expect("works");
        assert_eq!(newest, all[from..], "with {bytes_max} bytes");
    }
    let nobody = logs
        .segments(Some("trace-9".to_owned()), 10, usize::MAX)
        .await;
    assert!(nobody.expect("works").is_empty());
}
