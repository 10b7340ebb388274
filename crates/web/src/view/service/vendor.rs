//! How each sender is pointed at us, in the words of its own settings.

use domain::word::IntegrationKind as Kind;
use formats::format;

use super::snippet::{Beside, Snippet};
use super::{change, command, file};

pub(super) fn hint(kind: Kind) -> &'static str {
    match kind {
        Kind::Opsgenie => {
            "Anything that speaks the Opsgenie Alert API works: change the host name."
        }
        Kind::Prometheus => "Prometheus, vmalert and rulers push their alerts straight to us.",
        Kind::GitHub
        | Kind::GitLab
        | Kind::Jenkins
        | Kind::CircleCi
        | Kind::Spinnaker
        | Kind::ArgoCd
        | Kind::Flux
        | Kind::Changes => {
            "Changes never page: they are shown beside the incidents that they precede."
        }
        Kind::Nagios | Kind::Icinga | Kind::Checkmk | Kind::Monit => {
            "Best by quarterdeck send, which keeps messages while the network is down."
        }
        _ => "Give it this address. Whatever it sends becomes an alert, even with odd fields.",
    }
}

pub(super) fn snippets(kind: Kind, base: &str, key: &str) -> Vec<Snippet> {
    let address = format!("{base}/integrations/{key}/{}", format::of(kind).slug());
    let (text, body) = setting(kind);
    let mut snippets = match kind {
        Kind::Opsgenie => vec![
            Snippet::new(
                "address",
                "API address and key",
                "Host of the API and the GenieKey, for SDKs and tools.",
                format!("host: {base}\napi_key: {key}"),
            ),
            Snippet::new(
                "alertmanager",
                "Alertmanager, opsgenie_configs",
                "",
                format!("api_url: {base}/\napi_key: {key}"),
            ),
        ],
        Kind::Prometheus => prometheus(base, key),
        Kind::Nagios | Kind::Icinga | Kind::Checkmk | Kind::Monit => {
            command::snippets(kind, base, key)
        }
        Kind::Changes => change::snippets(&address, base, key),
        Kind::Zabbix => vec![
            Snippet::new(
                "file",
                "Media type",
                "Alerts → Media types → Import this file. Give a user the medium, and let an \
                 action send problem, recovery and update operations to that user.",
                "",
            )
            .beside(Beside::File(file::ZABBIX)),
            Snippet::new("address", "Its parameter quarterdeck_url", "", address),
        ],
        Kind::ArgoCd => vec![
            Snippet::new(
                "file",
                "ConfigMap for Argo CD's notifications",
                "Apply it to the namespace of Argo CD. Where argocd-notifications-cm has \
                 subscriptions already, add this one to them.",
                file::filled(file::ARGOCD, base, Some(key)).unwrap_or(address),
            )
            .beside(Beside::File(file::ARGOCD)),
        ],
        Kind::Flux => vec![Snippet::new(
            "flux",
            "Provider and Alert",
            text,
            FLUX.replace("ADDRESS", &address),
        )],
        Kind::Spinnaker => vec![Snippet::new(
            "echo",
            "echo-local.yml",
            text,
            format!(
                "rest:\n  enabled: true\n  endpoints:\n    - wrap: false\n      url: {address}"
            ),
        )],
        _ => vec![Snippet::new("address", "Webhook address", text, address)],
    };
    if let Some((title, body)) = body {
        snippets.push(Snippet::new("body", title, "", body));
    }
    snippets.extend(note(kind));
    snippets
}

fn prometheus(base: &str, key: &str) -> Vec<Snippet> {
    let (scheme, host) = base.split_once("://").unwrap_or(("https", base));
    vec![
        Snippet::new(
            "prometheus",
            "prometheus.yml",
            "",
            format!(
                "alerting:\n  alertmanagers:\n    - scheme: {scheme}\n      path_prefix: /integrations/{key}\n      static_configs:\n        - targets: [\"{host}\"]"
            ),
        ),
        Snippet::new(
            "rulers",
            "vmalert, Thanos, Mimir, Loki",
            "The flag of each; the rest of its command line stays.",
            format!(
                "vmalert -notifier.url={base}/integrations/{key}\n\
                 thanos rule --alertmanagers.url={base}/integrations/{key}\n\
                 mimir -ruler.alertmanager-url={base}/integrations/{key}\n\
                 loki -ruler.alertmanager-url={base}/integrations/{key}"
            ),
        ),
    ]
}

