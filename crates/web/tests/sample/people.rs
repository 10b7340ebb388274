//! People, profile, outbox, settings, API, and the pages seen signed out.

use domain::notification::Medium;
use domain::word::*;
use domain::{ContactMethodId, NotificationId, Span, TokenId};
use web::picture::{RuleStrip, StripMark};
use web::view::api_docs::ApiDocsPage;
use web::view::auth::{SetupPage, SignInPage};
use web::view::outbox::{OutboxFilter, OutboxPage, OutboxRow};
use web::view::problem::ProblemPage;
use web::view::profile::{MethodRow, ProfilePage, RuleRow, UrgencyRules};
use web::view::settings::{ProviderRow, SettingsPage, TokenRow};
use web::view::team::{TeamListPage, TeamPage, TeamRow};
use web::view::user::{UserListPage, UserNewPage, UserPage, UserRow};
use web::view::*;

use super::*;

fn methods() -> Vec<MethodRow> {
    let method = |id: i64, kind, address: &str| MethodRow {
        id: ContactMethodId(id),
        kind,
        address: address.into(),
        verified_at: Some(ago(90_000)),
        broken: None,
        last_proof: Some(ago(3)),
        code_until: None,
    };
    vec![
        method(1, ContactKind::Sms, "+4915112344217"),
        method(2, ContactKind::Email, "ana@example.com"),
        MethodRow {
            verified_at: None,
            last_proof: None,
            code_until: Some(ahead(9)),
            ..method(3, ContactKind::Sms, "+46701740605")
        },
        MethodRow {
            broken: Some("The mailbox does not exist any more (550).".into()),
            ..method(4, ContactKind::Email, "old@example.com")
        },
    ]
}

fn user(id: i64, reachable: bool) -> UserRow {
    UserRow {
        id: person(id).id,
        name: person(id).name,
        email: "someone@example.com".into(),
        role: if id == 1 {
            AccountRole::Admin
        } else {
            AccountRole::Responder
        },
        disabled: id == 5,
        teams: vec![link("Platform", "/teams/platform")],
        on_call: if id == 1 {
            vec![link("Platform", "/schedules/platform")]
        } else {
            Vec::new()
        },
        reachable,
    }
}

fn rules(urgency: Urgency, marks: &[(ContactKind, i64)]) -> UrgencyRules {
    UrgencyRules {
        urgency,
        rows: marks
            .iter()
            .map(|(kind, delay)| RuleRow {
                method: if *kind == ContactKind::Sms {
                    "1".into()
                } else {
                    "2".into()
                },
                delay: delay.to_string(),
                error: String::new(),
            })
            .collect(),
        strip: RuleStrip {
            urgency,
            marks: marks
                .iter()
                .map(|(kind, delay)| StripMark {
                    delay: Span::from_minutes(*delay),
                    kind: *kind,
                    address: if *kind == ContactKind::Sms {
                        "+49 ••• 4217".into()
                    } else {
                        "ana@example.com".into()
                    },
                    usable: true,
                })
                .collect(),
        },
        warnings: Vec::new(),
    }
}

fn message(id: i64, state: NotificationState) -> OutboxRow {
    OutboxRow {
        id: NotificationId(id),
        kind: NotificationKind::Page,
        state,
        method: Medium::Email,
        person: person(1),
        channel: None,
        address: "ana@example.com".into(),
        subject: "[INC-0042] Checkout fails for card payments in the EU region".into(),
        body: "Checkout fails for card payments in the EU region\n\nAcknowledge: http://127.0.0.1:8080/a/eyJ0\n\nWhy you: policy Checkout, step 1.".into(),
        incident: Some(42),
        created_at: ago(4),
        next_at: (state == NotificationState::Planned).then(|| ahead(2)),
        sent_at: Some(ago(3)),
        attempts: 2,
        last_error: (state == NotificationState::Failed).then(|| "550 no such mailbox".to_owned()),
        provider_id: Some("<5@quarterdeck>".into()),
    }
}

