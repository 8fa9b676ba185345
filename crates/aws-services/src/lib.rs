//! AWS's services as requests and answers: the names of their operations, and how a call is encoded and decoded.
//!
//! Parameters and results have the form of Step Functions' AWS SDK integrations: members are named as in the SDK for
//! Java, with a capital (`JobName`, `KmsKeyId`). This crate sends nothing.
//!
//! The facts are in `table.txt`, which `table.py` writes from botocore's service models.
//!
//! Source: Smithy's specifications of awsJson, awsQuery, restJson1 and restXml, and the Step Functions developer guide,
//! "Learning to use AWS service SDK integrations in Step Functions", read 2026-11-30.

mod table;

mod answer;
mod form;
mod request;
mod spelling;
mod xml;

pub use answer::{Answer, Refusal};
pub use request::Request;
pub use spelling::Style;
pub use table::{Operation, Protocol, Service, service};
