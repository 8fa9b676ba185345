//! Redriven executions, as stored with their machine, and the names under which they go on.

use sha2::{Digest as _, Sha256};
use state_machine::name::spelled;

use super::machine::Machine;
use super::name::{self, function};
use crate::app::App;

/// Stands between an execution's name and the number of the redrive.
const MARK: &str = "-redrive-";
/// The number of characters from the original name, and of hexadecimal digits at the end.
const NAME_HEAD: usize = 30;
const DIGITS: usize = 16;

/// How often an execution was redriven.
pub(super) fn count(machine: &Machine, name: &str) -> usize {
    let kept = machine.settings.machine.as_ref();
    let redriven = kept.and_then(|kept| kept.redriven.get(name));
    redriven.map_or(0, Vec::len)
}

/// The redriven executions, and how often each was redriven.
pub(super) fn names(machine: &Machine) -> Vec<(String, usize)> {
    let kept = machine.settings.machine.as_ref();
    let redriven = kept.into_iter().flat_map(|kept| &kept.redriven);
    redriven
        .map(|(name, times)| (name.clone(), times.len()))
        .collect()
}

/// The names of the durable executions of a machine's redriven execution, oldest first.
pub(crate) fn redriven(app: &App, machine: &model::FunctionName, name: &str) -> Vec<String> {
    let settings = app.registry.settings(machine);
    let times = settings
        .machine
        .as_ref()
        .and_then(|kept| kept.redriven.get(&name::shown(name)));
    let times = times.map_or(0, Vec::len);
    (1..=times)
        .map(|number| durable_name_of(name, number))
        .collect()
}

/// The name of the durable execution for the first, second or later redrive of the one with this name.
#[must_use]
pub fn durable_name_of(durable: &str, number: usize) -> String {
    spelled(&name_of(&name::shown(durable), number)).into_owned()
}

/// The name of an execution's first, second or later redrive. It always fits.
pub(super) fn name_of(name: &str, number: usize) -> String {
    let head: String = name.chars().take(NAME_HEAD).collect();
    let digest = Sha256::digest(name.as_bytes());
    let digits: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{head}{MARK}{number}-{}", &digits[..DIGITS])
}

/// The name of the execution that a durable execution belongs to.
pub(super) fn of(app: &App, machine: &str, durable: &str) -> String {
    let own = || name::shown(durable);
    let durable = &name::shown(durable);
    if !is_name(durable) {
        return own();
    }
    let Some(name) = function(&name::shown(machine)) else {
        return own();
    };
    let kept = app.registry.settings(&name);
    let redriven = kept.machine.iter().flat_map(|kept| &kept.redriven);
    let mut redriven = redriven
        .filter(|(name, times)| (1..=times.len()).any(|number| name_of(name, number) == *durable));
    redriven.next().map_or_else(own, |(name, _)| name.clone())
}

/// Whether a durable execution is a redrive. A user may have chosen a name of the same form.
pub(super) fn is_one(app: &App, machine: &Machine, durable: &str) -> bool {
    of(app, machine.name.as_str(), durable) != name::shown(durable)
}

/// Whether a name has the form of a redrive's.
#[must_use]
pub fn is_name(name: &str) -> bool {
    let number_and_digits = name
        .rsplit_once(MARK)
        .and_then(|(_, rest)| rest.split_once('-'));
    number_and_digits.is_some_and(|(number, digits)| {
        number.parse::<usize>().is_ok()
            && digits.len() == DIGITS
            && digits.bytes().all(|byte| byte.is_ascii_hexdigit())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_redrives_fit_and_are_known() {
        let long = "n".repeat(64);
        for name in ["order-7", &long] {
            let made = name_of(name, 1_000);
            assert!(made.len() <= 64, "{made}");
            assert!(is_name(&made) && !is_name(name));
        }
        assert_ne!(name_of("a", 1), name_of("b", 1));
        assert!(!is_name("my-redrive-1") && !is_name("x-redrive-1-short"));
    }
}
