//! How many of a function's places each server should have: decided by each for itself, from the same numbers.

use model::Owner;

/// The number of places that a server could use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Want {
    pub server: Owner,
    /// Invocations that it runs or would run.
    pub wanted: usize,
    /// Whether it gets some of the unused places, for invocations to come.
    pub is_spared_some: bool,
}

/// Divides a limit among servers, in order of id: each gets what it wants, as far as an even division allows; unwanted
/// places are divided evenly. If the wants do not come out even, the servers whose `turn` it is get one more.
pub(super) fn divide(limit: usize, wants: &[Want], turn: usize) -> Vec<usize> {
    let mut goals = vec![0; wants.len()];
    let mut left = limit;
    loop {
        let hungry: Vec<usize> = (0..wants.len())
            .filter(|it| goals[*it] < wants[*it].wanted)
            .collect();
        if hungry.is_empty() || left == 0 {
            break;
        }
        let each = left / hungry.len();
        if each == 0 {
            for place in 0..left {
                goals[hungry[(turn + place) % hungry.len()]] += 1;
            }
            return goals;
        }
        for it in hungry {
            let given = each.min(wants[it].wanted - goals[it]);
            goals[it] += given;
            left -= given;
        }
    }
    let spared: Vec<usize> = (0..wants.len())
        .filter(|it| wants[*it].is_spared_some)
        .collect();
    if let Some(each) = left.checked_div(spared.len()) {
        let rest = left % spared.len();
        for (rank, it) in spared.into_iter().enumerate() {
            goals[it] += each + usize::from(rank < rest);
        }
    }
    goals
}

#[cfg(test)]
mod tests {
    use super::*;

    fn divided(limit: usize, wanted: &[usize], turn: usize) -> Vec<usize> {
        let servers = (1..).map(Owner);
        let wants: Vec<_> = wanted
            .iter()
            .zip(servers)
            .map(|(wanted, server)| Want {
                server,
                wanted: *wanted,
                is_spared_some: true,
            })
            .collect();
        let goals = divide(limit, &wants, turn);
        assert!(goals.iter().sum::<usize>() <= limit);
        goals
    }

    #[test]
    fn what_nobody_wants_is_divided_evenly() {
        assert_eq!(divided(10, &[0, 0, 0], 0), [4, 3, 3]);
        assert_eq!(divided(10, &[0], 0), [10]);
        assert_eq!(divided(0, &[0, 5], 0), [0, 0]);
        assert_eq!(divided(1, &[0, 0], 7), [1, 0]);
    }

    #[test]
    fn what_one_does_not_want_another_gets() {
        assert_eq!(divided(10, &[10, 0], 0), [10, 0]);
        assert_eq!(divided(10, &[9, 1], 0), [9, 1]);
        assert_eq!(divided(10, &[100, 2, 0], 0), [8, 2, 0]);
        assert_eq!(divided(10, &[4, 1, 0], 0), [6, 3, 1]);
    }

    #[test]
    fn all_who_want_much_get_as_much() {
        assert_eq!(divided(10, &[100, 10], 0), [5, 5]);
        assert_eq!(divided(10, &[100, 3, 100], 0), [4, 3, 3]);
    }

    #[test]
    fn one_place_goes_round() {
        assert_eq!(divided(1, &[9, 9], 0), [1, 0]);
        assert_eq!(divided(1, &[9, 9], 1), [0, 1]);
        assert_eq!(divided(1, &[0, 9], 0), [0, 1]);
        assert_eq!(divided(3, &[9, 9], 1), [1, 2]);
    }

    #[test]
    fn who_leaves_has_only_what_it_uses() {
        let want = |id, wanted, is_spared_some| Want {
            server: Owner(id),
            wanted,
            is_spared_some,
        };
        let wants = [want(1, 2, false), want(2, 0, true)];
        assert_eq!(divide(10, &wants, 0), [2, 8]);
        assert_eq!(divide(10, &[want(1, 2, false)], 0), [2]);
    }
}
