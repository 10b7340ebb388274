//! Checks of single fields. Each returns the value as it is stored and collects what is wrong.

use domain::word::ContactKind;
use domain::{Span, TeamId};

use crate::{Error, Problem};

pub const NAME_MAX: usize = 100;
pub const DESCRIPTION_MAX: usize = 2_000;
/// RFC 5321: a path has 256 octets with its brackets.
const EMAIL_MAX: usize = 254;

/// What is wrong so far.
#[derive(Default)]
pub struct Checks(Vec<Problem>);

impl Checks {
    pub fn add(&mut self, field: impl Into<String>, message: impl Into<String>) {
        self.0.push(Problem::new(field, message));
    }

    /// Keeps the problem of a check made elsewhere.
    pub fn take<T>(&mut self, checked: Result<T, Problem>) -> Option<T> {
        checked.map_err(|problem| self.0.push(problem)).ok()
    }

    pub fn extend(&mut self, problems: impl IntoIterator<Item = Problem>) {
        self.0.extend(problems);
    }

    /// # Errors
    /// [`Error::Invalid`] when anything is wrong.
    pub fn finish(self) -> Result<(), Error> {
        if self.0.is_empty() {
            Ok(())
        } else {
            Err(Error::Invalid(self.0))
        }
    }

    pub fn into_problems(self) -> Vec<Problem> {
        self.0
    }

    /// A name of one line.
    pub fn name(&mut self, field: &str, name: &str) -> String {
        let name = name.trim().to_owned();
        if name.is_empty() {
            self.add(field, "a name is needed");
        } else if name.chars().count() > NAME_MAX {
            self.add(field, format!("a name has at most {NAME_MAX} characters"));
        } else if name.chars().any(char::is_control) {
            self.add(field, "a name is one line of text");
        }
        name
    }

    pub fn description(&mut self, field: &str, text: &str) -> String {
        if text.chars().count() > DESCRIPTION_MAX {
            let message = format!("a description has at most {DESCRIPTION_MAX} characters");
            self.add(field, message);
        }
        text.trim().to_owned()
    }

    /// An address in lower case.
    pub fn email(&mut self, field: &str, address: &str) -> String {
        let address = address.trim().to_lowercase();
        if !is_email(&address) {
            self.add(
                field,
                "this is not an e-mail address such as ana@example.com",
            );
        }
        address
    }

    pub fn zone(&mut self, field: &str, zone: &str) -> String {
        let zone = zone.trim().to_owned();
        if jiff::tz::TimeZone::get(&zone).is_err() {
            let message = format!("`{zone}` is not an IANA time zone such as Europe/Berlin");
            self.add(field, message);
        }
        zone
    }

    /// The address of a contact method as it is stored: e-mail in lower case, numbers in E.164.
    pub fn address(&mut self, field: &str, kind: ContactKind, address: &str) -> String {
        match kind {
            ContactKind::Email => self.email(field, address),
            ContactKind::Sms => match phone(address) {
                Some(number) => number,
                None => {
                    self.add(
                        field,
                        "this is not a phone number with its country code, such as +49 151 2345678",
                    );
                    address.trim().to_owned()
                }
            },
        }
    }

    pub fn span(&mut self, field: &str, span: Span, least: Span, most: Span) {
        if span < least || span > most {
            self.add(field, format!("must be from {least} to {most}"));
        }
    }

    pub fn team(
        &mut self,
        field: &str,
        directory: &domain::directory::Directory,
        team: Option<TeamId>,
    ) {
        if team.is_some_and(|id| directory.team(id).is_none()) {
            self.add(field, "there is no such team");
        }
    }
}

fn is_email(address: &str) -> bool {
    let plain = |part: &str| {
        !part.is_empty()
            && !part
                .chars()
                .any(|c| c.is_whitespace() || c.is_control() || "<>()[],;:\"\\@".contains(c))
    };
    address.len() <= EMAIL_MAX
        && address.rsplit_once('@').is_some_and(|(local, host)| {
            plain(local)
                && local.len() <= 64
                && plain(host)
                && host.split('.').all(|label| !label.is_empty())
        })
}

/// E.164: a plus sign and 7 to 15 digits. What people put between the digits is left out.
fn phone(text: &str) -> Option<String> {
    let mut number: String = text
        .chars()
        .filter(|c| !c.is_whitespace() && !"-./()\u{2010}\u{2011}\u{2013}".contains(*c))
        .collect();
    if let Some(rest) = number.strip_prefix("00") {
        number = format!("+{rest}");
    }
    let digits = number.strip_prefix('+')?;
    let valid = (7..=15).contains(&digits.len())
        && digits.bytes().all(|byte| byte.is_ascii_digit())
        && !digits.starts_with('0');
    valid.then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_stored_in_one_form() {
        for text in [
            "+49 151 2345678",
            "0049-151-2345678",
            "+49 (151) 234.5678",
            "+491512345678",
        ] {
            assert_eq!(phone(text).as_deref(), Some("+491512345678"), "{text}");
        }
        for text in [
            "",
            "0151 2345678",
            "+0151",
            "+49",
            "+4915112345678901",
            "+49x5112345",
        ] {
            assert_eq!(phone(text), None, "{text}");
        }
    }

    #[test]
    fn addresses_that_cannot_be_mailed_are_refused() {
        for good in ["ana@example.com", "a.b+c@localhost", "ünal@bücher.example"] {
            assert!(is_email(good), "{good}");
        }
        for bad in [
            "",
            "ana",
            "@x",
            "a@",
            "a b@x.de",
            "a@x..de",
            "a@b@c",
            "a@x.de\n",
            "Ana <a@x.de>",
        ] {
            assert!(!is_email(bad), "{bad}");
        }
    }

    #[test]
    fn all_problems_come_at_once() {
        let mut checks = Checks::default();
        checks.name("name", " ");
        checks.zone("zone", "Mars/Olympus");
        checks.span(
            "wait",
            Span::ZERO,
            Span::from_seconds(10),
            Span::from_hours(24),
        );
        let Err(Error::Invalid(problems)) = checks.finish() else {
            panic!("three problems were expected");
        };
        let fields: Vec<&str> = problems.iter().map(|p| p.field.as_str()).collect();
        assert_eq!(fields, ["name", "zone", "wait"]);
    }
}
