//! Text messages: the code first, and short enough for one SMS where that is possible.

use super::{PageText, asks, one_line, shortened};

/// Characters of one SMS in the GSM alphabet.
const ONE_GSM: usize = 160;
/// UTF-16 units of two joined SMS in any alphabet; one alone (70) would hold little.
const TWO_UNICODE: usize = 134;

pub(super) fn page(text: &PageText) -> String {
    let code = text
        .code
        .as_ref()
        .map(|code| format!("{code} "))
        .unwrap_or_default();
    if let Some(request) = &text.request {
        let about = format!(
            " ({}: {})",
            shortened(&one_line(&text.service), 30),
            shortened(&one_line(&text.title), 40)
        );
        let reply = match &text.code {
            Some(code) => format!(". Reply {code} yes or no"),
            None => ".".to_owned(),
        };
        return fitted(&code, &asks(request), &format!("{about}{reply}"));
    }
    let head = format!("{code}{}: ", shortened(&one_line(&text.service), 40));
    let more = match text.others {
        0 => String::new(),
        others => format!(" and {others} more"),
    };
    let reply = match &text.code {
        Some(code) => format!(" Reply {code} ack"),
        None => String::new(),
    };
    let tail = format!(" ({}){more}.{reply}", text.severity);
    fitted(&head, &one_line(&text.title), &tail)
}

/// `head` + `middle` + `tail`, with `middle` shortened so that the whole fits.
pub(super) fn fitted(head: &str, middle: &str, tail: &str) -> String {
    let whole = format!("{head}{middle}{tail}");
    if fits(&whole) {
        return whole;
    }
    let mut kept: Vec<char> = middle.chars().collect();
    while kept.pop().is_some() {
        let middle: String = kept.iter().collect();
        // Three dots rather than an ellipsis, which is not in the GSM alphabet.
        let shorter = format!("{head}{}...{tail}", middle.trim_end());
        if fits(&shorter) {
            return shorter;
        }
    }
    format!("{head}{tail}")
}

fn fits(text: &str) -> bool {
    match text.chars().map(gsm_septets).sum::<Option<usize>>() {
        Some(septets) => septets <= ONE_GSM,
        None => text.chars().map(char::len_utf16).sum::<usize>() <= TWO_UNICODE,
    }
}

/// Places in the GSM 03.38 alphabet; `None` when a character is not in it.
fn gsm_septets(character: char) -> Option<usize> {
    const EXTENDED: &str = "^{}\\[~]|€";
    const BEYOND_ASCII: &str = "£¥èéùìòÇØøÅåΔΦΓΛΩΠΨΣΘΞÆæßÉ¤¡ÄÖÑÜ§¿äöñüà";
    match character {
        '`' => None,
        _ if EXTENDED.contains(character) => Some(2),
        ' '..='~' | '\n' => Some(1),
        _ if BEYOND_ASCII.contains(character) => Some(1),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::sample;

    #[test]
    fn the_code_comes_first() {
        let mut page = sample();
        assert_eq!(
            page.sms(),
            "4217 Checkout: error rate high (critical). Reply 4217 ack"
        );
        page.others = 3;
        assert_eq!(
            page.sms(),
            "4217 Checkout: error rate high (critical) and 3 more. Reply 4217 ack"
        );
        page.code = None;
        page.others = 0;
        assert_eq!(page.sms(), "Checkout: error rate high (critical).");
    }

    #[test]
    fn a_long_title_is_cut_not_the_instruction() {
        let mut page = sample();
        page.title = "x".repeat(400);
        let text = page.sms();
        assert_eq!(text.chars().count(), 160);
        assert!(text.ends_with("... (critical). Reply 4217 ack"));
        page.title = "ошибка ".repeat(60);
        assert!(page.sms().encode_utf16().count() <= 134);
        page.title = "[[[[".repeat(60);
        assert!(page.sms().ends_with("Reply 4217 ack"));
    }
}
