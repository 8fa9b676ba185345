//! What paths find, what the parser rejects, and where paths write.

use serde_json::{Map, json};

use super::*;
use crate::chance::Chance;

fn find(path: &str, input: &Value) -> Option<Value> {
    let variables = json!({ "limit": { "low": 3 } });
    let scope = Scope {
        input,
        context: &json!({ "Execution": { "Id": "arn" } }),
        variables: variables.as_object().expect("an object"),
        states: &Map::new(),
        chance: &Chance::new(0, 0),
        now_millis: 0,
    };
    Path::parse(path).expect(path).find(&scope)
}

fn shop() -> Value {
    json!({
        "order-no": 7,
        "items": [
            { "name": "nut", "price": 2, "tags": ["steel", "small"], "spare": true },
            { "name": "bolt", "price": 12.5, "tags": [] },
            { "name": "key", "price": 40, "tags": ["steel"] },
        ],
        "deep": { "items": [{ "name": "inner", "price": 1 }] },
        "odd name": { "a.b": null },
    })
}

#[test]
fn a_path_that_means_one_value_is_that_value() {
    let shop = shop();
    assert_eq!(find("$", &shop), Some(shop.clone()));
    assert_eq!(find("$.order-no", &shop), Some(json!(7)));
    assert_eq!(find("$.items[1].name", &shop), Some(json!("bolt")));
    assert_eq!(find("$.items[-1].name", &shop), Some(json!("key")));
    assert_eq!(find("$['odd name'][\"a.b\"]", &shop), Some(json!(null)));
    assert_eq!(find("$.items[7]", &shop), None);
    assert_eq!(find("$.items.name", &shop), None);
    assert_eq!(find("$.nothing.here", &shop), None);
    assert_eq!(find("$$.Execution.Id", &shop), Some(json!("arn")));
    assert_eq!(find("$limit.low", &shop), Some(json!(3)));
    assert_eq!(find("$unset", &shop), None);
    assert_eq!(find("$.items.length()", &shop), Some(json!(3)));
}

#[test]
fn a_path_that_may_mean_several_is_a_list() {
    let shop = shop();
    let names = |path: &str| find(path, &shop).expect("a list");
    assert_eq!(names("$.items[*].name"), json!(["nut", "bolt", "key"]));
    assert_eq!(names("$.items[0,2].name"), json!(["nut", "key"]));
    assert_eq!(names("$.items[1:].name"), json!(["bolt", "key"]));
    assert_eq!(names("$.items[:-1].name"), json!(["nut", "bolt"]));
    assert_eq!(names("$.items[0:3:2].name"), json!(["nut", "key"]));
    assert_eq!(
        names("$.items[?(@.price > 10)].name"),
        json!(["bolt", "key"])
    );
    assert_eq!(names("$.items[?(@.spare)].name"), json!(["nut"]));
    assert_eq!(names("$.items[?(!(@.spare))].name"), json!(["bolt", "key"]));
    let both = "$.items[?(@.price < 20 && @.name != 'nut' || @.price == 40)].name";
    assert_eq!(names(both), json!(["bolt", "key"]));
    assert_eq!(
        names("$.items[?(@.name in ['key', 'nut'])].price"),
        json!([2, 40])
    );
    assert_eq!(
        names("$.items[?(@.price >= $.items[1].price)].price"),
        json!([12.5, 40])
    );
    assert_eq!(names("$..name"), json!(["nut", "bolt", "key", "inner"]));
    assert_eq!(
        names("$.items[?(@.tags.length() == 1)].name"),
        json!(["key"])
    );
    assert_eq!(names("$.items[?(@.price > 99)]"), json!([]));
    // Jayway's JsonPath accepts a word without quotes.
    assert_eq!(names("$.items[?(@.name==bolt)].price"), json!([12.5]));
    assert_eq!(names("$.items[?(@.spare==true)].name"), json!(["nut"]));
}

#[test]
fn what_is_wrong_with_a_path_is_said_with_its_place() {
    let wrong = |text: &str| Path::parse(text).expect_err(text).to_string();
    assert_eq!(
        wrong("order"),
        "`order` is not a valid JSONPath: a path begins with `$` at character 1"
    );
    assert!(wrong("$.").ends_with("a name is missing at character 3"));
    assert!(
        wrong("$.a[").contains("at character 5"),
        "{}",
        wrong("$.a[")
    );
    assert!(wrong("$.a['b").contains("is not closed at character 5"));
    assert!(wrong("$.a b").contains("unexpected ` ` at character 4"));
    assert!(wrong("$.a.size()").contains("`size()` is not supported"));
    assert!(wrong("$.a[99999999999999999999]").contains("is not an index"));
    let nested = format!("$[?({}@.a{})]", "(".repeat(40), ")".repeat(40));
    assert!(wrong(&nested).contains("nest deeper"));
}

#[test]
fn results_are_put_where_a_reference_path_says() {
    let put = |path: &str, target: Value, value: Value| {
        let path = Path::parse(path).expect(path);
        assert!(path.is_reference());
        path.put(target, value)
    };
    assert_eq!(put("$", json!({ "a": 1 }), json!(2)), Ok(json!(2)));
    assert_eq!(
        put("$.b.c", json!({ "a": 1 }), json!(2)),
        Ok(json!({ "a": 1, "b": { "c": 2 } }))
    );
    assert_eq!(
        put("$.a[1]", json!({ "a": [0, 0] }), json!(2)),
        Ok(json!({ "a": [0, 2] }))
    );
    assert!(put("$.a[2]", json!({ "a": [0, 0] }), json!(2)).is_err());
    assert!(put("$.a.b", json!({ "a": 1 }), json!(2)).is_err());
    assert!(put("$.a", json!([]), json!(2)).is_err());
    for indefinite in ["$.a[*]", "$..a", "$.a[-1]", "$.a[0:1]", "$.a.length()"] {
        let path = Path::parse(indefinite).expect(indefinite);
        assert!(!path.is_reference(), "{indefinite}");
    }
}
