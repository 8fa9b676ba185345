//! What a template asks for that does nothing here.

use std::fmt;

/// A resource or property that is not provided here, and what that means for the application.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warning {
    /// The resource's key under `Resources`; for other sections, the key there.
    pub logical_id: String,
    /// For example `AWS::SQS::Queue`; for other sections, the section's name.
    pub resource_type: String,
    /// The property's path, such as `Events.Nightly`, where one property is meant.
    pub property: Option<String>,
    /// What the application will notice, as a sentence fragment.
    pub meaning: String,
    /// The file that it is about, as shown to the user.
    pub file: String,
    /// Counted from 1; 0 where the whole file is meant.
    pub line: usize,
    /// Counted from 1, in characters.
    pub column: usize,
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            logical_id,
            resource_type,
            property,
            meaning,
            file: _,
            line,
            column: _,
        } = self;
        if *line > 0 {
            write!(f, "line {line}: ")?;
        }
        match property {
            Some(property) => write!(f, "`{property}` of `{logical_id}`: {meaning}"),
            None => write!(f, "`{logical_id}` ({resource_type}): {meaning}"),
        }
    }
}
