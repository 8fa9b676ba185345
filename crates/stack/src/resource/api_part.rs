//! Parts of an API that are resources of their own: its stages, methods, authorizers and models.

use crate::template::{Fields, OtherAttributes, Type, yields};

/// A part of an API, which is read with it. References to a stage yield its name, those to any
/// other part an id that is never shown.
pub(super) const fn part_type(name: &'static str) -> Type {
    Type {
        reference: yields::stage,
        other_attributes: OtherAttributes::Placeholder,
        ..Type::plain(name)
    }
}

/// The resources of a type that refer to an API by a property.
pub(super) fn parts<'a>(
    api: &Fields<'a>,
    kind: &'static Type,
    property: &'static str,
) -> impl Iterator<Item = Fields<'a>> {
    let (resolver, index) = (api.resolver, api.index());
    let parts = resolver.resources.iter().enumerate();
    let parts = parts.filter(move |(_, part)| {
        let is_such = part.kind.name == kind.name;
        let named = part.property(property).filter(|_| is_such);
        named.and_then(|node| resolver.referenced(node)) == Some(index)
    });
    parts.map(|(part, _)| Fields::of(resolver, part))
}