/// What is to be known besides, and where it is set.
fn note(kind: Kind) -> Option<Snippet> {
    let over = |text: &str| {
        Snippet::new("over", "When it is over", text, "")
            .beside(Beside::Setting("Resolve after some time"))
    };
    Some(match kind {
        Kind::Netdata => Snippet::new(
            "secret",
            "The challenge",
            "netdata Cloud first asks this address for a proof, and sends nothing without one. \
             Set the secret of this integration to the challenge secret that netdata Cloud shows, \
             then test the webhook there.",
            "",
        )
        .beside(Beside::Setting("Set the secret")),
        Kind::Splunk => over(
            "Splunk never says so. Let the search fill the column action with resolve, or let \
             alerts resolve by themselves after some time without another.",
        ),
        Kind::Azure => over(
            "Alerts of the activity log and some of logs are never resolved by Azure. Let alerts \
             resolve by themselves after some time without another.",
        ),
        _ => return None,
    })
}

/// Where the address goes, and the body to choose where the sender lets one.
fn setting(kind: Kind) -> (&'static str, Option<(&'static str, &'static str)>) {
    match kind {
        Kind::Grafana => (
            "Alerting → Contact points → Add: integration Webhook, this as URL.",
            None,
        ),
        Kind::Datadog => (
            "Integrations → Webhooks → New: this as URL, the text below as Payload. Mention @webhook-NAME in monitors.",
            Some(("Payload", DATADOG)),
        ),
        Kind::NewRelic => (
            "Alerts → Destinations → Webhook: this as endpoint. The default payload of workflows is understood.",
            None,
        ),
        Kind::Splunk => (
            "Alert → Add Actions → Webhook: this as URL. Columns summary, severity, dedup_key and action of the result are used.",
            None,
        ),
        Kind::Elastic => (
            "Stack Management → Connectors → Webhook: POST, this as URL. Add the action twice: for the alert and for Recovered.",
            Some(("Body of both actions", KIBANA)),
        ),
        Kind::Sentry => (
            "Settings → Custom Integrations → New Internal Integration: this as Webhook URL, with alert rule action and issue events.",
            None,
        ),
        Kind::CloudWatch => (
            "SNS → your topic → Create subscription: HTTPS, this as endpoint. The subscription confirms itself.",
            None,
        ),
        Kind::Azure => (
            "Monitor → Action groups → Webhook: this as URI, with the common alert schema enabled.",
            None,
        ),
        Kind::GoogleCloud => (
            "Monitoring → Alerting → Notification channels → Webhooks: this as endpoint URL.",
            None,
        ),
        Kind::UptimeKuma => (
            "Settings → Notifications → Webhook: this as Post URL.",
            None,
        ),
        Kind::UptimeRobot => ("Integrations → Webhook: this as URL, Send as JSON.", None),
        Kind::Pingdom => ("Settings → Integrations → Webhook: this as URL.", None),
        Kind::Healthchecks => (
            "Integrations → Webhook: POST to this for down and for up, with the body below and header Content-Type: application/json.",
            Some(("Request body", HEALTHCHECKS)),
        ),
        Kind::StatusCake => ("Contact groups → Webhook URL: this, method POST.", None),
        Kind::Updown => ("Settings → Recipients → Webhook: this.", None),
        Kind::Prtg => (
            "Setup → Notification Templates → Execute HTTP Action: this as URL, method POST, the text below as Payload.",
            Some(("Payload", PRTG)),
        ),
        Kind::LibreNms => (
            "Alerts → Alert Transports → API: POST to this, the text below as body, header Content-Type=application/json.",
            Some(("Body", LIBRENMS)),
        ),
        Kind::Netdata => (
            "Space settings → Alerts & Notifications → Webhook: this as URL. An agent by itself \
             speaks PagerDuty or Opsgenie.",
            None,
        ),
        Kind::Nobl9 => (
            "Catalog → Alert methods → Webhook: this as URL, with the custom message below.",
            Some(("Message", NOBL9)),
        ),
        Kind::GitHub => (
            "Settings → Webhooks → Add: this as Payload URL; choose deployments, deployment statuses, releases, pushes, workflow runs.",
            None,
        ),
        Kind::GitLab => (
            "Settings → Webhooks: this as URL; choose deployment, pipeline, push and release events.",
            None,
        ),
        Kind::Jenkins => ("Notification plugin: JSON, HTTP, this as URL.", None),
        Kind::CircleCi => ("Project settings → Webhooks: this as receiver URL.", None),
        Kind::Spinnaker => ("For the service echo, which is then restarted.", None),
        Kind::Flux => (
            "Tells of all kustomizations and releases of the namespace.",
            None,
        ),
        Kind::CloudEvents => ("Structured, binary and batch all work.", None),
        Kind::StandardWebhooks => ("Any sender that signs by Standard Webhooks, or none.", None),
        _ => ("", None),
    }
}

