//! The loan approval workflow, apart from what runs it.
//!
//! `main.rs` serves it on Lambda, `demo/loan-embedded` runs it in a program of its own.

pub mod credit;
pub mod disbursement;
pub mod fraud_service;
mod money;
pub mod offer;
pub mod outcome;
pub mod progress_log;
pub mod progress_table;
pub mod risk;
pub mod validation;
pub mod workflow;
