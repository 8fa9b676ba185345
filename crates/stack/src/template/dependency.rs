//! Which resource needs which, as CloudFormation sees it: references must lead to something, and
//! not in a circle.

use std::collections::BTreeMap;

use super::declared::{Declared, IMPLICIT_HTTP_API, IMPLICIT_REST_API};
use super::parse::shorten;
use super::reference::{Reference, references};
use super::{Entry, Kind, Node, Report, Resource, Span};

/// The resources in an order in which each comes after what it needs.
///
/// Resources in a circle, and what needs them, are left out; the circle is a problem then.
pub(crate) fn creation_order<'t>(
    resources: &'t [Resource<'t>],
    declared: &Declared<'_>,
    report: &Report,
) -> Vec<usize> {
    let mut graph = Graph {
        needs: vec![BTreeMap::new(); resources.len()],
    };
    for (index, resource) in resources.iter().enumerate() {
        graph.add(index, resource, declared, report);
        if resource.kind == Kind::Function {
            for event in resource.events() {
                graph.add_event(index, event, declared);
            }
        }
    }
    let (order, left) = graph.sort();
    if let Some(start) = left {
        graph.report_circle(start, &order, resources, report);
    }
    order
}

/// For each resource, what it needs, and what says so.
struct Graph<'t> {
    needs: Vec<BTreeMap<usize, Because<'t>>>,
}

/// Why one resource needs another.
#[derive(Clone, Copy)]
enum Because<'t> {
    Reference(Reference<'t>),
    /// An entry of `DependsOn`, or an event.
    Place(Span),
}

impl<'t> Graph<'t> {
    fn add(
        &mut self,
        index: usize,
        resource: &'t Resource<'t>,
        declared: &Declared<'_>,
        report: &Report,
    ) {
        let entries = resource.properties.as_deref().and_then(Node::entries);
        for entry in entries.unwrap_or_default() {
            // SAM makes resources of their own of events: those need the function, not it them.
            let is_events = resource.kind == Kind::Function && &*entry.key == "Events";
            for reference in references(&entry.value) {
                match declared.find(reference.name) {
                    None => unresolved(&reference, declared, report),
                    Some(_) if is_events => {}
                    Some((target, _)) => {
                        if let Some(needed) = target.resource() {
                            let because = Because::Reference(reference);
                            self.needs[index].entry(needed).or_insert(because);
                        }
                    }
                }
            }
        }
        for node in &resource.depends_on {
            match node.text().and_then(|name| declared.find(name)) {
                // CloudFormation does not wait for what it does not create.
                None if node
                    .text()
                    .is_some_and(|name| declared.absent.contains_key(name)) => {}
                Some((target, None)) if target.resource().is_some() => {
                    let needed = target.resource().expect("checked by the pattern's guard");
                    let because = Because::Place(node.span);
                    self.needs[index].entry(needed).or_insert(because);
                }
                Some(_) | None => {
                    report.problem(
                        node.span,
                        format!("`DependsOn` of `{}` names no resource", resource.logical_id),
                        "not a resource of this template",
                        "name a logical id under `Resources`",
                    );
                }
            }
        }
    }

    /// An API's definition names the functions behind its routes, so it needs them.
    fn add_event(&mut self, function: usize, event: &Entry, declared: &Declared<'_>) {
        let (property, implicit) = match event.value.get("Type").and_then(Node::text) {
            Some("HttpApi") => ("ApiId", IMPLICIT_HTTP_API),
            Some("Api") => ("RestApiId", IMPLICIT_REST_API),
            Some(_) | None => return,
        };
        let properties = event.value.get("Properties");
        let name = match properties.and_then(|it| it.get(property)) {
            None => Some(implicit),
            Some(id) => id.call().and_then(|call| call.argument.text()),
        };
        let target = name.and_then(|name| declared.find(name));
        if let Some(api) = target.and_then(|(target, _)| target.resource()) {
            let because = Because::Place(event.key_span);
            self.needs[api].entry(function).or_insert(because);
        }
    }

