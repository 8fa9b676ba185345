//! Which resource needs which, as CloudFormation sees it: references must lead to something, and
//! not in a circle.

use std::collections::BTreeMap;

use super::names::Names;
use super::reference::{Reference, references};
use super::words::{did_you_mean, shorten};
use super::{Entry, EventApi, Node, Report, Reported, Resource, Role, Span};

/// The resources in an order in which each comes after what it needs.
///
/// Resources in a circle, and what needs them, are left out; the circle is a problem then.
pub(crate) fn creation_order<'t>(
    resources: &'t [Resource<'t>],
    names: &Names<'_>,
    report: &Report,
) -> Vec<usize> {
    let mut graph = Graph {
        resources,
        names,
        report,
        needs: vec![BTreeMap::new(); resources.len()],
    };
    for (index, resource) in resources.iter().enumerate() {
        graph.add_references(index, resource);
        graph.add_depends_on(index, resource);
        if resource.kind.role == Role::ServerlessFunction {
            for event in resource.events() {
                graph.add_event(index, event);
            }
        }
    }
    let (order, left) = graph.sort();
    if let Some(start) = left {
        graph.report_circle(start, &order);
    }
    order
}

/// For each resource, what it needs, and what says so.
struct Graph<'g, 't> {
    resources: &'t [Resource<'t>],
    names: &'g Names<'g>,
    report: &'g Report,
    needs: Vec<BTreeMap<usize, Because<'t>>>,
}

/// Why one resource needs another.
#[derive(Clone, Copy)]
enum Because<'t> {
    Reference(Reference<'t>),
    /// An entry of `DependsOn`, or an event.
    Place(Span),
}

impl<'t> Graph<'_, 't> {
    fn add(&mut self, index: usize, needed: usize, because: Because<'t>) {
        self.needs[index].entry(needed).or_insert(because);
    }

    fn add_references(&mut self, index: usize, resource: &'t Resource<'t>) {
        let entries = resource.properties.as_deref().and_then(Node::entries);
        let is_sam = resource.kind.role == Role::ServerlessFunction;
        for entry in entries.unwrap_or_default() {
            // SAM makes resources of their own of events: those need the function, not it them.
            let is_events = is_sam && &*entry.key == "Events";
            for reference in references(&entry.value) {
                let Some((target, _)) = self.names.find(reference.name) else {
                    let base = reference.name.split('.').next().unwrap_or_default();
                    let span = || reference.span(self.report);
                    report_unresolved(base, span, self.names, self.report);
                    continue;
                };
                if let Some(needed) = target.resource().filter(|_| !is_events) {
                    self.add(index, needed, Because::Reference(reference));
                }
            }
        }
    }

    fn add_depends_on(&mut self, index: usize, resource: &Resource<'_>) {
        for node in resource.depends_on {
            let name = node.text().unwrap_or_default();
            let found = self.names.find(name);
            match found.map(|(target, attribute)| (target.resource(), attribute)) {
                Some((Some(needed), None)) => self.add(index, needed, Because::Place(node.span)),
                // CloudFormation does not wait for what it does not create.
                None if self.names.absent.contains_key(name) => {}
                Some(_) | None => {
                    self.report.problem(
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
    fn add_event(&mut self, function: usize, event: &Entry) {
        let meant = EventApi::meant_by(event).and_then(|(_, id)| self.names.find(id));
        if let Some(api) = meant.and_then(|(target, _)| target.resource()) {
            self.add(api, function, Because::Place(event.key_span));
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

    fn report_circle(&self, start: usize, order: &[usize]) {
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
        let id = |index: &usize| self.resources[*index].logical_id;
        let first = circle[0];
        let second = circle.get(1).copied().unwrap_or(first);
        const NAMED_MAX: usize = 10;
        let mut names: Vec<&str> = circle.iter().take(NAMED_MAX).map(id).collect();
        if circle.len() > NAMED_MAX {
            names.push("…");
        }
        names.push(id(&first));
        let span = match self.needs[first][&second] {
            Because::Reference(reference) => reference.span(self.report),
            Because::Place(span) => span,
        };
        if first == second {
            self.report.problem(
                span,
                format!("`{}` needs itself", id(&first)),
                "refers to its own resource",
                "AWS cannot create it; write its name out, and give it that name",
            );
            return;
        }
        let names = names.join(" → ");
        self.report.problem(
            span,
            format!("resources need each other in a circle: {names}"),
            format!("`{}` needs `{}` here", id(&first), id(&second)),
            "AWS cannot create any of them first; give one a fixed name, and write that name \
             instead of a reference to it",
        );
    }
}

/// Reports a name that stands for nothing. Its place is searched for, so only if there is room.
pub(super) fn report_unresolved(
    name: &str,
    span: impl FnOnce() -> Span,
    names: &Names<'_>,
    report: &Report,
) -> Reported {
    if report.is_full() {
        return Reported;
    }
    let shown = shorten(name);
    if let Some(condition) = names.absent.get(name) {
        return report.problem(
            span(),
            format!("`{shown}` is not created"),
            format!("its condition `{}` does not hold", shorten(condition)),
            "refer to it under the same condition: `!If [Condition, !Ref It, !Ref AWS::NoValue]`",
        );
    }
    let otherwise = "a reference names a parameter, a resource or a pseudo parameter; \
                     in `!Sub`, `${!Name}` is the literal text `${Name}`";
    report.problem(
        span(),
        format!("`{shown}` is not in this template"),
        "refers to nothing",
        did_you_mean(name, names.sorted(), otherwise),
    )
}
