//! The function that a property means, by a reference, by its ARN, or within a URI.

use crate::FunctionResource;
use crate::template::{Fields, Node, Role};

/// A function of this template, or of one nested in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Target {
    /// Its logical id.
    pub function: String,
    /// Its alias; `None` means `$LATEST`.
    pub qualifier: Option<String>,
}

/// The function that a node below some fields means. `nested` are the functions of nested templates.
pub(super) fn target(
    fields: &Fields<'_>,
    property: &str,
    node: &Node,
    nested: &[FunctionResource],
) -> Option<Target> {
    let resolver = fields.resolver;
    if let Some(part) = resolver.function_of(node) {
        let function = resolver.shown_id(part.function).to_owned();
        // The alias may also be written behind a reference: `!Sub "${Function.Arn}:live"`.
        let written = || written(&fields.text_of(property, node)?)?.1;
        let qualifier = part.alias.or_else(written);
        return Some(Target {
            function,
            qualifier,
        });
    }
    let (name, qualifier) = written(&fields.text_of(property, node)?)?;
    let own = resolver.resources.iter().enumerate();
    let mut own = own.filter(|(_, resource)| resource.kind.role == Role::Function);
    let own = own.find(|(index, _)| resolver.name(*index).is_ok_and(|it| it == name));
    let function = match own {
        Some((index, _)) => resolver.shown_id(index).to_owned(),
        None => {
            let mut nested = nested.iter().filter(|function| function.name == name);
            nested.next()?.logical_id.clone()
        }
    };
    Some(Target {
        function,
        qualifier,
    })
}

/// Reports a property that should name a function of this template, and does not.
pub(super) fn no_function(fields: &Fields<'_>, property: &str) {
    let must = "must mean a function of this template";
    let help = "write `!Ref` and the function's logical id";
    fields.wrong(property, must, "not such a function", help);
}

/// Name and qualifier in an ARN, which may stand within a URI.
fn written(text: &str) -> Option<(String, Option<String>)> {
    let (_, rest) = text.rsplit_once(":function:")?;
    let rest = rest.split('/').next()?;
    let (name, qualifier) = match rest.split_once(':') {
        Some((name, qualifier)) => (name, Some(qualifier)),
        None => (rest, None),
    };
    let qualifier = qualifier.filter(|it| !it.is_empty() && *it != "$LATEST");
    Some((name.to_owned(), qualifier.map(str::to_owned)))
}
