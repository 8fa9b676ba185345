//! A table of members reports the violations, in its order.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use wire::{Member, Range, Rule, check};

#[derive(Default)]
struct Request {
    name: Option<String>,
    size: Option<i64>,
    share: Option<f64>,
    kinds: Option<Vec<String>>,
}

const SHARED: &[Member<Request>] = &[
    Member::Number("size", Range { min: 1, max: 9 }, |it| it.size),
    Member::Decimal("share", (0.0, 1.0, 1), |it| it.share),
];

const MEMBERS: &[Member<Request>] = &[
    Member::Required("name", |it| it.name.is_some()),
    Member::Text("name", Rule::CharsMax(3), |it| it.name.as_deref()),
    Member::All(SHARED),
    Member::Each("kinds", Rule::OneOf(&["A", "B"]), |it| it.kinds.as_deref()),
    Member::Other(|it, violations| {
        if it.size.is_some() && it.share.is_some() {
            violations.add(None, "size", "not stand beside a share");
        }
    }),
];

fn refused(request: &Request) -> Vec<String> {
    match check(request, MEMBERS) {
        Ok(()) => Vec::new(),
        Err(error) => {
            let (_, violations) = error.message.split_once("detected: ").unwrap();
            let rules = violations.split("; ");
            let rules = rules.map(|it| it.replace(" failed to satisfy constraint: Member", ""));
            rules.collect()
        }
    }
}

#[test]
fn violations_come_in_the_order_of_the_table() {
    assert_eq!(
        refused(&Request::default()),
        ["Value null at 'name' must not be null"]
    );
    let right = Request {
        name: Some("äöü".to_owned()),
        size: Some(9),
        kinds: Some(vec!["B".to_owned()]),
        ..Request::default()
    };
    assert_eq!(refused(&right), [""; 0]);
    let wrong = Request {
        name: Some("four".to_owned()),
        size: Some(0),
        share: Some(1.5),
        kinds: Some(vec!["A".to_owned(), "C".to_owned()]),
    };
    assert_eq!(
        refused(&wrong),
        [
            "Value at 'name' must have length less than or equal to 3",
            "Value '0' at 'size' must have value greater than or equal to 1",
            "Value '1.5' at 'share' must have value less than or equal to 1.0",
            "Value 'C' at 'kinds.2.member' must satisfy enum value set: [A, B]",
            "Value at 'size' must not stand beside a share",
        ]
    );
}
