//! A machine's clock, as the runtime asks it.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use model::Timestamp;
use runtime::Clock;

use crate::machine::Machine;

pub(crate) struct MachineClock(pub Arc<Machine>);

impl Clock for MachineClock {
    fn now(&self) -> Timestamp {
        self.0.now()
    }

    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        self.sleep_until(self.now() + duration)
    }

    fn sleep_until(&self, at: Timestamp) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        let machine = Arc::clone(&self.0);
        Box::pin(async move { machine.reached(at).await })
    }
}
