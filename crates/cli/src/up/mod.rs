//! `lambdura up`: from a template to a running service.
//!
//! [`session`] tells the whole story; the other files are its steps, in order. The crate `server` runs in this process.

mod session;

pub(crate) mod answers;
pub(crate) mod build;
mod build_dir;
mod build_error;
mod cargo;
pub(crate) mod cdk;
pub mod data_folder;
mod debugging;
pub(crate) mod image;
pub(crate) mod inline;
mod layers;
pub(crate) mod left_out;
pub(crate) mod missing_layers;
mod not_provided;
pub(crate) mod objects;
mod oidc;
mod own_sources;
mod packages;
mod progress;
pub(crate) mod questions;
mod same_code;
pub(crate) mod secret_seed;
mod source;
pub(crate) mod stack_options;
pub(crate) mod state_machines;
mod tree;

pub(crate) mod port;
pub(crate) mod shared_store;
pub(crate) mod start;

mod presenter;
pub(crate) mod ready_file;
mod reload;
pub(crate) mod stop_signal;
mod table;

pub use data_folder::prepare as prepare_data_folder;
pub use debugging::configurations;
pub use port::holder;
pub use presenter::{Presenter, Up, UpPresenter};
pub use ready_file::Ready;
pub use session::run;
pub use stack_options::load as load_stack;
