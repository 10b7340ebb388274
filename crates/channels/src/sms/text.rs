//! Texts that fit a phone: the GSM 7-bit alphabet (3GPP TS 23.038) holds 160 characters in one
//! message and 153 in each part of a longer one; a single character outside it halves that and more
//! (UCS-2: 70 and 67).

/// Number of SMS segments that `text` takes. An empty text takes one.
pub fn segments(text: &str) -> usize {
    let alphabet = Alphabet::of(text);
    let total: usize = text.chars().map(|c| alphabet.cost(c)).sum();
    if total <= alphabet.single() {
        return 1;
    }
    // Characters of two units are never cut in halves, so a part may stay one unit short.
    let (parts, _) = text.chars().fold((1, 0), |(parts, used), c| {
        let cost = alphabet.cost(c);
        if used + cost <= alphabet.part() {
            (parts, used + cost)
        } else {
            (parts + 1, cost)
        }
    });
    parts
}

/// `text` in at most `segments_max` segments (at least one). Typographic characters become their
/// plain likeness and emoji vanish, because one of them would cost half of the room; letters of other
/// scripts stay. What is too long loses its end, never its front, where the reply code stands.
pub fn fit(text: &str, segments_max: usize) -> String {
    let plain = plain(text);
    if segments(&plain) <= segments_max.max(1) {
        return plain;
    }
    // The alphabet can only become smaller by cutting, so these are the cuts worth trying: the
    // longest that fits is found by halving.
    let ends: Vec<usize> = plain.char_indices().map(|(at, _)| at).collect();
    let cut = |end: usize| format!("{}...", plain[..end].trim_end());
    let fitting = ends.partition_point(|end| segments(&cut(*end)) <= segments_max.max(1));
    match fitting.checked_sub(1).and_then(|last| ends.get(last)) {
        Some(end) => cut(*end),
        None => String::new(),
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Alphabet {
    Gsm7,
    Ucs2,
}

impl Alphabet {
    fn of(text: &str) -> Self {
        if text.chars().all(|c| gsm7_cost(c).is_some()) {
            Alphabet::Gsm7
        } else {
            Alphabet::Ucs2
        }
    }

    fn cost(self, c: char) -> usize {
        match self {
            Alphabet::Gsm7 => gsm7_cost(c).unwrap_or(1),
            Alphabet::Ucs2 => c.len_utf16(),
        }
    }

    /// Units of a message in one segment.
    const fn single(self) -> usize {
        match self {
            Alphabet::Gsm7 => 160,
            Alphabet::Ucs2 => 70,
        }
    }

    /// Units of each segment of a longer message.
    const fn part(self) -> usize {
        match self {
            Alphabet::Gsm7 => 153,
            Alphabet::Ucs2 => 67,
        }
    }
}

/// Septets of `c`, if the alphabet or its extension has it.
fn gsm7_cost(c: char) -> Option<usize> {
    match c {
        ' '..='#' | '%'..='?' | 'A'..='Z' | 'a'..='z' | '\n' | '\r' => Some(1),
        '@' | '£' | '$' | '¥' | 'è' | 'é' | 'ù' | 'ì' | 'ò' | 'Ç' | 'Ø' | 'ø' | 'Å' | 'å' | 'Δ'
        | '_' | 'Φ' | 'Γ' | 'Λ' | 'Ω' | 'Π' | 'Ψ' | 'Σ' | 'Θ' | 'Ξ' | 'Æ' | 'æ' | 'ß' | 'É'
        | '¤' | '¡' | 'Ä' | 'Ö' | 'Ñ' | 'Ü' | '§' | '¿' | 'ä' | 'ö' | 'ñ' | 'ü' | 'à' => {
            Some(1)
        }
        '\u{c}' | '^' | '{' | '}' | '\\' | '[' | '~' | ']' | '|' | '€' => Some(2),
        _ => None,
    }
}

/// `text` with as few characters outside GSM 7-bit as its meaning allows, without repeated spaces
/// and without space at its ends.
fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        let replaced = likeness(c);
        let kept = replaced.unwrap_or("");
        if replaced.is_none() {
            out.push(c);
        } else if kept == " " {
            if !out.is_empty() && !out.ends_with([' ', '\n']) {
                out.push(' ');
            }
        } else if kept == "\n" {
            while out.ends_with(' ') {
                out.pop();
            }
            if !out.is_empty() {
                out.push('\n');
            }
        } else {
            out.push_str(kept);
        }
    }
    out.truncate(out.trim_end().len());
    out
}

