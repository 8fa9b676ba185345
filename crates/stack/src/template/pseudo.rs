//! Pseudo parameters that CloudFormation provides for a stack, and the names, ARNs and URLs built from them.

use serde_json::Value;
use sha2::{Digest, Sha256};

/// Region, account and name of the stack.
#[derive(Debug, Clone)]
pub(crate) struct Pseudo {
    pub region: String,
    pub account_id: String,
    pub stack_name: String,
}

impl Pseudo {
    /// Every pseudo parameter, for suggestions.
    ///
    /// Source: CloudFormation template reference, "Pseudo parameters", read 2026-11-23.
    pub const NAMES: [&str; 8] = [
        "AWS::AccountId",
        "AWS::NoValue",
        "AWS::NotificationARNs",
        "AWS::Partition",
        "AWS::Region",
        "AWS::StackId",
        "AWS::StackName",
        "AWS::URLSuffix",
    ];

    /// The value of a pseudo parameter other than `AWS::NoValue`, which has none.
    pub fn value(&self, name: &str) -> Option<Value> {
        let text = match name {
            "AWS::AccountId" => self.account_id.clone(),
            "AWS::NotificationARNs" => return Some(Value::Array(Vec::new())),
            "AWS::Partition" => self.partition().to_owned(),
            "AWS::Region" => self.region.clone(),
            "AWS::StackId" => self.stack_id(),
            "AWS::StackName" => self.stack_name.clone(),
            "AWS::URLSuffix" => self.url_suffix().to_owned(),
            _ => return None,
        };
        Some(Value::String(text))
    }

