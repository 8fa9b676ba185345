//! `lambdura serve`: a server that starts with the stacks deployed to it earlier, or empty.
//!
//! [`session`] tells the whole story, [`config_file`] reads the settings that flags and the environment leave open,
//! [`check`] tries the settings, [`systemd`] speaks with systemd.

mod session;

pub mod check;
pub mod config_file;
mod systemd;

pub use session::run;
