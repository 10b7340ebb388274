//! How scripts and tools without a webhook tell of changes.

use super::snippet::Snippet;

pub(super) fn snippets(address: &str, base: &str, key: &str) -> Vec<Snippet> {
    let experiment = |status: &str| {
        format!(
            "curl -sS {address} -H 'content-type: application/json' -d '{{\n  \
             \"summary\": \"Kill one node of the cart database\", \"kind\": \"experiment\",\n  \
             \"status\": \"{status}\", \"id\": \"exp-42\", \"service\": \"cart\"\n}}'"
        )
    };
    vec![
        Snippet::new(
            "curl",
            "curl, after a deployment",
            "",
            format!(
                "curl -sS {address} -H 'content-type: application/json' -d '{{\n  \
                 \"summary\": \"Deployed shop 4.2\", \"kind\": \"deployment\",\n  \
                 \"status\": \"succeeded\", \"service\": \"shop\", \"source\": \"ci\"\n}}'"
            ),
        ),
        Snippet::new(
            "terraform",
            "Terraform, after it has applied",
            "",
            format!(
                "terraform apply && curl -sS {address} -d '{{\"summary\": \"terraform apply of \
                 network\", \"kind\": \"configuration\", \"status\": \"succeeded\"}}'"
            ),
        ),
        Snippet::new(
            "ansible",
            "Ansible, as the last task of a play",
            "",
            format!(
                "- ansible.builtin.uri: {{url: \"{address}\", method: POST, body_format: json, \
                 body: {{summary: \"{{{{ ansible_play_name }}}} has run\", kind: configuration, \
                 status: succeeded}}}}"
            ),
        ),
        Snippet::new(
            "kubernetes",
            "Kubernetes, after a rollout",
            "Rollouts by Argo CD and Flux are told by integrations of their own kinds.",
            format!(
                "export QUARTERDECK_SEND_URL={base} QUARTERDECK_SEND_KEY={key}\n\
                 kubectl rollout status deployment/shop && quarterdeck send --change \
                 --summary 'Rolled out shop'"
            ),
        ),
        Snippet::new(
            "chaos",
            "curl, when an experiment starts",
            "Chaos Monkey tells of its experiments by the integration of Spinnaker.",
            experiment("start"),
        ),
        Snippet::new(
            "chaos-end",
            "curl, when it is over",
            "With the same id.",
            experiment("stop"),
        ),
    ]
}

#[cfg(test)]
mod tests {
    use domain::Timestamp;
    use domain::change_event::ChangeStatus;
    use domain::word::IntegrationKind;
    use formats::format;
    use formats::request::Request;
    use formats::settings::Settings;

    /// Every body that is shown is read as a change.
    #[test]
    fn what_is_shown_is_understood() {
        let shown = super::snippets(
            "https://page.example.org/x",
            "https://page.example.org",
            "k",
        );
        let mut read = Vec::new();
        for snippet in shown {
            let Some((_, body)) = snippet.code.split_once("-d '") else {
                continue;
            };
            let body = body.trim_end_matches('\'');
            let parsed = format::of(IntegrationKind::Changes)
                .parse(
                    &Request::of_body(body.as_bytes()),
                    &Settings::default(),
                    Timestamp::from_seconds(1_700_000_000),
                )
                .unwrap();
            let [change] = parsed.changes.try_into().unwrap();
            read.push(change.status);
            assert!(parsed.warnings.is_empty(), "{:?}", parsed.warnings);
        }
        use ChangeStatus::{Running, Succeeded};
        assert_eq!(read.len(), 4);
        assert_eq!(read[..3], [Some(Succeeded), Some(Succeeded), Some(Running)]);
    }
}
