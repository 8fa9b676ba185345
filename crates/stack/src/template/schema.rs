//! The description of a type of resource: its properties, its name, and what references to it
//! yield. Each type fills one in, in its own file under `resource`.

use crate::resource::Reading;

use super::{Fields, Lookup, Parameters, Pseudo, Reported, Resource, yields};

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
pub(crate) struct Type {
    pub name: &'static str,
    pub role: Role,
    pub properties: Properties,
    pub shared: Option<Shared>,
    pub named: Named,
    /// What `!Ref` yields.
    pub reference: Yields,
    /// What `!GetAtt` yields, by the attribute's name.
    pub attributes: &'static [(&'static str, Yields)],
    /// What `!GetAtt` yields for any other attribute, unless that is a problem.
    pub other_attributes: OtherAttributes,
    /// The resources that SAM makes of one, whose index among these it is given.
    pub makes: fn(usize, &[Resource], &Parameters) -> Vec<Resource>,
    /// Adds a resource to the stack. Without it nobody looks at the properties: they are read with
    /// another resource, or do not matter.
    pub read: Option<Reader>,
}

/// What a resource is to the template's other resources.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    Function,
    Layer,
    Url,
    Version,
    Alias,
    /// The stage that SAM makes of an API.
    Stage,
    /// An event of a function, and the kind of API that it adds a route to.
    Event(Option<EventApi>),
    /// A template within the template.
    Nested,
    /// Nothing that another one must know about.
    Plain,
    /// Not provided here.
    Unsupported,
}

/// The section of `Globals` for a type, and the properties that a resource must say for itself.
pub(crate) struct Shared {
    pub section: &'static str,
    pub own: &'static [&'static str],
}

/// How a resource comes by its name.
#[derive(Clone, Copy)]
pub(crate) enum Named {
    /// By this property, else from stack and logical id, with at most so many characters.
    By(&'static str, usize),
    /// API Gateway draws an id.
    ApiId,
    /// From stack and logical id.
    Placeholder,
}

pub(crate) type Reader = fn(&Fields<'_>, &mut Reading<'_>);

/// What a reference to a resource yields.
pub(crate) type Yields = fn(&Lookup<'_>) -> Result<String, Reported>;

/// What becomes of attributes that a type does not list.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum OtherAttributes {
    Problem,
    Placeholder,
    /// A placeholder for what does not exist here, with a warning.
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
            reference: yields::placeholder,
            attributes: &[],
            other_attributes: OtherAttributes::Problem,
            makes: |_, _, _| Vec::new(),
            read: None,
        }
    }

    /// The type of this name.
    pub fn named(name: &str, types: &Types) -> &'static Self {
        let is_quiet = || QUIET_PREFIXES.iter().any(|it| name.starts_with(it));
        match types.iter().copied().find(|it| it.name == name) {
            Some(known) => known,
            None if is_quiet() => &QUIET,
            None => &UNSUPPORTED,
        }
    }
}

static UNSUPPORTED: Type = Type {
    role: Role::Unsupported,
    reference: yields::stand_in,
    other_attributes: OtherAttributes::StandIn,
    ..Type::plain("")
};

/// A type that does nothing here, and nobody notices.
static QUIET: Type = Type {
    attributes: &[("Arn", |it| it.arn(Pseudo::role_arn))],
    other_attributes: OtherAttributes::StandIn,
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

/// A kind of API that takes routes from functions' events. SAM makes one up for events that name
/// none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct EventApi {
    /// The event's property that names an API.
    pub property: &'static str,
    pub implicit_id: &'static str,
    pub type_name: &'static str,
}

impl EventApi {
    pub const HTTP: Self = Self {
        property: "ApiId",
        implicit_id: "ServerlessHttpApi",
        type_name: "AWS::Serverless::HttpApi",
    };

    pub const REST: Self = Self {
        property: "RestApiId",
        implicit_id: "ServerlessRestApi",
        type_name: "AWS::Serverless::Api",
    };
}
