//! Words of an expression.

use super::{ExpressionError, LENGTH_MAX};

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token {
    Name(String),
    Int(i64),
    Double(f64),
    Text(String),
    /// An operator or a bracket.
    Sign(&'static str),
    End,
}

/// Longer ones first.
const SIGNS: [&str; 24] = [
    "||", "&&", "==", "!=", "<=", ">=", "<", ">", "+", "-", "*", "/", "%", "!", "?", ":", "(", ")",
    "[", "]", "{", "}", ",", ".",
];

/// All words, each with the character it starts at, from 1.
pub(super) fn lex(source: &str) -> Result<Vec<(Token, usize)>, ExpressionError> {
    let chars: Vec<char> = source.chars().collect();
    if chars.len() > LENGTH_MAX {
        return Err(ExpressionError {
            position: LENGTH_MAX,
            message: format!("the expression is longer than {LENGTH_MAX} characters"),
        });
    }
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(&c) = chars.get(at) {
        let start = at;
        let token = if c.is_whitespace() {
            at += 1;
            continue;
        } else if c == '/' && chars.get(at + 1) == Some(&'/') {
            while chars.get(at).is_some_and(|c| *c != '\n') {
                at += 1;
            }
            continue;
        } else if c.is_ascii_digit()
            || (c == '.' && chars.get(at + 1).is_some_and(char::is_ascii_digit))
        {
            number(&chars, &mut at)?
        } else if let Some((raw, quote)) = opening(&chars, at) {
            at = quote;
            Token::Text(text(&chars, &mut at, raw)?)
        } else if c.is_ascii_alphabetic() || c == '_' {
            while chars
                .get(at)
                .is_some_and(|c| c.is_ascii_alphanumeric() || *c == '_')
            {
                at += 1;
            }
            Token::Name(chars[start..at].iter().collect())
        } else {
            let sign = SIGNS.into_iter().find(|sign| {
                sign.chars()
                    .enumerate()
                    .all(|(offset, wanted)| chars.get(at + offset) == Some(&wanted))
            });
            match sign {
                Some(sign) => {
                    at += sign.len();
                    Token::Sign(sign)
                }
                None => {
                    let hint = if c == '=' {
                        ": equality is `==`"
                    } else if c == '&' || c == '|' {
                        ": write it twice"
                    } else {
                        ""
                    };
                    return Err(error(at, format!("`{c}` has no meaning here{hint}")));
                }
            }
        };
        tokens.push((token, start + 1));
    }
    tokens.push((Token::End, chars.len() + 1));
    Ok(tokens)
}

fn error(at: usize, message: String) -> ExpressionError {
    ExpressionError {
        position: at + 1,
        message,
    }
}

fn number(chars: &[char], at: &mut usize) -> Result<Token, ExpressionError> {
    let start = *at;
    let digits = |at: &mut usize| {
        while chars.get(*at).is_some_and(char::is_ascii_digit) {
            *at += 1;
        }
    };
    if chars[start] == '0' && matches!(chars.get(start + 1), Some('x' | 'X')) {
        *at += 2;
        while chars.get(*at).is_some_and(char::is_ascii_hexdigit) {
            *at += 1;
        }
        let hex: String = chars[start + 2..*at].iter().collect();
        let value = i64::from_str_radix(&hex, 16)
            .map_err(|_| error(start, "this number is too large".to_owned()))?;
        return Ok(Token::Int(value));
    }
    digits(at);
    let mut whole = true;
    if chars.get(*at) == Some(&'.') && chars.get(*at + 1).is_some_and(char::is_ascii_digit) {
        whole = false;
        *at += 1;
        digits(at);
    }
    if matches!(chars.get(*at), Some('e' | 'E')) {
        let mut ahead = *at + 1;
        if matches!(chars.get(ahead), Some('+' | '-')) {
            ahead += 1;
        }
        if chars.get(ahead).is_some_and(char::is_ascii_digit) {
            whole = false;
            *at = ahead;
            digits(at);
        }
    }
    let text: String = chars[start..*at].iter().collect();
    let too_large = || error(start, "this number is too large".to_owned());
    if !whole {
        let value: f64 = text.parse().map_err(|_| too_large())?;
        return if value.is_finite() {
            Ok(Token::Double(value))
        } else {
            Err(too_large())
        };
    }
    if matches!(chars.get(*at), Some('u' | 'U')) {
        *at += 1;
    }
    text.parse().map(Token::Int).map_err(|_| too_large())
}

/// Whether a text starts here: whether it is raw, and where its quote is.
fn opening(chars: &[char], at: usize) -> Option<(bool, usize)> {
    match (chars.get(at)?, chars.get(at + 1)) {
        ('"' | '\'', _) => Some((false, at)),
        ('r' | 'R', Some('"' | '\'')) => Some((true, at + 1)),
        _ => None,
    }
}

fn text(chars: &[char], at: &mut usize, raw: bool) -> Result<String, ExpressionError> {
    let start = *at;
    let quote = chars[start];
    let triple = chars.get(start + 1) == Some(&quote) && chars.get(start + 2) == Some(&quote);
    *at += if triple { 3 } else { 1 };
    let mut out = String::new();
    loop {
        let Some(&c) = chars.get(*at) else {
            return Err(error(start, "this text has no end".to_owned()));
        };
        let ends = if triple {
            c == quote && chars.get(*at + 1) == Some(&quote) && chars.get(*at + 2) == Some(&quote)
        } else {
            c == quote
        };
        if ends {
            *at += if triple { 3 } else { 1 };
            return Ok(out);
        }
        if c == '\n' && !triple {
            return Err(error(start, "this text has no end on its line".to_owned()));
        }
        *at += 1;
        if c != '\\' || raw {
            out.push(c);
            continue;
        }
        out.push(escaped(chars, at)?);
    }
}

fn escaped(chars: &[char], at: &mut usize) -> Result<char, ExpressionError> {
    let start = *at - 1;
    let bad = || error(start, "this escape is not known".to_owned());
    let c = *chars.get(*at).ok_or_else(bad)?;
    *at += 1;
    let length = match c {
        'n' => return Ok('\n'),
        't' => return Ok('\t'),
        'r' => return Ok('\r'),
        'a' => return Ok('\u{7}'),
        'b' => return Ok('\u{8}'),
        'f' => return Ok('\u{c}'),
        'v' => return Ok('\u{b}'),
        '\\' | '"' | '\'' | '?' | '`' => return Ok(c),
        'x' | 'X' => 2,
        'u' => 4,
        'U' => 8,
        _ => return Err(bad()),
    };
    let digits: String = chars
        .get(*at..*at + length)
        .ok_or_else(bad)?
        .iter()
        .collect();
    *at += length;
    u32::from_str_radix(&digits, 16)
        .ok()
        .and_then(char::from_u32)
        .ok_or_else(bad)
}
