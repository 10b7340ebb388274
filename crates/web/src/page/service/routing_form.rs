//! The form of a routing rule.

use std::str::FromStr;

use domain::ServiceId;
use engine::configuration::routing::RuleInput;

use crate::view::Form;

/// A rule as the form shows it.
pub(super) fn filled(input: &RuleInput) -> Form {
    let labels: Vec<String> = input
        .labels
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    let key = |source: &Option<String>| match source.as_deref() {
        None => String::new(),
        // In the form nothing means: as it came.
        Some("") => "{''}".to_owned(),
        Some(source) => source.to_owned(),
    };
    let mut form = Form::new()
        .with("name", &input.name)
        .with("condition", &input.condition)
        .with(
            "service",
            input.service.map_or(String::new(), |id| id.to_string()),
        )
        .with("severity", input.severity.map_or("", |one| one.as_str()))
        .with("dedup_key", key(&input.dedup_key))
        .with("group_key", key(&input.group_key))
        .with("labels", labels.join("\n"));
    for (name, ticked) in [
        ("suppress", input.suppress),
        ("continue", input.continues),
        ("enabled", input.enabled),
    ] {
        if ticked {
            form = form.with(name, "yes");
        }
    }
    form
}

/// What was chosen of a list, if anything was; `None` for what no list offers, which is marked.
pub(super) fn chosen<T: FromStr>(form: &mut Form, field: &str) -> Option<Option<T>> {
    let read = form.text(field).map(str::parse).transpose();
    match read {
        Ok(read) => Some(read),
        Err(_) => {
            form.reject(field, "Choose one of the options.");
            None
        }
    }
}

/// The rule that a form describes; what cannot be read is marked in the form.
pub(super) fn read(form: &mut Form) -> Option<RuleInput> {
    let service: Option<Option<ServiceId>> = chosen(form, "service");
    let severity = chosen(form, "severity");
    let mut labels = Vec::new();
    let mut odd = None;
    for line in form.get("labels").lines().map(str::trim) {
        match line.split_once('=') {
            _ if line.is_empty() => {}
            Some((name, value)) => labels.push((name.trim().to_owned(), value.trim().to_owned())),
            None => odd = Some(line.to_owned()),
        }
    }
    if let Some(line) = odd {
        let text = format!("Write each label as name=value; “{line}” has no =.");
        form.reject("labels", text);
        return None;
    }
    let (service, severity) = (service?, severity?);
    Some(RuleInput {
        name: form.get("name").to_owned(),
        enabled: form.ticked("enabled"),
        condition: form.get("condition").to_owned(),
        service,
        severity,
        dedup_key: form.text("dedup_key").map(str::to_owned),
        group_key: form.text("group_key").map(str::to_owned),
        labels,
        suppress: form.ticked("suppress"),
        continues: form.ticked("continue"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_no_list_offers_is_refused() {
        for (field, value) in [("service", "abc"), ("severity", "awful")] {
            let mut form = Form::new().with("name", "x").with(field, value);
            assert!(read(&mut form).is_none());
            assert!(!form.error(field).is_empty(), "{field}");
        }
        let mut form = Form::new().with("service", "7").with("severity", "");
        let input = read(&mut form).unwrap();
        assert_eq!((input.service, input.severity), (Some(ServiceId(7)), None));
    }
}
