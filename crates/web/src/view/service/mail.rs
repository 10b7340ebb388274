//! How mail finds its way to us.

use super::snippet::Snippet;

/// The address, what it takes to have one, and how else mails come.
pub(super) fn snippets(base: &str, key: &str, domain: Option<&str>) -> Vec<Snippet> {
    let by_smtp = match domain {
        Some(domain) => Snippet {
            id: "mailbox",
            title: "Address of mail",
            text: format!(
                "Mails to it become alerts. What stands behind a plus says what they are about: \
                 {key}+disk-db1@{domain}."
            ),
            code: format!("{key}@{domain}"),
        },
        None => Snippet {
            id: "mailbox",
            title: "To have an address of mail",
            text: "This server takes no mail by itself. These settings let it, and mails to this \
                   key at the domain become alerts; docs/mail.md tells more."
                .to_owned(),
            code: "QUARTERDECK_MAIL_LISTEN=0.0.0.0:25\nQUARTERDECK_MAIL_DOMAIN=page.example.com"
                .to_owned(),
        },
    };
    vec![
        by_smtp,
        Snippet {
            id: "address",
            title: "A provider of mail",
            text: "Mailgun (a route that forwards to this address), SendGrid (Inbound Parse), \
                   Postmark (inbound webhook) or Amazon SES (a receipt rule that publishes to an \
                   SNS topic, which is subscribed by HTTPS): give it this address."
                .to_owned(),
            code: format!("{base}/integrations/{key}/email"),
        },
        Snippet {
            id: "pipe",
            title: "A mail server of your own",
            text: "A line of /etc/aliases hands every mail to pager@ over.".to_owned(),
            code: format!(
                "pager: \"|curl -sS --fail {base}/integrations/{key}/email \
                 -H 'content-type: message/rfc822' --data-binary @-\""
            ),
        },
    ]
}
