//! Constraint violations in the words of AWS's front end: `ValidationException`.
//!
//! `<n> validation error(s) detected: Value '<v>' at '<memberPath>' failed to satisfy constraint:
//! Member must <rule>`, several joined with `; ` (protocol reference, section 1.4).

use std::fmt::Display;

use lambda_api::ErrorCode;

use crate::error::ApiError;
use crate::member::Rule;

/// Inclusive bounds of a number.
#[derive(Debug, Clone, Copy)]
pub struct Range {
    pub min: i64,
    pub max: i64,
}

/// Longest value that a message repeats; longer ones are left out, as sensitive ones are.
const SHOWN_MAX: usize = 256;

/// Collects every violation of a request, so that its sender sees all of them at once. A member's name becomes text
/// only when something is wrong with it.
#[derive(Debug, Default)]
pub struct Violations(Vec<String>);

impl Violations {
    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// The error about all of them, if there is any.
    pub fn none(self) -> Result<(), ApiError> {
        if self.0.is_empty() {
            return Ok(());
        }
        let count = self.0.len();
        let errors = if count == 1 { "error" } else { "errors" };
        let message = format!(
            "{count} validation {errors} detected: {}",
            self.0.join("; ")
        );
        Err(ApiError::new(ErrorCode::Validation, message))
    }

    pub fn add(&mut self, value: Option<&str>, path: impl Display, rule: &str) {
        let value = match value {
            Some(value) if value.len() <= SHOWN_MAX => format!("Value '{value}'"),
            Some(_) | None => "Value".to_owned(),
        };
        self.0.push(format!(
            "{value} at '{path}' failed to satisfy constraint: Member must {rule}"
        ));
    }

    /// A required member that is not there.
    pub fn missing(&mut self, path: impl Display) {
        self.0.push(format!(
            "Value null at '{path}' failed to satisfy constraint: Member must not be null"
        ));
    }

    /// A required text that is missing reads as empty.
    pub fn length(&mut self, text: &str, path: impl Display, max: usize) {
        if text.is_empty() {
            self.add(Some(text), path, "have length greater than or equal to 1");
        } else if text.len() > max {
            self.too_long(path, max);
        }
    }

    pub fn too_long(&mut self, path: impl Display, max: usize) {
        self.add(
            None,
            path,
            &format!("have length less than or equal to {max}"),
        );
    }

    pub fn pattern(
        &mut self,
        text: &str,
        path: impl Display,
        max: usize,
        pattern: &str,
        allowed: impl Fn(u8) -> bool,
    ) {
        self.length(text, &path, max);
        if !text.is_empty() && !text.bytes().all(allowed) {
            let rule = format!("satisfy regular expression pattern: {pattern}");
            self.add(Some(text), path, &rule);
        }
    }

    /// The name of an operation: 1 to 256 printable ASCII characters.
    pub fn name(&mut self, text: &str, path: impl Display) {
        self.pattern(text, path, 256, r"[\x20-\x7E]+", |byte| {
            (0x20..=0x7e).contains(&byte)
        });
    }

    pub fn not_one_of(&mut self, text: &str, path: impl Display, values: &[&str]) {
        let rule = format!("satisfy enum value set: [{}]", values.join(", "));
        self.add(Some(text), path, &rule);
    }

    /// The number, if it is within its bounds.
    pub fn in_range(&mut self, value: i64, path: impl Display, range: Range) -> Option<u32> {
        if value < range.min {
            let rule = format!("have value greater than or equal to {}", range.min);
            self.add(Some(&value.to_string()), path, &rule);
        } else if value > range.max {
            let rule = format!("have value less than or equal to {}", range.max);
            self.add(Some(&value.to_string()), path, &rule);
        } else {
            return u32::try_from(value).ok();
        }
        None
    }

    /// Checks a number between two, which messages show with so many digits after the point.
    pub fn within(
        &mut self,
        value: f64,
        path: impl Display,
        (min, max, digits): (f64, f64, usize),
    ) {
        let rule = if value < min {
            format!("have value greater than or equal to {min:.digits$}")
        } else if value > max {
            format!("have value less than or equal to {max:.digits$}")
        } else {
            return;
        };
        self.add(Some(&value.to_string()), path, &rule);
    }

    pub fn rule(&mut self, text: &str, path: impl Display, rule: Rule) {
        match rule {
            Rule::OneOf(values) if !values.contains(&text) => self.not_one_of(text, path, values),
            Rule::CharsMax(max) if text.chars().count() > max => self.too_long(path, max),
            Rule::Pattern(max, pattern, allowed) => self.pattern(text, path, max, pattern, allowed),
            Rule::Shape(pattern, is_matched) if !is_matched(text) => {
                let rule = format!("satisfy regular expression pattern: {pattern}");
                self.add(Some(text), path, &rule);
            }
            Rule::OneOf(_) | Rule::CharsMax(_) | Rule::Shape(..) => {}
        }
    }
}
