//! `lambdura serve`: a server that begins with what was deployed to it, or empty.
//!
//! [`session`] tells the whole story, [`config_file`] reads the settings that flags and the environment leave open,
//! [`check`] tries what they name, [`systemd`] speaks with systemd.

mod session;

pub mod check;
pub mod config_file;
mod systemd;

pub use session::run;
