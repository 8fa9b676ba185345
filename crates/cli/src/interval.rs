//! Sets of instants, as sorted spans that do not touch.

/// A span of time in milliseconds since the epoch; a span that ends where it begins is one instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// Inclusive.
    pub from: i64,
    /// Exclusive, unless it equals `from`.
    pub to: i64,
}

impl Span {
    /// A span; one that would end before it begins (clocks go back) is an instant.
    pub fn new(from: i64, to: i64) -> Self {
        Self {
            from,
            to: to.max(from),
        }
    }
}

/// A set of instants.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Spans(Vec<Span>);

impl FromIterator<Span> for Spans {
    fn from_iter<I: IntoIterator<Item = Span>>(spans: I) -> Self {
        let mut spans: Vec<Span> = spans.into_iter().collect();
        spans.sort_by_key(|span| (span.from, span.to));
        let mut merged: Vec<Span> = Vec::with_capacity(spans.len());
        for span in spans {
            match merged.last_mut() {
                Some(last) if span.from <= last.to => last.to = last.to.max(span.to),
                Some(_) | None => merged.push(span),
            }
        }
        Self(merged)
    }
}

impl Spans {
    /// The spans in order.
    pub fn iter(&self) -> impl Iterator<Item = Span> + '_ {
        self.0.iter().copied()
    }

    /// Milliseconds altogether.
    pub fn length(&self) -> i64 {
        self.iter().map(|span| span.to - span.from).sum()
    }

    /// Milliseconds of the set within `[from, to)`.
    pub fn overlap(&self, from: f64, to: f64) -> f64 {
        // The first span that ends after `from`: a bar asks cell by cell, and an execution may have thousands of spans.
        let first = self.0.partition_point(|span| (span.to as f64) <= from);
        self.0[first..]
            .iter()
            .take_while(|span| (span.from as f64) < to)
            .map(|span| (span.to as f64).min(to) - (span.from as f64).max(from))
            .sum()
    }

    /// The instants in both.
    pub fn intersection(&self, other: &Self) -> Self {
        let (mut left, mut right) = (self.0.iter().peekable(), other.0.iter().peekable());
        let mut common = Vec::new();
        while let (Some(a), Some(b)) = (left.peek(), right.peek()) {
            let (from, to) = (a.from.max(b.from), a.to.min(b.to));
            if from <= to {
                common.push(Span { from, to });
            }
            if a.to < b.to {
                left.next();
            } else {
                right.next();
            }
        }
        common.into_iter().collect()
    }

    /// The instants in this one and not in the other.
    pub fn difference(&self, other: &Self) -> Self {
        let mut rest = Vec::new();
        for span in &self.0 {
            let mut from = span.from;
            let first = other.0.partition_point(|cut| cut.to <= from);
            for cut in other.0[first..].iter().take_while(|cut| cut.from < span.to) {
                if cut.from > from {
                    rest.push(Span { from, to: cut.from });
                }
                from = from.max(cut.to);
            }
            if from < span.to || (span.from == span.to && from == span.from) {
                rest.push(Span { from, to: span.to });
            }
        }
        rest.into_iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spans(list: &[(i64, i64)]) -> Spans {
        list.iter().map(|&(from, to)| Span::new(from, to)).collect()
    }

    #[test]
    fn spans_that_touch_become_one() {
        assert_eq!(
            spans(&[(5, 8), (0, 2), (1, 3), (3, 4)]),
            spans(&[(0, 4), (5, 8)])
        );
        assert_eq!(spans(&[(5, 1)]), spans(&[(5, 5)]));
    }

    #[test]
    fn sets_combine() {
        let a = spans(&[(0, 10), (20, 30)]);
        let b = spans(&[(5, 25), (28, 29)]);
        assert_eq!(a.intersection(&b), spans(&[(5, 10), (20, 25), (28, 29)]));
        assert_eq!(a.difference(&b), spans(&[(0, 5), (25, 28), (29, 30)]));
        assert_eq!(b.difference(&b), Spans::default());
        assert_eq!(a.difference(&Spans::default()), a);
        assert_eq!(a.length(), 20);
        assert!((a.overlap(8.0, 22.0) - 4.0).abs() < 1e-9);
    }
}
