//! The client against small servers of its own: what it sends, when it repeats, and what it makes of answers.
