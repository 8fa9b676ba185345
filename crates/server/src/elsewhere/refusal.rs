//! Refuses requests for a service that this server does not have, in the protocol of the client.
//!
//! Source: Smithy's specifications of awsJson, awsQuery, restJson1, restXml and rpcv2Cbor, "Operation error
//! serialization". The headers and the media type of a request show its protocol.

use bytes::Bytes;
use hyper::header::CONTENT_TYPE;
use hyper::{Request, Response, StatusCode};
use serde_json::json;

use crate::http::Body;

/// The error's code. S3 uses it, and no SDK retries after it.
const CODE: &str = "NotImplemented";

pub(super) const WHAT_TO_DO: &str = "start `lambdura up` with `--aws-endpoint URL`, which sends such calls to \
    an emulator (LocalStack, MiniStack, moto), or with `--aws-credentials env` or `--aws-credentials profile`, \
    which lets functions call your AWS account";

pub(super) fn refuse<B>(request: &Request<B>, service: &str) -> Response<Body> {
    let message = format!("{} is not served here: {WHAT_TO_DO}.", full_name(service));
    let header = |name: &str| {
        let value = request.headers().get(name)?;
        value.to_str().ok()
    };
    let media_type = header(CONTENT_TYPE.as_str()).unwrap_or_default();
    let answer = Response::builder()
        .status(StatusCode::BAD_REQUEST)
        .header("x-amzn-errortype", CODE);
    let (answer, body) = if header("smithy-protocol").is_some_and(|it| it == "rpc-v2-cbor") {
        let answer = answer.header("smithy-protocol", "rpc-v2-cbor");
        (
            answer.header(CONTENT_TYPE, "application/cbor"),
            cbor(&message),
        )
    } else if media_type.starts_with("application/x-www-form-urlencoded") {
        (answer.header(CONTENT_TYPE, "text/xml"), query_xml(&message))
    } else if service == "s3" {
        (
            answer.header(CONTENT_TYPE, "application/xml"),
            rest_xml(&message),
        )
    } else {
        let media_type = match media_type {
            "application/x-amz-json-1.0" | "application/x-amz-json-1.1" => media_type,
            _ => "application/json",
        };
        let body = json!({ "__type": CODE, "message": message }).to_string();
        (answer.header(CONTENT_TYPE, media_type), body.into_bytes())
    };
    answer
        .body(Body::from(Bytes::from(body)))
        .expect("the parts are all valid")
}

fn query_xml(message: &str) -> Vec<u8> {
    let message = escaped(message);
    format!(
        "<ErrorResponse><Error><Type>Sender</Type><Code>{CODE}</Code><Message>{message}</Message></Error>\
         <RequestId>local</RequestId></ErrorResponse>"
    )
    .into_bytes()
}

fn rest_xml(message: &str) -> Vec<u8> {
    let message = escaped(message);
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <Error><Code>{CODE}</Code><Message>{message}</Message><RequestId>local</RequestId></Error>"
    )
    .into_bytes()
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

/// A map of two texts. Source: RFC 8949, section 3.1.
fn cbor(message: &str) -> Vec<u8> {
    let mut bytes = vec![0xa2];
    for text in ["__type", CODE, "message", message] {
        match u8::try_from(text.len()) {
            Ok(length @ 0..24) => bytes.push(0x60 | length),
            Ok(length) => bytes.extend([0x78, length]),
            Err(_) => {
                let length = u16::try_from(text.len()).unwrap_or(u16::MAX);
                bytes.push(0x79);
                bytes.extend(length.to_be_bytes());
            }
        }
        bytes.extend(text.as_bytes());
    }
    bytes
}

/// The usual name of the service with this signing name.
pub(super) fn full_name(service: &str) -> String {
    let name = match service {
        "apigateway" => "Amazon API Gateway",
        "athena" => "Amazon Athena",
        "bedrock" => "Amazon Bedrock",
        "bedrock-agentcore" => "Amazon Bedrock AgentCore",
        "cloudformation" => "AWS CloudFormation",
        "cognito-idp" | "cognito-identity" => "Amazon Cognito",
        "ec2" => "Amazon EC2",
        "events" => "Amazon EventBridge",
        "execute-api" => "Amazon API Gateway",
        "firehose" => "Amazon Data Firehose",
        "iam" => "AWS IAM",
        "kinesis" => "Amazon Kinesis",
        "kms" => "AWS KMS",
        "logs" => "Amazon CloudWatch Logs",
        "monitoring" => "Amazon CloudWatch",
        "rds" | "rds-data" => "Amazon RDS",
        "s3" => "Amazon S3",
        "scheduler" => "Amazon EventBridge Scheduler",
        "secretsmanager" => "AWS Secrets Manager",
        "ses" => "Amazon SES",
        "sns" => "Amazon SNS",
        "sqs" => "Amazon SQS",
        "ssm" => "AWS Systems Manager",
        "states" => "AWS Step Functions",
        "sts" => "AWS STS",
        "textract" => "Amazon Textract",
        "xray" => "AWS X-Ray",
        other => return format!("the AWS service `{other}`"),
    };
    name.to_owned()
}
