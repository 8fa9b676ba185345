//! `AWS::DynamoDB::Table` and `GlobalTable`, as the body of `CreateTable`.
//!
//! Source of names: CloudFormation template reference, `AWS::DynamoDB::Table` and
//! `AWS::DynamoDB::GlobalTable`, and DynamoDB API
//! reference, `CreateTable`, read 2026-11-23.

use serde_json::{Map, Value};

use crate::template::{Fields, Known, Resolver, ignored, used};
use crate::{TableResource, TimeToLive};

use super::table_index::{indexes, key_schema, throughput};

const NO_BACKUP: &str = "there are no backups; copy the data directory";

const PROPERTIES: [Known; 20] = [
    used("AttributeDefinitions"),
    used("BillingMode"),
    used("DeletionProtectionEnabled"),
    used("GlobalSecondaryIndexes"),
    used("KeySchema"),
    used("LocalSecondaryIndexes"),
    used("ProvisionedThroughput"),
    used("StreamSpecification"),
    used("TableClass"),
    used("TableName"),
    used("TimeToLiveSpecification"),
    ignored(
        "ContributorInsightsSpecification",
        "nothing measures the table",
    ),
    ignored("ImportSourceSpecification", "the table starts empty"),
    ignored("KinesisStreamSpecification", "changes are not streamed"),
    ignored("OnDemandThroughput", "requests are not throttled"),
    ignored("PointInTimeRecoverySpecification", NO_BACKUP),
    ignored("ResourcePolicy", "permissions are not checked here"),
    ignored("SSESpecification", "the data is not encrypted with a key"),
    ignored("Tags", "tags are not kept"),
    ignored("WarmThroughput", "requests are not throttled"),
];

/// What CDK's `TableV2` makes.
const GLOBAL_TABLE: &str = "AWS::DynamoDB::GlobalTable";

const GLOBAL_PROPERTIES: [Known; 18] = [
    used("AttributeDefinitions"),
    used("BillingMode"),
    used("GlobalSecondaryIndexes"),
    used("KeySchema"),
    used("LocalSecondaryIndexes"),
    used("Replicas"),
    used("StreamSpecification"),
    used("TableName"),
    used("TimeToLiveSpecification"),
    ignored("GlobalTableWitnesses", ONE_TABLE),
    ignored("MultiRegionConsistency", ONE_TABLE),
    ignored("GlobalTableSettingsReplicationMode", ONE_TABLE),
    ignored("ReadOnDemandThroughputSettings", NO_THROTTLING),
    ignored("ReadProvisionedThroughputSettings", NO_THROTTLING),
    ignored("SSESpecification", "the data is not encrypted with a key"),
    ignored("WarmThroughput", NO_THROTTLING),
    ignored("WriteOnDemandThroughputSettings", NO_THROTTLING),
    ignored("WriteProvisionedThroughputSettings", NO_THROTTLING),
];

const ONE_TABLE: &str = "there is one table, and no replica in another region";
const NO_THROTTLING: &str = "requests are not throttled";

