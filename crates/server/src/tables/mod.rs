//! DynamoDB tables.

mod dynamodb;

pub(crate) use dynamodb::Tables;
