//! Generic JSON, signed by Standard Webhooks when a secret is set (WIRE-FORMATS.md §1.19).

use domain::Timestamp;

use crate::request::Request;
use crate::settings::Settings;
use crate::{FormatError, Parsed, generic, mapping, signature};

pub(crate) fn signed(
    request: &Request<'_>,
    settings: &Settings,
    now: Timestamp,
) -> Result<Parsed, FormatError> {
    signature::standard(request, settings.secret.as_ref(), now)?;
    plain(request, settings, now)
}

/// Any method and encoding: JSON, a form, or the address alone.
pub(crate) fn plain(
    request: &Request<'_>,
    settings: &Settings,
    now: Timestamp,
) -> Result<Parsed, FormatError> {
    if let Some(rules) = &settings.mapping {
        return mapping::apply(request, rules, now);
    }
    match generic::parse(request.body, now) {
        Err(FormatError::NotJson { reason }) => {
            let (value, _) = request.fields();
            if value.is_object() || value.is_array() {
                generic::of_value(value, now)
            } else {
                Err(FormatError::NotJson { reason })
            }
        }
        other => other,
    }
}
