//! A small exploration of every pair: no violations, and always the same numbers.

use explore::{Bounds, Counts, End, Pair, Search};

const DEPTH: usize = 4;

fn explored(pair: Pair, depth: usize, threads: usize) -> Counts {
    let bounds = Bounds {
        depth,
        threads,
        until: None,
    };
    let mut search = Search::new(pair);
    match search.run(&bounds, &mut |_| {}) {
        End::Complete => search.counts,
        End::OutOfTime => panic!("{pair}: no time was set"),
        End::Violated(found) => panic!("{pair}: {found:#?}"),
    }
}

#[test]
fn every_pair_keeps_the_invariants() {
    for pair in Pair::all() {
        let counts = explored(pair, DEPTH, 2);
        assert_eq!(counts.depth, DEPTH, "{pair}");
        assert!(counts.states > 1000, "{pair}: {counts:?} is not much");
    }
}

/// One level less deep: each pair is explored twice, and the last level contains most of the states.
#[test]
fn the_numbers_do_not_depend_on_the_threads() {
    for pair in Pair::all() {
        let counts = explored(pair, DEPTH - 1, 1);
        assert_eq!(explored(pair, DEPTH - 1, 2), counts, "{pair}");
    }
}

#[test]
fn an_exploration_can_be_repeated_and_continued() {
    let pair = "wait,callback".parse().expect("`wait,callback` is a pair");
    let counts = explored(pair, DEPTH, 2);
    assert_eq!(explored(pair, DEPTH, 2), counts);

    let mut search = Search::new(pair);
    for depth in 1..=DEPTH {
        let bounds = Bounds {
            depth,
            threads: 2,
            until: None,
        };
        assert!(matches!(search.run(&bounds, &mut |_| {}), End::Complete));
    }
    assert_eq!(search.counts, counts, "level by level");
}
