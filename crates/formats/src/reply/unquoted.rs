//! Which line of a mail is the person's own: mail programs put what is answered above or below it.

/// Words of the second line of an attribution that was broken in two: `wrote:`.
const SECOND_LINE_WORDS: usize = 3;

/// The lines that may be the answer, likeliest first: the first that is neither blank nor quoted,
/// and, where that says who wrote what is quoted below it (`On Tuesday … wrote:`), the first behind
/// the quotation.
pub(super) fn lines(text: &str) -> impl Iterator<Item = &str> {
    let mut rest: Vec<&str> = text
        .trim_start_matches('\u{FEFF}')
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .collect();
    rest.reverse();
    let mut over = false;
    std::iter::from_fn(move || {
        if over {
            return None;
        }
        while rest.pop_if(|line| is_quoted(line)).is_some() {}
        let own = rest.pop()?;
        let second = rest
            .last()
            .filter(|line| line.split_whitespace().count() <= SECOND_LINE_WORDS);
        let broken = second.is_some_and(|line| line.ends_with(':'));
        if broken {
            rest.pop();
        }
        let says_who_or_when = own.contains(|c: char| c == '@' || c.is_ascii_digit());
        let quotes = rest.last().is_some_and(|line| is_quoted(line));
        over = !(says_who_or_when && quotes && (broken || own.ends_with(':')));
        Some(own)
    })
}

fn is_quoted(line: &str) -> bool {
    line.starts_with('>')
}
