//! What monitors without HTTP tell their notification commands (WIRE-FORMATS.md §1.9, §1.17).

use std::collections::BTreeMap;
use std::os::unix::ffi::OsStrExt as _;

use clap::ArgMatches;
use domain::word::{Action, AlertSeverity};
use formats::note;
use serde_json::Map;

use super::given::readable;
use super::message::{Event, pairs};
use crate::failure::Failure;

/// The monitors, by the word of `--from`.
pub const MONITORS: [&str; 4] = ["nagios", "icinga", "checkmk", "monit"];

/// Named texts of a monitor, without its prefix.
#[derive(Clone, Debug, Default)]
pub struct Fields(BTreeMap<String, String>);

/// What a monitor's message comes to.
#[derive(Debug, PartialEq)]
pub enum Reading {
    Event(Box<Event>),
    /// Nothing that anybody should hear of, and why.
    Nothing(String),
}

impl Fields {
    /// The variables that the monitor sets, and `--field`s, which count more.
    ///
    /// # Errors
    /// When a field has no `=`.
    pub fn gather(monitor: &str, matches: &ArgMatches) -> Result<Fields, Failure> {
        let variables = std::env::vars_os().map(|(name, value)| {
            // Host names and plugin output need not be UTF-8.
            (readable(name.as_bytes()), readable(value.as_bytes()))
        });
        Ok(Fields::of(
            monitor,
            variables.collect(),
            pairs(matches, "field")?,
        ))
    }

    fn of(monitor: &str, variables: Vec<(String, String)>, said: Vec<(String, String)>) -> Fields {
        // Icinga 2 sets whatever its command definition names; its samples have no prefix.
        let prefixes: &[&str] = match monitor {
            "nagios" => &["NAGIOS_"],
            "icinga" => &["", "ICINGA_", "NAGIOS_"],
            "checkmk" => &["NOTIFY_"],
            _ => &["MONIT_"],
        };
        let mut fields = BTreeMap::new();
        for prefix in prefixes {
            for (name, value) in &variables {
                if let Some(name) = name.strip_prefix(prefix) {
                    fields.insert(name.to_owned(), value.clone());
                }
            }
        }
        fields.extend(said);
        Fields(fields)
    }

    /// What the monitor calls the pager of its contact, which is the key of an integration.
    pub fn pager(&self) -> Option<&str> {
        self.get(&["CONTACTPAGER"])
    }

    /// The first of the names with a text; what a monitor could not expand counts as none.
    fn get(&self, names: &[&str]) -> Option<&str> {
        names
            .iter()
            .filter_map(|name| self.0.get(*name))
            .map(|text| text.trim())
            .find(|text| !(text.is_empty() || text.starts_with('$') && text.ends_with('$')))
    }
}

/// Reads what a monitor says.
///
/// # Errors
/// When it does not say of what it speaks.
pub fn read(monitor: &str, fields: &Fields) -> Result<Reading, Failure> {
    match monitor {
        "monit" => monit(fields),
        "checkmk" => nagios_like(fields, checkmk_key),
        _ => nagios_like(fields, nagios_key),
    }
}

/// The keys of pd-nagios, so that both ways in speak of the same alerts.
fn nagios_key(host: &str, service: Option<&str>, _: Option<&str>) -> String {
    match service {
        Some(service) => {
            format!("event_source=service;host_name={host};service_desc={service}")
        }
        None => format!("event_source=host;host_name={host}"),
    }
}

fn checkmk_key(host: &str, service: Option<&str>, address: Option<&str>) -> String {
    let key = format!(
        "{}/{host}:{}",
        service.unwrap_or("HOST"),
        address.unwrap_or_default()
    );
    key.replace(' ', "")
}

