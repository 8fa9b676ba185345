//! The loan approval workflow, apart from what runs it.
//!
//! `function.rs` serves it on Lambda, `demo/loan-embedded` runs it in a program of its own.

pub mod credit;
pub mod disbursement;
pub mod fraud_service;
pub mod function;
mod money;
pub mod offer;
pub mod outcome;
pub mod progress_log;
pub mod progress_table;
pub mod risk;
pub mod validation;
pub mod workflow;
