//! A resource as the template has it, before anything in it is resolved.

use std::borrow::Cow;

use super::{Entry, Node, Span, Type};

/// One entry of `Resources`, with `Globals` merged in.
pub(crate) struct Resource<'t> {
    pub logical_id: &'t str,
    pub id_span: Span,
    pub kind: &'static Type,
    pub resource_type: &'t str,
    pub properties: Option<Cow<'t, Node>>,
    pub metadata: Option<&'t Node>,
    /// `DependsOn`.
    pub depends_on: &'t [Node],
}

impl Resource<'_> {
    pub fn property(&self, name: &str) -> Option<&Node> {
        self.properties.as_ref()?.get(name)
    }

    /// The functions' events, as name and mapping.
    pub fn events(&self) -> impl Iterator<Item = &Entry> {
        let events = self.property("Events").and_then(Node::entries);
        let events = events.unwrap_or_default().iter();
        events.filter(|event| !event.value.is_no_value())
    }
}
