//! All formats, by the kind of the integration they come in through.

use domain::Timestamp;
use domain::word::IntegrationKind;
use serde_json::Value;

use crate::change::{cluster, forge, pipeline, plain};
use crate::request::Request;
use crate::settings::Settings;
use crate::vendor::{
    azure, check, cloudevents, cloudwatch, datadog, elastic, google_cloud, grafana, netdata,
    network, newrelic, nobl9, sentry, splunk, standard, uptime, zabbix,
};
use crate::{FormatError, Parsed, alertmanager, mail, severity};

/// What sort of sender it is, for choosing one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Category {
    Monitoring,
    Metrics,
    Logs,
    Errors,
    Cloud,
    Uptime,
    Network,
    /// Other products for paging, whose clients can be pointed at us.
    Paging,
    Changes,
    Standards,
    Generic,
}

impl Category {
    /// In the order in which they are offered.
    pub const ALL: [Category; 11] = [
        Category::Metrics,
        Category::Monitoring,
        Category::Logs,
        Category::Errors,
        Category::Cloud,
        Category::Uptime,
        Category::Network,
        Category::Paging,
        Category::Changes,
        Category::Standards,
        Category::Generic,
    ];

    /// As a heading.
    pub const fn title(self) -> &'static str {
        match self {
            Category::Monitoring => "Monitoring",
            Category::Metrics => "Metrics",
            Category::Logs => "Logs and search",
            Category::Errors => "Errors",
            Category::Cloud => "Clouds",
            Category::Uptime => "Uptime and jobs",
            Category::Network => "Networks",
            Category::Paging => "Clients of other products",
            Category::Changes => "Changes",
            Category::Standards => "Standards",
            Category::Generic => "Anything else",
        }
    }
}

