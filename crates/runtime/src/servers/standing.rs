//! How many shards each server has and should have. It knows nothing of how many shards there are: simulations of
//! clusters that are larger than ours (`examples/rebalancing`) decide by the same code.

use std::collections::BTreeSet;

use model::Owner;

/// How many shards each server has: all that a plan is made of.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Standing {
    /// In order of id.
    servers: Vec<Server>,
    /// Numbers of the shards without an owner.
    free: BTreeSet<usize>,
    shards: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Server {
    id: Owner,
    is_leaving: bool,
    owned: usize,
}

/// One server's part in an equal division.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Part {
    /// Numbers of the shards to claim.
    pub claim: Vec<usize>,
    /// How many of its shards it passes on, and to whom.
    pub give: Vec<(Owner, usize)>,
}

impl Part {
    /// Nothing is to be done.
    pub fn is_empty(&self) -> bool {
        self.claim.is_empty() && self.give.is_empty()
    }
}

impl Standing {
    /// Of these servers, each with whether it is leaving, and the owner of each shard.
    pub fn of(servers: impl IntoIterator<Item = (Owner, bool)>, owners: &[Option<Owner>]) -> Self {
        let mut standing = Self {
            shards: owners.len(),
            free: (0..owners.len()).collect(),
            ..Self::default()
        };
        for (id, is_leaving) in servers {
            standing.set_server(id, is_leaving);
        }
        for (shard, owner) in owners.iter().enumerate() {
            if owner.is_some() {
                standing.moved(shard, None, *owner);
            }
        }
        standing
    }

    fn place(&self, id: Owner) -> Result<usize, usize> {
        self.servers.binary_search_by_key(&id, |server| server.id)
    }

    /// A server is there, or begins to leave.
    pub fn set_server(&mut self, id: Owner, is_leaving: bool) {
        match self.place(id) {
            Ok(place) => self.servers[place].is_leaving = is_leaving,
            Err(place) => {
                let server = Server {
                    id,
                    is_leaving,
                    owned: 0,
                };
                self.servers.insert(place, server);
            }
        }
    }

    /// A server is gone, after its shards were moved away.
    pub fn remove_server(&mut self, id: Owner) {
        if let Ok(place) = self.place(id) {
            let gone = self.servers.remove(place);
            assert_eq!(gone.owned, 0, "what {id:?} owned has been moved");
        }
    }

    /// A shard has another owner.
    pub fn moved(&mut self, shard: usize, from: Option<Owner>, to: Option<Owner>) {
        if let Some(place) = from.and_then(|from| self.place(from).ok()) {
            self.servers[place].owned -= 1;
        }
        if let Some(place) = to.and_then(|to| self.place(to).ok()) {
            self.servers[place].owned += 1;
        }
        match to {
            Some(_) => self.free.remove(&shard),
            None => self.free.insert(shard),
        };
    }

    /// How many shards a server has; `None` when it is not there.
    pub fn owned(&self, id: Owner) -> Option<usize> {
        let place = self.place(id).ok()?;
        Some(self.servers[place].owned)
    }

    /// Shards without an owner.
    pub fn free(&self) -> usize {
        self.free.len()
    }

    /// How many shards each server has, and its share: an equal part for each server that stays, one more for the first
    /// of them where it does not come out even.
    fn shares(&self) -> impl Iterator<Item = (Server, usize)> {
        let staying = self.servers.iter().filter(|it| !it.is_leaving).count();
        let each = self.shards.checked_div(staying).unwrap_or(0);
        let mut rest = self.shards.checked_rem(staying).unwrap_or(0);
        self.servers.iter().map(move |server| {
            if server.is_leaving {
                return (*server, 0);
            }
            let share = each + usize::from(rest > 0);
            rest = rest.saturating_sub(1);
            (*server, share)
        })
    }

    /// The part of `me`, so that each server that stays has its share, if all others do their parts.
    ///
    /// The shards to hand out (shards without an owner, then the surplus of each server) and the shards wanted (the
    /// lack of each server) are laid side by side, each in order of id. Each server hands over or takes the shards
    /// beside its own. So no parts overlap, though all servers act at once without asking, and as few shards move as
    /// can.
    pub fn part(&self, me: Owner) -> Part {
        let mut part = Part::default();
        // Where my own shards or needs begin on their side, and how long they are.
        let (mut handed_out, mut wanted) = (self.free.len(), 0);
        let (mut surplus, mut need) = (0..0, 0..0);
        for (server, share) in self.shares() {
            let (more, less) = (
                server.owned.saturating_sub(share),
                share.saturating_sub(server.owned),
            );
            if server.id == me {
                surplus = handed_out..handed_out + more;
                need = wanted..wanted + less;
            }
            handed_out += more;
            wanted += less;
        }
        let of_free = need.start.min(self.free.len())..need.end.min(self.free.len());
        part.claim = self
            .free
            .iter()
            .copied()
            .skip(of_free.start)
            .take(of_free.len())
            .collect();
        if surplus.is_empty() {
            return part;
        }
        let mut begin = 0;
        for (server, share) in self.shares() {
            let end = begin + share.saturating_sub(server.owned);
            let common = surplus.start.max(begin)..surplus.end.min(end);
            if !common.is_empty() {
                part.give.push((server.id, common.len()));
            }
            begin = end;
        }
        part
    }
}
