//! Tests of the engine through its public surface only.
//!
//! [`world`] plays store, clock and function for one execution and checks [`invariants`] after every
//! input, against the small model in [`reference`]. [`cases`] are tables that read as event history,
//! [`properties`] draws inputs at random, [`scaling`] counts what a transition holds.

mod cases;
mod invariants;
mod player;
mod properties;
mod reference;
mod scaling;
mod script;
mod text;
mod update;
mod world;
