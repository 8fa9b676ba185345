//! Dollars, for people.

/// An amount such as `$150,000` or `$2,847.76`; with cents only if there are some.
pub fn dollars(amount: f64) -> String {
    let cents = (amount * 100.0).round();
    let whole = (cents / 100.0).trunc();
    let rest = (cents - whole * 100.0).round();
    let digits = format!("{whole:.0}");
    let mut text = String::from("$");
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    if rest > 0.0 {
        text.push_str(&format!(".{rest:02.0}"));
    }
    text
}

/// Rounded to whole cents.
pub fn rounded_to_cents(amount: f64) -> f64 {
    (amount * 100.0).round() / 100.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_for_people() {
        for (amount, expected) in [
            (0.5, "$0.50"),
            (999.0, "$999"),
            (1_000.0, "$1,000"),
            (150_000.0, "$150,000"),
            (2_847.755, "$2,847.76"),
            (25_000.01, "$25,000.01"),
            (9_999_999.999, "$10,000,000"),
        ] {
            assert_eq!(dollars(amount), expected);
        }
    }
}
