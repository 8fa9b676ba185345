//! The description of a type of resource: its properties, its name, and what references to it
//! yield. Each type fills one in, in its own file under `resource`.

use super::{Entry, Node, Pseudo};

/// A property that AWS has.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Property {
    pub name: &'static str,
    pub rule: Rule,
}

/// What becomes of a property.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Rule {
    /// It does what it does on AWS.
    Used,
    /// The same, and it must be given; with help for a template that does not.
    Required(&'static str),
    /// It does nothing here; with what the application loses.
    Ignored(&'static str),
}

/// All properties of a mapping.
pub(crate) type Properties = &'static [Property];

/// The table of a mapping's properties: names, grouped by what becomes of them.
macro_rules! properties {
    (
        $(used: $($used:ident),+;)?
        $(required: $($required:ident = $help:expr),+;)?
        $(ignored: $($meaning:expr => $($ignored:ident),+;)+)?
    ) => {{
        use $crate::template::{Property, Rule};
        const PROPERTIES: $crate::template::Properties = &[
            $($(Property { name: stringify!($used), rule: Rule::Used },)+)?
            $($(Property { name: stringify!($required), rule: Rule::Required($help) },)+)?
            $($($(Property { name: stringify!($ignored), rule: Rule::Ignored($meaning) },)+)+)?
        ];
        PROPERTIES
    }};
}
pub(crate) use properties;

/// A type of resource.
#[derive(Debug)]
pub(crate) struct Type {
    pub name: &'static str,
    pub role: Role,
    pub properties: Properties,
    pub shared: Option<Shared>,
    pub named: Named,
    /// What `!Ref` yields.
    pub reference: Yields,
    /// What `!GetAtt` yields.
    pub attributes: Attributes,
    /// What `!GetAtt` yields for any other attribute, unless that is a problem.
    pub other_attributes: Option<Yields>,
}

/// What a resource is to the template's other resources.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// SAM's function, which brings events, an alias and a URL along.
    ServerlessFunction,
    /// CloudFormation's function, to which versions, aliases and URLs are resources of their own.
    LambdaFunction,
    /// SAM's HTTP API, with its stage.
    HttpApi,
    /// SAM's REST API, with its stage.
    RestApi,
    Layer,
    Url,
    Version,
    Alias,
    /// Nothing that another one must know about.
    Plain,
    /// Not provided here.
    Unsupported,
}

impl Role {
    pub fn is_function(self) -> bool {
        matches!(self, Self::ServerlessFunction | Self::LambdaFunction)
    }
}

/// The section of `Globals` for a type, and the properties that a resource must say for itself.
#[derive(Debug)]
pub(crate) struct Shared {
    pub section: &'static str,
    pub own: &'static [&'static str],
}

/// What SAM makes of a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Made {
    /// `<function>Alias<alias>` or `<function>.Alias`.
    Alias,
    /// `<function>Version<ten hexadecimal digits>` or `<function>.Version`.
    Version,
    /// `<function>Role`.
    Role,
    /// `<function>Url`, from `FunctionUrlConfig`.
    Url,
    /// `<API>ApiGatewayDefaultStage`, `<API><stage>Stage` or `<API>.Stage`.
    Stage,
}

impl Made {
    /// What is named by the resource's name and this word.
    pub fn behind_dot(word: &str) -> Option<Self> {
        match word {
            "Alias" => Some(Self::Alias),
            "Version" => Some(Self::Version),
            "Stage" => Some(Self::Stage),
            _ => None,
        }
    }

    /// What `!Ref` yields.
    pub fn reference(self) -> Yields {
        match self {
            Self::Alias => Yields::PublishedAlias,
            Self::Version => Yields::PublishedVersion,
            Self::Role => Yields::RoleName,
            Self::Url => Yields::Arn(Pseudo::function_arn),
            Self::Stage => Yields::ApiStage,
        }
    }

    /// What `!GetAtt` yields.
    pub fn attributes(self) -> Attributes {
        match self {
            Self::Alias => &[("AliasArn", Yields::PublishedAlias)],
            Self::Role => &[("Arn", Yields::RoleArn)],
            Self::Url => &[
                ("FunctionUrl", Yields::Url),
                ("FunctionArn", Yields::Arn(Pseudo::function_arn)),
            ],
            Self::Version | Self::Stage => &[],
        }
    }
}

/// How a resource comes by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Named {
    /// By this property, else from stack and logical id, with at most so many characters.
    By(&'static str, usize),
    /// API Gateway draws an id.
    ApiId,
    /// From stack and logical id.
    Placeholder,
}

