//! Which resource needs which, as CloudFormation sees it: references must lead to something, and
//! not in a circle.

use std::collections::BTreeMap;

use super::function::{Reference, references};
use super::names::{Names, Target};
use super::resolver::report_unresolved;
use super::{Node, Report, Resource, Role, Span};

/// The resources in an order in which each comes after what it needs.
///
/// Resources in a circle, and what needs them, are left out; the circle is a problem then.
pub(super) fn creation_order(resources: &[Resource], names: &Names, report: &Report) -> Vec<usize> {
    let mut graph = Graph {
        resources,
        names,
        report,
        needs: vec![BTreeMap::new(); resources.len()],
    };
    for (index, resource) in resources.iter().enumerate() {
        match &resource.made {
            Some(made) => graph.add_api(made.of, resource),
            None => graph.add_references(index, resource),
        }
        graph.add_depends_on(index, resource);
    }
    let (order, left) = graph.sort();
    if let Some(start) = left {
        graph.report_circle(start, &order);
    }
    order
}

/// For each resource, what it needs, and what says so.
struct Graph<'g> {
    resources: &'g [Resource],
    names: &'g Names,
    report: &'g Report,
    needs: Vec<BTreeMap<usize, Because<'g>>>,
}

/// Why one resource needs another.
#[derive(Clone, Copy)]
enum Because<'g> {
    Reference(Reference<'g>),
    /// An entry of `DependsOn`, or an event.
    Place(Span),
}

impl<'g> Graph<'g> {
    /// Adds a need of another resource, or of the one that SAM makes it of.
    fn add(&mut self, index: usize, target: Target, because: Because<'g>) {
        if let Target::Resource(needed) = target {
            let made = self.resources[needed].made.as_ref();
            let needed = made.map_or(needed, |made| made.of);
            self.needs[index].entry(needed).or_insert(because);
        }
    }

    fn add_references(&mut self, index: usize, resource: &'g Resource) {
        for entry in resource.properties.entries().unwrap_or_default() {
            // SAM makes resources of their own of events: those need the function, not it them.
            let is_events = resource.kind.role == Role::Function && &*entry.key == "Events";
            for reference in references(&entry.value) {
                let Some((target, _)) = self.names.find(reference.name) else {
                    let base = reference.name.split('.').next().unwrap_or_default();
                    let span = || reference.span(self.report);
                    report_unresolved(base, span, self.names, self.report);
                    continue;
                };
                if !is_events {
                    self.add(index, target, Because::Reference(reference));
                }
            }
        }
    }

    fn add_depends_on(&mut self, index: usize, resource: &Resource) {
        let nodes = resource.depends_on.as_ref().map(Node::items_or_self);
        for node in nodes.unwrap_or_default() {
            let name = node.text().unwrap_or_default();
            match self.names.find(name) {
                Some((target @ Target::Resource(_), None)) => {
                    self.add(index, target, Because::Place(node.span));
                }
                // CloudFormation does not wait for what it does not create.
                None if self.names.absent.contains_key(name) => {}
                Some(_) | None => {
                    let id = &resource.logical_id;
                    let message = format!("`DependsOn` of `{id}` names no resource");
                    let label = "not a resource of this template";
                    let help = "name a logical id under `Resources`";
                    self.report.problem(node.span, message, label, help);
                }
            }
        }
    }

    /// An API's definition names the functions behind its routes, so it needs them.
    fn add_api(&mut self, function: usize, event: &Resource) {
        let meant = event.api().and_then(|(_, id)| self.names.find(id));
        if let Some((Target::Resource(api), _)) = meant {
            let because = Because::Place(event.id_span);
            self.add(api, Target::Resource(function), because);
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
        let all = 0..self.needs.len();
        let mut order: Vec<usize> = all.filter(|index| missing[*index] == 0).collect();
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
        const NAMED_MAX: usize = 10;
        let circle = self.circle(start, order);
        let id = |index: &usize| &*self.resources[*index].logical_id;
        let first = circle[0];
        let second = circle.get(1).copied().unwrap_or(first);
        let span = match self.needs[first][&second] {
            Because::Reference(reference) => reference.span(self.report),
            Because::Place(span) => span,
        };
        if first == second {
            let message = format!("`{}` needs itself", id(&first));
            let help = "AWS cannot create it; write its name out, and give it that name";
            self.report
                .problem(span, message, "refers to its own resource", help);
            return;
        }
        let mut names: Vec<&str> = circle.iter().take(NAMED_MAX).map(id).collect();
        if circle.len() > NAMED_MAX {
            names.push("…");
        }
        names.push(id(&first));
        let names = names.join(" → ");
        let message = format!("resources need each other in a circle: {names}");
        let label = format!("`{}` needs `{}` here", id(&first), id(&second));
        let help = "AWS cannot create any of them first; give one a fixed name, and write that \
                    name instead of a reference to it";
        self.report.problem(span, message, label, help);
    }

    /// Each resource left over needs another one left over, so a walk along them comes back to
    /// itself.
    fn circle(&self, start: usize, order: &[usize]) -> Vec<usize> {
        let mut ordered = vec![false; self.needs.len()];
        for index in order {
            ordered[*index] = true;
        }
        let mut path = vec![start];
        loop {
            let needs = &self.needs[path[path.len() - 1]];
            let next = needs.keys().copied().find(|needed| !ordered[*needed]);
            let next = next.expect("a resource left over needs another one left over");
            if let Some(at) = path.iter().position(|index| *index == next) {
                return path.split_off(at);
            }
            path.push(next);
        }
    }
}
