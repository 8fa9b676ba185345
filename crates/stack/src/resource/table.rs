//! `AWS::DynamoDB::Table` and `GlobalTable`, and SAM's `SimpleTable`, which has one key: each as the body of
//! `CreateTable`.
//!
//! Source of names: CloudFormation template reference, `AWS::DynamoDB::Table` and
//! `AWS::DynamoDB::GlobalTable`, AWS SAM developer guide, `SimpleTable`, and DynamoDB API reference,
//! `CreateTable`, read 2026-11-23.

use serde_json::{Map, Value, json};

use crate::template::{Fields, Named, Properties, Pseudo, Shared, Type, properties, yields};
use crate::{TableResource, TimeToLive};

use super::reading::{Reading, checked_name, is_word};

const NO_BACKUP: &str = "there are no backups; copy the data directory";
const NO_ENCRYPTION: &str = "the data is not encrypted with a key";
const NO_THROTTLING: &str = "requests are not throttled";
const ONE_TABLE: &str = "there is one table, and no replica in another region";

const ATTRIBUTES: &str = "list the attributes that keys are made of, with their types";
const KEYS: &str = "name the attribute that is the key";

pub(super) static TYPE: Type = Type {
    properties: properties! {
        used: BillingMode, DeletionProtectionEnabled, GlobalSecondaryIndexes,
            LocalSecondaryIndexes, ProvisionedThroughput, StreamSpecification, TableClass,
            TableName, TimeToLiveSpecification;
        required: AttributeDefinitions = ATTRIBUTES, KeySchema = KEYS;
        ignored:
            "nothing measures the table" => ContributorInsightsSpecification;
            "the table starts empty" => ImportSourceSpecification;
            "changes are not streamed" => KinesisStreamSpecification;
            NO_THROTTLING => OnDemandThroughput, WarmThroughput;
            NO_BACKUP => PointInTimeRecoverySpecification;
            "permissions are not checked here" => ResourcePolicy;
            NO_ENCRYPTION => SSESpecification;
            "tags are not kept" => Tags;
    },
    ..table_type("AWS::DynamoDB::Table")
};

/// The type of CDK's `TableV2`.
pub(super) static GLOBAL_TYPE: Type = Type {
    properties: properties! {
        used: BillingMode, GlobalSecondaryIndexes, LocalSecondaryIndexes, Replicas,
            StreamSpecification, TableName, TimeToLiveSpecification;
        required: AttributeDefinitions = ATTRIBUTES, KeySchema = KEYS;
        ignored:
            ONE_TABLE => GlobalTableSettingsReplicationMode, GlobalTableSourceArn,
                GlobalTableWitnesses, MultiRegionConsistency;
            NO_ENCRYPTION => SSESpecification;
            NO_THROTTLING => ReadOnDemandThroughputSettings, ReadProvisionedThroughputSettings,
                WarmThroughput, WriteOnDemandThroughputSettings,
                WriteProvisionedThroughputSettings;
    },
    ..table_type("AWS::DynamoDB::GlobalTable")
};

/// A table, as references see it.
const fn table_type(name: &'static str) -> Type {
    Type {
        named: Named::By("TableName", 255),
        reference: yields::name,
        attributes: &[
            ("Arn", |it| it.arn(Pseudo::table_arn)),
            ("StreamArn", |it| {
                let arn = it.arn(Pseudo::table_arn)?;
                Ok(it.stand_in(format!("{arn}/stream/none")))
            }),
        ],
        ..Type::plain(name)
    }
}

const ATTRIBUTE: Properties = properties! {
    required: AttributeType = "one of S (text), N (number), B (bytes)",
        AttributeName = "the attribute's name";
};

const STREAM: Properties = properties! {
    required: StreamViewType = "for example `NEW_AND_OLD_IMAGES`";
};

const TIME_TO_LIVE: Properties = properties! {
    used: AttributeName;
    required: Enabled = "`true` or `false`";
};

pub(super) fn read(fields: &Fields<'_>, reading: &mut Reading<'_>) {
    let modes = [("PROVISIONED", false), ("PAY_PER_REQUEST", true)];
    let on_demand = fields.choice("BillingMode", &modes).unwrap_or(false);
    if !on_demand {
        let help = "add it, or `BillingMode: PAY_PER_REQUEST`";
        fields.required("ProvisionedThroughput", help);
    }
    reading.stack.tables.push(table(fields, on_demand));
}

/// A global table has its throughput under other names; none of them counts here.
pub(super) fn read_global(fields: &Fields<'_>, reading: &mut Reading<'_>) {
    fields.word("BillingMode", &["PROVISIONED", "PAY_PER_REQUEST"]);
    if let [_, second, ..] = fields.list("Replicas") {
        fields.warn("Replicas", second.span, ONE_TABLE);
    }
    reading.stack.tables.push(table(fields, true));
}