/// What stands for `c` in a message: `None` for itself, an empty text for nothing.
fn likeness(c: char) -> Option<&'static str> {
    Some(match c {
        '\n' => "\n",
        ' '
        | '\t'
        | '\u{a0}'
        | '\u{2000}'..='\u{200a}'
        | '\u{2028}'
        | '\u{2029}'
        | '\u{202f}'
        | '\u{205f}'
        | '\u{3000}' => " ",
        c if gsm7_cost(c).is_some() && c != '\r' && c != '\u{c}' => return None,
        c if c.is_control() => "",
        '`' | '´' | '‘' | '’' | '‚' | '‛' | '′' | 'ʼ' => "'",
        '“' | '”' | '„' | '‟' | '″' | '«' | '»' => "\"",
        '‹' => "<",
        '›' => ">",
        '‐' | '‑' | '‒' | '–' | '—' | '―' | '−' | '\u{ad}' => "-",
        '…' => "...",
        '•' | '·' | '‣' | '∙' | '●' | '▪' => "*",
        '→' | '⇒' | '➜' | '➔' | '⟶' => "->",
        '←' | '⇐' | '⟵' => "<-",
        '↑' => "^",
        '×' => "x",
        '÷' => "/",
        '≥' => ">=",
        '≤' => "<=",
        '≠' => "!=",
        '≈' => "~",
        '±' => "+-",
        '°' => "deg",
        'µ' | 'μ' => "u",
        '™' => "(TM)",
        '©' => "(C)",
        '®' => "(R)",
        '№' => "No",
        '½' => "1/2",
        '¼' => "1/4",
        '¾' => "3/4",
        '²' => "2",
        '³' => "3",
        '¹' => "1",
        '¢' => "c",
        '¦' => "|",
        _ => return letter(c).or_else(|| is_ornament(c).then_some("")),
    })
}

/// The base letter of a Latin letter that GSM 7-bit lacks.
fn letter(c: char) -> Option<&'static str> {
    Some(match c {
        'À' | 'Á' | 'Â' | 'Ã' | 'Ā' | 'Ă' | 'Ą' => "A",
        'á' | 'â' | 'ã' | 'ā' | 'ă' | 'ą' => "a",
        'ç' | 'ć' | 'ĉ' | 'ċ' | 'č' => "c",
        'Ć' | 'Ĉ' | 'Ċ' | 'Č' => "C",
        'Ď' | 'Đ' | 'Ð' => "D",
        'ď' | 'đ' | 'ð' => "d",
        'È' | 'Ê' | 'Ë' | 'Ē' | 'Ĕ' | 'Ė' | 'Ę' | 'Ě' => "E",
        'ê' | 'ë' | 'ē' | 'ĕ' | 'ė' | 'ę' | 'ě' => "e",
        'Ĝ' | 'Ğ' | 'Ġ' | 'Ģ' => "G",
        'ĝ' | 'ğ' | 'ġ' | 'ģ' => "g",
        'Ĥ' | 'Ħ' => "H",
        'ĥ' | 'ħ' => "h",
        'Ì' | 'Í' | 'Î' | 'Ï' | 'Ĩ' | 'Ī' | 'Ĭ' | 'Į' | 'İ' => "I",
        'í' | 'î' | 'ï' | 'ĩ' | 'ī' | 'ĭ' | 'į' | 'ı' => "i",
        'Ĵ' => "J",
        'ĵ' => "j",
        'Ķ' => "K",
        'ķ' | 'ĸ' => "k",
        'Ĺ' | 'Ļ' | 'Ľ' | 'Ŀ' | 'Ł' => "L",
        'ĺ' | 'ļ' | 'ľ' | 'ŀ' | 'ł' => "l",
        'Ń' | 'Ņ' | 'Ň' | 'Ŋ' => "N",
        'ń' | 'ņ' | 'ň' | 'ŋ' => "n",
        'Ò' | 'Ó' | 'Ô' | 'Õ' | 'Ō' | 'Ŏ' | 'Ő' => "O",
        'ó' | 'ô' | 'õ' | 'ō' | 'ŏ' | 'ő' => "o",
        'Œ' => "OE",
        'œ' => "oe",
        'Ŕ' | 'Ŗ' | 'Ř' => "R",
        'ŕ' | 'ŗ' | 'ř' => "r",
        'Ś' | 'Ŝ' | 'Ş' | 'Š' | 'Ș' => "S",
        'ś' | 'ŝ' | 'ş' | 'š' | 'ș' => "s",
        'ẞ' => "SS",
        'Ţ' | 'Ť' | 'Ŧ' | 'Ț' => "T",
        'ţ' | 'ť' | 'ŧ' | 'ț' => "t",
        'Þ' => "Th",
        'þ' => "th",
        'Ù' | 'Ú' | 'Û' | 'Ũ' | 'Ū' | 'Ŭ' | 'Ů' | 'Ű' | 'Ų' => "U",
        'ú' | 'û' | 'ũ' | 'ū' | 'ŭ' | 'ů' | 'ű' | 'ų' => "u",
        'Ŵ' => "W",
        'ŵ' => "w",
        'Ý' | 'Ŷ' | 'Ÿ' => "Y",
        'ý' | 'ŷ' | 'ÿ' => "y",
        'Ź' | 'Ż' | 'Ž' => "Z",
        'ź' | 'ż' | 'ž' => "z",
        _ => return None,
    })
}

