//! The ledger that the functions write.

pub mod ledger;
