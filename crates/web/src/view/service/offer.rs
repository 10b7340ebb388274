//! The kinds of integrations to choose from, found by every name that people look for.

use domain::word::IntegrationKind as Kind;
use formats::format::{self, Category, Format};

/// A kind to choose.
#[derive(Clone, Debug)]
pub struct Offer {
    pub name: &'static str,
    pub slug: &'static str,
    /// Other names by which it was found.
    pub also: Vec<&'static str>,
}

/// Every kind that the words name, below the heading of its category.
pub fn kinds(words: &str) -> Vec<(&'static str, Vec<Offer>)> {
    let words = words.to_lowercase();
    let words: Vec<&str> = words.split_whitespace().collect();
    let all: Vec<Format> = Kind::ALL.iter().copied().map(format::of).collect();
    Category::ALL
        .iter()
        .map(|category| {
            let mut found: Vec<Offer> = all
                .iter()
                .filter(|format| format.category == *category)
                .filter_map(|format| offer(format, &words))
                .collect();
            found.sort_unstable_by_key(|offer| offer.name.to_lowercase());
            (category.title(), found)
        })
        .filter(|(_, offers)| !offers.is_empty())
        .collect()
}

/// The format, if every word stands in one of its names or in the title of its category.
fn offer(format: &Format, words: &[&str]) -> Option<Offer> {
    let own = format!(
        "{} {} {}",
        format.name,
        format.slug(),
        format.category.title()
    );
    let own = own.to_lowercase();
    let mut by: Vec<&'static str> = Vec::new();
    for word in words {
        if own.contains(word) {
            continue;
        }
        let known = by.len();
        let names = also(format.kind).iter().copied();
        by.extend(names.filter(|name| name.to_lowercase().contains(word)));
        if by.len() == known {
            return None;
        }
    }
    // Of those that only one word found, the ones that all words found count.
    let whole = |name: &&'static str| {
        let name = name.to_lowercase();
        words.iter().all(|word| name.contains(word))
    };
    if by.iter().any(whole) {
        by.retain(|name| whole(name));
    }
    by.sort_unstable();
    by.dedup();
    Some(Offer {
        name: format.name,
        slug: format.slug(),
        also: by,
    })
}

/// What else people call it, and what speaks its language or goes its way.
const fn also(kind: Kind) -> &'static [&'static str] {
    match kind {
        Kind::PagerDuty => &["Events API v1 and v2", "pdpyras", "change events"],
        Kind::Opsgenie => &["Jira Service Management", "JSM", "Atlassian"],
        Kind::Prometheus => &[
            "vmalert",
            "VictoriaMetrics",
            "Mimir",
            "Loki",
            "Thanos",
            "Cortex",
            "Ruler",
        ],
        Kind::Alertmanager => &[
            "Mimir Alertmanager",
            "VMAlertmanager",
            "kube-prometheus-stack",
        ],
        Kind::Grafana => &["Grafana Cloud", "Grafana Alerting"],
        Kind::NewRelic => &["NRQL"],
        Kind::Nagios => &["Nagios Core", "Naemon", "Shinken"],
        Kind::Icinga => &["Icinga 2", "Icinga2"],
        Kind::Checkmk => &["Check_MK", "OMD"],
        Kind::Splunk => &["Splunk Enterprise", "Splunk Cloud"],
        Kind::Elastic => &["Elasticsearch", "ELK"],
        Kind::CloudWatch => &["Amazon", "SNS", "EventBridge", "AWS Budgets"],
        Kind::Azure => &["Microsoft", "Application Insights", "Log Analytics"],
        Kind::GoogleCloud => &["GCP", "Stackdriver"],
        Kind::Pingdom => &["SolarWinds"],
        Kind::Healthchecks => &["healthchecks.io", "cron"],
        Kind::Prtg => &["Paessler"],
        Kind::GitHub => &["GitHub Actions"],
        Kind::GitLab => &["GitLab CI"],
        Kind::Spinnaker => &["Chaos Monkey", "chaos"],
        Kind::ArgoCd => &["Kubernetes", "GitOps"],
        Kind::Flux => &["Kubernetes", "GitOps", "Helm"],
        Kind::Changes => &[
            "Terraform",
            "OpenTofu",
            "Ansible",
            "Kubernetes",
            "Helm",
            "Pulumi",
            "deployment",
            "chaos",
            "Chaos Mesh",
            "Litmus",
            "Gremlin",
        ],
        Kind::CloudEvents => &["CDEvents", "Tekton", "Knative", "Event Grid"],
        Kind::StandardWebhooks => &["Svix"],
        Kind::Email => &["SMTP", "Mailgun", "SendGrid", "Postmark", "Amazon SES"],
        Kind::Generic => &["curl", "webhook", "shell script", "cron"],
        _ => &[],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(words: &str) -> Vec<(&'static str, Vec<&'static str>)> {
        let groups = kinds(words).into_iter();
        groups
            .flat_map(|(_, offers)| offers)
            .map(|offer| (offer.slug, offer.also))
            .collect()
    }

    #[test]
    fn senders_are_found_by_their_other_names() {
        for (words, slug) in [
            ("Terraform", "changes"),
            ("ansible", "changes"),
            ("kubernetes", "changes"),
            ("kubernetes", "argocd"),
            ("kubernetes", "flux"),
            ("chaos", "changes"),
            ("Chaos Monkey", "spinnaker"),
            ("vmalert", "prometheus"),
            ("mimir", "prometheus"),
            ("Loki", "prometheus"),
            ("thanos", "prometheus"),
            ("naemon", "nagios"),
            ("icinga2", "icinga"),
            ("icinga 2", "icinga"),
            ("aws sns", "cloudwatch"),
            ("kibana", "elastic"),
            ("gcp", "googlecloud"),
            ("smtp", "email"),
        ] {
            let found = found(words);
            assert!(
                found.iter().any(|(one, _)| *one == slug),
                "{words}: {found:?}"
            );
        }
        assert!(found("nothing such").is_empty());
        assert_eq!(found("").len(), Kind::ALL.len());
    }

    #[test]
    fn what_it_was_found_by_is_told() {
        assert_eq!(found("chaos monkey"), [("spinnaker", vec!["Chaos Monkey"])]);
        assert_eq!(found("terraform"), [("changes", vec!["Terraform"])]);
        // Its own name needs no explanation.
        assert_eq!(found("zabbix"), [("zabbix", vec![])]);
    }
}
