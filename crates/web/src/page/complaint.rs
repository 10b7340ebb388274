//! From what the engine refuses to what a form shows: beside the field, or on top.

use engine::Error;

use crate::view::Form;

/// Puts a refusal into the form it is about. `field` spells a field of the engine as the form does.
///
/// # Errors
/// Whatever no form can mend: missing things, forbidden ones, the store's troubles.
pub fn show(form: &mut Form, error: Error, field: impl Fn(&str) -> String) -> Result<(), Error> {
    match error {
        Error::Invalid(problems) => {
            for problem in problems {
                form.reject(&field(&problem.field), sentence(&problem.message));
            }
        }
        Error::Refused(why) => form.refuse(sentence(&why)),
        Error::TooMany(seconds) => form.refuse(format!(
            "Too many attempts. Try again in {}.",
            domain::Span::from_seconds(seconds)
        )),
        other => return Err(other),
    }
    Ok(())
}

/// [`show`] for forms that spell their fields as the engine does.
///
/// # Errors
/// As [`show`].
pub fn show_plain(form: &mut Form, error: Error) -> Result<(), Error> {
    show(form, error, str::to_owned)
}

/// A sentence as pages show it: `must be later than the start` → `Must be later than the start.`
pub fn sentence(text: &str) -> String {
    let text = text.trim();
    let mut characters = text.chars();
    let Some(first) = characters.next() else {
        return String::new();
    };
    let mut sentence: String = first.to_uppercase().collect();
    sentence.push_str(characters.as_str());
    if !sentence.ends_with(['.', '?', ':']) {
        sentence.push('.');
    }
    sentence
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_stand_where_they_belong() {
        let mut form = Form::new().with("name", "");
        let invalid = Error::invalid("members[2]", "there is no such person");
        assert!(show(&mut form, invalid, |_| "member".to_owned()).is_ok());
        assert_eq!(form.error("member"), "There is no such person.");
        assert!(show_plain(&mut form, Error::Refused("it is in use".into())).is_ok());
        assert_eq!(form.general(), ["It is in use."]);
        assert!(matches!(
            show_plain(&mut form, Error::Forbidden),
            Err(Error::Forbidden)
        ));
    }
}