fn table(fields: &Fields<'_>, on_demand: bool) -> TableResource {
    let name = table_name(fields);
    let attributes = attribute_definitions(fields);
    let names = attributes
        .iter()
        .filter_map(|it| it["AttributeName"].as_str());
    let names: Vec<&str> = names.collect();
    let mut body = Map::new();
    let mut set = |property: &str, value: Option<Value>| {
        body.extend(value.map(|value| (property.to_owned(), value)));
    };
    set("TableName", Some(name.clone().into()));
    set("KeySchema", Some(key_schema(fields, &names)));
    set("BillingMode", on_demand.then(|| "PAY_PER_REQUEST".into()));
    set("ProvisionedThroughput", throughput(fields));
    for property in ["GlobalSecondaryIndexes", "LocalSecondaryIndexes"] {
        let node = fields.node(property);
        set(property, node.map(|_| indexes(fields, property, &names)));
    }
    set("StreamSpecification", stream(fields));
    let class = fields.word("TableClass", &["STANDARD", "STANDARD_INFREQUENT_ACCESS"]);
    set("TableClass", class.map(Value::from));
    let protected = fields.boolean("DeletionProtectionEnabled");
    set("DeletionProtectionEnabled", protected.map(Value::from));
    set("AttributeDefinitions", Some(attributes.into()));
    new_table(fields, name, Value::Object(body), time_to_live(fields))
}

fn new_table(
    fields: &Fields<'_>,
    name: String,
    create_table: Value,
    time_to_live: Option<TimeToLive>,
) -> TableResource {
    TableResource {
        logical_id: fields.logical_id.to_owned(),
        arn: fields.resolver.pseudo.table_arn(&name),
        name,
        create_table,
        time_to_live,
    }
}

fn table_name(fields: &Fields<'_>) -> String {
    let is_valid = |name: &str| is_word(name, 3..=255, b"-_.");
    let must = "must be 3 to 255 letters, digits, hyphens, underscores and dots";
    checked_name(fields, "TableName", is_valid, must)
}

fn attribute_definitions(fields: &Fields<'_>) -> Vec<Value> {
    let attribute = |attribute: Fields<'_>| {
        let name = attribute.text("AttributeName");
        let attribute_type = attribute.word("AttributeType", &["S", "N", "B"]);
        Some(json!({ "AttributeName": name?, "AttributeType": attribute_type? }))
    };
    let attributes = fields.mappings("AttributeDefinitions", ATTRIBUTE);
    attributes.into_iter().filter_map(attribute).collect()
}

fn stream(fields: &Fields<'_>) -> Option<Value> {
    let stream = fields.mapping("StreamSpecification", STREAM)?;
    let views = ["KEYS_ONLY", "NEW_IMAGE", "OLD_IMAGE", "NEW_AND_OLD_IMAGES"];
    let view = stream.word("StreamViewType", &views);
    // CloudFormation's property lacks `StreamEnabled`, which the API requires.
    Some(json!({ "StreamEnabled": true, "StreamViewType": view }))
}

fn time_to_live(fields: &Fields<'_>) -> Option<TimeToLive> {
    let specification = fields.mapping("TimeToLiveSpecification", TIME_TO_LIVE)?;
    let enabled = specification.boolean("Enabled")?;
    let attribute_name = match specification.text("AttributeName") {
        None if enabled => specification.required_text("AttributeName", "the attribute's name")?,
        name => name.unwrap_or_default(),
    };
    Some(TimeToLive {
        attribute_name,
        enabled,
    })
}

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

/// `KeySchema` of a table or index; the template must define its attributes.
fn key_schema(fields: &Fields<'_>, attributes: &[&str]) -> Value {
    let key = |key: Fields<'_>| {
        let name = key.text("AttributeName");
        let key_type = key.word("KeyType", &["HASH", "RANGE"])?;
        let name = name?;
        if !attributes.contains(&name.as_str()) {
            let must = "is not among `AttributeDefinitions`";
            let help = "add it there with its type";
            key.wrong("AttributeName", must, "not defined", help);
        }
        Some(json!({ "AttributeName": name, "KeyType": key_type }))
    };
    let keys = fields.mappings("KeySchema", KEY).into_iter();
    keys.filter_map(key).collect()
}

/// `GlobalSecondaryIndexes` or `LocalSecondaryIndexes`.
fn indexes(fields: &Fields<'_>, property: &str, attributes: &[&str]) -> Value {
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
    let indexes = fields.mappings(property, INDEX).into_iter();
    indexes.map(index).collect()
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
fn throughput(fields: &Fields<'_>) -> Option<Value> {
    let throughput = fields.mapping("ProvisionedThroughput", THROUGHPUT)?;
    let units = |name| throughput.integer(name, 1..=u32::MAX, "capacity units");
    let (read, write) = (units("ReadCapacityUnits"), units("WriteCapacityUnits"));
    Some(json!({ "ReadCapacityUnits": read?, "WriteCapacityUnits": write? }))
}

pub(super) static SIMPLE_TYPE: Type = Type {
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
    ..table_type("AWS::Serverless::SimpleTable")
};

const PRIMARY_KEY: Properties = properties! {
    required: Type = "one of String, Number, Binary", Name = "the attribute's name";
};

pub(super) fn read_simple(fields: &Fields<'_>, reading: &mut Reading<'_>) {
    let name = table_name(fields);
    let (key, key_type) = primary_key(fields).unwrap_or_default();
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
fn primary_key(fields: &Fields<'_>) -> Option<(String, &'static str)> {
    if fields.node("PrimaryKey").is_none() {
        return Some(("id".to_owned(), "S"));
    }
    let key = fields.mapping("PrimaryKey", PRIMARY_KEY)?;
    let name = key.text("Name");
    let key_type = key.choice("Type", &[("String", "S"), ("Number", "N"), ("Binary", "B")]);
    Some((name?, key_type?))
}
