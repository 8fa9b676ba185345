//! How the stages went.

use std::time::{Duration, Instant};

use anstream::println;
use owo_colors::OwoColorize;

use crate::screen;
use crate::test::stage::{Context, Stage};

/// The outcomes so far, in order.
#[derive(Debug, Default)]
pub struct Report {
    outcomes: Vec<Outcome>,
}

#[derive(Debug)]
struct Outcome {
    stage: &'static str,
    took: Duration,
    /// Why it failed, in one line.
    failure: Option<String>,
}

impl Report {
    /// Runs a stage, unless one that it needs has failed.
    pub fn run(&mut self, stage: &'static Stage, context: &mut Context) {
        let broken = stage.needs.iter().find(|need| self.has_failed(need));
        if let Some(need) = broken {
            let failure = format!("not run: it needs `{need}`, which failed");
            self.outcomes.push(Outcome {
                stage: stage.name,
                took: Duration::ZERO,
                failure: Some(failure),
            });
            return;
        }
        screen::step(&format!("{}: {}", stage.name, stage.about));
        let started = Instant::now();
        let result = (stage.run)(context);
        let took = started.elapsed();
        match &result {
            Ok(()) => screen::note(&format!(
                "{} passed in {}",
                stage.name,
                screen::duration(took)
            )),
            Err(error) => screen::error(error),
        }
        let failure = result.err().map(|error| first_line(&error));
        self.outcomes.push(Outcome {
            stage: stage.name,
            took,
            failure,
        });
    }

    /// How many stages failed.
    pub fn failed(&self) -> usize {
        self.outcomes
            .iter()
            .filter(|outcome| outcome.failure.is_some())
            .count()
    }

    /// A line per stage, then the closing line, which is plain: programs read it.
    pub fn print(&self) {
        println!();
        for Outcome {
            stage,
            took,
            failure,
        } in &self.outcomes
        {
            let took = screen::duration(*took);
            match failure {
                None => println!("  {} {stage:<10}{took:>12}", "passed".green()),
                Some(failure) => println!(
                    "  {} {stage:<10}{took:>12}  {failure}",
                    "failed".red().bold()
                ),
            }
        }
        let total = self.outcomes.iter().map(|outcome| outcome.took).sum();
        println!("         {:<10}{:>12}", "together", screen::duration(total));
        println!();
        println!(
            "{} passed, {} failed",
            self.outcomes.len() - self.failed(),
            self.failed()
        );
    }

    fn has_failed(&self, name: &str) -> bool {
        self.outcomes
            .iter()
            .any(|outcome| outcome.stage == name && outcome.failure.is_some())
    }
}

fn first_line(error: &anyhow::Error) -> String {
    error
        .to_string()
        .lines()
        .next()
        .unwrap_or_default()
        .to_owned()
}
