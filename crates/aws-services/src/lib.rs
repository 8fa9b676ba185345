//! AWS's services as requests and answers: what their operations are called, and how a call of one is written and read.
//!
//! Parameters and results are those of the AWS SDK integrations of Step Functions: members are called as in the SDK for
//! Java, with a capital (`JobName`, `KmsKeyId`). Nothing is sent here.
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
