//! Reply codes: the digits with which a text message answers a page (PAGING.md §6.8).

use std::collections::BTreeSet;

const DIGITS_MIN: u32 = 4;
const DIGITS_MAX: u32 = 9;

/// A code for a phone that is not among `used`, the codes of its open pages. Four digits, and one
/// more as long as over 90 % of the shorter ones are in use. Codes never begin with 0, which some
/// phones drop. `seed` is random.
pub fn pick(used: &BTreeSet<String>, seed: u64) -> String {
    for digits in DIGITS_MIN..=DIGITS_MAX {
        let first = 10_u64.pow(digits - 1);
        let count = first * 9;
        let taken = used
            .iter()
            .filter(|code| code.len() == digits as usize)
            .count() as u64;
        if taken * 10 > count * 9 {
            continue;
        }
        let begin = mix(seed) % count;
        for place in 0..count {
            let code = (first + (begin + place) % count).to_string();
            if !used.contains(&code) {
                return code;
            }
        }
    }
    // Not reached while fewer than a billion pages of one phone are open.
    (10_u64.pow(DIGITS_MAX) + mix(seed) % 10_u64.pow(DIGITS_MAX)).to_string()
}

/// Spreads seeds that are close to each other (the finaliser of SplitMix64).
fn mix(seed: u64) -> u64 {
    let mut mixed = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn codes_grow_when_the_short_ones_run_out() {
        let mut used: BTreeSet<String> = (1_000..9_100).map(|code: u32| code.to_string()).collect();
        assert_eq!(used.len(), 8_100);
        assert_eq!(pick(&used, 7).len(), 4);
        used.insert("9100".into());
        assert_eq!(pick(&used, 7).len(), 5);
    }

    proptest! {
        #[test]
        fn a_code_is_new_and_of_digits(seeds in proptest::collection::vec(any::<u64>(), 1..200)) {
            let mut used = BTreeSet::new();
            for seed in seeds {
                let code = pick(&used, seed);
                prop_assert!(code.len() == 4 && code.bytes().all(|byte| byte.is_ascii_digit()));
                prop_assert!(!code.starts_with('0'));
                prop_assert!(used.insert(code));
            }
        }
    }
}
