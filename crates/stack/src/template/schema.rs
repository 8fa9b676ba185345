//! The parts of a type's description: properties and their effect here, roles, and how a resource gets its name.

/// A property that AWS has.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Property {
    pub name: &'static str,
    pub rule: Rule,
}

/// The effect of a property here.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Rule {
    /// The same effect as on AWS.
    Used,
    /// The same, and the property is required; with help for a template without it.
    Required(&'static str),
    /// No effect; with what the application loses.
    Ignored(&'static str),
}

/// All properties of a mapping.
pub(crate) type Properties = &'static [Property];

/// The table of a mapping's properties: names, grouped by their effect.
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

/// A resource's role for the template's other resources.
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
    /// No role for other resources.
    Plain,
    /// Not provided here.
    Unsupported,
}

/// The section of `Globals` for a type, and the properties that a resource must set itself.
pub(crate) struct Shared {
    pub section: &'static str,
    pub own: &'static [&'static str],
}

/// How a resource gets its name.
#[derive(Clone, Copy)]
pub(crate) enum Named {
    /// By this property, else from stack and logical id, with at most this many characters.
    By(&'static str, usize),
    /// An id like API Gateway's.
    ApiId,
    /// From stack and logical id.
    Placeholder,
}

/// The treatment of attributes that a type does not list.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum OtherAttributes {
    Problem,
    Placeholder,
    /// A placeholder for a value that does not exist here, with a warning.
    StandIn,
}

/// A kind of API that gets routes from functions' events. SAM adds one for events that name none.
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
