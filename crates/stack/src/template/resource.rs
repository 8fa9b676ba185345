//! A resource as the template has it, before anything in it is resolved, and the description of its type.

use std::rc::Rc;

use super::yields::{self, Yields};
use super::{
    Entry, EventApi, Named, Node, NodeValue, OtherAttributes, Parameters, Properties, Pseudo, Role,
    Shared, Span,
};

/// One entry of `Resources` with `Globals` merged in, or one that SAM makes of such an entry.
pub(crate) struct Resource {
    pub logical_id: Rc<str>,
    pub id_span: Span,
    pub kind: &'static Type,
    pub resource_type: Rc<str>,
    /// A mapping; for a resource that SAM makes, any value as written.
    pub properties: Node,
    /// The place to mark when a property is missing.
    pub properties_span: Span,
    pub metadata: Option<Node>,
    pub depends_on: Option<Node>,
    /// `IgnoreGlobals`: which shared properties are not its own.
    pub ignored_globals: Option<Node>,
    /// Its origin, if SAM makes it.
    pub made: Option<Made>,
}

/// The resource that SAM makes another one of.
pub(crate) struct Made {
    pub of: usize,
    /// The name of an event; for other resources, the alias that it belongs to, which may be empty.
    pub name: Rc<str>,
    /// The path of its properties within those of the other one, ending with a dot unless empty.
    pub path: String,
}

impl Resource {
    /// A resource without properties.
    pub fn new(logical_id: Rc<str>, id_span: Span, kind: &'static Type) -> Self {
        Self {
            logical_id,
            id_span,
            kind,
            resource_type: kind.name.into(),
            properties: Node::new(id_span, NodeValue::Mapping(Vec::new())),
            properties_span: id_span,
            metadata: None,
            depends_on: None,
            ignored_globals: None,
            made: None,
        }
    }

    /// The resource that SAM makes of this one, whose index is `of`.
    pub fn make(&self, of: usize, suffix: &str, name: &str, kind: &'static Type) -> Self {
        let made = Made {
            of,
            name: name.into(),
            path: String::new(),
        };
        let logical_id = format!("{}{suffix}", self.logical_id);
        Self {
            resource_type: self.resource_type.clone(),
            made: Some(made),
            ..Self::new(logical_id.into(), self.id_span, kind)
        }
    }

    /// Sets the properties, whose path is within those of the original resource.
    pub fn with_properties(mut self, path: String, entry: &Entry) -> Self {
        if let Some(made) = &mut self.made {
            made.path = path;
        }
        self.properties = entry.value.clone();
        self.properties_span = entry.key_span;
        self
    }

    pub fn property(&self, name: &str) -> Option<&Node> {
        self.given(name).map(|entry| &entry.value)
    }

    /// A literal text, or a parameter's value.
    pub fn constant<'r>(&'r self, property: &str, parameters: &'r Parameters) -> Option<&'r str> {
        parameters.constant(self.property(property)?)
    }

    /// A property with its place, unless it is absent or `AWS::NoValue`.
    pub fn given(&self, name: &str) -> Option<&Entry> {
        let entry = self.properties.entry(name);
        entry.filter(|entry| !entry.value.is_no_value())
    }

    /// The kind of API that an event adds a route to, and the logical id of that API.
    pub fn api(&self) -> Option<(EventApi, &str)> {
        let Role::Event(Some(api)) = self.kind.role else {
            return None;
        };
        match self.property(api.property) {
            None => Some((api, api.implicit_id)),
            Some(id) => Some((api, id.call()?.argument.text()?)),
        }
    }

    /// A name that is never shown or used.
    pub fn placeholder_name(&self, pseudo: &Pseudo) -> String {
        pseudo.physical_name(&self.logical_id, 255)
    }
}

/// The description of a type of resource: its properties, its name, and the values of references to it. Each type is
/// defined in its own file under `crate::resource`.
pub(crate) struct Type {
    pub name: &'static str,
    pub role: Role,
    pub properties: Properties,
    pub shared: Option<Shared>,
    pub named: Named,
    /// The value of `!Ref`.
    pub reference: Yields,
    /// The value of `!GetAtt`, by the attribute's name.
    pub attributes: &'static [(&'static str, Yields)],
    /// Properties whose text is the value of the `!GetAtt` of the same name.
    pub property_attributes: &'static [&'static str],
    /// The value of `!GetAtt` for any other attribute, unless that is a problem.
    pub other_attributes: OtherAttributes,
    /// The resources that SAM makes of one, whose index among these is the first argument.
    pub makes: fn(usize, &[Resource], &Parameters) -> Vec<Resource>,
}

impl Type {
    /// A type with nothing but its name.
    pub const fn plain(name: &'static str) -> Self {
        Self {
            name,
            role: Role::Plain,
            properties: &[],
            shared: None,
            named: Named::Placeholder,
            reference: yields::placeholder,
            attributes: &[],
            property_attributes: &[],
            other_attributes: OtherAttributes::Problem,
            makes: |_, _, _| Vec::new(),
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

/// A type that does nothing here, without a warning.
static QUIET: Type = Type {
    attributes: &[("Arn", |it| it.arn(Pseudo::role_arn))],
    other_attributes: OtherAttributes::StandIn,
    ..Type::plain("")
};

/// Permissions, which are not checked here, and CDK's data about itself.
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