/// Emoji, symbols and what only changes how the character before it looks.
fn is_ornament(c: char) -> bool {
    matches!(c,
        '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{20d0}'..='\u{20ff}' | '\u{2100}'..='\u{214f}' | '\u{2190}'..='\u{21ff}'
        | '\u{2300}'..='\u{23ff}' | '\u{2460}'..='\u{27bf}' | '\u{2900}'..='\u{297f}'
        | '\u{2b00}'..='\u{2bff}' | '\u{3030}' | '\u{303d}' | '\u{3297}' | '\u{3299}'
        | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{fff0}'..='\u{ffff}'
        | '\u{1f000}'..='\u{1faff}' | '\u{e0000}'..='\u{e0fff}' | '\u{e000}'..='\u{f8ff}'
        | '\u{f0000}'..='\u{10ffff}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn segments_follow_the_two_alphabets() {
        assert_eq!(segments(""), 1);
        assert_eq!(segments(&"a".repeat(160)), 1);
        assert_eq!(segments(&"a".repeat(161)), 2);
        assert_eq!(segments(&"a".repeat(306)), 2);
        assert_eq!(segments(&"a".repeat(307)), 3);
        assert_eq!(segments(&"€".repeat(80)), 1);
        assert_eq!(segments(&"€".repeat(81)), 2);
        // 153 is odd: 76 characters of two septets in each part.
        assert_eq!(segments(&"€".repeat(153)), 3);
        assert_eq!(segments(&"ж".repeat(70)), 1);
        assert_eq!(segments(&"ж".repeat(71)), 2);
        assert_eq!(segments(&"😀".repeat(35)), 1);
        assert_eq!(segments(&"😀".repeat(36)), 2);
    }

    #[test]
    fn typography_becomes_plain_and_emoji_vanish() {
        assert_eq!(
            fit("4217 🔥 “Disk” full — 95 % … café naïve `x`\r\n→ ack", 2),
            "4217 \"Disk\" full - 95 % ... café naive 'x'\n-> ack"
        );
        assert_eq!(fit("⚠️ 👩‍🚒 1️⃣ 🇩🇪 Łódź", 1), "1 Lodz");
        assert_eq!(fit("  spaces\t \u{a0}apart  ", 1), "spaces apart");
    }

    #[test]
    fn other_scripts_stay() {
        assert_eq!(fit("4217 диск полон", 1), "4217 диск полон");
        assert_eq!(fit("4217 磁盘已满", 1), "4217 磁盘已满");
    }

    #[test]
    fn the_end_is_cut_and_the_cut_is_shown() {
        let fitted = fit(&format!("4217 {}", "word ".repeat(100)), 1);
        assert!(fitted.starts_with("4217 word"));
        assert!(fitted.ends_with("wo..."), "{fitted}");
        assert!((150..=160).contains(&fitted.len()), "{}", fitted.len());
        let fitted = fit(&format!("4217 {}", "ж".repeat(500)), 2);
        assert_eq!(fitted.chars().count(), 134);
    }

    proptest! {
        #[test]
        fn never_more_segments_than_asked_and_never_a_panic(
            text in any::<String>(), more in "(\\PC|[a-z€ж😀…\\n]){0,400}", segments_max in 0usize..5,
        ) {
            let fitted = fit(&format!("{text}{more}"), segments_max);
            prop_assert!(segments(&fitted) <= segments_max.max(1));
        }

        #[test]
        fn the_front_is_kept(code in "[1-9][0-9]{3}", text in "(\\PC|[a-z€ж😀…\\n]){0,400}", segments_max in 1usize..4) {
            let fitted = fit(&format!("{code} {text}"), segments_max);
            prop_assert!(fitted.starts_with(&code), "{fitted}");
        }

        #[test]
        fn what_fits_is_left_alone(text in "[a-zA-Z0-9.,!?:/€é]{1,70}") {
            prop_assert_eq!(fit(&text, 1), text);
        }

        #[test]
        fn fitting_again_changes_nothing(text in "(\\PC|[a-z€ж😀…\\n]){0,400}", segments_max in 1usize..4) {
            let once = fit(&text, segments_max);
            prop_assert_eq!(fit(&once, segments_max), once);
        }
    }
}
