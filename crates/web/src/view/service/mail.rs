//! How mail finds its way to us.

use super::snippet::{Beside, Snippet};

/// The address, what it takes to have one, and how else mails come.
pub(super) fn snippets(base: &str, key: &str, domain: Option<&str>) -> Vec<Snippet> {
    let by_smtp = match domain {
        Some(domain) => Snippet::new(
            "mailbox",
            "Address of mail",
            format!(
                "Mails to it become alerts. What stands behind a plus says what they are about: \
                 {key}+disk-db1@{domain}."
            ),
            format!("{key}@{domain}"),
        ),
        None => Snippet::new(
            "mailbox",
            "To have an address of mail",
            "This server takes no mail by itself. Once it was started with these settings, mails \
             to this key at the domain become alerts; an MX record of the domain names the server.",
            "QUARTERDECK_MAIL_LISTEN=0.0.0.0:25\nQUARTERDECK_MAIL_DOMAIN=page.example.com",
        ),
    };
    vec![
        by_smtp,
        Snippet::new(
            "address",
            "A provider of mail",
            "Mailgun (a route that forwards to this address), SendGrid (Inbound Parse), Postmark \
             (inbound webhook) or Amazon SES (a receipt rule that publishes to an SNS topic, which \
             is subscribed by HTTPS): give it this address.",
            format!("{base}/integrations/{key}/email"),
        ),
        Snippet::new(
            "pipe",
            "A mail server of your own",
            "A line of /etc/aliases hands every mail to pager@ over.",
            format!(
                "pager: \"|curl -sS --fail {base}/integrations/{key}/email \
                 -H 'content-type: message/rfc822' --data-binary @-\""
            ),
        ),
        Snippet::new(
            "over",
            "When it is over",
            "No mail resolves unless a rule says which does. Where none ever comes, let alerts \
             resolve by themselves after some time without another.",
            "",
        )
        .beside(Beside::Setting("Which mails resolve, and after how long")),
    ]
}
