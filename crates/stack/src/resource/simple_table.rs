//! `AWS::Serverless::SimpleTable`: a table with one key.
//!
//! Source of names: AWS SAM developer guide, `SimpleTable`, read 2026-11-23.

use serde_json::json;

use crate::template::{Fields, Properties, Shared, Type, properties};

use super::reading::Reading;
use super::table::{NO_BACKUP, NO_ENCRYPTION, new_table, table_name, table_type, throughput};

pub(super) static TYPE: Type = Type {
    properties: properties! {
        used: PrimaryKey, ProvisionedThroughput, TableName;
        ignored:
            NO_BACKUP => PointInTimeRecoverySpecification;
            NO_ENCRYPTION => SSESpecification;
            "tags are not kept" => Tags;
    },
    shared: Some(Shared {
        section: "SimpleTable",
        own: &["TableName"],
    }),
    read: Some(read),
    ..table_type("AWS::Serverless::SimpleTable")
};

const PRIMARY_KEY: Properties = properties! {
    required: Type = "one of String, Number, Binary", Name = "the attribute's name";
};

fn read(fields: &Fields<'_>, index: usize, reading: &mut Reading<'_>) {
    let name = table_name(fields, index);
    let (key, key_type) = key(fields).unwrap_or_default();
    let mut body = json!({
        "TableName": name,
        "AttributeDefinitions": [{ "AttributeName": key, "AttributeType": key_type }],
        "KeySchema": [{ "AttributeName": key, "KeyType": "HASH" }],
    });
    match throughput(fields) {
        Some(throughput) => body["ProvisionedThroughput"] = throughput,
        None => body["BillingMode"] = "PAY_PER_REQUEST".into(),
    }
    let table = new_table(fields, name, body, None);
    reading.stack.tables.push(table);
}

/// `PrimaryKey`: a text called `id` unless the template says otherwise.
fn key(fields: &Fields<'_>) -> Option<(String, &'static str)> {
    if fields.node("PrimaryKey").is_none() {
        return Some(("id".to_owned(), "S"));
    }
    let key = fields.mapping("PrimaryKey", PRIMARY_KEY)?;
    let name = key.text("Name");
    let key_type = key.choice("Type", &[("String", "S"), ("Number", "N"), ("Binary", "B")]);
    Some((name?, key_type?))
}