pub(crate) fn table(resolver: &Resolver<'_>, index: usize) -> Option<TableResource> {
    let resource = &resolver.resources[index];
    let fields = Fields::of_resource(resolver, resource);
    let is_global = resource.resource_type == GLOBAL_TABLE;
    fields.check_names(if is_global {
        GLOBAL_PROPERTIES.as_slice()
    } else {
        &PROPERTIES
    });
    if is_global && let [_, second, ..] = fields.list("Replicas") {
        fields.warn("Replicas", second.span, ONE_TABLE);
    }
    let name = resolver.name(index).ok();
    if let Some(name) = &name {
        check_name(&fields, name);
    }
    let mut body = Map::new();
    body.insert("TableName".to_owned(), name.clone().into());
    let attributes = attribute_definitions(&fields);
    let names: Vec<&str> = attributes
        .iter()
        .filter_map(|attribute| attribute["AttributeName"].as_str())
        .collect();
    fields.required("KeySchema", "name the attribute that is the key");
    body.insert("KeySchema".to_owned(), key_schema(&fields, &names));
    let on_demand = fields.choice(
        "BillingMode",
        &[("PROVISIONED", false), ("PAY_PER_REQUEST", true)],
    );
    // A global table has its throughput in other words, and none of them counts here.
    let on_demand = on_demand.unwrap_or(false) || is_global;
    if on_demand {
        body.insert("BillingMode".to_owned(), "PAY_PER_REQUEST".into());
    } else {
        let help = "add it, or `BillingMode: PAY_PER_REQUEST`";
        fields.required("ProvisionedThroughput", help);
    }
    if let Some(throughput) = throughput(&fields) {
        body.insert("ProvisionedThroughput".to_owned(), throughput);
    }
    for property in ["GlobalSecondaryIndexes", "LocalSecondaryIndexes"] {
        if fields.entry(property).is_some() {
            body.insert(property.to_owned(), indexes(&fields, property, &names));
        }
    }
    body.insert("AttributeDefinitions".to_owned(), attributes.into());
    if let Some(stream) = fields.mapping("StreamSpecification", &[used("StreamViewType")]) {
        stream.required("StreamViewType", "for example `NEW_AND_OLD_IMAGES`");
        let views = ["KEYS_ONLY", "NEW_IMAGE", "OLD_IMAGE", "NEW_AND_OLD_IMAGES"];
        // CloudFormation leaves out what the API asks for.
        let view = stream.choice("StreamViewType", &views.map(|it| (it, it)));
        let specification = serde_json::json!({ "StreamEnabled": true, "StreamViewType": view });
        body.insert("StreamSpecification".to_owned(), specification);
    }
    let classes = ["STANDARD", "STANDARD_INFREQUENT_ACCESS"].map(|it| (it, it));
    if let Some(class) = fields.choice("TableClass", &classes) {
        body.insert("TableClass".to_owned(), class.into());
    }
    if let Some(protected) = fields.boolean("DeletionProtectionEnabled") {
        body.insert("DeletionProtectionEnabled".to_owned(), protected.into());
    }
    let time_to_live = time_to_live(&fields);
    let name = name?;
    Some(TableResource {
        logical_id: resource.logical_id.to_owned(),
        arn: resolver.pseudo.table_arn(&name),
        name,
        create_table: Value::Object(body),
        time_to_live,
    })
}

pub(super) fn check_name(fields: &Fields<'_>, name: &str) {
    let Some(entry) = fields.entry("TableName") else {
        return;
    };
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    if !(3..=255).contains(&name.len()) || !name.bytes().all(allowed) {
        fields.wrong(
            "TableName",
            &entry.value,
            "must be 3 to 255 letters, digits, hyphens, underscores and dots",
            "this name",
            "leave it out to have one made from stack and logical id",
        );
    }
}

fn attribute_definitions(fields: &Fields<'_>) -> Vec<Value> {
    let help = "list the attributes that keys are made of, with their types";
    fields.required("AttributeDefinitions", help);
    let known = [used("AttributeName"), used("AttributeType")];
    let attribute = |node| {
        let step = "AttributeDefinitions";
        let attribute = fields.nested(step, fields.entry(step)?.key_span, node, &known)?;
        attribute.required("AttributeType", "one of S (text), N (number), B (bytes)");
        let name = attribute.required_text("AttributeName", "the attribute's name");
        let types = ["S", "N", "B"].map(|it| (it, it));
        let attribute_type = attribute.choice("AttributeType", &types);
        Some(serde_json::json!({ "AttributeName": name?, "AttributeType": attribute_type? }))
    };
    let nodes = fields.list("AttributeDefinitions").iter();
    nodes.filter_map(attribute).collect()
}

fn time_to_live(fields: &Fields<'_>) -> Option<TimeToLive> {
    let known = [used("AttributeName"), used("Enabled")];
    let specification = fields.mapping("TimeToLiveSpecification", &known)?;
    specification.required("Enabled", "`true` or `false`");
    let enabled = specification.boolean("Enabled")?;
    let attribute_name = match specification.text("AttributeName") {
        Some(name) => name,
        None if enabled => specification.required_text("AttributeName", "the attribute's name")?,
        None => String::new(),
    };
    Some(TimeToLive {
        attribute_name,
        enabled,
    })
}
