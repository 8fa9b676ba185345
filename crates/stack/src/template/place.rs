//! The place that needs a value, for messages.

use super::{Report, Span};

/// The property that needs a value.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place<'p> {
    pub logical_id: &'p str,
    pub resource_type: &'p str,
    /// The property's path.
    pub property: &'p str,
    /// Functions that are not evaluated stay in their long form, instead of being a problem: the
    /// value is only kept, never used.
    pub opaque: bool,
}

impl Place<'_> {
    /// Warns of a value, unless it is only kept.
    pub fn warn(&self, span: Span, meaning: &str, report: &Report) {
        if !self.opaque {
            let property = Some(self.property.to_owned());
            report.warn(span, self.logical_id, self.resource_type, property, meaning);
        }
    }
}
