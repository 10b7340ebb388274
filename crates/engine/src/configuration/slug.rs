//! Slugs: how URLs and the configuration file name things.

use crate::Problem;

pub const LENGTH_MAX: usize = 60;
/// Words that pages use in the place of a slug.
const RESERVED: &[&str] = &["new"];

/// The slug of a new thing: the one given, or one made from the name. `what` is for messages.
///
/// # Errors
/// When the given one is malformed or taken.
pub fn choose(
    given: Option<&str>,
    name: &str,
    what: &str,
    taken: impl Fn(&str) -> bool,
) -> Result<String, Problem> {
    match given.map(str::trim).filter(|slug| !slug.is_empty()) {
        Some(slug) => {
            check(slug).map_err(|message| Problem::new("slug", message))?;
            if taken(slug) {
                let message = format!("another {what} is already called `{slug}`: choose another");
                return Err(Problem::new("slug", message));
            }
            Ok(slug.to_owned())
        }
        None => Ok(from_name(name, what, taken)),
    }
}

/// # Errors
/// What is wrong with a slug.
pub fn check(slug: &str) -> Result<(), String> {
    let well_formed = slug.len() <= LENGTH_MAX
        && slug.split('-').all(|part| {
            !part.is_empty()
                && part
                    .bytes()
                    .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
        });
    if !well_formed {
        Err(format!(
            "`{slug}` is not a name for URLs: use up to {LENGTH_MAX} lower-case letters, digits \
             and single hyphens, such as checkout-api"
        ))
    } else if RESERVED.contains(&slug) {
        Err(format!("`{slug}` is reserved: choose another"))
    } else {
        Ok(())
    }
}

fn from_name(name: &str, what: &str, taken: impl Fn(&str) -> bool) -> String {
    let mut base = String::new();
    for character in name.chars().flat_map(char::to_lowercase) {
        let ascii = match character {
            'a'..='z' | '0'..='9' => {
                base.push(character);
                continue;
            }
            // Apostrophes join: Ana's becomes anas.
            '\'' | '’' => continue,
            'à'..='ã' | 'å' | 'ą' | 'ă' => "a",
            'ä' | 'æ' => "ae",
            'ç' | 'ć' | 'č' => "c",
            'ď' | 'đ' => "d",
            'è'..='ë' | 'ę' | 'ě' => "e",
            'ì'..='ï' | 'ı' => "i",
            'ğ' => "g",
            'ł' => "l",
            'ñ' | 'ń' | 'ň' => "n",
            'ò'..='õ' | 'ø' | 'ő' => "o",
            'ö' | 'œ' => "oe",
            'ř' => "r",
            'ś' | 'š' | 'ş' => "s",
            'ß' => "ss",
            'ť' | 'ţ' => "t",
            'ù'..='û' | 'ů' | 'ű' => "u",
            'ü' => "ue",
            'ý' | 'ÿ' => "y",
            'ź' | 'ż' | 'ž' => "z",
            _ => "-",
        };
        if ascii != "-" || (!base.is_empty() && !base.ends_with('-')) {
            base.push_str(ascii);
        }
    }
    // Room for a number behind.
    base.truncate(LENGTH_MAX - 6);
    let base = match base.trim_end_matches('-') {
        "" => what,
        base => base,
    };
    let free = |slug: &str| !RESERVED.contains(&slug) && !taken(slug);
    if free(base) {
        return base.to_owned();
    }
    let mut number = 2_u32;
    loop {
        let slug = format!("{base}-{number}");
        if free(&slug) {
            return slug;
        }
        number += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn names_become_readable_slugs() {
        let free = |_: &str| false;
        for (name, slug) in [
            ("Checkout API", "checkout-api"),
            ("  Zürich – Größe!! ", "zuerich-groesse"),
            ("Ana's team", "anas-team"),
            ("Служба", "service"),
            ("new", "new-2"),
        ] {
            assert_eq!(choose(None, name, "service", free).unwrap(), slug);
        }
        let taken = |slug: &str| slug == "checkout" || slug == "checkout-2";
        assert_eq!(
            choose(Some(" "), "Checkout", "service", taken).unwrap(),
            "checkout-3"
        );
    }

    #[test]
    fn a_given_slug_is_taken_as_it_is_or_refused() {
        let taken = |slug: &str| slug == "checkout";
        assert_eq!(
            choose(Some("api-2"), "X", "service", taken).unwrap(),
            "api-2"
        );
        let problem = choose(Some("checkout"), "X", "service", taken).unwrap_err();
        assert_eq!(
            problem.message,
            "another service is already called `checkout`: choose another"
        );
        for bad in ["Check", "a--b", "-a", "a_b", "new", "a/b", &"a".repeat(61)] {
            assert!(choose(Some(bad), "X", "service", taken).is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn whatever_the_name_the_slug_is_valid(name in ".{0,200}") {
            let slug = choose(None, &name, "service", |slug| slug.len() % 2 == 0).unwrap();
            prop_assert!(check(&slug).is_ok(), "{slug}");
        }
    }
}