const DATADOG: &str = r#"{
  "alert_id": "$ALERT_ID", "title": "$ALERT_TITLE", "transition": "$ALERT_TRANSITION",
  "cycle_key": "$ALERT_CYCLE_KEY", "aggreg_key": "$AGGREG_KEY", "scope": "$ALERT_SCOPE",
  "priority": "$ALERT_PRIORITY", "type": "$ALERT_TYPE", "metric": "$ALERT_METRIC",
  "body": "$TEXT_ONLY_MSG", "link": "$LINK", "snapshot": "$SNAPSHOT",
  "host": "$HOSTNAME", "tags": "$TAGS", "date": "$DATE"
}"#;

const KIBANA: &str = r#"{
  "rule_id": "{{rule.id}}", "rule_name": "{{rule.name}}", "rule_type": "{{rule.type}}",
  "alert_id": "{{alert.id}}", "alert_uuid": "{{alert.uuid}}",
  "action_group": "{{alert.actionGroup}}", "reason": "{{context.reason}}",
  "rule_url": "{{rule.url}}", "date": "{{date}}", "severity": "critical"
}"#;

const HEALTHCHECKS: &str =
    r#"{"code": "$CODE", "name": "$NAME", "status": "$STATUS", "now": "$NOW", "tags": "$TAGS"}"#;

const PRTG: &str = "sensorid=%sensorid&status=%status&last=%laststatus&device=%device&name=%name&msg=%message&link=%linksensor&prio=%priority&dt=%datetime";

const LIBRENMS: &str = r#"{"alert_id": "{{ $alert_id }}", "state": "{{ $state }}", "severity": "{{ $severity }}", "title": "{{ $title }}", "rule": "{{ $rule }}", "hostname": "{{ $hostname }}", "timestamp": "{{ $timestamp }}", "msg": "{{ $msg }}"}"#;

const NOBL9: &str = r#"{
  "alert_id": "$alert_id", "alert_policy_name": "$alert_policy_name", "project_name": "$project_name",
  "service_name": "$service_name", "slo_name": "$slo_name", "objective_name": "$objective_name",
  "severity": "$severity", "slo_details_link": "$slo_details_link", "timestamp": "$timestamp"
}"#;

const FLUX: &str = "\
apiVersion: notification.toolkit.fluxcd.io/v1beta3
kind: Provider
metadata:
  name: quarterdeck
  namespace: flux-system
spec:
  type: generic
  address: ADDRESS
---
apiVersion: notification.toolkit.fluxcd.io/v1beta3
kind: Alert
metadata:
  name: quarterdeck
  namespace: flux-system
spec:
  providerRef:
    name: quarterdeck
  eventSeverity: info
  eventSources:
    - kind: Kustomization
      name: '*'
    - kind: HelmRelease
      name: '*'";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_sender_is_told_where_to_send() {
        for kind in Kind::ALL.iter().copied() {
            let known = [Kind::PagerDuty, Kind::Alertmanager, Kind::Generic].contains(&kind);
            if known {
                continue;
            }
            let shown = snippets(kind, "https://page.example.com", "KEY");
            let code: String = shown.iter().map(|one| format!("{}\n", one.code)).collect();
            assert!(code.contains("KEY"), "{kind}");
            assert!(code.contains("page.example.com"), "{kind}");
            assert!(
                shown.iter().all(|one| !one.text.contains("docs/")),
                "{kind}"
            );
            let mut ids: Vec<_> = shown.iter().map(|snippet| snippet.id).collect();
            ids.dedup();
            assert_eq!(ids.len(), shown.len(), "{kind}");
            assert!(!hint(kind).is_empty());
        }
    }

    #[test]
    fn our_templates_are_what_we_read() {
        use formats::request::Request;
        for (kind, template) in [
            (Kind::Datadog, DATADOG),
            (Kind::Elastic, KIBANA),
            (Kind::Healthchecks, HEALTHCHECKS),
            (Kind::Prtg, PRTG),
            (Kind::LibreNms, LIBRENMS),
            (Kind::Nobl9, NOBL9),
        ] {
            // As if every variable had a value.
            let filled = template
                .replace("{{ $", "x")
                .replace([' ', '$', '%', '{', '}'], "")
                .replace("rule.", "")
                .replace("alert.", "");
            let filled = if template.starts_with('{') {
                format!("{{{filled}}}")
            } else {
                filled
            };
            let parsed = format::of(kind)
                .parse(
                    &Request::of_body(filled.as_bytes()),
                    &formats::settings::Settings::default(),
                    domain::Timestamp::from_seconds(1_700_000_000),
                )
                .unwrap();
            assert_eq!(parsed.signals.len(), 1, "{kind}: {parsed:?}");
            let guessed = parsed
                .warnings
                .iter()
                .any(|text| text.contains("not a shape"));
            assert!(!guessed, "{kind}: {:?}", parsed.warnings);
        }
    }
}
