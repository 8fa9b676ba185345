//! Targets of calls from the program's beginning.
//!
//! A call of x86 names its target by the distance from itself, so that two calls of one function differ. Written from
//! the program's beginning they are the same four bytes, and the program packs a thirteenth smaller. Xz has a filter
//! for this, brotli has none; `bin/lambdura.mjs` undoes it.

use std::ops::Range;

/// The instructions with a distance: `call` and `jmp`.
const CALL: Range<u8> = 0xE8..0xEA;

/// Rewrites the targets. Bytes that only look like a call are rewritten as well, and are undone in the same way.
///
/// A distance `d` at position `p`, counted behind it, of a program of `n` bytes counts when `-p <= d < n`. It becomes
/// `d + p` when that lies in the program, and `d - n` when not, which is below zero: so each has its own place in the
/// same range, and can be told back.
pub fn from_the_beginning(program: &mut [u8]) {
    let size = i64::try_from(program.len()).expect("a program fits into memory");
    let mut at = 0;
    while let Some((call, rest)) = program[at..].split_first_mut() {
        at += 1;
        let Some(distance) = rest.first_chunk_mut().filter(|_| CALL.contains(call)) else {
            continue;
        };
        // Skips a distance that is out of range, too: bytes that are looked at twice could not be undone.
        at += 4;
        let behind = i64::try_from(at).expect("a program fits into memory");
        let ahead = i64::from(i32::from_le_bytes(*distance));
        if !(-behind..size).contains(&ahead) {
            continue;
        }
        let target = match ahead + behind {
            target if target < size => target,
            _ => ahead - size,
        };
        let target = i32::try_from(target).expect("programs are smaller than two gigabytes");
        *distance = target.to_le_bytes();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As `bin/lambdura.mjs` does it.
    fn from_themselves(program: &mut [u8]) {
        let size = i32::try_from(program.len()).unwrap();
        let mut at = 0;
        while at + 5 <= program.len() {
            at += 1;
            if !CALL.contains(&program[at - 1]) {
                continue;
            }
            let target = i32::from_le_bytes(program[at..at + 4].try_into().unwrap());
            at += 4;
            let behind = i32::try_from(at).unwrap();
            if (-behind..size).contains(&target) {
                let distance = if target >= 0 {
                    target - behind
                } else {
                    target + size
                };
                program[at - 4..at].copy_from_slice(&distance.to_le_bytes());
            }
        }
    }

    #[test]
    fn two_calls_of_one_function_are_the_same_bytes() {
        let mut program = [0; 64];
        for at in [3_u8, 40] {
            let place = usize::from(at);
            program[place] = 0xE8;
            let distance = 20 - i32::from(at) - 5;
            program[place + 1..place + 5].copy_from_slice(&distance.to_le_bytes());
        }
        from_the_beginning(&mut program);
        assert_eq!(program[4..8], 20_i32.to_le_bytes());
        assert_eq!(program[41..45], program[4..8]);
    }

    #[test]
    fn whatever_it_is_comes_back() {
        // A generator of numbers without a pattern; many of them look like calls.
        let mut state = 1_u32;
        let mut program: Vec<_> = std::iter::repeat_with(|| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            match state >> 28 {
                0..4 => 0xE8,
                4..6 => 0xE9,
                6..10 => 0,
                10..12 => 0xFF,
                _ => (state >> 16).to_le_bytes()[0],
            }
        })
        .take(200_000)
        .collect();
        let before = program.clone();
        from_the_beginning(&mut program);
        assert_ne!(program, before);
        from_themselves(&mut program);
        assert_eq!(program, before);
    }

    #[test]
    fn the_last_bytes_are_no_call() {
        for length in 0..5 {
            let mut program = vec![0xE8; length];
            from_the_beginning(&mut program);
            assert_eq!(program, vec![0xE8; length]);
        }
    }
}
