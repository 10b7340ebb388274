//! AWS CloudWatch alarms, through SNS or raw; whatever else a topic carries becomes an alert of its
//! own (WIRE-FORMATS.md §1.13).

use domain::Timestamp;
use domain::integration::NoData;
use domain::word::{Action, AlertSeverity};
use serde_json::{Value, json};

use super::Said;
use crate::draft::{Draft, rest_of};
use crate::request::Request;
use crate::settings::Settings;
use crate::warning::Warnings;
use crate::{FormatError, Parsed, json, read, sns};

const WHO: &str = "Amazon SNS";
/// The state of an alarm that sees nothing.
const NO_DATA: &str = "INSUFFICIENT_DATA";
const IGNORED: &str = "the alarm has no data, which its integration's settings ignore";

pub(crate) fn parse(
    request: &Request<'_>,
    settings: &Settings,
    now: Timestamp,
) -> Result<Parsed, FormatError> {
    let (envelope, encoding) = request.fields();
    let kind = read::text(&envelope, "Type").unwrap_or_default();
    let mut parsed = Parsed::default();
    let mut warnings = Warnings::default();
    match &*kind {
        "SubscriptionConfirmation" => {
            match sns::confirmation(&envelope) {
                Ok(asked) => parsed.confirm = Some(asked),
                Err(reason) => return Err(FormatError::InvalidEvent { reason }),
            }
            return Ok(parsed);
        }
        "UnsubscribeConfirmation" => {
            warnings.note("the topic no longer sends here: its subscription was ended");
            parsed.warnings = warnings.finish();
            return Ok(parsed);
        }
        _ => {}
    }
    let message = envelope.get("Message").and_then(Value::as_str);
    let Some(message) = message.filter(|_| kind == "Notification") else {
        // Raw delivery: the message is the body.
        return super::each(WHO, request, settings, now, |item, _| alarm(item, settings));
    };
    super::told(encoding, &mut warnings);
    parsed.signed = sns::of_notification(&envelope, &mut warnings)?;
    let subject = read::text(&envelope, "Subject");
    let inner = json::inside(message).filter(Value::is_object);
    let said = match &inner {
        Some(inner) => match alarm(inner, settings) {
            Said::Unknown => event(inner, subject, &envelope, settings),
            said => said,
        },
        None => plain(message, subject, &envelope, settings).into(),
    };
    match said {
        Said::Signal(draft) => parsed.signals.push(draft.finish(WHO, now, &mut warnings)),
        Said::Nothing(reason) => warnings.note(reason),
        Said::Unknown => {}
    }
    // SNS tries for an hour, and more where its owner wants it.
    if let Some(number) = read::text(&envelope, "MessageId") {
        parsed.delivered(&[&number], message.as_bytes());
    }
    parsed.warnings = warnings.finish();
    Ok(parsed)
}

/// What an alarm says of its state; `None`: nothing that anybody wants to hear. Without data it sees
/// neither good nor certainly bad, so that is told with less noise unless its owner has chosen
/// otherwise.
fn state_of(state: &str, settings: &Settings) -> Option<(Action, AlertSeverity)> {
    let chosen = settings.scale().chosen(state);
    let severity = chosen.unwrap_or_else(|| settings.severity());
    Some(match (state, settings.insufficient_data()) {
        ("OK", _) | (NO_DATA, NoData::Resolve) => (Action::Resolve, severity),
        (NO_DATA, NoData::Trigger) => {
            let severity = chosen.unwrap_or(AlertSeverity::Warning);
            (Action::Trigger, severity)
        }
        (NO_DATA, NoData::Ignore) => return None,
        _ => (Action::Trigger, severity),
    })
}

