//! Actions of DynamoDB, and the tables that a request names in its body.

use hyper::HeaderMap;
use serde_json::Value;

use super::Needed;
use crate::functions::Home;

/// What a request needs: one action for each table, and for each kind of item of a transaction.
pub(super) fn needed(headers: &HeaderMap, body: &[u8], home: &Home) -> Vec<Needed> {
    let target = headers.get("x-amz-target");
    let target = target.and_then(|target| target.to_str().ok());
    let operation = target.and_then(|target| target.split_once('.'));
    let operation = operation.map_or("UnknownOperation", |(_, name)| name);
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    let action = format!("dynamodb:{operation}");
    let mut needed = match operation {
        "BatchGetItem" | "BatchWriteItem" => {
            let tables = body.get("RequestItems").and_then(Value::as_object);
            let tables = tables.into_iter().flat_map(|tables| tables.keys());
            let needed = tables.map(|name| Needed::new(&*action, arn(home, name, None)));
            needed.collect()
        }
        "TransactGetItems" | "TransactWriteItems" => of_transaction(&body, home),
        "ListTables" => vec![Needed::new(&*action, "*")],
        "TagResource" | "UntagResource" | "ListTagsOfResource" => {
            let resource = body.get("ResourceArn").and_then(Value::as_str);
            vec![Needed::new(&*action, resource.unwrap_or("*"))]
        }
        _ => {
            let name = body.get("TableName").and_then(Value::as_str);
            let index = body.get("IndexName").and_then(Value::as_str);
            let named = name.map(|name| Needed::new(&*action, arn(home, name, index)));
            named.into_iter().collect()
        }
    };
    if needed.is_empty() {
        // Statements of PartiQL, and what names no table: on any.
        needed.push(Needed::new(action, arn(home, "*", None)));
    }
    needed.dedup();
    needed
}

fn of_transaction(body: &Value, home: &Home) -> Vec<Needed> {
    const ACTIONS: [(&str, &str); 5] = [
        ("Get", "dynamodb:GetItem"),
        ("Put", "dynamodb:PutItem"),
        ("Update", "dynamodb:UpdateItem"),
        ("Delete", "dynamodb:DeleteItem"),
        ("ConditionCheck", "dynamodb:ConditionCheckItem"),
    ];
    let items = body.get("TransactItems").and_then(Value::as_array);
    let mut needed: Vec<Needed> = Vec::new();
    for item in items.into_iter().flatten() {
        for (member, action) in ACTIONS {
            let table = item.get(member).and_then(|item| item.get("TableName"));
            if let Some(table) = table.and_then(Value::as_str) {
                let one = Needed::new(action, arn(home, table, None));
                if !needed.contains(&one) {
                    needed.push(one);
                }
            }
        }
    }
    needed
}

/// The ARN of a table by its name or ARN, and of an index.
fn arn(home: &Home, table: &str, index: Option<&str>) -> String {
    let name = table.rsplit("table/").next().unwrap_or(table);
    let (region, account) = (&home.region, &home.account_id);
    let arn = format!("arn:aws:dynamodb:{region}:{account}:table/{name}");
    match index {
        Some(index) => format!("{arn}/index/{index}"),
        None => arn,
    }
}
