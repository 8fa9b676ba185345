//! Which server should own which shards: each server decides for itself, from the same membership.

use model::{Owner, Shard, Shards};
use store::Membership;

use super::standing::Standing;

/// The changes that a server makes to its shards.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// Shards without an owner, to claim.
    pub claim: Shards,
    /// Shards to pass on, and to whom.
    pub give: Vec<(Owner, Shards)>,
}

impl Plan {
    /// Nothing is to be done.
    pub fn is_empty(&self) -> bool {
        self.claim.is_empty() && self.give.is_empty()
    }
}

/// The plan of `me`: see [`Standing::part`]. Of its surplus shards, it passes on those that are `idle` here.
pub fn plan(membership: &Membership, me: Owner, idle: Shards) -> Plan {
    let servers = membership.servers.iter().map(|it| (it.id, it.is_leaving));
    let standing = Standing::of(servers, &membership.owners[..]);
    let part = standing.part(me);
    let shards = |numbers: Vec<usize>| numbers.into_iter().filter_map(of_number).collect();
    let mut spare = membership.owned_by(me).common(idle).iter();
    let mut give = Vec::new();
    for (to, count) in part.give {
        let given: Shards = spare.by_ref().take(count).collect();
        if !given.is_empty() {
            give.push((to, given));
        }
    }
    Plan {
        claim: shards(part.claim),
        give,
    }
}

fn of_number(number: usize) -> Option<Shard> {
    u8::try_from(number).ok().map(Shard)
}

#[cfg(test)]
mod tests {
    use model::Timestamp;
    use store::ServerRecord;

    use super::*;

    fn server(id: u64, is_leaving: bool) -> ServerRecord {
        ServerRecord {
            id: Owner(id),
            address: String::new(),
            secret: String::new(),
            version: String::new(),
            started_at: Timestamp::from_millis(0),
            is_leaving,
        }
    }

    /// Servers of these ids, with so many shards each, from the first on.
    fn membership(servers: &[(u64, bool, usize)]) -> Membership {
        let mut membership = Membership::empty();
        let mut shards = Shards::ALL.iter();
        for (id, is_leaving, count) in servers {
            membership.servers.push(server(*id, *is_leaving));
            for shard in shards.by_ref().take(*count) {
                membership.owners[usize::from(shard.0)] = Some(Owner(*id));
            }
        }
        membership
    }

    /// Lets every server carry out its plan, until all plans are empty. Returns how many shards each has in the end,
    /// and how many rounds it took.
    fn settle(membership: &mut Membership) -> (Vec<usize>, usize) {
        let servers: Vec<Owner> = membership.servers.iter().map(|it| it.id).collect();
        for round in 0..20 {
            let seen = membership.clone();
            let plans: Vec<_> = servers
                .iter()
                .map(|me| (*me, plan(&seen, *me, Shards::ALL)))
                .collect();
            if plans.iter().all(|(_, plan)| plan.is_empty()) {
                let counts = servers.iter().map(|it| membership.owned_by(*it).len());
                return (counts.collect(), round);
            }
            for (me, plan) in plans {
                for shard in plan.claim.iter() {
                    membership.owners[usize::from(shard.0)].get_or_insert(me);
                }
                for (to, shards) in plan.give {
                    for shard in shards.iter() {
                        let owner = &mut membership.owners[usize::from(shard.0)];
                        assert_eq!(*owner, Some(me), "it gives what it has");
                        *owner = Some(to);
                    }
                }
            }
        }
        panic!("it does not settle: {membership:?}");
    }

    #[test]
    fn the_first_server_takes_all() {
        let alone = plan(&membership(&[(1, false, 0)]), Owner(1), Shards::ALL);
        assert_eq!(alone.claim, Shards::ALL);
        assert_eq!(alone.give, []);
    }

    #[test]
    fn a_newcomer_gets_its_share_and_no_more_moves() {
        let mut two = membership(&[(1, false, 256), (2, false, 0)]);
        let before = two.clone();
        assert_eq!(settle(&mut two), (vec![128, 128], 1));
        let moved = before.owners.iter().zip(two.owners.iter());
        assert_eq!(moved.filter(|(one, other)| one != other).count(), 128);
    }

    #[test]
    fn what_a_dead_server_had_is_divided_among_the_others() {
        // The third died: its shards have no owner.
        let mut two = membership(&[(1, false, 86), (2, false, 85)]);
        let (counts, rounds) = settle(&mut two);
        assert_eq!(counts, [128, 128]);
        assert!(rounds <= 3, "{rounds} rounds");
    }

    #[test]
    fn whoever_leaves_hands_over_all_and_takes_nothing() {
        let mut three = membership(&[(1, false, 80), (2, true, 90), (3, false, 80)]);
        assert_eq!(settle(&mut three).0, [128, 0, 128]);
        // The last one has no server to give to.
        let mut last = membership(&[(1, true, 256)]);
        assert_eq!(settle(&mut last).0, [256]);
    }

    #[test]
    fn only_what_is_idle_is_passed_on() {
        let two = membership(&[(1, false, 256), (2, false, 0)]);
        let idle: Shards = (0..10).map(Shard).collect();
        let plan = plan(&two, Owner(1), idle);
        assert_eq!(plan.give, [(Owner(2), idle)]);
    }

    #[test]
    fn any_beginning_settles_even() {
        let mut rng = fastrand::Rng::with_seed(1);
        for _ in 0..200 {
            let count = rng.usize(1..12);
            let mut servers: Vec<(u64, bool, usize)> =
                (1..=count as u64).map(|id| (id, false, 0)).collect();
            for server in &mut servers {
                server.1 = rng.u8(..5) == 0;
                server.2 = rng.usize(..=256 / count);
            }
            servers[0].1 = false;
            let mut membership = membership(&servers);
            let (counts, rounds) = settle(&mut membership);
            let staying = servers.iter().zip(&counts).filter(|(it, _)| !it.1);
            let (least, most) = staying.fold((256, 0), |(least, most), (_, count)| {
                (least.min(*count), most.max(*count))
            });
            assert!(most - least <= 1, "{servers:?} end as {counts:?}");
            assert!(rounds <= 12, "{rounds} rounds from {servers:?}");
        }
    }
}
