//! A progress table for tests: DynamoDB's own behaviour, from the crate `dynoxide`, in memory and on loopback.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType,
};

/// Name of the table.
pub const TABLE: &str = "loan-approval-progress";

/// Serves a new, empty progress table for as long as the test runs.
///
/// # Panics
///
/// When the table cannot be served, which fails the test.
pub async fn progress_table() -> Client {
    let database = dynoxide::Database::memory().expect("a database in memory opens");
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .expect("loopback has a free port");
    let address = listener
        .local_addr()
        .expect("a bound listener has an address");
    tokio::spawn(dynoxide::server::serve_with_shutdown(
        listener,
        database,
        std::future::pending(),
    ));

    let config = aws_sdk_dynamodb::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .credentials_provider(Credentials::new("test", "test", None, None, "test"))
        .endpoint_url(format!("http://{address}"))
        .build();
    let client = Client::from_conf(config);
    let id = "application_id";
    let attribute = AttributeDefinition::builder()
        .attribute_name(id)
        .attribute_type(ScalarAttributeType::S)
        .build();
    let key = KeySchemaElement::builder()
        .attribute_name(id)
        .key_type(KeyType::Hash)
        .build();
    let created = client
        .create_table()
        .table_name(TABLE)
        .billing_mode(BillingMode::PayPerRequest)
        .attribute_definitions(attribute.expect("name and type are set"))
        .key_schema(key.expect("name and type are set"))
        .send();
    created.await.expect("the table is created");
    client
}