fn nagios_like(
    fields: &Fields,
    key: fn(&str, Option<&str>, Option<&str>) -> String,
) -> Result<Reading, Failure> {
    let missing = |what: &str| {
        Failure::usage(format!("the monitor did not say {what}")).next(format!(
            "Pass it on in the command definition: --field '{what}=…', or as a variable. \
             The documentation of integrations shows a whole definition."
        ))
    };
    let kind = fields
        .get(&["NOTIFICATIONTYPE"])
        .ok_or_else(|| missing("NOTIFICATIONTYPE"))?
        .to_uppercase();
    let host = fields
        .get(&["HOSTNAME", "HOSTDISPLAYNAME"])
        .ok_or_else(|| missing("HOSTNAME"))?;
    let of_host = fields.get(&["WHAT"]) == Some("HOST");
    let service = fields
        .get(&["SERVICEDESC", "SERVICENAME", "SERVICEDISPLAYNAME"])
        .filter(|_| !of_host);
    let address = fields.get(&["HOSTADDRESS"]);
    let (state, said) = if service.is_some() {
        (
            fields.get(&["SERVICESTATE"]),
            fields.get(&["SERVICEOUTPUT"]),
        )
    } else {
        (fields.get(&["HOSTSTATE"]), fields.get(&["HOSTOUTPUT"]))
    };
    let state = state.unwrap_or("in an unknown state");
    let of = match service {
        Some(service) => format!("{service} on {host}"),
        None => host.to_owned(),
    };
    let mut dedup_key = key(host, service, address);
    let told = fields.get(&["NOTIFICATIONCOMMENT"]).or(said);
    let author = fields.get(&["NOTIFICATIONAUTHOR", "NOTIFICATIONAUTHORNAME"]);
    if let Some(text) = note::of_notification(&kind, &of, author, told) {
        return Ok(Reading::Event(Box::new(Event {
            dedup_key: Some(dedup_key),
            severity: Some(AlertSeverity::Info),
            source: Some(host.to_owned()),
            ..Event::new(Action::Note, text)
        })));
    }
    let (action, mut summary, mut severity) = match kind.as_str() {
        "PROBLEM" => (
            Action::Trigger,
            format!("{of} is {state}"),
            severity_of(state),
        ),
        "RECOVERY" => (Action::Resolve, format!("{of} is {state}"), None),
        "ACKNOWLEDGEMENT" => (
            Action::Acknowledge,
            format!("{of} is acknowledged in the monitor"),
            None,
        ),
        "FLAPPINGSTART" => (Action::Trigger, format!("{of} is flapping"), None),
        "FLAPPINGSTOP" | "FLAPPINGEND" | "FLAPPINGDISABLED" => {
            (Action::Resolve, format!("{of} has stopped flapping"), None)
        }
        other => {
            return Ok(Reading::Nothing(format!(
                "{other} of {of} is neither a problem nor its end"
            )));
        }
    };
    if kind.starts_with("FLAPPING") {
        // A condition of its own: its end says nothing about the service's state.
        dedup_key.push_str(";flapping");
        severity = Some(AlertSeverity::Warning);
    }
    if let Some(said) = said {
        summary = format!("{summary}: {said}");
    }
    let mut details = Map::new();
    let told = [
        ("long_output", &["LONGSERVICEOUTPUT", "LONGHOSTOUTPUT"][..]),
        ("address", &["HOSTADDRESS"]),
        (
            "comment",
            &["NOTIFICATIONCOMMENT", "SERVICEACKCOMMENT", "HOSTACKCOMMENT"],
        ),
        ("author", &["NOTIFICATIONAUTHOR", "NOTIFICATIONAUTHORNAME"]),
        ("performance", &["SERVICEPERFDATA", "HOSTPERFDATA"]),
        ("when", &["LONGDATETIME"]),
    ];
    for (name, fields_of) in told {
        if let Some(text) = fields.get(fields_of) {
            details.insert(name.into(), text.into());
        }
    }
    Ok(Reading::Event(Box::new(Event {
        dedup_key: Some(dedup_key),
        severity,
        source: Some(host.to_owned()),
        component: service.map(str::to_owned),
        details,
        ..Event::new(action, summary)
    })))
}

