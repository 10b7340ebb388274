//! What the words of each sender mean without a choice of its owner, to be told beside the choice.

use domain::word::{AlertSeverity, IntegrationKind};

/// Words and what they mean, worst first.
type Table = &'static [(AlertSeverity, &'static [&'static str])];

const PLAIN: Table = &[
    (Critical, &["critical", "page", "emergency", "fatal", "P1"]),
    (Error, &["error", "high", "major", "P2"]),
    (Warning, &["warning", "medium", "minor", "P3", "P4"]),
    (Info, &["info", "low", "none", "debug", "P5"]),
];
const OPSGENIE: Table = &[
    (Critical, &["P1"]),
    (Error, &["P2"]),
    (Warning, &["P3", "P4"]),
    (Info, &["P5"]),
];
const DATADOG: Table = &[
    (Critical, &["P1"]),
    (Error, &["P2"]),
    (Warning, &["P3", "Warn"]),
    (Info, &["P4", "P5"]),
];
const NEW_RELIC: Table = &[
    (Critical, &["CRITICAL"]),
    (Error, &["HIGH"]),
    (Warning, &["MEDIUM", "WARNING"]),
    (Info, &["LOW", "INFO"]),
];
const NETDATA: Table = &[(Critical, &["CRITICAL"]), (Warning, &["WARNING"])];
const CHECK: Table = &[
    (Critical, &["CRITICAL", "DOWN"]),
    (Error, &["UNKNOWN", "UNREACHABLE"]),
    (Warning, &["WARNING", "FLAPPINGSTART"]),
];
const ZABBIX: Table = &[
    (Critical, &["5", "Disaster"]),
    (Error, &["4", "High"]),
    (Warning, &["3", "Average", "2", "Warning"]),
    (Info, &["1", "Information", "0", "Not classified"]),
];
const SENTRY: Table = &[
    (Critical, &["fatal", "critical"]),
    (Error, &["error"]),
    (Warning, &["warning"]),
    (Info, &["info", "debug"]),
];
const AZURE: Table = &[
    (Critical, &["Sev0"]),
    (Error, &["Sev1"]),
    (Warning, &["Sev2"]),
    (Info, &["Sev3", "Sev4"]),
];
const GOOGLE_CLOUD: Table = &[
    (Critical, &["Critical"]),
    (Error, &["Error"]),
    (Warning, &["Warning"]),
    (Info, &["No severity"]),
];
const PINGDOM: Table = &[(Critical, &["HIGH"]), (Warning, &["LOW"])];
const PRTG: Table = &[
    (Critical, &["Down"]),
    (Warning, &["Warning"]),
    (Info, &["Unusual"]),
];
const LIBRENMS: Table = &[(Critical, &["critical"]), (Warning, &["warning"])];
const CLOUDWATCH: Table = &[(Critical, &["ALARM"]), (Warning, &["INSUFFICIENT_DATA"])];
const UPTIME_ROBOT: Table = &[(Critical, &["Down", "1"]), (Warning, &["SSL expiry", "3"])];
const UPDOWN: Table = &[
    (Critical, &["check.down"]),
    (Warning, &["check.ssl_invalid", "check.performance_drop"]),
];

use AlertSeverity::{Critical, Error, Info, Warning};

/// The words of a kind of integration that people meet, with what they mean as long as its owner
/// says nothing else; empty where its sender has none. More are understood (see [`super::read`]).
pub const fn usual(kind: IntegrationKind) -> Table {
    use IntegrationKind as K;
    match kind {
        K::PagerDuty
        | K::Prometheus
        | K::Alertmanager
        | K::Grafana
        | K::Nobl9
        | K::Splunk
        | K::Elastic
        | K::CloudEvents
        | K::StandardWebhooks
        | K::Generic => PLAIN,
        K::Opsgenie => OPSGENIE,
        K::Datadog => DATADOG,
        K::NewRelic => NEW_RELIC,
        K::Netdata => NETDATA,
        K::Nagios | K::Icinga | K::Checkmk => CHECK,
        K::Zabbix => ZABBIX,
        K::Sentry => SENTRY,
        K::Azure => AZURE,
        K::GoogleCloud => GOOGLE_CLOUD,
        K::Pingdom => PINGDOM,
        K::Prtg => PRTG,
        K::LibreNms => LIBRENMS,
        K::CloudWatch => CLOUDWATCH,
        K::UptimeRobot => UPTIME_ROBOT,
        K::Updown => UPDOWN,
        K::Monit
        | K::UptimeKuma
        | K::Healthchecks
        | K::StatusCake
        | K::Email
        | K::GitHub
        | K::GitLab
        | K::Jenkins
        | K::CircleCi
        | K::Spinnaker
        | K::ArgoCd
        | K::Flux
        | K::Changes => &[],
    }
}
