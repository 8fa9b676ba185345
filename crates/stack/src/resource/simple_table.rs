//! `AWS::Serverless::SimpleTable`: a table with one key.
//!
//! Source of names: AWS SAM developer guide, `SimpleTable`, read 2026-11-23.

use serde_json::json;

use crate::TableResource;
use crate::template::{Fields, Known, Resolver, ignored, used};

use super::table::check_name;
use super::table_index::throughput;

const PROPERTIES: [Known; 6] = [
    used("PrimaryKey"),
    used("ProvisionedThroughput"),
    used("TableName"),
    ignored(
        "PointInTimeRecoverySpecification",
        "there are no backups; copy the data directory",
    ),
    ignored("SSESpecification", "the data is not encrypted with a key"),
    ignored("Tags", "tags are not kept"),
];

pub(crate) fn simple_table(resolver: &Resolver<'_>, index: usize) -> Option<TableResource> {
    let resource = &resolver.resources[index];
    let fields = Fields::of_resource(resolver, resource);
    fields.check_names(&PROPERTIES);
    let name = resolver.name(index).ok();
    if let Some(name) = &name {
        check_name(&fields, name);
    }
    let (key, key_type) = key(&fields)?;
    let name = name?;
    let mut body = json!({
        "TableName": name,
        "AttributeDefinitions": [{ "AttributeName": key, "AttributeType": key_type }],
        "KeySchema": [{ "AttributeName": key, "KeyType": "HASH" }],
    });
    match throughput(&fields) {
        Some(throughput) => body["ProvisionedThroughput"] = throughput,
        None => body["BillingMode"] = "PAY_PER_REQUEST".into(),
    }
    Some(TableResource {
        logical_id: resource.logical_id.to_owned(),
        arn: resolver.pseudo.table_arn(&name),
        name,
        create_table: body,
        time_to_live: None,
    })
}

/// `PrimaryKey`: a text called `id` unless the template says otherwise.
fn key(fields: &Fields<'_>) -> Option<(String, &'static str)> {
    if fields.entry("PrimaryKey").is_none() {
        return Some(("id".to_owned(), "S"));
    }
    let key = fields.mapping("PrimaryKey", &[used("Name"), used("Type")])?;
    let types = [("String", "S"), ("Number", "N"), ("Binary", "B")];
    key.required("Type", "one of String, Number, Binary");
    let name = key.required_text("Name", "the attribute's name");
    let key_type = key.choice("Type", &types);
    Some((name?, key_type?))
}