    /// The order, and some resource that has no place in it.
    fn sort(&self) -> (Vec<usize>, Option<usize>) {
        let mut needed_by: Vec<Vec<usize>> = vec![Vec::new(); self.needs.len()];
        let mut missing: Vec<usize> = self.needs.iter().map(BTreeMap::len).collect();
        for (index, needs) in self.needs.iter().enumerate() {
            for needed in needs.keys() {
                needed_by[*needed].push(index);
            }
        }
        let mut order: Vec<usize> = (0..self.needs.len())
            .filter(|index| missing[*index] == 0)
            .collect();
        let mut next = 0;
        while let Some(done) = order.get(next).copied() {
            next += 1;
            for index in &needed_by[done] {
                missing[*index] -= 1;
                if missing[*index] == 0 {
                    order.push(*index);
                }
            }
        }
        let left = missing.iter().position(|missing| *missing > 0);
        (order, left)
    }

    fn report_circle(
        &self,
        start: usize,
        order: &[usize],
        resources: &[Resource<'_>],
        report: &Report,
    ) {
        let mut ordered = vec![false; self.needs.len()];
        for index in order {
            ordered[*index] = true;
        }
        // Each resource left over needs another one left over, so this walk comes back to itself.
        let mut path = vec![start];
        let circle = loop {
            let last = path[path.len() - 1];
            let next = self.needs[last]
                .keys()
                .copied()
                .find(|needed| !ordered[*needed])
                .expect("a resource left over needs another one left over");
            if let Some(at) = path.iter().position(|index| *index == next) {
                break path.split_off(at);
            }
            path.push(next);
        };
        let id = |index: &usize| resources[*index].logical_id;
        let first = circle[0];
        let second = circle.get(1).copied().unwrap_or(first);
        const NAMED_MAX: usize = 10;
        let mut names: Vec<&str> = circle.iter().take(NAMED_MAX).map(id).collect();
        if circle.len() > NAMED_MAX {
            names.push("…");
        }
        names.push(id(&first));
        let span = match self.needs[first][&second] {
            Because::Reference(reference) => reference.span(report),
            Because::Place(span) => span,
        };
        if first == second {
            report.problem(
                span,
                format!("`{}` needs itself", id(&first)),
                "refers to its own resource",
                "AWS cannot create it; write its name out, and give it that name",
            );
            return;
        }
        report.problem(
            span,
            format!(
                "resources need each other in a circle: {}",
                names.join(" → ")
            ),
            format!("`{}` needs `{}` here", id(&first), id(&second)),
            "AWS cannot create any of them first; give one a fixed name, and write that name \
             instead of a reference to it",
        );
    }
}

pub(super) fn unresolved(reference: &Reference<'_>, declared: &Declared<'_>, report: &Report) {
    if report.is_full() {
        return;
    }
    let name = reference.name;
    let base = name.split_once('.').map_or(name, |(base, _)| base);
    report_unresolved(base, reference.span(report), declared, report);
}

pub(super) fn report_unresolved(
    name: &str,
    span: Span,
    declared: &Declared<'_>,
    report: &Report,
) -> super::Reported {
    if let Some(condition) = declared.absent.get(name) {
        return report.problem(
            span,
            format!("`{}` is not created", shorten(name)),
            format!("its condition `{}` does not hold", shorten(condition)),
            "refer to it under the same condition: `!If [Condition, !Ref It, !Ref AWS::NoValue]`",
        );
    }
    let help = match declared.suggest(name) {
        Some(meant) => format!("did you mean `{meant}`?"),
        None => "a reference names a parameter, a resource or a pseudo parameter; \
                 in `!Sub`, `${!Name}` is the literal text `${Name}`"
            .to_owned(),
    };
    report.problem(
        span,
        format!("`{}` is not in this template", shorten(name)),
        "refers to nothing",
        help,
    )
}
