//! Cases made of others: bytes changed, pieces cut out, doubled, moved, and put in from elsewhere.

use std::path::PathBuf;

/// Largest case of a mutation, in bytes.
const MOST: usize = 16 * 1024;

/// What readers look for, so that odd values get past the first look.
const WORDS: [&[u8]; 44] = [
    b"\0",
    b"\r\n",
    b"\r",
    b"\n.\r\n",
    b"\"",
    b"\\",
    b"\\u0000",
    b"\\ud800",
    b"{",
    b"}",
    b"[",
    b"]",
    b"[[[[[[[[",
    b":",
    b",",
    b"--",
    b"=",
    b"&",
    b"%",
    b"%00",
    b"%zz",
    b";",
    b"\xff",
    b"\xe2\x80",
    b"\xf0\x9f\x98\x80",
    b"null",
    b"true",
    b"-1",
    b"1e999",
    b"99999999999999999999",
    b"-9223372036854775808",
    b"0001-01-01T00:00:00Z",
    b"9999-12-31T23:59:60Z",
    b"+00:00",
    b"$..*",
    b"=?utf-8?q?=",
    b"BEGIN:VEVENT\r\n",
    b"RRULE:FREQ=SECONDLY",
    b"Content-Type: multipart/mixed; boundary=b\r\n\r\n",
    b"((((",
    b"labels.",
    b"alerts",
    b"https://",
    b"<",
];

/// Numbers that look like chance and are the same each time.
pub struct Chance(u64);

impl Chance {
    pub fn new(seed: u64) -> Chance {
        Chance(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x5151)
    }

    pub fn of_bytes(bytes: &[u8]) -> Chance {
        let mix = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        Chance(bytes.iter().fold(0xcbf2_9ce4_8422_2325, mix))
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Less than `count`, or 0.
    fn below(&mut self, count: usize) -> usize {
        usize::try_from(self.next() % (count.max(1) as u64)).unwrap()
    }

    fn piece<'b>(&mut self, bytes: &'b [u8], most: usize) -> &'b [u8] {
        let from = self.below(bytes.len());
        let length = 1 + self.below(most);
        &bytes[from..(from + length).min(bytes.len())]
    }
}

type Corpus = [(PathBuf, Vec<u8>)];

/// A case of the corpus with a few changes.
pub fn mutated(corpus: &Corpus, chance: &mut Chance) -> Vec<u8> {
    let mut case = corpus[chance.below(corpus.len())].1.clone();
    for _ in 0..1 + chance.below(6) {
        let at = chance.below(case.len() + 1);
        match chance.below(9) {
            0 if at < case.len() => case[at] = chance.below(256) as u8,
            1 if at < case.len() => case[at] ^= 1 << chance.below(8),
            2 => {
                let end = (at + 1 + chance.below(40)).min(case.len());
                case.drain(at..end);
            }
            3 => case.truncate(at),
            4 => {
                let piece = chance.piece(&case, 200).to_vec();
                case.splice(at..at, piece);
            }
            5 => {
                let other = &corpus[chance.below(corpus.len())].1;
                let piece = chance.piece(other, 400).to_vec();
                case.splice(at..at, piece);
            }
            6 => {
                // One line or field many times.
                let piece = chance.piece(&case, 60).to_vec();
                let times = 1 + chance.below(200);
                case.splice(at..at, piece.repeat(times));
            }
            7 => {
                let end = (at + chance.below(12)).min(case.len());
                case.splice(at..end, WORDS[chance.below(WORDS.len())].iter().copied());
            }
            _ => {
                let word = WORDS[chance.below(WORDS.len())];
                case.splice(at..at, word.repeat(1 + chance.below(4)));
            }
        }
    }
    case.truncate(MOST);
    case
}

/// A case of the corpus in which one piece stands so often that it has this size. The piece and its
/// place depend on chance alone, not on the size.
pub fn grown(corpus: &Corpus, chance: &mut Chance, size: usize) -> Vec<u8> {
    let case = &corpus[chance.below(corpus.len())].1;
    let at = chance.below(case.len() + 1);
    let piece = match chance.below(3) {
        0 => WORDS[chance.below(WORDS.len())].to_vec(),
        1 => chance.piece(case, 8).to_vec(),
        _ => chance.piece(case, 64).to_vec(),
    };
    let mut grown = case[..at].to_vec();
    while grown.len() + case.len() - at < size && !piece.is_empty() {
        grown.extend_from_slice(&piece);
    }
    grown.extend_from_slice(&case[at..]);
    grown
}
