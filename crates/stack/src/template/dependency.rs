//! The dependencies between resources, as in CloudFormation: references must have a target, and must not form a cycle.

use std::collections::BTreeMap;

use super::function::{Reference, references};
use super::names::{Names, Target, report_unresolved};
use super::{Node, Report, Resource, Role, Span};

/// The resources in an order in which each comes after those that it needs.
///
/// Resources in a cycle, and those that need them, are left out; the first cycle is then a problem.
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
    let mut walk = Walk {
        visits: vec![Visit::None; resources.len()],
        path: Vec::new(),
        order: Vec::new(),
        circle: None,
    };
    for index in 0..resources.len() {
        walk.visit(index, &graph.needs);
    }
    if let Some(circle) = walk.circle {
        graph.report_circle(&circle);
    }
    walk.order
}

/// For each resource, what it needs, and what says so. Nothing needs what SAM makes: only what it
/// makes it of.
struct Graph<'g> {
    resources: &'g [Resource],
    names: &'g Names,
    report: &'g Report,
    needs: Vec<BTreeMap<usize, Because<'g>>>,
}

/// A walk through all resources, each after those that it needs. Its depth is at most the number of
/// declared resources ([`RESOURCES_MAX`](crate::limits::RESOURCES_MAX)).
struct Walk {
    visits: Vec<Visit>,
    /// The chain of resources, each needed by the one before, down to the one that is visited.
    path: Vec<usize>,
    order: Vec<usize>,
    /// The first cycle.
    circle: Option<Vec<usize>>,
}

#[derive(Debug, Clone, Copy)]
enum Visit {
    None,
    /// Reaching it again closes a cycle.
    Open,
    /// Whether it can be created.
    Done(bool),
}

impl Walk {
    fn visit(&mut self, index: usize, needs: &[BTreeMap<usize, Because<'_>>]) -> bool {
        match self.visits[index] {
            Visit::None => {}
            Visit::Done(can_be_created) => return can_be_created,
            Visit::Open => {
                let start = self.path.iter().position(|it| *it == index);
                let circle = self.path[start.unwrap_or_default()..].to_vec();
                self.circle.get_or_insert(circle);
                return false;
            }
        }
        self.visits[index] = Visit::Open;
        self.path.push(index);
        let mut can_be_created = true;
        for needed in needs[index].keys() {
            can_be_created &= self.visit(*needed, needs);
        }
        self.path.pop();
        self.visits[index] = Visit::Done(can_be_created);
        if can_be_created {
            self.order.push(index);
        }
        can_be_created
    }
}

/// The reason why one resource needs another.
#[derive(Clone, Copy)]
enum Because<'g> {
    Reference(Reference<'g>),
    /// An entry of `DependsOn`, or an event.
    Place(Span),
}

impl<'g> Graph<'g> {
    /// Adds a dependency on another resource, or on the one that SAM makes it of.
    fn add(&mut self, index: usize, target: Target, because: Because<'g>) {
        if let Target::Resource(needed) = target {
            let made = self.resources[needed].made.as_ref();
            let needed = made.map_or(needed, |made| made.of);
            self.needs[index].entry(needed).or_insert(because);
        }
    }

    fn add_references(&mut self, index: usize, resource: &'g Resource) {
        for entry in resource.properties.entries().unwrap_or_default() {
            // SAM makes separate resources of events: those need the function, not the reverse.
            let has_events = resource.kind.role == Role::Function
                || resource.kind.name == "AWS::Serverless::StateMachine";
            let is_events = has_events && &*entry.key == "Events";
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
                // CloudFormation does not wait for a resource that it does not create.
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

    /// An API's definition names the functions of its routes, so it needs them.
    fn add_api(&mut self, function: usize, event: &Resource) {
        let meant = event.api().and_then(|(_, id)| self.names.find(id));
        if let Some((Target::Resource(api), _)) = meant {
            let because = Because::Place(event.id_span);
            self.add(api, Target::Resource(function), because);
        }
    }

    fn report_circle(&self, circle: &[usize]) {
        const NAMED_MAX: usize = 10;
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
}
