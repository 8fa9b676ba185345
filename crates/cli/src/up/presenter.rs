//! Prints the start and the end of a run, for `lambdura up` or for a command that runs its own stack.

use std::path::Path;

use server::Deployment;

use super::ready_file::Ready;
use super::table;
use crate::args::{Clock, Durability};

/// The running stack.
#[derive(Debug)]
pub struct Up<'a> {
    /// The stack's name.
    pub stack_name: &'a str,
    /// URL of the Lambda API.
    pub endpoint: &'a str,
    /// The deployed stack.
    pub deployment: &'a Deployment,
    /// Where everything is kept.
    pub data_dir: &'a Path,
    /// Which failures an answered request survives.
    pub durability: Durability,
    /// How time passes.
    pub clock: Clock,
}

/// Speaks for a command that runs a stack.
pub trait Presenter {
    /// Everything answers. May start further parts, and add to the ready file.
    fn starts(&mut self, up: &Up<'_>, ready: &mut Ready);

    /// The lines for a person, within a width.
    fn lines(&self, up: &Up<'_>, width: usize) -> Vec<String>;

    /// The last line: nothing answers any more.
    fn farewell(&self, durability: Durability, data_dir: &Path) -> String;
}

/// `lambdura up`.
#[derive(Debug)]
pub struct UpPresenter {
    /// Whether everything is listed one by one.
    pub is_verbose: bool,
}

impl Presenter for UpPresenter {
    fn starts(&mut self, _: &Up<'_>, _: &mut Ready) {}

    fn lines(&self, up: &Up<'_>, width: usize) -> Vec<String> {
        table::lines(up, self.is_verbose, width)
    }

    fn farewell(&self, durability: Durability, data_dir: &Path) -> String {
        match durability {
            Durability::Disk | Durability::Os => format!(
                "stopped. Executions, timers and tables are kept in {}\nand continue with the next `lambdura up`.",
                data_dir.display()
            ),
            Durability::Memory => {
                "stopped. Executions are gone, because of `--durability memory`.".to_owned()
            }
        }
    }
}
