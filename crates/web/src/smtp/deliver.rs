//! From an address to its integration or page, and from a mail to its alerts or answer. The door is that of webhooks:
//! budgets, records and answers after the commit are the same.

use actix_web::web::{Bytes, Data};
use domain::IntegrationId;
use domain::word::IntegrationKind;
use engine::account::secret;
use engine::ingest::{Origin, Submission};
use formats::format::{self, Format};
use formats::mail::{self, CONTENT_TYPE, ENVELOPE_FROM, ENVELOPE_TO, MailAnswer};
use formats::request::Request;
use formats::settings::Settings;
use futures_util::future::join_all;

use crate::hooks::answer;
use crate::hooks::intake::{self, NotTaken};
use crate::state::AppState;

/// One address that a mail goes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Recipient {
    Integration(Door),
    /// Made for the answer to a page; holds the whole address.
    Answer(String),
}

/// The address of an integration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Door {
    pub(super) integration: IntegrationId,
    key_hash: [u8; 32],
    address: String,
}

/// How a mail came.
#[derive(Clone, Debug)]
pub(super) struct Envelope {
    pub(super) from: String,
    /// The peer in words, for those who look at the request later.
    pub(super) client: String,
}

/// What became of a mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Delivered {
    /// It is on the disk, for each recipient.
    Stored,
    /// No recipient is left: their integrations were removed in the meantime.
    Nobody,
    /// Nothing can be stored now; the sender is to try again.
    Later,
}

/// What an address belongs to: a page that it was made to answer, or an integration. Servers may change the case of an address, while keys
/// have one: the key as it came counts first, then in lower case, which made keys are in.
pub(super) fn recipient(state: &AppState, address: &str) -> Option<Recipient> {
    if mail::token(address).is_some_and(|token| answer::of_token(state, token).is_some()) {
        return Some(Recipient::Answer(address.to_owned()));
    }
    let directory = state.directory();
    let mailbox = mail::parts(address).mailbox;
    [mailbox.to_owned(), mailbox.to_ascii_lowercase()]
        .iter()
        .map(|key| secret::digest(key))
        .find_map(|key_hash| {
            let integration = *directory.integration_keys.get(&key_hash)?;
            Some(Recipient::Integration(Door {
                integration,
                key_hash,
                address: address.to_owned(),
            }))
        })
}

/// Spends one mail of what an address may have.
///
/// # Errors
/// After how many seconds to come again.
pub(super) fn admit(state: &AppState, to: &Recipient) -> Result<(), i64> {
    match to {
        Recipient::Integration(door) => {
            let directory = state.directory();
            let integration = directory.integration(door.integration);
            integration.map_or(Ok(()), |one| intake::admit(state, one))
        }
        // Bounded for each page, where they are acted on.
        Recipient::Answer(_) => Ok(()),
    }
}

/// Stores a mail for everybody it goes to; returns once it is durable.
pub(super) async fn deliver(
    state: &Data<AppState>,
    to: Vec<Recipient>,
    envelope: Envelope,
    raw: Bytes,
) -> Delivered {
    let (shared, read) = (state.clone(), to.len());
    // Reading may take a while, and others' connections are served by this thread.
    let contents = tokio::task::spawn_blocking(move || contents(&shared, &to, &envelope, &raw));
    let Ok(Some((submissions, answers))) = contents.await else {
        return Delivered::Later;
    };
    for said in answers {
        if let Err(error) = answer::take(state, said).await {
            tracing::warn!(%error, "an answer by mail is not taken");
            return Delivered::Later;
        }
    }
    let stored = join_all(
        submissions
            .into_iter()
            .map(|submission| intake::store(state, submission)),
    );
    let mut gone = 0;
    for result in stored.await {
        match result {
            Ok(_) => {}
            Err(NotTaken::UnknownKey) => gone += 1,
            // Whoever has it already gets it again then, and counts it as a repeat.
            Err(NotTaken::TooMany(_) | NotTaken::Later(_)) => return Delivered::Later,
        }
    }
    if gone == read {
        Delivered::Nobody
    } else {
        Delivered::Stored
    }
}

