//! Where functions are in the CDK app that a template was made of.
//!
//! CDK notes the path of each construct in its resource's metadata, as `aws:cdk:path`.

use crate::FunctionResource;

/// The last part of the path of a resource that a construct creates for itself. CDK hides it too.
const OF_THE_CONSTRUCT: [&str; 2] = ["/Resource", "/Default"];

/// Constructs of CDK's own library that exist once in a stack: the part of their ids before 32 hexadecimal digits.
/// Source: aws-cdk-lib 2.2xx, `SingletonFunction` and where it is used, read 2026-11.
const ONCE_IN_A_STACK: [&str; 3] = ["LogRetention", "AWS", "BucketNotificationsHandler"];

/// The functions of CDK's framework for custom resources, besides the functions that it calls. Source: aws-cdk-lib,
/// `custom-resources/lib/provider-framework`, read 2026-11.
const FRAMEWORK: [&str; 3] = [
    "framework-onEvent",
    "framework-isComplete",
    "framework-onTimeout",
];

/// The path of the construct that a resource belongs to.
pub(crate) fn path(of_resource: &str) -> String {
    let hidden = OF_THE_CONSTRUCT.iter();
    let mut shown = hidden.filter_map(|part| of_resource.strip_suffix(part));
    shown.next().unwrap_or(of_resource).to_owned()
}

impl FunctionResource {
    /// The developer's name for it: its construct's path in a CDK app, else its logical id.
    pub fn shown(&self) -> &str {
        self.construct_path.as_deref().unwrap_or(&self.logical_id)
    }

    /// Whether CDK's library adds it for custom resources, which matter only for deployments.
    pub fn is_of_cdk(&self) -> bool {
        let path = self.construct_path.as_deref().unwrap_or_default();
        path.split('/').any(|part| {
            part.starts_with("Custom::") || FRAMEWORK.contains(&part) || exists_once(part)
        })
    }
}

fn exists_once(id: &str) -> bool {
    let digits = |rest: &str| rest.len() == 32 && rest.bytes().all(|it| it.is_ascii_hexdigit());
    let mut purposes = ONCE_IN_A_STACK.iter();
    purposes.any(|purpose| id.strip_prefix(purpose).is_some_and(digits))
}