    pub fn partition(&self) -> &'static str {
        if self.region.starts_with("cn-") {
            "aws-cn"
        } else if self.region.starts_with("us-gov-") {
            "aws-us-gov"
        } else {
            "aws"
        }
    }

    pub fn url_suffix(&self) -> &'static str {
        if self.partition() == "aws-cn" {
            "amazonaws.com.cn"
        } else {
            "amazonaws.com"
        }
    }

    pub fn function_arn(&self, name: &str) -> String {
        self.regional_arn("lambda", &format!("function:{name}"))
    }

    pub fn state_machine_arn(&self, name: &str) -> String {
        self.regional_arn("states", &format!("stateMachine:{name}"))
    }

    pub fn activity_arn(&self, name: &str) -> String {
        self.regional_arn("states", &format!("activity:{name}"))
    }

    /// The first version of a layer, the only one here.
    pub fn layer_arn(&self, name: &str) -> String {
        self.regional_arn("lambda", &format!("layer:{name}:1"))
    }

    pub fn rule_arn(&self, name: &str) -> String {
        self.regional_arn("events", &format!("rule/{name}"))
    }

    pub fn schedule_arn(&self, group: &str, name: &str) -> String {
        self.regional_arn("scheduler", &format!("schedule/{group}/{name}"))
    }

    pub fn queue_arn(&self, name: &str) -> String {
        self.regional_arn("sqs", name)
    }

    /// `https://sqs.<region>.<suffix>/<account>/<name>`
    pub fn queue_url(&self, name: &str) -> String {
        let (region, suffix, account) = (&self.region, self.url_suffix(), &self.account_id);
        format!("https://sqs.{region}.{suffix}/{account}/{name}")
    }

    pub fn topic_arn(&self, name: &str) -> String {
        self.regional_arn("sns", name)
    }

    /// The id of an event source mapping.
    pub fn mapping_id(&self, logical_id: &str) -> String {
        uuid(&format!("{}/{logical_id}/mapping", self.stack_name))
    }

    pub fn mapping_arn(&self, id: &str) -> String {
        self.regional_arn("lambda", &format!("event-source-mapping:{id}"))
    }

    pub fn table_arn(&self, name: &str) -> String {
        self.regional_arn("dynamodb", &format!("table/{name}"))
    }

    /// A secret's ARN, with the six characters that AWS appends to its name.
    pub fn secret_arn(&self, name: &str) -> String {
        let suffix = base36(&format!("{}/{name}/secret", self.stack_name), 6);
        self.regional_arn("secretsmanager", &format!("secret:{name}-{suffix}"))
    }

    pub fn role_arn(&self, name: &str) -> String {
        let partition = self.partition();
        format!("arn:{partition}:iam::{}:role/{name}", self.account_id)
    }

    /// The name of a resource that the template leaves to AWS: `<stack>-<logical id>`.
    ///
    /// AWS appends a random part, which would only make the name harder to use here. If the name is too long, the
    /// stack's part is cut and ends with a part of the name's hash, because the logical id distinguishes it from
    /// others. If the logical id alone is too long, the whole name is cut so.
    pub fn physical_name(&self, logical_id: &str, characters_max: usize) -> String {
        /// A shorter part of the stack's name is useless.
        const STACK_MIN: usize = 3;
        let name = format!("{}-{logical_id}", self.stack_name);
        if name.len() <= characters_max {
            return name;
        }
        let hash = base36(&name, 8);
        let rest = format!("-{hash}-{logical_id}");
        if let Some(room) = characters_max.checked_sub(rest.len())
            && room >= STACK_MIN
        {
            let end = self.stack_name.floor_char_boundary(room);
            return self.stack_name[..end].trim_end_matches('-').to_owned() + &rest;
        }
        // Names of events, which become names of schedules, may contain any characters.
        let end = name.floor_char_boundary(characters_max - hash.len() - 1);
        format!("{}-{hash}", &name[..end])
    }

    /// An API's id: ten letters and digits, as API Gateway's are.
    pub fn api_id(&self, logical_id: &str) -> String {
        base36(&format!("{}/{logical_id}", self.stack_name), 10)
    }

    /// The value of an API key that the template leaves to AWS: forty letters and digits, as its are.
    pub fn api_key(&self, logical_id: &str) -> String {
        let half = |name: &str| base36(&format!("{}/{logical_id}/{name}", self.stack_name), 20);
        half("key") + &half("more")
    }

    /// `https://<API id>.execute-api.<region>.<suffix>`
    pub fn endpoint(&self, api_id: &str) -> String {
        let Self { region, .. } = self;
        let suffix = self.url_suffix();
        format!("https://{api_id}.execute-api.{region}.{suffix}")
    }

    /// The id of a function URL: thirty-two letters and digits.
    pub fn url_id(&self, logical_id: &str) -> String {
        base36(&format!("{}/{logical_id}/url", self.stack_name), 32)
    }

    /// `https://<URL id>.lambda-url.<region>.on.aws`
    pub fn url_endpoint(&self, logical_id: &str) -> String {
        let id = self.url_id(logical_id);
        format!("https://{id}.lambda-url.{}.on.aws", self.region)
    }

    /// The pseudo parameters of a stack that this one nests.
    pub fn nested(&self, logical_id: &str) -> Self {
        Self {
            stack_name: self.physical_name(logical_id, 128),
            ..self.clone()
        }
    }

    pub fn stack_id(&self) -> String {
        let id = uuid(&self.stack_name);
        let stack = format!("stack/{}/{id}", self.stack_name);
        self.regional_arn("cloudformation", &stack)
    }

    fn regional_arn(&self, service: &str, resource: &str) -> String {
        let partition = self.partition();
        let Self {
            region, account_id, ..
        } = self;
        format!("arn:{partition}:{service}:{region}:{account_id}:{resource}")
    }
}

/// An id in the form of a UUID, the same each time.
fn uuid(text: &str) -> String {
    let digest = Sha256::digest(text.as_bytes());
    let digits = digest[..16].iter().map(|byte| format!("{byte:02x}"));
    let hex: String = digits.collect();
    let (a, b, c) = (&hex[..8], &hex[8..12], &hex[12..16]);
    format!("{a}-{b}-{c}-{}-{}", &hex[16..20], &hex[20..])
}

fn base36(text: &str, digits: usize) -> String {
    const DIGITS: &[u8; 36] = b"abcdefghijklmnopqrstuvwxyz0123456789";
    Sha256::digest(text.as_bytes())
        .iter()
        .take(digits)
        .map(|byte| char::from(DIGITS[usize::from(*byte) % DIGITS.len()]))
        .collect()
}
