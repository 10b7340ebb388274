//! The form of a routing rule.

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

/// The rule that a form describes; what cannot be read is marked in the form.
pub(super) fn read(form: &mut Form) -> Option<RuleInput> {
    let service: Option<ServiceId> = form.text("service").and_then(|id| id.parse().ok());
    let severity = form.text("severity").and_then(|word| word.parse().ok());
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