/// The vendors' own mapping (WIRE-FORMATS.md §0, table of severities).
fn severity_of(state: &str) -> Option<AlertSeverity> {
    Some(match state.to_uppercase().as_str() {
        "CRITICAL" | "DOWN" => AlertSeverity::Critical,
        "UNKNOWN" | "UNREACHABLE" => AlertSeverity::Error,
        "WARNING" => AlertSeverity::Warning,
        "OK" | "UP" => AlertSeverity::Info,
        _ => return None,
    })
}

fn monit(fields: &Fields) -> Result<Reading, Failure> {
    let service = fields.get(&["SERVICE"]).ok_or_else(|| {
        Failure::usage("MONIT_SERVICE is not set")
            .next("Monit sets it for programs that it starts by `exec`.")
    })?;
    let event = fields.get(&["EVENT"]).unwrap_or("Event");
    let host = fields.get(&["HOST"]).unwrap_or("monit");
    let said = fields.get(&["DESCRIPTION"]);
    let lower = event.to_lowercase();
    if lower.starts_with("monit instance") || lower == "action done" {
        return Ok(Reading::Nothing(format!("{event} is about Monit itself")));
    }
    let good = ["succeeded", "recovery", "recovered", " up", " ok"];
    let over = lower == "exists"
        || lower.ends_with("not changed")
        || good.iter().any(|end| lower.ends_with(end));
    let action = if over {
        Action::Resolve
    } else {
        Action::Trigger
    };
    let mut summary = format!("{service} on {host}: {event}");
    if let Some(said) = said {
        summary = format!("{summary} ({said})");
    }
    let mut details = Map::new();
    for name in ["PROGRAM_STATUS", "DATE", "PROCESS_PID"] {
        if let Some(text) = fields.get(&[name]) {
            details.insert(name.to_lowercase(), text.into());
        }
    }
    Ok(Reading::Event(Box::new(Event {
        dedup_key: Some(format!("monit:{host}:{service}")),
        source: Some(host.to_owned()),
        component: Some(service.to_owned()),
        details,
        ..Event::new(action, summary)
    })))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reading(monitor: &str, variables: &[(&str, &str)]) -> Reading {
        let owned = variables
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        read(monitor, &Fields::of(monitor, owned, vec![])).unwrap()
    }

    fn event(monitor: &str, variables: &[(&str, &str)]) -> Event {
        match reading(monitor, variables) {
            Reading::Event(event) => *event,
            Reading::Nothing(why) => panic!("{why}"),
        }
    }

    const SERVICE: [(&str, &str); 5] = [
        ("NAGIOS_HOSTNAME", "db1"),
        ("NAGIOS_SERVICEDESC", "Disk /var"),
        ("NAGIOS_SERVICESTATE", "CRITICAL"),
        ("NAGIOS_SERVICEOUTPUT", "DISK CRITICAL - free space: 2%"),
        ("NAGIOS_HOSTSTATE", "UP"),
    ];

    fn nagios(kind: &str) -> Vec<(&str, &str)> {
        let mut all = SERVICE.to_vec();
        all.push(("NAGIOS_NOTIFICATIONTYPE", kind));
        all
    }

    #[test]
    fn a_problem_and_its_recovery_share_a_key() {
        let problem = event("nagios", &nagios("PROBLEM"));
        assert_eq!(problem.action, Action::Trigger);
        assert_eq!(problem.severity, Some(AlertSeverity::Critical));
        assert_eq!(
            problem.summary,
            "Disk /var on db1 is CRITICAL: DISK CRITICAL - free space: 2%"
        );
        let recovery = event("nagios", &nagios("RECOVERY"));
        assert_eq!(recovery.action, Action::Resolve);
        assert_eq!(recovery.dedup_key, problem.dedup_key);
        let acknowledged = event("nagios", &nagios("ACKNOWLEDGEMENT"));
        assert_eq!(acknowledged.action, Action::Acknowledge);
        assert_eq!(acknowledged.dedup_key, problem.dedup_key);
    }

    #[test]
    fn the_end_of_flapping_does_not_end_the_problem() {
        let problem = event("nagios", &nagios("PROBLEM"));
        let start = event("nagios", &nagios("FLAPPINGSTART"));
        let end = event("nagios", &nagios("FLAPPINGSTOP"));
        assert_eq!(start.dedup_key, end.dedup_key);
        assert_ne!(start.dedup_key, problem.dedup_key);
        assert_eq!(end.action, Action::Resolve);
    }

    #[test]
    fn downtimes_and_custom_notifications_are_notes_about_the_alert() {
        let problem = event("nagios", &nagios("PROBLEM"));
        let mut said = nagios("DOWNTIMESTART");
        said.push(("NAGIOS_NOTIFICATIONAUTHOR", "ana"));
        said.push(("NAGIOS_NOTIFICATIONCOMMENT", "new disk"));
        let downtime = event("nagios", &said);
        assert_eq!(downtime.action, Action::Note);
        assert_eq!(downtime.dedup_key, problem.dedup_key);
        assert_eq!(
            downtime.summary,
            "Downtime started in the monitor for Disk /var on db1, by ana: new disk"
        );
        // Nobody has written anything: what the check says tells more than nothing.
        let custom = event("nagios", &nagios("CUSTOM"));
        assert_eq!(custom.action, Action::Note);
        assert!(custom.summary.contains("2%"), "{}", custom.summary);
        // What this version does not know pages nobody, and is no note.
        assert!(matches!(
            reading("nagios", &nagios("SOMETHING")),
            Reading::Nothing(_)
        ));
    }

    #[test]
    fn icinga_needs_no_prefix_and_speaks_of_hosts() {
        let host = event(
            "icinga",
            &[
                ("NOTIFICATIONTYPE", "PROBLEM"),
                ("HOSTNAME", "db1"),
                ("HOSTSTATE", "DOWN"),
                ("HOSTOUTPUT", "no answer"),
                ("SERVICENAME", "$service.name$"),
            ],
        );
        assert_eq!(
            host.dedup_key.as_deref(),
            Some("event_source=host;host_name=db1")
        );
        assert_eq!(host.summary, "db1 is DOWN: no answer");
    }

    #[test]
    fn checkmk_has_its_own_keys() {
        let event = event(
            "checkmk",
            &[
                ("NOTIFY_WHAT", "SERVICE"),
                ("NOTIFY_NOTIFICATIONTYPE", "PROBLEM"),
                ("NOTIFY_HOSTNAME", "db1"),
                ("NOTIFY_HOSTADDRESS", "10.0.0.7"),
                ("NOTIFY_SERVICEDESC", "CPU load"),
                ("NOTIFY_SERVICESTATE", "WARNING"),
            ],
        );
        assert_eq!(event.dedup_key.as_deref(), Some("CPUload/db1:10.0.0.7"));
        assert_eq!(event.severity, Some(AlertSeverity::Warning));
    }

    #[test]
    fn monit_says_when_it_is_over() {
        let of = |what: &str| {
            event(
                "monit",
                &[
                    ("MONIT_SERVICE", "nginx"),
                    ("MONIT_HOST", "web1"),
                    ("MONIT_EVENT", what),
                ],
            )
        };
        assert_eq!(of("Does not exist").action, Action::Trigger);
        assert_eq!(of("Status failed").action, Action::Trigger);
        assert_eq!(of("Resource limit matched").action, Action::Trigger);
        for over in ["Exists", "Status succeeded", "Timeout recovery", "Link up"] {
            assert_eq!(of(over).action, Action::Resolve, "{over}");
        }
        assert_eq!(of("Exists").dedup_key, of("Does not exist").dedup_key);
    }

    #[test]
    fn a_message_without_a_type_is_refused() {
        let fields = Fields::of(
            "nagios",
            vec![("NAGIOS_HOSTNAME".into(), "db1".into())],
            vec![],
        );
        assert!(
            read("nagios", &fields)
                .unwrap_err()
                .to_string()
                .contains("NOTIFICATIONTYPE")
        );
    }
}
