//! Signatures: AWS's vectors, AWS's own signer as the peer, and slightly wrong signatures.

mod mutated;
mod peer;
mod signed;
mod suite;
mod vectors;
