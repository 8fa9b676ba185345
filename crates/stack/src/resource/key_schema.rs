//! Keys, indexes and throughput of a table.

use serde_json::{Value, json};

use crate::template::{Fields, Properties, properties};

const KEY: Properties = properties! {
    required: KeyType = "HASH or RANGE", AttributeName = "the attribute's name";
};

const INDEX: Properties = properties! {
    used: ProvisionedThroughput;
    required: IndexName = "the name that queries use",
        KeySchema = "name the attribute that is the index's key",
        Projection = "for example `ProjectionType: ALL`";
    ignored:
        "nothing measures the index" => ContributorInsightsSpecification;
        "requests are not throttled" => OnDemandThroughput, WarmThroughput;
};

const PROJECTION: Properties = properties! { used: NonKeyAttributes, ProjectionType; };

const THROUGHPUT: Properties = properties! {
    required: ReadCapacityUnits = "a number of units", WriteCapacityUnits = "a number of units";
};

/// `KeySchema` of a table or index, whose attributes must be defined.
pub(super) fn key_schema(fields: &Fields<'_>, attributes: &[&str]) -> Value {
    let key = |key: Fields<'_>| {
        let name = key.text("AttributeName");
        let key_type = key.word("KeyType", &["HASH", "RANGE"])?;
        let name = name?;
        if !attributes.contains(&name.as_str()) {
            let must = "is not among `AttributeDefinitions`";
            key.wrong(
                "AttributeName",
                must,
                "not defined",
                "add it there with its type",
            );
        }
        Some(json!({ "AttributeName": name, "KeyType": key_type }))
    };
    let keys = fields.mappings("KeySchema", KEY).into_iter();
    keys.filter_map(key).collect()
}

/// `GlobalSecondaryIndexes` or `LocalSecondaryIndexes`.
pub(super) fn indexes(fields: &Fields<'_>, property: &str, attributes: &[&str]) -> Value {
    let index = |index: Fields<'_>| {
        let mut body = json!({
            "IndexName": index.text("IndexName"),
            "KeySchema": key_schema(&index, attributes),
            "Projection": projection(&index),
        });
        if let Some(throughput) = throughput(&index) {
            body["ProvisionedThroughput"] = throughput;
        }
        body
    };
    fields
        .mappings(property, INDEX)
        .into_iter()
        .map(index)
        .collect()
}

fn projection(index: &Fields<'_>) -> Option<Value> {
    let projection = index.mapping("Projection", PROJECTION)?;
    let types = ["ALL", "KEYS_ONLY", "INCLUDE"];
    let mut body = json!({ "ProjectionType": projection.word("ProjectionType", &types) });
    let attributes = projection.texts("NonKeyAttributes");
    if !attributes.is_empty() {
        body["NonKeyAttributes"] = attributes.into();
    }
    Some(body)
}

/// `ProvisionedThroughput`, whose numbers CloudFormation also takes as text.
pub(super) fn throughput(fields: &Fields<'_>) -> Option<Value> {
    let throughput = fields.mapping("ProvisionedThroughput", THROUGHPUT)?;
    let units = |name| throughput.integer(name, 1..=u32::MAX, "capacity units");
    let (read, write) = (units("ReadCapacityUnits"), units("WriteCapacityUnits"));
    Some(json!({ "ReadCapacityUnits": read?, "WriteCapacityUnits": write? }))
}
