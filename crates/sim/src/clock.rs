//! The world's clock, as the runtime asks it.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use model::Timestamp;
use runtime::Clock;

use crate::world::World;

pub(crate) struct WorldClock(pub Arc<World>);

impl Clock for WorldClock {
    fn now(&self) -> Timestamp {
        self.0.now()
    }

    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        self.sleep_until(self.now() + duration)
    }

    fn sleep_until(&self, at: Timestamp) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        let world = Arc::clone(&self.0);
        Box::pin(async move { world.reached(at).await })
    }
}
