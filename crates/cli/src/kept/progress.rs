//! How far a transfer is: a bar on a terminal, a line now and then elsewhere.

use std::io::IsTerminal as _;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use keep::Counts;
use store::Store;

use crate::screen::note;

/// How often a log without a terminal says that work goes on.
const PLAIN_INTERVAL: Duration = Duration::from_secs(10);

/// See the module.
pub struct Progress {
    what: &'static str,
    bar: Option<ProgressBar>,
    said: Instant,
}

impl Progress {
    /// Begins; `total` executions are expected, where that is known.
    pub fn start(what: &'static str, total: Option<u64>) -> Self {
        let bar = std::io::stderr().is_terminal().then(|| {
            let (bar, template) = match total {
                Some(total) => (
                    ProgressBar::new(total),
                    "{prefix} {wide_bar:.cyan/dim} {pos}/{len} executions, {eta} left",
                ),
                None => (
                    ProgressBar::new_spinner(),
                    "{spinner:.cyan} {prefix} {pos} executions",
                ),
            };
            let style = ProgressStyle::with_template(template).expect("the template is valid");
            bar.set_style(style);
            bar.set_prefix(what);
            bar
        });
        Self {
            what,
            bar,
            said: Instant::now(),
        }
    }

    /// Shows how much is done.
    pub fn at(&mut self, counts: &Counts) {
        if let Some(bar) = &self.bar {
            bar.set_position(counts.executions);
            return;
        }
        if self.said.elapsed() >= PLAIN_INTERVAL {
            self.said = Instant::now();
            note(format!("{} … {} executions", self.what, counts.executions));
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

/// How many executions a store has, if it says so.
pub async fn total(store: &dyn Store) -> Option<u64> {
    let counts = store.counts().await.ok()?;
    Some(counts.iter().map(|count| count.count).sum())
}