/// What attributes yield, by their names.
pub(crate) type Attributes = &'static [(&'static str, Yields)];

/// What a reference to a resource yields.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Yields {
    Name,
    /// An ARN made of the name.
    Arn(fn(&Pseudo, &str) -> String),
    /// The same, of a stream that does not exist here.
    StreamArn(fn(&Pseudo, &str) -> String),
    Text(&'static str),
    /// The URL of an API.
    Endpoint,
    /// The URL of a function.
    Url,
    /// The ARN of the function that the resource is a part of, qualified.
    Part,
    /// The same, of a version, which has no number yet.
    Version,
    /// The number of a version, which the alias stands in for.
    VersionNumber,
    /// The ARN of a function's first alias.
    PublishedAlias,
    /// The same, for a version, which has no number yet.
    PublishedVersion,
    /// The name of the role that SAM makes of a function.
    RoleName,
    RoleArn,
    /// The stage of an API.
    ApiStage,
    /// The name of a stage, or a placeholder for what has none.
    Stage,
    /// A name for something that nobody looks at.
    Placeholder,
    /// A name for something that does not exist here, with a warning.
    StandIn,
}

impl Type {
    /// A type that has nothing but its name.
    pub const fn plain(name: &'static str) -> Self {
        Self {
            name,
            role: Role::Plain,
            properties: &[],
            shared: None,
            named: Named::Placeholder,
            reference: Yields::Placeholder,
            attributes: &[],
            other_attributes: None,
        }
    }
}

/// A type that is not provided here.
pub(crate) static UNSUPPORTED: Type = Type {
    role: Role::Unsupported,
    reference: Yields::StandIn,
    other_attributes: Some(Yields::StandIn),
    ..Type::plain("")
};

/// A type that does nothing here, and nobody notices.
pub(crate) static QUIET: Type = Type {
    attributes: &[("Arn", Yields::Arn(Pseudo::role_arn))],
    other_attributes: Some(Yields::StandIn),
    ..Type::plain("")
};

/// What is about who may do what, which is not checked here, and what CDK says about itself.
const QUIET_PREFIXES: [&str; 6] = [
    "AWS::IAM::",
    "AWS::Lambda::Permission",
    "AWS::Lambda::LayerVersionPermission",
    "AWS::Serverless::Connector",
    "AWS::ApiGateway::Account",
    "AWS::CDK::Metadata",
];

/// The types that do something here.
pub(crate) type Types = [&'static Type];

/// The type of this name.
pub(crate) fn type_named(name: &str, types: &Types) -> &'static Type {
    let is_quiet = || QUIET_PREFIXES.iter().any(|it| name.starts_with(it));
    match types.iter().copied().find(|it| it.name == name) {
        Some(known) => known,
        None if is_quiet() => &QUIET,
        None => &UNSUPPORTED,
    }
}

/// An API that takes its routes from functions' events. SAM makes one up for events that name none.
#[derive(Debug, Clone, Copy)]
pub(crate) struct EventApi {
    pub event_type: &'static str,
    /// The event's property that names an API.
    pub property: &'static str,
    pub implicit_id: &'static str,
    pub role: Role,
    pub type_name: &'static str,
    /// The stage of an API that names none.
    pub stage: &'static str,
}

impl EventApi {
    pub const HTTP: Self = Self {
        event_type: "HttpApi",
        property: "ApiId",
        implicit_id: "ServerlessHttpApi",
        role: Role::HttpApi,
        type_name: "AWS::Serverless::HttpApi",
        stage: "$default",
    };

    pub const REST: Self = Self {
        event_type: "Api",
        property: "RestApiId",
        implicit_id: "ServerlessRestApi",
        role: Role::RestApi,
        type_name: "AWS::Serverless::Api",
        stage: "Prod",
    };

    pub const ALL: [Self; 2] = [Self::HTTP, Self::REST];

    /// The API that an event means, if its type takes any: which kind, and its logical id.
    pub fn meant_by(event: &Entry) -> Option<(Self, &str)> {
        let event_type = event.value.get("Type").and_then(Node::text)?;
        let mut apis = Self::ALL.into_iter();
        let api = apis.find(|api| api.event_type == event_type)?;
        let properties = event.value.get("Properties");
        match properties.and_then(|it| it.get(api.property)) {
            None => Some((api, api.implicit_id)),
            Some(id) => Some((api, id.call()?.argument.text()?)),
        }
    }
}
