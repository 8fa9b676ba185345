//! `lambdura up`: from a template to a running service.
//!
//! [`session`] tells the whole story; the other files are its steps, in order. What runs is the crate `server`, in this
//! process.

mod session;

mod answers;
mod build;
mod build_dir;
mod build_error;
mod cargo;
mod cdk;
pub mod data_folder;
mod debugging;
mod image;
mod inline;
mod layers;
mod left_out;
mod missing_layers;
mod not_provided;
mod objects;
mod own_sources;
mod packages;
mod progress;
mod questions;
mod same_code;
mod secret_seed;
mod source;
mod stack_options;
mod state_machines;
mod tree;

mod port;
mod shared_store;
mod start;

mod presenter;
mod ready_file;
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
