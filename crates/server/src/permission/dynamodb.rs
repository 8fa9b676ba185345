//! Actions of DynamoDB, and the tables that a request names in its body.

use access::policy::read_once;
use dynoxide::actions::get_shard_iterator::decode_shard_iterator;
use hyper::HeaderMap;
use serde_json::Value;

use super::partiql::{self, Statement};
use super::{Needed, On};
use crate::functions::Home;

/// The needed permissions of a request: one action for each table, and for each kind of item of a transaction.
pub(super) fn needed(headers: &HeaderMap, body: &[u8], home: &Home) -> Vec<Needed> {
    let target = headers.get("x-amz-target");
    let target = target.and_then(|target| target.to_str().ok());
    let operation = target.and_then(|target| target.split_once('.'));
    let operation = operation.map_or("UnknownOperation", |(_, name)| name);
    let action = format!("dynamodb:{operation}");
    // A body with a repeated member is not trusted: the tables may read the other value.
    let Ok(body) = read_once(body) else {
        return vec![Needed::on_anything(action)];
    };
    let text = |name: &str| body.get(name).and_then(Value::as_str);
    let mut needed = match operation {
        "BatchGetItem" | "BatchWriteItem" => {
            let tables = body.get("RequestItems").and_then(Value::as_object);
            let tables = tables.into_iter().flat_map(|tables| tables.keys());
            let needed = tables.map(|name| Needed::new(&*action, arn(home, name, None)));
            needed.collect()
        }
        "TransactGetItems" | "TransactWriteItems" => of_transaction(&body, home),
        "ExecuteStatement" => of_statements([&body], home),
        "BatchExecuteStatement" => of_statements(list(&body, "Statements"), home),
        "ExecuteTransaction" => of_statements(list(&body, "TransactStatements"), home),
        "ListTables" => vec![Needed::new(&*action, "*")],
        "ListStreams" => match text("TableName") {
            Some(name) => vec![Needed::new(&*action, arn(home, name, None))],
            None => vec![Needed::new(&*action, "*")],
        },
        "DescribeStream" | "GetShardIterator" => {
            let named = text("StreamArn").and_then(stream);
            let needed = named.map(|(table, label)| on_stream(&action, home, table, label));
            needed.into_iter().collect()
        }
        "GetRecords" => {
            let named = text("ShardIterator").and_then(decode_shard_iterator);
            // An iterator does not tell the stream, only its table.
            let needed = named.map(|(table, _, _)| on_stream(&action, home, &table, "*"));
            needed.into_iter().collect()
        }
        "TagResource" | "UntagResource" | "ListTagsOfResource" => {
            let named = text("ResourceArn").and_then(tagged);
            let needed = named.map(|table| Needed::new(&*action, arn(home, table, None)));
            needed.into_iter().collect()
        }
        _ => {
            // Other operations have no such member, and ignore it.
            let index = text("IndexName").filter(|_| matches!(operation, "Query" | "Scan"));
            let needed =
                text("TableName").map(|name| Needed::new(&*action, arn(home, name, index)));
            needed.into_iter().collect()
        }
    };
    if needed.is_empty() {
        needed.push(Needed::on_anything(action));
    }
    needed.dedup();
    needed
}

fn list<'v>(body: &'v Value, name: &str) -> impl Iterator<Item = &'v Value> + use<'v> {
    let items = body.get(name).and_then(Value::as_array);
    items.into_iter().flatten()
}

/// The needed permissions of statements, each by its own action. Source: DynamoDB developer guide, "IAM security
/// policies with PartiQL for DynamoDB", read 2026-11.
fn of_statements<'v>(of: impl IntoIterator<Item = &'v Value>, home: &Home) -> Vec<Needed> {
    let mut needed: Vec<Needed> = Vec::new();
    for member in of {
        let statement = member.get("Statement").and_then(Value::as_str);
        let read = statement.and_then(partiql::read);
        let mut add = |one: Needed| {
            if !needed.contains(&one) {
                needed.push(one);
            }
        };
        match read {
            Some(Statement { verb, table, index }) => add(Needed::new(
                verb.action(),
                arn(home, &table, index.as_deref()),
            )),
            // An unknown statement may do anything, to any table.
            None => {
                for verb in partiql::VERBS {
                    add(Needed::on_anything(verb.action()));
                }
            }
        }
    }
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
    let mut needed: Vec<Needed> = Vec::new();
    for item in list(body, "TransactItems") {
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

/// The ARN of a table by its name or ARN, or of its index.
fn arn(home: &Home, table: &str, index: Option<&str>) -> String {
    let name = table.rsplit("table/").next().unwrap_or(table);
    let (region, account) = (&home.region, &home.account_id);
    let arn = format!("arn:aws:dynamodb:{region}:{account}:table/{name}");
    match index {
        Some(index) => format!("{arn}/index/{index}"),
        None => arn,
    }
}

/// The table and the label in the ARN of a stream, independent of its region and account.
fn stream(arn: &str) -> Option<(&str, &str)> {
    let mut parts = arn.split('/');
    let (_, table) = (parts.next()?, parts.next()?);
    let label = parts.nth(1).unwrap_or("*");
    Some((table, label))
}

/// The table in the ARN of a tagged resource, independent of its region and account.
fn tagged(arn: &str) -> Option<&str> {
    arn.split('/').nth(1)
}

/// A permission on a stream: a denial of its table denies it too.
fn on_stream(action: &str, home: &Home, table: &str, label: &str) -> Needed {
    let table = arn(home, table, None);
    Needed {
        action: action.to_owned(),
        on: On::Arn(format!("{table}/stream/{label}")),
        within: Some(table),
    }
}
