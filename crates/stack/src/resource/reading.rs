//! The stack as far as it is read, to which each type of resource adds its part, and the allowed names of resources.

use std::collections::{HashMap, HashSet};
use std::ops::RangeInclusive;

use crate::template::Fields;
use crate::{Route, RouteKey, Stack};

use super::code::Assets;

/// The stack as far as it is read, and what reading needs besides the template.
pub(crate) struct Reading<'a> {
    pub assets: &'a Assets,
    pub stack: Stack,
    /// The content of nested templates.
    pub nested: Stack,
    /// The routes of each API, by its index.
    routes: HashMap<usize, Vec<Route>>,
    keys: HashSet<(usize, RouteKey)>,
}

/// Adds a resource to the stack.
pub(super) type Reader = fn(&Fields<'_>, &mut Reading<'_>);

impl<'a> Reading<'a> {
    pub fn new(assets: &'a Assets, stack: Stack, nested: Stack) -> Self {
        Self {
            assets,
            stack,
            nested,
            routes: HashMap::new(),
            keys: HashSet::new(),
        }
    }

    /// Adds a route that a resource gives to an API, unless the API has it already.
    pub fn add_route(&mut self, api: usize, part: &Fields<'_>, route: Route, help: &str) {
        if self.keys.insert((api, route.key.clone())) {
            self.routes.entry(api).or_default().push(route);
            return;
        }
        let id = &part.resolver.resources[api].logical_id;
        let message = format!("`{id}` has the route `{}` twice", route.key);
        part.problem(part.resource().id_span, &message, "the second time", help);
    }

    /// Whether an API has a route already.
    pub fn has_route(&self, api: usize, key: &RouteKey) -> bool {
        self.keys.contains(&(api, key.clone()))
    }

    /// The routes that have been added to an API.
    pub fn take_routes(&mut self, api: usize) -> Vec<Route> {
        self.routes.remove(&api).unwrap_or_default()
    }
}

/// Characters that names of functions, aliases and stages may contain besides letters and digits.
pub(super) const WORD_MARKS: &[u8] = b"-_";

/// Whether a name has such a length, and consists of letters, digits and these marks.
pub(crate) fn is_word(name: &str, length: RangeInclusive<usize>, marks: &[u8]) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || marks.contains(&byte);
    length.contains(&name.len()) && name.bytes().all(allowed)
}

/// The resource's name. A name that this property gives and that AWS would reject is reported.
pub(super) fn checked_name(
    fields: &Fields<'_>,
    property: &str,
    is_valid: impl Fn(&str) -> bool,
    must: &str,
) -> String {
    let Ok(name) = fields.resolver.name(fields.index()) else {
        return String::new();
    };
    if !is_valid(&name) {
        let help = "leave it out to have one made from stack and logical id";
        fields.wrong(property, must, "this name", help);
    }
    name
}