/// An alarm of CloudWatch, simple or composite.
fn alarm<'a>(item: &'a Value, settings: &Settings) -> Said<'a> {
    let (Some(name), Some(state)) = (
        read::text(item, "AlarmName"),
        read::text(item, "NewStateValue"),
    ) else {
        return Said::Unknown;
    };
    let Some((action, severity)) = state_of(&state, settings) else {
        return Said::Nothing(IGNORED);
    };
    let account = read::text(item, "AWSAccountId");
    let region = read::text(item, "Region");
    let key = read::text(item, "AlarmArn").unwrap_or_else(|| {
        [&account, &region, &Some(name.clone())]
            .map(|part| part.clone().unwrap_or_default())
            .join("/")
    });
    let dimensions: Vec<String> = read::array(item, "Trigger.Dimensions")
        .into_iter()
        .flatten()
        .take(10)
        .filter_map(|one| {
            let name = read::first(one, &["name", "Name"])?;
            Some(format!("{name}={}", read::first(one, &["value", "Value"])?))
        })
        .collect();
    Draft {
        action: Some(action),
        key: Some(key),
        title: Some(match read::text(item, "AlarmDescription") {
            Some(text) if text.len() <= 200 => format!("{name}: {text}"),
            _ => name,
        }),
        source: Some(dimensions.join(", "))
            .filter(|text| !text.is_empty())
            .or_else(|| region.clone()),
        severity: Some(severity),
        component: read::text(item, "Trigger.Namespace"),
        class: read::text(item, "Trigger.MetricName"),
        group: account,
        details: rest_of(item, &[]),
        at: item.get("StateChangeTime"),
        ..Draft::default()
    }
    .into()
}

/// An event of EventBridge or of another service.
fn event<'a>(
    item: &'a Value,
    subject: Option<String>,
    envelope: &Value,
    settings: &Settings,
) -> Said<'a> {
    let of = |names: &[&str]| read::first(item, names);
    let kind = of(&["detail-type", "detailType", "Event Source", "EventType"]);
    let name = of(&["detail.alarmName", "resources.0"]);
    let state = of(&["detail.state.value"]);
    let state = state.as_deref().unwrap_or_default();
    let Some((action, severity)) = state_of(state, settings) else {
        return Said::Nothing(IGNORED);
    };
    let title = subject.or_else(|| match (&kind, &name) {
        (Some(kind), Some(name)) => Some(format!("{kind}: {name}")),
        (kind, name) => kind.clone().or_else(|| name.clone()),
    });
    let topic = read::text(envelope, "TopicArn").unwrap_or_default();
    Draft {
        action: Some(action),
        // Which thing it is about, never which message: that differs each time.
        key: Some(
            [
                Some(topic.clone()),
                of(&["source"]),
                kind.clone(),
                name.or_else(|| title.clone()),
            ]
            .map(Option::unwrap_or_default)
            .join("|"),
        ),
        title: title.or_else(|| Some(format!("Message of topic {}", topic_name(&topic)))),
        source: of(&["source", "resources.0"]),
        severity: Some(severity),
        class: kind,
        group: of(&["account"]),
        details: item.clone(),
        at: item.get("time"),
        ..Draft::default()
    }
    .into()
}

fn plain<'a>(
    message: &str,
    subject: Option<String>,
    envelope: &'a Value,
    settings: &Settings,
) -> Draft<'a> {
    let topic = read::text(envelope, "TopicArn").unwrap_or_default();
    let first = message.lines().map(str::trim).find(|line| !line.is_empty());
    let title = subject
        .or_else(|| first.map(str::to_owned))
        .unwrap_or_else(|| format!("Message of topic {}", topic_name(&topic)));
    Draft {
        key: Some(format!("{topic}|{title}")),
        title: Some(title),
        source: Some(topic_name(&topic).to_owned()).filter(|name| !name.is_empty()),
        severity: Some(settings.severity()),
        details: json!({ "message": message, "topic": topic }),
        at: envelope.get("Timestamp"),
        ..Draft::default()
    }
}

fn topic_name(arn: &str) -> &str {
    arn.rsplit(':').next().unwrap_or(arn)
}
