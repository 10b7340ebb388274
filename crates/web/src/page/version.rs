//! Whether what a form edits is still as it was when the form was shown, so that of two people who
//! edit the same thing the second learns of the first. A field `version` carries it; without one
//! nothing is compared.

use std::fmt::Debug;

use domain::suppression::Suppression;
use sha2::{Digest, Sha256};

use crate::view::Form;

/// The field of forms.
pub const FIELD: &str = "version";

const CHANGED: &str = "Somebody has changed this since you opened the form. Look at what is there \
                       now; saving again replaces it by what stands here.";

/// The version of a thing: the beginning of a digest.
pub fn of(thing: &impl Debug) -> String {
    let digest = Sha256::digest(format!("{thing:?}").as_bytes());
    digest[..8]
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// Of a maintenance window or silence: of what its form edits.
pub fn of_suppression(one: &Suppression) -> String {
    let matchers: Vec<String> = one.matchers.iter().map(ToString::to_string).collect();
    let held = (&one.services, &one.integrations, matchers);
    let when = (one.starts_at, one.ends_at, &one.recurrence, &one.zone);
    of(&(held, when, &one.comment))
}

/// Tells whether the thing was changed since its form was shown, and says so in the form, which then
/// is one of the thing as it is now.
pub fn is_old(form: &mut Form, now: &str) -> bool {
    if form.text(FIELD).is_none_or(|shown| shown == now) {
        return false;
    }
    form.put(FIELD, now);
    form.refuse(CHANGED);
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_old_form_is_refused_once() {
        let (before, after) = (of(&("a", 1)), of(&("a", 2)));
        let mut form = Form::new().with(FIELD, &before);
        assert!(!is_old(&mut form, &before));
        assert!(is_old(&mut form, &after));
        assert!(!is_old(&mut form, &after), "having been told");
        assert!(!is_old(&mut Form::new(), &after));
    }
}
