//! A checkpoint that is read in place has the same content as an owned one, and is refused in the same words.

use std::borrow::Cow;

use lambda_api::{BorrowedCheckpoint, BorrowedUpdate, CheckpointDurableExecutionRequest, Text};

type Borrowed<'a> = BorrowedCheckpoint<'a, String>;

#[test]
fn only_escaped_texts_are_copied() {
    let body = r#"{"CheckpointToken":"t","Updates":[{"Id":"1","ParentId":"\u0032","Name":"n","SubType":null}]}"#;
    let request: Borrowed<'_> = serde_json::from_str(body).unwrap();
    let [update] = &request.updates[..] else {
        panic!("{request:?}");
    };
    assert!(matches!(request.checkpoint_token.0, Cow::Borrowed("t")));
    assert!(matches!(update.id.0, Cow::Borrowed("1")));
    assert!(matches!(update.name, Some(Text(Cow::Borrowed("n")))));
    assert_eq!(update.sub_type, None);
    let Some(Text(Cow::Owned(parent))) = &update.parent_id else {
        panic!("{update:?}");
    };
    assert_eq!(parent, "2");
}

/// Both readings of a body: the same request, or the same words of refusal.
fn check(body: &[u8]) {
    let shown = String::from_utf8_lossy(body);
    let owned: Result<CheckpointDurableExecutionRequest, _> = serde_json::from_slice(body);
    let borrowed: Result<Borrowed<'_>, _> = serde_json::from_slice(body);
    match (owned, borrowed) {
        (Ok(owned), Ok(borrowed)) => {
            assert_eq!(
                *borrowed.checkpoint_token, owned.checkpoint_token,
                "{shown}"
            );
            assert_eq!(
                borrowed.client_token.map(String::from),
                owned.client_token,
                "{shown}"
            );
            let updates: Vec<_> = owned
                .updates
                .into_iter()
                .map(BorrowedUpdate::from)
                .collect();
            assert_eq!(borrowed.updates, updates, "{shown}");
        }
        (Err(owned), Err(borrowed)) => {
            assert_eq!(borrowed.to_string(), owned.to_string(), "{shown}");
        }
        (owned, borrowed) => panic!("{shown}: {owned:?}, but {borrowed:?}"),
    }
}

#[test]
fn bodies_are_read_as_owned_ones_are() {
    let values = [
        "null",
        "true",
        "1",
        "-1",
        "1.5",
        "1e400",
        "99999999999999999999",
        "[]",
        "[1]",
        r#"["1","2"]"#,
        "{}",
        r#"{"Id":"1"}"#,
        r#""""#,
        r#""START""#,
        r#""STEP""#,
        r#""plain""#,
        r#""\"quoted\" \\ \/ \b\f\n\r\t""#,
        r#""\u00e9\ud83d\ude00é😀""#,
        r#""\ud83d""#,
        r#""\x""#,
        "\"\u{1}\"",
        r#""open"#,
        "tru",
        "",
    ];
    let members = [
        "Id",
        "ParentId",
        "Name",
        "Type",
        "SubType",
        "Action",
        "Payload",
        "Error",
        "ContextOptions",
        "StepOptions",
        "WaitOptions",
        "CallbackOptions",
        "ChainedInvokeOptions",
        "Unknown",
        "id",
        "",
    ];
    for value in values {
        for member in ["CheckpointToken", "Updates", "ClientToken", "Unknown"] {
            check(format!(r#"{{"{member}":{value}}}"#).as_bytes());
            check(format!(r#"{{"{member}":{value},"{member}":{value}}}"#).as_bytes());
        }
        for member in members {
            let update = format!(r#"{{"{member}":{value}}}"#);
            check(format!(r#"{{"CheckpointToken":"t","Updates":[{update}]}}"#).as_bytes());
            check(format!(r#"{{"Updates":[{{}},{update},{update}],"X":{value}}}"#).as_bytes());
            let twice = format!(r#"{{"{member}":{value},"{member}":null}}"#);
            check(format!(r#"{{"Updates":[{twice}]}}"#).as_bytes());
        }
        for (options, member) in [
            ("Error", "ErrorMessage"),
            ("Error", "StackTrace"),
            ("ContextOptions", "ReplayChildren"),
            ("StepOptions", "NextAttemptDelaySeconds"),
            ("WaitOptions", "WaitSeconds"),
            ("CallbackOptions", "TimeoutSeconds"),
            ("ChainedInvokeOptions", "FunctionName"),
        ] {
            let update = format!(r#"{{"{options}":{{"{member}":{value}}}}}"#);
            check(format!(r#"{{"Updates":[{update}]}}"#).as_bytes());
        }
    }
}

#[test]
fn broken_and_deep_bodies_are_refused_as_owned_ones_are() {
    let whole = r#"{"CheckpointToken":"t\n","Updates":[{"Id":"\u0031","ParentId":"p","Payload":"{\"a\":[1]}","Error":{"ErrorMessage":"é","StackTrace":["a","b"]}},["1","p",null]],"ClientToken":"c"} "#;
    for end in 0..=whole.len() {
        check(&whole.as_bytes()[..end]);
        for byte in [b'"', b'\\', b'}', b',', 0, 0xff] {
            let mut broken = whole.as_bytes().to_owned();
            broken.insert(end, byte);
            check(&broken);
        }
    }
    for depth in [1, 100, 124, 125, 126, 127, 128, 10_000] {
        for member in ["Unknown", "Payload", "Id", "Error", "Updates"] {
            let deep = "[".repeat(depth) + &"]".repeat(depth);
            let body = format!(r#"{{"Updates":[{{"{member}":{deep}"#);
            check(format!("{body}}}]}}").as_bytes());
            check(body.as_bytes());
        }
    }
}

#[test]
fn positional_updates_are_read_as_owned_ones_are() {
    let members = [
        r#""1""#,
        r#""p""#,
        "null",
        r#""STEP""#,
        r#""\u0053""#,
        r#""START""#,
        r#""\"1\"""#,
        "null",
        "null",
        "{}",
        "null",
        "null",
        "null",
        "1",
    ];
    for count in 0..=members.len() {
        let update = members[..count].join(",");
        check(format!(r#"{{"Updates":[[{update}]]}}"#).as_bytes());
    }
}
