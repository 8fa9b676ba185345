//! Progress of a build: a spinner on a terminal, a few plain lines elsewhere.

use std::cell::Cell;
use std::io::IsTerminal;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use owo_colors::OwoColorize;

use crate::duration_text::duration;
use crate::preview::preview;
use crate::screen::note;

/// How often the spinner turns.
const TICK: Duration = Duration::from_millis(100);

/// How often a log without a terminal says that work goes on.
const PLAIN_INTERVAL: Duration = Duration::from_secs(20);

/// Columns of the spinner's text, so that both fit on a small terminal.
const TEXT_WIDTH: usize = 60;

/// The progress of one build.
#[derive(Debug)]
pub struct Progress {
    what: String,
    spinner: Option<ProgressBar>,
    units: Cell<u64>,
    started: Instant,
    said: Cell<Instant>,
}

impl Progress {
    /// Begins: `what` is being built.
    pub fn start(what: String) -> Self {
        let started = Instant::now();
        let spinner = std::io::stderr().is_terminal().then(|| {
            let spinner = ProgressBar::new_spinner();
            let style = ProgressStyle::with_template("{spinner:.cyan} {prefix} {msg:.dim}")
                .expect("the template is valid");
            spinner.set_style(style);
            spinner.set_prefix(what.clone());
            spinner.enable_steady_tick(TICK);
            spinner
        });
        if spinner.is_none() {
            note(&what);
        }
        Self {
            what,
            spinner,
            units: Cell::new(0),
            started,
            said: Cell::new(started),
        }
    }

    /// Whether a person is looking.
    pub fn is_terminal(&self) -> bool {
        self.spinner.is_some()
    }

    /// Another crate is done.
    pub fn unit_done(&self) {
        self.units.set(self.units.get() + 1);
        if self.spinner.is_none() && self.said.get().elapsed() >= PLAIN_INTERVAL {
            self.said.set(Instant::now());
            note(format!("  … {} crates", self.units.get()));
        }
    }

    /// Shows the current work.
    pub fn doing(&self, text: &str) {
        if let Some(spinner) = &self.spinner {
            let units = self.units.get();
            spinner.set_message(format!("{units} crates · {}", preview(text, TEXT_WIDTH)));
        }
    }

    /// Prints a line that stays: what the compiler says.
    pub fn print(&self, line: &str) {
        match &self.spinner {
            Some(spinner) => spinner.suspend(|| note(line)),
            None => note(line),
        }
    }

    /// Ends well.
    pub fn done(self) {
        if let Some(spinner) = &self.spinner {
            spinner.finish_and_clear();
        }
        let took = i64::try_from(self.started.elapsed().as_millis()).unwrap_or(i64::MAX);
        note(format!(
            "{} {} {}",
            "✓".green(),
            self.what,
            duration(took).dimmed()
        ));
    }

    /// Ends badly; the error says the rest.
    pub fn failed(self) {
        if let Some(spinner) = &self.spinner {
            spinner.finish_and_clear();
        }
    }
}
