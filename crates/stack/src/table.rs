//! A DynamoDB table.

/// An `AWS::DynamoDB::Table`.
#[derive(Debug, Clone, PartialEq)]
pub struct TableResource {
    /// The key under `Resources`.
    pub logical_id: String,
    /// `TableName`, or `<stack>-<logical id>` where the template leaves the name to AWS.
    pub name: String,
    /// The table's ARN.
    pub arn: String,
    /// The body of a `CreateTable` request, `TableName` included.
    pub create_table: serde_json::Value,
    /// `TimeToLiveSpecification`, which takes an `UpdateTimeToLive` request of its own.
    pub time_to_live: Option<TimeToLive>,
}

/// `TimeToLiveSpecification`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimeToLive {
    /// The attribute that holds an item's end, in Unix seconds.
    pub attribute_name: String,
    /// Whether it is on.
    pub enabled: bool,
}
