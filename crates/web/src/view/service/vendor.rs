//! How each sender is pointed at us, in the words of its own settings.

use domain::word::IntegrationKind as Kind;
use formats::format;

use super::snippet::Snippet;

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
    let one = |id, title, text: &str, code: String| Snippet {
        id,
        title,
        text: text.to_owned(),
        code,
    };
    let (text, body) = setting(kind);
    let mut snippets = match kind {
        Kind::Opsgenie => vec![
            one(
                "address",
                "API address and key",
                "Host of the API and the GenieKey, for SDKs and tools.",
                format!("host: {base}\napi_key: {key}"),
            ),
            one(
                "alertmanager",
                "Alertmanager, opsgenie_configs",
                "",
                format!("api_url: {base}/\napi_key: {key}"),
            ),
        ],
        Kind::Prometheus => vec![one(
            "prometheus",
            "prometheus.yml",
            "",
            format!(
                "alerting:\n  alertmanagers:\n    - scheme: {}\n      path_prefix: /integrations/{key}\n      static_configs:\n        - targets: [\"{}\"]",
                base.split("://").next().unwrap_or("https"),
                base.split("://").nth(1).unwrap_or(base),
            ),
        )],
        Kind::Nagios | Kind::Icinga | Kind::Checkmk | Kind::Monit => vec![one(
            "send",
            "Notification command",
            text,
            format!(
                "QUARTERDECK_SEND_URL={base} QUARTERDECK_SEND_KEY={key} \\\n  quarterdeck send --from {}",
                format::of(kind).slug()
            ),
        )],
        Kind::Changes => vec![
            one(
                "curl",
                "curl, after a deployment",
                "",
                format!(
                    "curl -sS {address} -H 'content-type: application/json' -d '{{\n  \
                     \"summary\": \"Deployed shop 4.2\", \"kind\": \"deployment\",\n  \
                     \"status\": \"succeeded\", \"service\": \"shop\", \"source\": \"ci\"\n}}'"
                ),
            ),
            one(
                "chaos",
                "curl, when an experiment starts",
                "With \"status\": \"stop\" and the same id when it is over.",
                format!(
                    "curl -sS {address} -H 'content-type: application/json' -d '{{\n  \
                     \"summary\": \"Kill one node of the cart database\", \"kind\": \"experiment\",\n  \
                     \"status\": \"start\", \"id\": \"exp-42\", \"service\": \"cart\"\n}}'"
                ),
            ),
        ],
        _ => vec![one("address", "Webhook address", text, address)],
    };
    if let Some((title, body)) = body {
        snippets.push(one("body", title, "", body.to_owned()));
    }
    snippets
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
        Kind::Zabbix => (
            "Alerts → Media types → Import the file docs/zabbix-mediatype.yaml, and set its parameter quarterdeck_url to this.",
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
            "Space settings → Alerts & Notifications → Webhook: this as URL.",
            None,
        ),
        Kind::Nobl9 => (
            "Catalog → Alert methods → Webhook: this as URL, with the custom message below.",
            Some(("Message", NOBL9)),
        ),
        Kind::Nagios => (
            "As service_notification_commands and host_notification_commands, with enable_environment_macros=1.",
            None,
        ),
        Kind::Icinga => ("As command of a NotificationCommand.", None),
        Kind::Checkmk => ("As a notification script of the site.", None),
        Kind::Monit => (
            "As the program of `then exec` and of `else if succeeded then exec`.",
            None,
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
        Kind::Spinnaker => ("echo-local.yml, rest.endpoints: this as url.", None),
        Kind::ArgoCd => (
            "As url of a webhook service of Argo CD's notifications; docs/argocd-notifications.yaml has the rest.",
            None,
        ),
        Kind::Flux => (
            "A Provider of type generic with this as address, and an Alert.",
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
            assert!(shown[0].code.contains("KEY"), "{kind}");
            assert!(shown[0].code.contains("page.example.com"), "{kind}");
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
