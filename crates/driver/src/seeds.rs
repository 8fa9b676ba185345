//! Seeds for the engine, from one generator that the operating system seeded.

use std::sync::Mutex;

use engine::Chance;

/// Draws seeds. A test gives its own seed and gets the same run again.
#[derive(Debug)]
pub(crate) struct Seeds(Mutex<fastrand::Rng>);

impl Seeds {
    pub fn new(seed: u64) -> Self {
        Self(Mutex::new(fastrand::Rng::with_seed(seed)))
    }

    /// A seed that nobody can guess.
    pub fn from_os() -> Result<u64, getrandom::Error> {
        getrandom::u64()
    }

    pub fn chance(&self) -> Chance {
        let mut rng = self.0.lock().expect("drawing a number does not panic");
        Chance::new(rng.u64(..), rng.u64(..))
    }
}
