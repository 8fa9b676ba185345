//! The words that types of resources are described in: properties and what becomes of them, roles, and how a
//! resource comes by its name.

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

/// What becomes of attributes that a type does not list.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum OtherAttributes {
    Problem,
    Placeholder,
    /// A placeholder for what does not exist here, with a warning.
    StandIn,
}

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
