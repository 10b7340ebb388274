//! Channels.

use domain::NotificationId;
use domain::channel::ChannelKind;
use domain::word::NotificationState;
use web::view::channel::*;
use web::view::*;

use super::*;

fn row(kind: ChannelKind, name: &str, slug: &str, address: &str) -> ChannelRow {
    ChannelRow {
        name: name.into(),
        slug: slug.into(),
        kind,
        team: None,
        address: address.into(),
        enabled: true,
        trouble: None,
        used: 1,
    }
}

fn ops() -> ChannelRow {
    row(
        ChannelKind::Slack,
        "Ops room",
        "ops-room",
        "https://hooks.slack.com",
    )
}

fn bridge() -> ChannelRow {
    ChannelRow {
        team: Some(link("Platform", "/teams/platform")),
        trouble: Some("the receiver answers HTTP 404: no_service".into()),
        used: 0,
        ..row(
            ChannelKind::Webhook,
            "Bridge to the ticket system",
            "bridge",
            "https://tickets.example.com",
        )
    }
}

fn post(id: i64, state: NotificationState) -> PostRow {
    PostRow {
        id: NotificationId(id),
        state,
        subject: "[INC-0042] Checkout: Checkout fails for card payments".into(),
        text: "Triggered: [INC-0042] Checkout: Checkout fails for card payments\n\nStep 1 of \
               policy Checkout (v3) paged Ana Ruiz.\n\nLook at it: \
               https://q.example/incidents/42\n"
            .into(),
        incident: Some(42),
        created_at: ago(4),
        next_at: (state == NotificationState::Planned).then(|| ahead(2)),
        accepted_at: (state == NotificationState::Accepted).then(|| ago(3)),
        attempts: 2,
        last_error: (state != NotificationState::Accepted)
            .then(|| "the receiver answers HTTP 503".into()),
    }
}

pub fn add(pages: &mut Vec<Sample>) {
    let off = ChannelRow {
        enabled: false,
        ..row(
            ChannelKind::Teams,
            "Payments",
            "payments",
            "https://prod-12.westeurope.logic.azure.com",
        )
    };
    let list = row(ChannelKind::Email, "List", "list", "ops@example.com");
    pages.push(draw(
        "/channels",
        &ChannelListPage {
            frame: frame("Channels", Nav::Channels, "/channels"),
            rows: vec![bridge(), list, ops(), off],
        },
    ));
    pages.push(draw(
        "/channels/bridge",
        &ChannelPage {
            frame: frame("Bridge", Nav::Channels, "/channels/bridge"),
            row: bridge(),
            description: "Makes tickets of incidents.".into(),
            signs: true,
            old_secret_until: Some(ahead(600)),
            new_secret: Some("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".into()),
            used_by: vec![link("Checkout, around the clock", "/policies/checkout")],
            posts: vec![
                post(9, NotificationState::Planned),
                post(8, NotificationState::Failed),
                post(7, NotificationState::Accepted),
            ],
            form: Form::new(),
        },
    ));
    pages.push(draw(
        "/channels/ops-room",
        &ChannelPage {
            frame: frame("Ops room", Nav::Channels, "/channels/ops-room"),
            row: ops(),
            description: String::new(),
            signs: false,
            old_secret_until: None,
            new_secret: None,
            used_by: Vec::new(),
            posts: Vec::new(),
            form: Form::new(),
        },
    ));
    let form = Form::new()
        .with("kind", ChannelKind::Slack)
        .with("enabled", "yes");
    pages.push(draw(
        "/channels/new",
        &ChannelFormPage {
            frame: frame("New channel", Nav::Channels, "/channels/new"),
            form: form.clone(),
            slug: None,
            kind: None,
            teams: vec![Choice::new(1, "Platform")],
        },
    ));
    let mut wrong = form.with("name", "Ops room");
    wrong.reject("address", "The address must begin with https://.");
    pages.push(draw(
        "/channels/ops-room/edit",
        &ChannelFormPage {
            frame: frame("Edit channel", Nav::Channels, "/channels/ops-room/edit"),
            form: wrong,
            slug: Some("ops-room".into()),
            kind: Some(ChannelKind::Slack),
            teams: Vec::new(),
        },
    ));
}
