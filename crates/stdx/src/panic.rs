//! The message of a caught panic.

use std::any::Any;

/// The message of a caught panic; `None` when its payload is not text.
pub fn panic_message(panic: &(dyn Any + Send)) -> Option<&str> {
    panic
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| panic.downcast_ref::<&str>().copied())
}

#[cfg(test)]
mod tests {
    use std::panic::catch_unwind;

    use super::*;

    #[test]
    fn a_panic_gives_its_message() {
        let fixed = catch_unwind(|| panic!("fixed")).expect_err("it panics");
        assert_eq!(panic_message(fixed.as_ref()), Some("fixed"));
        let number = 3;
        let formatted = catch_unwind(|| panic!("{number} of 4")).expect_err("it panics");
        assert_eq!(panic_message(formatted.as_ref()), Some("3 of 4"));
        let other = catch_unwind(|| std::panic::panic_any(7)).expect_err("it panics");
        assert_eq!(panic_message(other.as_ref()), None);
    }
}
