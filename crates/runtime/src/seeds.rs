//! Seeds for the engine, from one generator that the operating system seeded.

use std::sync::Mutex;

use engine::Chance;
use model::Owner;

/// Draws seeds. A test gives its own seed and gets the same run again.
#[derive(Debug)]
pub(crate) struct Seeds(Mutex<fastrand::Rng>);

impl Seeds {
    pub fn new(seed: u64) -> Self {
        Self(Mutex::new(fastrand::Rng::with_seed(seed)))
    }

    /// A seed that cannot be guessed.
    pub fn from_os() -> Result<u64, getrandom::Error> {
        getrandom::u64()
    }

    /// A factor for pauses: between a half and one.
    pub fn jitter(&self) -> f64 {
        let mut rng = self.0.lock().expect("drawing a number does not panic");
        rng.f64().mul_add(0.5, 0.5)
    }

    /// A number below this one; zero when there is no such number.
    pub fn below(&self, end: usize) -> usize {
        let mut rng = self.0.lock().expect("drawing a number does not panic");
        if end == 0 { 0 } else { rng.usize(..end) }
    }

    /// Names a run of a server; zero is no run's.
    pub fn owner(&self) -> Owner {
        let mut rng = self.0.lock().expect("drawing a number does not panic");
        Owner(rng.u64(1..))
    }

    pub fn chance(&self) -> Chance {
        let mut rng = self.0.lock().expect("drawing a number does not panic");
        Chance::new(rng.u64(..), rng.u64(..))
    }
}
