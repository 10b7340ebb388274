//! Mail as HTML: one column, no tables, no images, colours that hold in dark mode.

use super::{NoticeText, PageText, asks, incident_label, one_line};
use crate::word::Urgency;

const HEAD: &str = "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\
<meta name=\"color-scheme\" content=\"light dark\">\
<meta name=\"supported-color-schemes\" content=\"light dark\">";

// Text keeps the reader's own colours, light or dark; only what has its own background sets both.
const BODY: &str = "margin:0;padding:16px;font:16px/1.5 system-ui,-apple-system,'Segoe UI',Roboto,\
sans-serif";
const BUTTON: &str = "display:inline-block;padding:14px 28px;border-radius:8px;\
background:#1a5fb4;color:#ffffff;font-weight:600;text-decoration:none";

pub(super) fn page(text: &PageText) -> String {
    let colour = match text.urgency {
        Urgency::High => "#c01c28",
        Urgency::Low => "#865e0c",
    };
    let title = escape(&one_line(&text.title));
    let service = escape(&one_line(&text.service));
    let mut main = format!(
        "<p style=\"margin:0 0 8px\"><span style=\"display:inline-block;padding:2px 10px;\
         border-radius:4px;background:{colour};color:#ffffff;font-weight:600\">{severity}</span> \
         {label} · {urgency} urgency</p>\
         <h1 style=\"margin:0 0 16px;font-size:20px;line-height:1.3\">{service}: {title}</h1>",
        severity = text.severity,
        label = incident_label(text.incident_number),
        urgency = text.urgency,
    );
    if let Some(others) = text.others_line() {
        main.push_str(&format!(
            "<p style=\"margin:0 0 16px\">{}</p>",
            escape(&others)
        ));
    }
    if let Some(request) = &text.request {
        main.push_str(&format!(
            "<p style=\"margin:0 0 16px\"><b>{}</b></p>",
            escape(&asks(request))
        ));
    }
    if let Some(link) = text.ack_url.as_ref().filter(|_| text.request.is_some()) {
        main.push_str(&format!(
            "<p style=\"margin:0 0 16px\"><a href=\"{}\" style=\"{BUTTON}\">Say yes or no</a></p>",
            escape(link)
        ));
        main.push_str(&replies(text, "yes", "no"));
    } else if let Some(link) = &text.ack_url {
        main.push_str(&format!(
            "<p style=\"margin:0 0 8px\"><a href=\"{}\" style=\"{BUTTON}\">Acknowledge</a></p>",
            escape(link)
        ));
        main.push_str(&replies(text, "ack", "resolve"));
    }
    main.push_str(&format!(
        "<p style=\"margin:0 0 16px\"><a href=\"{}\">Look at the incident</a></p>\
         <p style=\"margin:0;font-size:14px\">Why you: {}</p>",
        escape(&text.url),
        escape(&one_line(&text.reason))
    ));
    document(&escape(&text.subject()), &main)
}

/// How to answer by a mail, where that can be done.
fn replies(text: &PageText, one: &str, other: &str) -> String {
    match text.takes_replies {
        true => format!(
            "<p style=\"margin:0 0 16px\">Or reply with <b>{one}</b> or <b>{other}</b> on the \
             first line.</p>"
        ),
        false => String::new(),
    }
}

pub(super) fn notice(text: &NoticeText) -> String {
    let main = format!(
        "<p style=\"margin:0 0 8px\">{label} · {service}</p>\
         <h1 style=\"margin:0 0 16px;font-size:20px;line-height:1.3\">{title}</h1>\
         <p style=\"margin:0 0 16px\">{what}</p>\
         <p style=\"margin:0\"><a href=\"{url}\">Look at the incident</a></p>",
        label = incident_label(text.incident_number),
        service = escape(&one_line(&text.service)),
        title = escape(&one_line(&text.title)),
        what = escape(&one_line(&text.what)),
        url = escape(&text.url),
    );
    document(&escape(&text.subject()), &main)
}

fn document(title: &str, main: &str) -> String {
    format!(
        "{HEAD}<title>{title}</title></head><body style=\"{BODY}\"><div style=\"max-width:600px\">{main}</div></body></html>\n"
    )
}

/// Text as it stands in HTML, between tags and in quoted attributes.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::super::tests::sample;

    #[test]
    fn a_monitor_cannot_write_html() {
        let mut page = sample();
        page.title = "<script>alert(1)</script> & \"more\"".into();
        page.service = "<b>Checkout</b>".into();
        page.ack_url = Some("https://q.example/a?x=1&y=\"2".into());
        let html = page.mail_html();
        assert!(!html.contains("<script") && !html.contains("<b>Checkout"));
        assert!(html.contains("&lt;script&gt;alert(1)&lt;/script&gt; &amp; &quot;more&quot;"));
        assert!(html.contains("href=\"https://q.example/a?x=1&amp;y=&quot;2\""));
        assert!(html.contains("content=\"light dark\"") && !html.contains("<table"));
    }
}