/// Shows on each integration that a mail to it was larger than `limit` bytes.
pub(super) async fn remember_too_large(
    state: &Data<AppState>,
    to: Vec<Recipient>,
    envelope: &Envelope,
    limit: usize,
) {
    let reason = format!(
        "This mail was larger than {} and was not taken.",
        intake::size(limit)
    );
    let mut doors: Vec<Door> = Vec::new();
    for one in to {
        match one {
            // One integration may have been meant by several addresses.
            Recipient::Integration(door)
                if doors.iter().all(|known| known.key_hash != door.key_hash) =>
            {
                doors.push(door);
            }
            _ => {}
        }
    }
    let remembered = doors.iter().map(|door| {
        let origin = origin(door, &headers(door, envelope));
        intake::remember_refusal(state, door.key_hash, reason.clone(), Bytes::new(), origin)
    });
    join_all(remembered).await;
}

/// What a mail says to integrations, and to pages; `None` when it cannot be told.
fn contents(
    state: &AppState,
    to: &[Recipient],
    envelope: &Envelope,
    raw: &Bytes,
) -> Option<(Vec<Submission>, Vec<MailAnswer>)> {
    let (mut submissions, mut answers) = (Vec::new(), Vec::new());
    for one in to {
        match one {
            Recipient::Integration(door) => {
                submissions.push(submission(state, door, envelope, raw)?);
            }
            Recipient::Answer(address) => {
                answers.push(mail::answer(raw, &envelope.from, address)?);
            }
        }
    }
    Some((submissions, answers))
}

/// What a mail says to one integration; `None` when its settings cannot be read.
fn submission(state: &AppState, to: &Door, envelope: &Envelope, raw: &Bytes) -> Option<Submission> {
    let directory = state.directory();
    let integration = directory.integration(to.integration)?;
    let settings = Settings::of(&integration.settings).ok()?;
    // A secret is for webhooks; here the address is one.
    let unsigned = settings.secret.is_some().then(|| {
        let mut unsigned = settings.clone();
        unsigned.secret = None;
        unsigned
    });
    let settings = unsigned.as_ref().unwrap_or(settings);
    let headers = headers(to, envelope);
    let request = Request {
        method: "SMTP",
        headers: headers
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect(),
        query: "",
        body: raw,
        key_hash: Some(to.key_hash),
    };
    let format: Format = format::of(IntegrationKind::Email);
    let (parsed, failed) = match format.parse(&request, settings, state.now()) {
        Ok(parsed) => (parsed, None),
        Err(error) => (formats::Parsed::default(), Some(error.to_string())),
    };
    let origin = origin(to, &headers);
    let rejected = parsed.rejected.into_iter().map(|one| one.reason);
    Some(Submission {
        signals: parsed.signals,
        warnings: parsed.warnings,
        rejected: failed.into_iter().chain(rejected).collect(),
        ..intake::remark(to.key_hash, raw.clone(), origin)
    })
}

/// What the protocol says about a mail, as headers.
fn headers(to: &Door, envelope: &Envelope) -> [(&'static str, String); 4] {
    [
        ("Content-Type", CONTENT_TYPE.to_owned()),
        (ENVELOPE_FROM, format!("<{}>", envelope.from)),
        (ENVELOPE_TO, format!("<{}>", to.address)),
        ("X-Client", envelope.client.clone()),
    ]
}

fn origin(to: &Door, headers: &[(&'static str, String)]) -> Origin {
    let mut head = format!("SMTP {}", one_line(&to.address));
    for (name, value) in headers {
        head.push_str(&format!("\n{}: {}", name.to_lowercase(), one_line(value)));
    }
    Origin {
        format: IntegrationKind::Email.as_str(),
        head,
        replay_of: None,
    }
}

fn one_line(text: &str) -> String {
    text.replace(char::is_control, " ")
}
