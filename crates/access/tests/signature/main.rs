//! Signatures: AWS's vectors, AWS's own signer as the peer, and whatever is not quite right.

mod mutated;
mod peer;
mod signed;
mod suite;
mod vectors;
