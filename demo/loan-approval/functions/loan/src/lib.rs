//! Words and simulated work that the functions of the demo share.
