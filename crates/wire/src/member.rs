//! Members of a request and their constraints in the service model: a table for an operation.

use crate::error::ApiError;
use crate::validate::{Range, Violations};

/// A member of the request `R`: its name in messages, its constraint, and how it is read. A missing one violates
/// nothing but [`Member::Required`].
pub enum Member<R: 'static> {
    /// Whether it is there.
    Required(&'static str, fn(&R) -> bool),
    Number(&'static str, Range, fn(&R) -> Option<i64>),
    /// At least, at most, and the digits after the point in messages.
    Decimal(&'static str, (f64, f64, usize), fn(&R) -> Option<f64>),
    Text(&'static str, Rule, fn(&R) -> Option<&str>),
    /// A list of texts.
    Each(&'static str, Rule, fn(&R) -> Option<&[String]>),
    /// A check that no other kind covers.
    Other(fn(&R, &mut Violations)),
    /// The members of another table.
    All(&'static [Self]),
}

/// The rule for a text.
#[derive(Clone, Copy)]
pub enum Rule {
    OneOf(&'static [&'static str]),
    /// At most so many characters.
    CharsMax(usize),
    /// Length, regular expression, and the bytes that this allows.
    Pattern(usize, &'static str, fn(u8) -> bool),
    /// The regular expression, and whether a text matches it.
    Shape(&'static str, fn(&str) -> bool),
}

/// Every constraint that a request violates, in the order of its members.
pub fn check<R>(request: &R, members: &[Member<R>]) -> Result<(), ApiError> {
    let mut violations = Violations::default();
    collect(request, members, &mut violations);
    violations.none()
}

fn collect<R>(request: &R, members: &[Member<R>], violations: &mut Violations) {
    for member in members {
        match *member {
            Member::Required(path, is_there) => {
                if !is_there(request) {
                    violations.missing(path);
                }
            }
            Member::Number(path, range, read) => {
                if let Some(value) = read(request) {
                    violations.in_range(value, path, range);
                }
            }
            Member::Decimal(path, bounds, read) => {
                if let Some(value) = read(request) {
                    violations.within(value, path, bounds);
                }
            }
            Member::Text(path, rule, read) => {
                if let Some(text) = read(request) {
                    violations.rule(text, path, rule);
                }
            }
            Member::Each(path, rule, read) => {
                for (index, text) in read(request).unwrap_or_default().iter().enumerate() {
                    violations.rule(text, format_args!("{path}.{}.member", index + 1), rule);
                }
            }
            Member::Other(check) => check(request, violations),
            Member::All(members) => collect(request, members, violations),
        }
    }
}
