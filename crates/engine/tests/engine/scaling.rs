//! Scaling
