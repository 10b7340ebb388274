//! A signal in the making: a vendor's module says what stands where, this makes it safe to store
//! and short enough to show.

use domain::Timestamp;
use domain::signal::{DEDUP_KEY_MAX, Delivery, Image, SUMMARY_MAX, Signal};
use domain::word::{Action, AlertSeverity};
use serde_json::{Map, Value};

use crate::severity::Scale;
use crate::text::{self, FIELD_MAX};
use crate::warning::{Warnings, quoted};
use crate::{json, key, link, time};

#[derive(Default)]
pub(crate) struct Draft<'a> {
    pub(crate) action: Option<Action>,
    /// The vendor's name of the condition; absent: title, source, component and class tell.
    pub(crate) key: Option<String>,
    pub(crate) title: Option<String>,
    pub(crate) source: Option<String>,
    pub(crate) severity: Option<AlertSeverity>,
    pub(crate) component: Option<String>,
    pub(crate) group: Option<String>,
    pub(crate) class: Option<String>,
    pub(crate) group_key: Option<String>,
    /// Label and address.
    pub(crate) links: Vec<(&'static str, Option<String>)>,
    pub(crate) image: Option<String>,
    pub(crate) details: Value,
    pub(crate) at: Option<&'a Value>,
    /// The time, where it has been read already.
    pub(crate) instant: Option<Timestamp>,
    /// Where its sender may send it twice and it can be told.
    pub(crate) delivery: Option<Delivery>,
}

impl Draft<'_> {
    /// The signal. `who` is the vendor, for titles of alerts that have none.
    pub(crate) fn finish(self, who: &str, now: Timestamp, warnings: &mut Warnings) -> Signal {
        let mut line = |value: Option<String>, name: &str, max: usize| {
            value.and_then(|value| text::shortened_line(&value, name, max, warnings))
        };
        let action = self.action.unwrap_or(Action::Trigger);
        let identity = self.key.is_none().then(|| {
            let of = |field: &Option<String>| field.clone().unwrap_or_default();
            key::of_identity(&[
                &of(&self.source),
                &of(&self.title),
                &of(&self.component),
                &of(&self.class),
            ])
        });
        let title = line(self.title, "the title", SUMMARY_MAX);
        let source = line(self.source, "the source", FIELD_MAX);
        let component = line(self.component, "the component", FIELD_MAX);
        let group = line(self.group, "the group", FIELD_MAX);
        let class = line(self.class, "the class", FIELD_MAX);
        if self
            .key
            .as_ref()
            .is_some_and(|key| key.chars().nth(DEDUP_KEY_MAX).is_some())
        {
            warnings.note(key::CUT_WARNING);
        }
        if identity.is_some() {
            warnings.note(
                "nothing names the condition: alerts are told apart by title, source, component \
                 and class",
            );
        }
        let dedup_key = self
            .key
            .map_or_else(|| identity.unwrap_or_default(), |key| key::bounded(&key));
        let title = match (title, action) {
            (Some(title), _) => title,
            (None, Action::Trigger) => {
                warnings.note("there was no title");
                text::cut(
                    &format!("{who}: alert without a title ({dedup_key})"),
                    SUMMARY_MAX,
                )
            }
            (None, _) => String::new(),
        };
        let mut signal = Signal::new(action, dedup_key, title);
        signal.source = source.unwrap_or_else(|| who.to_owned());
        signal.severity = self.severity.unwrap_or(AlertSeverity::Critical);
        signal.component = component;
        signal.group = group;
        signal.class = class;
        signal.group_key = self.group_key.map(|group_key| key::bounded(&group_key));
        signal.links = self
            .links
            .into_iter()
            .filter_map(|(label, address)| link::labelled(&address?, label, warnings))
            .collect();
        signal.images = self
            .image
            .filter(|address| link::is_safe(address))
            .map(|src| Image {
                src,
                href: None,
                alt: None,
            })
            .into_iter()
            .collect();
        signal.details = json::shallow(self.details);
        signal.delivery = self.delivery;
        signal.monitor_time = self
            .instant
            .or_else(|| time::or_receipt(self.at, "the time", Some(now), warnings));
        signal
    }
}

/// What a monitor's word for how bad it is means; a word that nobody knows pages.
pub(crate) fn severity_of(
    sent: Option<String>,
    scale: Scale<'_>,
    warnings: &mut Warnings,
) -> AlertSeverity {
    let Some(sent) = sent else {
        return scale.fallback();
    };
    scale.read(&sent).unwrap_or_else(|| {
        let used = scale.fallback();
        warnings.note(format!(
            "severity {} is not a known word: used \"{used}\"",
            quoted(&sent)
        ));
        used
    })
}

/// Fields of an object, without some that are shown elsewhere and without empty ones.
pub(crate) fn rest_of(value: &Value, without: &[&str]) -> Value {
    let fields: Map<String, Value> = value
        .as_object()
        .into_iter()
        .flatten()
        .filter(|(name, value)| {
            !without.contains(&name.as_str())
                && !value.is_null()
                && value.as_str().is_none_or(|text| !text.is_empty())
        })
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    if fields.is_empty() {
        Value::Null
    } else {
        Value::Object(fields)
    }
}
