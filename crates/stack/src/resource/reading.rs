//! What the resources of a template are read into.

use std::collections::HashMap;

use crate::{Route, Stack};

use super::code::Assets;

/// The stack as far as it is read, and what reading it needs besides the template.
pub(super) struct Reading<'a> {
    pub assets: &'a Assets,
    /// The routes that functions' events give to each API, by its index.
    pub routes: HashMap<usize, Vec<Route>>,
    pub stack: Stack,
}
