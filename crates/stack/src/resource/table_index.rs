//! Keys, indexes and throughput of a table.

use serde_json::{Value, json};

use crate::template::{Fields, Known, ignored, used};

const NO_MEASURES: &str = "nothing measures the index";

const INDEX_PROPERTIES: [Known; 7] = [
    used("IndexName"),
    used("KeySchema"),
    used("Projection"),
    used("ProvisionedThroughput"),
    ignored("ContributorInsightsSpecification", NO_MEASURES),
    ignored("OnDemandThroughput", "requests are not throttled"),
    ignored("WarmThroughput", "requests are not throttled"),
];

/// `KeySchema` of a table or index, whose attributes must be defined.
pub(super) fn key_schema(fields: &Fields<'_>, attributes: &[&str]) -> Value {
    let known = [used("AttributeName"), used("KeyType")];
    let key = |node| {
        let span = fields.entry("KeySchema")?.key_span;
        let key = fields.nested("KeySchema", span, node, &known)?;
        key.required("KeyType", "HASH or RANGE");
        let name = key.required_text("AttributeName", "the attribute's name");
        let key_type = key.choice("KeyType", &["HASH", "RANGE"].map(|it| (it, it)))?;
        let name = name?;
        if !attributes.contains(&name.as_str()) {
            key.wrong(
                "AttributeName",
                &key.entry("AttributeName")?.value,
                "is not among `AttributeDefinitions`",
                "not defined",
                "add it there with its type",
            );
        }
        Some(json!({ "AttributeName": name, "KeyType": key_type }))
    };
    let nodes = fields.list("KeySchema").iter();
    nodes.filter_map(key).collect()
}

/// `GlobalSecondaryIndexes` or `LocalSecondaryIndexes`.
pub(super) fn indexes(fields: &Fields<'_>, property: &str, attributes: &[&str]) -> Value {
    let index = |node| {
        let span = fields.entry(property)?.key_span;
        let index = fields.nested(property, span, node, &INDEX_PROPERTIES)?;
        let name = index.required_text("IndexName", "the name that queries use");
        index.required("KeySchema", "name the attribute that is the index's key");
        index.required("Projection", "for example `ProjectionType: ALL`");
        let mut body = json!({
            "IndexName": name,
            "KeySchema": key_schema(&index, attributes),
            "Projection": projection(&index),
        });
        if let Some(throughput) = throughput(&index) {
            body["ProvisionedThroughput"] = throughput;
        }
        Some(body)
    };
    fields.list(property).iter().filter_map(index).collect()
}

fn projection(index: &Fields<'_>) -> Option<Value> {
    let known = [used("NonKeyAttributes"), used("ProjectionType")];
    let projection = index.mapping("Projection", &known)?;
    let types = ["ALL", "KEYS_ONLY", "INCLUDE"].map(|it| (it, it));
    let mut body = json!({ "ProjectionType": projection.choice("ProjectionType", &types) });
    let attributes = projection.texts("NonKeyAttributes");
    if !attributes.is_empty() {
        body["NonKeyAttributes"] = attributes.into();
    }
    Some(body)
}

/// `ProvisionedThroughput`, whose numbers CloudFormation also takes as text.
pub(super) fn throughput(fields: &Fields<'_>) -> Option<Value> {
    let known = [used("ReadCapacityUnits"), used("WriteCapacityUnits")];
    let throughput = fields.mapping("ProvisionedThroughput", &known)?;
    let units = |name| {
        throughput.required(name, "a number of units")?;
        throughput.integer(name, 1..=u32::MAX, "capacity units")
    };
    let (read, write) = (units("ReadCapacityUnits"), units("WriteCapacityUnits"));
    Some(json!({ "ReadCapacityUnits": read?, "WriteCapacityUnits": write? }))
}
