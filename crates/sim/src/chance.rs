//! Randomness that is a function of the seed: the same seed draws the same numbers, in any order of
//! asking where the question is named.

use std::sync::{Mutex, PoisonError};

/// A stream of draws (SplitMix64, by its published definition).
#[derive(Clone, Debug)]
pub struct Draw(u64);

fn mix(mut bits: u64) -> u64 {
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

impl Draw {
    /// The stream of a question: asking it again gives the same draws, whatever was drawn between.
    /// That is what lets a story lose events and otherwise stay as it was.
    pub fn of(seed: u64, question: &[u64]) -> Draw {
        let mut state = mix(seed ^ 0x5157_4d2a_9e11_c0de);
        for part in question {
            state = mix(state.wrapping_add(0x9e37_79b9_7f4a_7c15) ^ *part);
        }
        Draw(state)
    }

    pub fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mix(self.0)
    }

    /// In `0..count`; 0 when `count` is 0.
    pub fn below(&mut self, count: usize) -> usize {
        let count = count.max(1) as u64;
        usize::try_from(self.draw() % count).unwrap_or(0)
    }

    /// In `from..=to`.
    pub fn between(&mut self, from: i64, to: i64) -> i64 {
        let width = u64::try_from(to - from).unwrap_or(0) + 1;
        from + i64::try_from(self.draw() % width).unwrap_or(0)
    }

    /// True in `percent` of 100 cases.
    pub fn percent(&mut self, percent: u64) -> bool {
        self.draw() % 100 < percent
    }

    pub fn pick<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.below(of.len())]
    }
}

/// A stream that several parts of a node draw from.
#[derive(Debug)]
pub struct Dice(Mutex<Draw>);

impl Dice {
    pub fn of(seed: u64, question: &[u64]) -> Dice {
        Dice(Mutex::new(Draw::of(seed, question)))
    }

    pub fn throw(&self) -> u64 {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).draw()
    }
}

impl engine::chance::Chance for Dice {
    fn draw(&self) -> u64 {
        self.throw()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_question_draws_the_same() {
        let first: Vec<u64> = std::iter::repeat_with({
            let mut draw = Draw::of(7, &[1, 2]);
            move || draw.draw()
        })
        .take(8)
        .collect();
        let mut again = Draw::of(7, &[1, 2]);
        assert!(first.iter().all(|one| *one == again.draw()));
        assert_ne!(first[0], Draw::of(7, &[2, 1]).draw());
        assert_ne!(first[0], Draw::of(8, &[1, 2]).draw());
        let mut draw = Draw::of(3, &[]);
        for _ in 0..1_000 {
            assert!((-5..=9).contains(&draw.between(-5, 9)));
        }
    }
}