pub fn add(pages: &mut Vec<Sample>) {
    pages.push(draw(
        "/users",
        &UserListPage {
            frame: frame("People", Nav::People, "/users"),
            rows: vec![user(1, true), user(2, true), user(5, false)],
            q: String::new(),
        },
    ));
    pages.push(draw(
        "/users/2",
        &UserPage {
            frame: frame("Bo Lindqvist", Nav::People, "/users/2"),
            user: user(2, true),
            zone: "Europe/Stockholm".into(),
            methods: methods(),
            shifts: config::shifts(),
            last_seen: Some(ago(300)),
            form: Form::new()
                .with("name", "Bo Lindqvist")
                .with("role", "responder")
                .with("zone", "Europe/Stockholm"),
            zones: zones(),
        },
    ));
    pages.push(draw(
        "/users/new",
        &UserNewPage {
            frame: frame("New person", Nav::People, "/users/new"),
            form: Form::new(),
            zones: zones(),
        },
    ));
    let team = TeamRow {
        name: "Platform".into(),
        slug: "platform".into(),
        members: vec![person(1), person(2)],
    };
    pages.push(draw(
        "/teams",
        &TeamListPage {
            frame: frame("Teams", Nav::People, "/teams"),
            rows: vec![team.clone()],
            form: Form::new(),
        },
    ));
    pages.push(draw(
        "/teams/platform",
        &TeamPage {
            frame: frame("Platform", Nav::People, "/teams/platform"),
            team,
            services: vec![link("Build farm", "/services/build")],
            schedules: vec![link("Platform", "/schedules/platform")],
            policies: Vec::new(),
            form: Form::new()
                .with("name", "Platform")
                .with("member", "1")
                .with("member", "2"),
            people: people_choices(),
        },
    ));
    let mut refused = Form::new()
        .with("form", "verify")
        .with("method", "3")
        .with("code", "123456");
    refused.reject(
        "code",
        "These are not the six digits we sent. 4 tries are left.",
    );
    pages.push(draw(
        "/profile",
        &ProfilePage {
            hears_answers: true,
            frame: frame("Your profile", Nav::Profile, "/profile"),
            methods: methods(),
            rules: vec![
                rules(
                    Urgency::High,
                    &[
                        (ContactKind::Sms, 0),
                        (ContactKind::Email, 0),
                        (ContactKind::Sms, 15),
                    ],
                ),
                rules(Urgency::Low, &[(ContactKind::Email, 2)]),
            ],
            usable: vec![
                Choice::new(1, "SMS +4915112344217"),
                Choice::new(2, "Email ana@example.com"),
            ],
            shifts: config::shifts(),
            zones: zones(),
            form: refused,
        },
    ));
    pages.push(draw(
        "/outbox",
        &OutboxPage {
            frame: frame("Outbox", Nav::Outbox, "/outbox"),
            rows: vec![
                message(5, NotificationState::Delivered),
                message(6, NotificationState::Planned),
                message(7, NotificationState::Failed),
            ],
            filter: OutboxFilter::default(),
            pager: Pager::default(),
            without_provider: vec![ContactKind::Email, ContactKind::Sms],
        },
    ));
    pages.push(draw(
        "/settings",
        &SettingsPage {
            frame: frame("Settings", Nav::Settings, "/settings"),
            last_resort: vec!["user:1".into()],
            targets: targets(),
            tokens: vec![TokenRow {
                id: TokenId(3),
                name: "Deploy pipeline".into(),
                role: AccountRole::Responder,
                created_at: ago(50_000),
                last_used_at: Some(ago(12)),
            }],
            new_token: Some("qd_4f0c2b8e9a7d6e5f".into()),
            providers: vec![
                ProviderRow {
                    name: "Email (SMTP)".into(),
                    target: Some("smtp.example.com:587, STARTTLS".into()),
                    last_success: Some(ago(3)),
                    last_failure: Some((ago(1), "451 try again later".into())),
                    hint: String::new(),
                },
                ProviderRow {
                    name: "SMS (Twilio API)".into(),
                    target: None,
                    last_success: None,
                    last_failure: None,
                    hint: "Set QUARTERDECK_TWILIO_ACCOUNT and QUARTERDECK_TWILIO_TOKEN.".into(),
                },
            ],
            facts: vec![
                ("Version".into(), "0.1.0".into()),
                ("Database".into(), "SQLite".into()),
            ],
            form: Form::new(),
        },
    ));
    let document = serde_json::json!({
        "info": {"title": "Quarterdeck API", "version": "1", "description": "Everything the pages do."},
        "paths": {"/api/v1/incidents": {"get": {
            "tags": ["incidents"], "summary": "List incidents", "description": "Newest first.",
            "parameters": [{"name": "state", "in": "query", "schema": {"$ref": "#/components/schemas/State"}, "description": "Which"}],
            "responses": {"200": {"description": "A page of incidents"}}
        }, "post": {
            "tags": ["incidents"], "summary": "Declare",
            "requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Declare"}}}},
            "responses": {"201": {"description": "Declared"}}
        }}},
        "components": {"schemas": {
            "State": {"type": "string", "enum": ["open", "resolved"]},
            "Declare": {"type": "object", "required": ["title"], "properties": {"title": {"type": "string", "description": "What is broken"}}}
        }}
    });
    pages.push(draw(
        "/api",
        &ApiDocsPage::from_openapi(frame("API", Nav::Api, "/api"), &document, None),
    ));
    let part = Some("incidents".to_owned());
    pages.push(draw(
        "/api?part=incidents",
        &ApiDocsPage::from_openapi(frame("API", Nav::Api, "/api"), &document, part),
    ));
    let mut refused = Form::new()
        .with("email", "ana@example.com")
        .with("next", "/incidents/42");
    refused.refuse("Email and password do not belong together.");
    pages.push(draw(
        "/sign-in",
        &SignInPage {
            frame: Frame::signed_out("Sign in", "c", now()),
            form: refused,
            demo_account: Some(("admin@example.com".into(), "quarterdeck-demo".into())),
        },
    ));
    pages.push(draw(
        "/setup",
        &SetupPage {
            frame: Frame::signed_out("Set up", "c", now()),
            form: Form::new().with("zone", "Europe/Berlin"),
            zones: zones(),
            password_min: 12,
        },
    ));
    pages.push(draw(
        "/problem/404",
        &ProblemPage::not_found(frame("x", Nav::None, "/nowhere")),
    ));
    pages.push(draw(
        "/problem/403",
        &ProblemPage::forbidden(
            frame("x", Nav::None, "/users/new"),
            "Only administrators create people.",
        ),
    ));
    pages.push(draw(
        "/problem/500",
        &ProblemPage::broken(Frame::signed_out("x", "c", now()), "01HV2"),
    ));
    pages.push(draw(
        "/problem/503",
        &ProblemPage::unavailable(frame("x", Nav::None, "/")),
    ));
}
