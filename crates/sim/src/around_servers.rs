//! The list of the servers as one of them sees it, through the same delays and cuts as its executions.

use std::sync::Arc;
use std::time::Duration;

use model::{ExecutionId, Owner, Shards};
use store::{Membership, PlacesAsk, PlacesSeen, ServerRecord, Servers, StoreFault, StoreFuture};

use store::Survey;

use crate::machine::Machine;
use crate::world::Counted;

pub(crate) struct AroundServers(pub Arc<Machine>);

impl AroundServers {
    async fn call<T>(
        &self,
        attempted: &'static str,
        work: impl AsyncFnOnce(&Self) -> Result<T, StoreFault>,
    ) -> Result<T, StoreFault> {
        let machine = &self.0;
        machine.goes().await;
        machine.world.count(Counted::Calls);
        machine.passes(attempted).await?;
        machine.goes().await;
        let done = work(self).await;
        machine.world.check_territories();
        machine.passes(attempted).await?;
        machine.goes().await;
        machine.note_answered();
        done
    }
}

impl Servers for AroundServers {
    fn beat(&self, server: ServerRecord, lease: Duration) -> StoreFuture<'_, Membership> {
        Box::pin(self.call("beat", async move |this: &Self| {
            let world = &this.0.world;
            let until = world.now() + lease;
            world.state().ownership.beat(server.id, until);
            world.servers.beat(server, lease).await
        }))
    }

    fn survey(&self) -> StoreFuture<'_, Survey> {
        Box::pin(self.call("survey", async move |this: &Self| {
            this.0.world.servers.survey().await
        }))
    }

    fn claim(&self, by: Owner, shards: Shards) -> StoreFuture<'_, Shards> {
        Box::pin(self.call("claim", async move |this: &Self| {
            let world = &this.0.world;
            let taken = world.servers.claim(by, shards).await?;
            let now = world.now();
            let robbed = world.state().ownership.claimed(by, taken, now);
            this.0.note(&format!("claims {} shards", taken.len()));
            if let Some((shard, owner)) = robbed {
                let seen = format!("{shard:?} of {owner:?} is given to {by:?}");
                world.violate("a shard has one owner that lives", seen);
            }
            Ok(taken)
        }))
    }

    fn give(&self, from: Owner, shards: Shards, to: Option<Owner>) -> StoreFuture<'_, ()> {
        Box::pin(self.call("give", async move |this: &Self| {
            let world = &this.0.world;
            world.servers.give(from, shards, to).await?;
            world.state().ownership.given(from, shards, to);
            this.0.note(&format!("gives {} shards away", shards.len()));
            Ok(())
        }))
    }

    fn leave_word(&self, to: Owner, executions: Vec<ExecutionId>) -> StoreFuture<'_, ()> {
        Box::pin(self.call("leave_word", async move |this: &Self| {
            this.0.note(&format!("leaves word of {}", executions.len()));
            this.0.world.servers.leave_word(to, executions).await
        }))
    }

    fn take_word(&self, of: Owner) -> StoreFuture<'_, Vec<ExecutionId>> {
        Box::pin(self.call("take_word", async move |this: &Self| {
            this.0.world.servers.take_word(of).await
        }))
    }

    fn share_places(
        &self,
        server: Owner,
        question: u64,
        asks: Vec<PlacesAsk>,
        lease: Duration,
    ) -> StoreFuture<'_, PlacesSeen> {
        Box::pin(self.call("share_places", async move |this: &Self| {
            let world = &this.0.world;
            let asked = asks.clone();
            let servers = &world.servers;
            let seen = servers.share_places(server, question, asks, lease).await?;
            world.places_shared(server, &asked, &seen, lease);
            Ok(seen)
        }))
    }

    fn leave(&self, server: Owner) -> StoreFuture<'_, ()> {
        Box::pin(self.call("leave", async move |this: &Self| {
            let world = &this.0.world;
            world.servers.leave(server).await?;
            world.state().ownership.left(server);
            Ok(())
        }))
    }
}