/// An answer that is no report of success: to a handshake.
#[derive(Clone, Debug, PartialEq)]
pub struct Reply {
    pub status: u16,
    pub headers: Vec<(&'static str, String)>,
    pub body: Option<Value>,
}

impl Reply {
    pub(crate) const fn json(status: u16, body: Value) -> Self {
        Reply {
            status,
            headers: Vec::new(),
            body: Some(body),
        }
    }
}

type Parse = fn(&Request<'_>, &Settings, Timestamp) -> Result<Parsed, FormatError>;
type Handshake = fn(&Request<'_>, &Settings) -> Option<Result<Reply, FormatError>>;

/// Largest delivery of GitHub, and of GitLab (WIRE-FORMATS.md §2).
const DELIVERY_MAX: usize = 25 * 1024 * 1024;
/// Largest group or batch: 10,000 alerts with texts.
const BATCH_MAX: usize = 16 * 1024 * 1024;
/// Largest mail of a provider's webhook; SendGrid's limit with all that it adds, 30 MiB, would be a
/// way to fill the memory.
const MAIL_MAX: usize = 10 * 1024 * 1024;

/// How the requests of one kind of integration are read.
#[derive(Clone, Copy)]
pub struct Format {
    pub kind: IntegrationKind,
    /// What people call the sender.
    pub name: &'static str,
    pub category: Category,
    /// Answer to what was taken.
    pub success: u16,
    /// Answer to what is more than the integration may send: 429, or 503 to senders that come again
    /// after a 5xx only.
    pub throttled: u16,
    /// Whether the sender can sign or prove itself with a secret.
    pub takes_secret: bool,
    /// Bytes that its sender may need; 0: no more than others.
    body_max: usize,
    parse: Parse,
    handshake: Option<Handshake>,
}

impl Format {
    /// The word in addresses: `/integrations/{key}/{slug}`.
    pub const fn slug(&self) -> &'static str {
        self.kind.as_str()
    }

    /// Whether its senders sign by Standard Webhooks and by nothing else.
    pub const fn signs_standard(&self) -> bool {
        matches!(
            self.kind,
            IntegrationKind::StandardWebhooks
                | IntegrationKind::CloudEvents
                | IntegrationKind::Changes
        )
    }

    /// Whether rules of the integration's own can say where the fields of its signals stand.
    pub const fn takes_mapping(&self) -> bool {
        matches!(
            self.kind,
            IntegrationKind::Generic | IntegrationKind::StandardWebhooks
        )
    }

    /// Whether rules of the integration's own say which mails are about the same thing.
    pub const fn takes_mail(&self) -> bool {
        matches!(self.kind, IntegrationKind::Email)
    }

    /// Whether its alerts are known by labels, as Alertmanager's are.
    pub const fn takes_labels(&self) -> bool {
        matches!(
            self.kind,
            IntegrationKind::Alertmanager | IntegrationKind::Grafana
        ) || self.takes_pushes()
    }

    /// Whether its alerts are pushed again and again while they fire, with an end that moves on.
    pub const fn takes_pushes(&self) -> bool {
        matches!(
            self.kind,
            IntegrationKind::Prometheus | IntegrationKind::LibreNms
        )
    }

    /// Whether its owner can say after how long its alerts are over: not where they are given an end
    /// by their sender.
    pub const fn takes_expiry(&self) -> bool {
        !matches!(self.category, Category::Changes) && !self.takes_pushes()
    }

    /// Whether its alarms may say that they have no data.
    pub const fn takes_no_data(&self) -> bool {
        matches!(self.kind, IntegrationKind::CloudWatch)
    }

    /// Whether its owner can say how bad it is where the sender does not, and what the sender's words
    /// for that mean: wherever requests make alerts.
    pub const fn takes_severity(&self) -> bool {
        !matches!(self.category, Category::Changes)
    }

    /// Whether its sender has words for how bad it is.
    pub const fn has_severities(&self) -> bool {
        !severity::usual(self.kind).is_empty()
    }

    /// Reads a request.
    ///
    /// # Errors
    /// When nothing of it can be understood, or its signature is wrong.
    pub fn parse(
        &self,
        request: &Request<'_>,
        settings: &Settings,
        now: Timestamp,
    ) -> Result<Parsed, FormatError> {
        (self.parse)(request, settings, now)
    }

    /// Largest body, where most formats have `usual`: that raises the limit of those which need more,
    /// and does not lower it.
    pub fn body_limit(&self, usual: usize) -> usize {
        self.body_max.max(usual)
    }

    /// The answer to a request that only asks whether we are there.
    ///
    /// # Errors
    /// When the integration lacks what the answer is made of.
    pub fn handshake(
        &self,
        request: &Request<'_>,
        settings: &Settings,
    ) -> Option<Result<Reply, FormatError>> {
        (self.handshake?)(request, settings)
    }
}

/// The format of a kind.
pub fn of(kind: IntegrationKind) -> Format {
    use Category as C;
    use IntegrationKind as K;
    let format = |name, category, success, parse: Parse| Format {
        kind,
        name,
        category,
        success,
        throttled: 429,
        takes_secret: false,
        body_max: 0,
        parse,
        handshake: None,
    };
    let signed = |name, category, success, parse: Parse| Format {
        takes_secret: true,
        ..format(name, category, success, parse)
    };
    match kind {
        // The clients of these have addresses of their own; at the plain one anything may arrive.
        K::PagerDuty => format("PagerDuty Events", C::Paging, 202, standard::plain),
        K::Opsgenie => format("Opsgenie", C::Paging, 202, standard::opsgenie),
        K::Prometheus => Format {
            body_max: BATCH_MAX,
            ..format("Prometheus", C::Metrics, 200, pushed)
        },
        K::Alertmanager => Format {
            throttled: 503,
            body_max: BATCH_MAX,
            ..format("Prometheus Alertmanager", C::Metrics, 202, webhook)
        },
        K::Grafana => Format {
            throttled: 503,
            body_max: BATCH_MAX,
            ..signed("Grafana", C::Metrics, 200, grafana::parse)
        },
        K::Datadog => Format {
            throttled: 503,
            ..format("Datadog", C::Metrics, 202, datadog::parse)
        },
        K::NewRelic => format("New Relic", C::Metrics, 202, newrelic::parse),
        K::Netdata => Format {
            handshake: Some(netdata::handshake),
            ..signed("netdata", C::Metrics, 200, netdata::parse)
        },
        K::Nobl9 => format("Nobl9", C::Metrics, 200, nobl9::parse),
        K::Nagios => format("Nagios and Naemon", C::Monitoring, 202, check::nagios),
        K::Icinga => format("Icinga", C::Monitoring, 202, check::icinga),
        K::Checkmk => format("Checkmk", C::Monitoring, 202, check::checkmk),
        K::Zabbix => format("Zabbix", C::Monitoring, 202, zabbix::parse),
        K::Monit => format("Monit", C::Monitoring, 202, check::monit),
        K::Splunk => format("Splunk", C::Logs, 200, splunk::parse),
        K::Elastic => format("Elastic and Kibana", C::Logs, 200, elastic::parse),
        K::Sentry => signed("Sentry", C::Errors, 200, sentry::parse),
        K::CloudWatch => format("AWS CloudWatch", C::Cloud, 200, cloudwatch::parse),
        K::Azure => Format {
            body_max: BATCH_MAX,
            ..format("Azure Monitor", C::Cloud, 200, azure::parse)
        },
        K::GoogleCloud => format(
            "Google Cloud Monitoring",
            C::Cloud,
            200,
            google_cloud::parse,
        ),
        K::UptimeKuma => format("Uptime Kuma", C::Uptime, 200, uptime::kuma),
        K::UptimeRobot => format("UptimeRobot", C::Uptime, 200, uptime::robot),
        K::Pingdom => format("Pingdom", C::Uptime, 200, uptime::pingdom),
        K::Healthchecks => format("Healthchecks", C::Uptime, 200, uptime::healthchecks),
        K::StatusCake => format("StatusCake", C::Uptime, 200, uptime::statuscake),
        K::Updown => format("updown.io", C::Uptime, 200, uptime::updown),
        K::Prtg => format("PRTG", C::Network, 200, network::prtg),
        K::LibreNms => format("LibreNMS", C::Network, 200, network::librenms),
        K::GitHub => Format {
            body_max: DELIVERY_MAX,
            ..signed("GitHub", C::Changes, 202, forge::github)
        },
        K::GitLab => Format {
            body_max: DELIVERY_MAX,
            ..signed("GitLab", C::Changes, 202, forge::gitlab)
        },
        K::Jenkins => format("Jenkins", C::Changes, 202, pipeline::jenkins),
        K::CircleCi => signed("CircleCI", C::Changes, 200, pipeline::circleci),
        K::Spinnaker => format("Spinnaker", C::Changes, 200, pipeline::spinnaker),
        K::ArgoCd => Format {
            throttled: 503,
            ..format("Argo CD", C::Changes, 200, cluster::argocd)
        },
        K::Flux => signed("Flux", C::Changes, 202, cluster::flux),
        K::Changes => signed("Changes and experiments", C::Changes, 202, plain::parse),
        K::CloudEvents => Format {
            handshake: Some(|request, _| cloudevents::handshake(request).map(Ok)),
            ..signed("CloudEvents", C::Standards, 202, cloudevents::parse)
        },
        K::StandardWebhooks => signed("Standard Webhooks", C::Standards, 202, standard::signed),
        K::Email => Format {
            body_max: MAIL_MAX,
            ..signed("Email", C::Generic, 200, mail::parse)
        },
        K::Generic => format("Generic JSON", C::Generic, 202, standard::plain),
    }
}

/// The format of an address's last word.
pub fn by_slug(slug: &str) -> Option<Format> {
    slug.parse().ok().map(of)
}

fn webhook(
    request: &Request<'_>,
    settings: &Settings,
    now: Timestamp,
) -> Result<Parsed, FormatError> {
    alertmanager::receive(request, settings, now)
}

fn pushed(
    request: &Request<'_>,
    settings: &Settings,
    now: Timestamp,
) -> Result<Parsed, FormatError> {
    alertmanager::push::parse(request.body, settings, now)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_a_format_of_its_own_name_and_address() {
        let mut names = std::collections::BTreeSet::new();
        for kind in IntegrationKind::ALL {
            let format = of(*kind);
            assert_eq!(format.kind, *kind);
            assert!(names.insert(format.name), "{}", format.name);
            assert!([200, 202].contains(&format.success));
            assert!([429, 503].contains(&format.throttled));
            assert_eq!(
                by_slug(format.slug()).map(|format| format.kind),
                Some(*kind)
            );
            assert!(Category::ALL.contains(&format.category));
            assert!(
                format
                    .slug()
                    .bytes()
                    .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit()),
                "{}",
                format.slug()
            );
        }
        assert!(by_slug("v2").is_none());
    }

    #[test]
    fn the_usual_limit_raises_those_of_formats_and_does_not_lower_them() {
        const MIB: usize = 1024 * 1024;
        let of = |kind, usual| of(kind).body_limit(usual) / MIB;
        assert_eq!(of(IntegrationKind::GitHub, 2 * MIB), 25);
        assert_eq!(of(IntegrationKind::GitHub, 30 * MIB), 30);
        assert_eq!(of(IntegrationKind::Prometheus, 2 * MIB), 16);
        assert_eq!(of(IntegrationKind::Email, MIB), 10);
        assert_eq!(of(IntegrationKind::Zabbix, 2 * MIB), 2);
    }
}
