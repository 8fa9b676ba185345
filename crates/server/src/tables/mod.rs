//! DynamoDB tables.

mod tables;

pub(crate) use tables::Tables;
