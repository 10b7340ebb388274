//! Channels: places that are told, and trying them out.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use channels::post::address;
use channels::{Channels, Failure, Outcome};
use domain::channel::{ADDRESS_MAX, Channel, ChannelKind, Post, Secret};
use domain::directory::Directory;
use domain::policy::Target;
use domain::word::NotificationState;
use domain::{ChannelId, NotificationId, ScheduleId, Span, TeamId, Timestamp};
use serde_json::json;
use store::notification::AttemptEnd;
use store::{Store, channel};

use super::check::Checks;
use super::{begin, change, record, slug};
use crate::access::{self, Right};
use crate::dispatch::{Outgoing, ready};
use crate::effect::planned_post;
use crate::message::Sender;
use crate::{Error, OpContext};

/// A channel as a form or the API sends it.
#[derive(Clone, Debug)]
pub struct ChannelInput {
    pub name: String,
    /// `None`: made from the name, or kept.
    pub slug: Option<String>,
    pub description: String,
    pub team_id: Option<TeamId>,
    /// Never changes.
    pub kind: ChannelKind,
    /// `None`: kept; needed of a new one.
    pub address: Option<String>,
    pub enabled: bool,
}

/// A channel that has been made, or has another secret.
#[derive(Clone, Debug)]
pub struct NewChannel {
    pub id: ChannelId,
    /// What posts are signed with; shown once.
    pub secret: Option<Secret>,
}

/// Beginning of every secret (Standard Webhooks).
pub const SECRET_PREFIX: &str = "whsec_";
/// Standard Webhooks' bounds, in bytes.
const SECRET_BYTES: std::ops::RangeInclusive<usize> = 24..=64;

/// A fresh secret to sign posts with.
pub(crate) fn new_secret() -> Secret {
    let bytes = rand::random::<[u8; 32]>();
    Secret::new(format!("{SECRET_PREFIX}{}", STANDARD.encode(bytes)))
}

/// The rules for a secret that somebody chose.
///
/// # Errors
/// What is wrong with it.
pub(crate) fn check_secret(secret: &str) -> Result<(), String> {
    let key = secret.strip_prefix(SECRET_PREFIX);
    let bytes = key.and_then(|encoded| STANDARD.decode(encoded).ok());
    match bytes {
        Some(bytes) if SECRET_BYTES.contains(&bytes.len()) => Ok(()),
        _ => Err(format!(
            "a secret is {SECRET_PREFIX} and 24 to 64 random bytes in base64"
        )),
    }
}

/// The address as it is stored.
pub(crate) fn check_address(
    checks: &mut Checks,
    field: &str,
    kind: ChannelKind,
    text: &str,
) -> String {
    let text = text.trim();
    if kind == ChannelKind::Email {
        return checks.email(field, text);
    }
    if text.len() > ADDRESS_MAX {
        checks.add(field, format!("an address has at most {ADDRESS_MAX} bytes"));
    } else if let Err(error) = address(text) {
        checks.add(field, error.to_string());
    }
    text.to_owned()
}

fn checked(
    directory: &Directory,
    input: &ChannelInput,
    id: ChannelId,
    existing: Option<&Channel>,
) -> Result<Channel, Error> {
    let mut checks = Checks::default();
    let name = checks.name("name", &input.name);
    let description = checks.description("description", &input.description);
    checks.team("team", directory, input.team_id);
    let taken = |slug: &str| {
        directory
            .channel_by_slug(slug)
            .is_some_and(|channel| channel.id != id)
    };
    let given = input
        .slug
        .as_deref()
        .or(existing.map(|one| one.slug.as_str()));
    let slug = checks.take(slug::choose(given, &name, "channel", taken));
    if existing.is_some_and(|one| one.kind != input.kind) {
        checks.add("kind", "the kind of a channel stays: make another channel");
    }
    let given = input.address.as_deref().map(str::trim);
    let before = existing.map(|one| one.address.clone());
    let address = match (given.filter(|text| !text.is_empty()), before) {
        (Some(text), _) => Secret::new(check_address(&mut checks, "address", input.kind, text)),
        (None, Some(before)) => before,
        (None, None) => {
            checks.add("address", "an address is needed");
            Secret::new("")
        }
    };
    checks.finish()?;
    let secret = match existing {
        Some(existing) => existing.secret.clone(),
        None => input.kind.signs().then(new_secret),
    };
    // Whoever mends it begins anew.
    let mended = existing.is_some_and(|one| one.address != address || !one.enabled);
    Ok(Channel {
        id,
        slug: slug.unwrap_or_default(),
        name,
        description,
        team_id: input.team_id,
        kind: input.kind,
        address,
        secret,
        old_secret: existing.and_then(|one| one.old_secret.clone()),
        enabled: input.enabled,
        trouble: existing
            .and_then(|one| one.trouble.clone())
            .filter(|_| !(mended && input.enabled)),
    })
}

/// What the audit log holds of a channel: no secret.
fn details(channel: &Channel) -> serde_json::Value {
    json!({
        "slug": channel.slug, "name": channel.name, "kind": channel.kind,
        "address": channel.shown_address(), "enabled": channel.enabled,
    })
}

/// # Errors
/// [`Error::Forbidden`], [`Error::Invalid`], those of the store.
pub async fn create_channel(
    store: &Store,
    ctx: &OpContext,
    input: ChannelInput,
) -> Result<NewChannel, Error> {
    change(store, ctx, Right::Configure, move |tx, ctx| {
        let directory = begin(tx)?;
        let id = tx.id(ChannelId)?;
        let new = checked(&directory, &input, id, None)?;
        channel::insert(tx, &new, ctx.now)?;
        let subject = format!("channel:{id}");
        record(tx, ctx, "channel.create", subject, details(&new))?;
        Ok(NewChannel {
            id,
            secret: new.secret,
        })
    })
    .await
}

/// # Errors
/// As [`create_channel`], and [`Error::NotFound`].
pub async fn edit_channel(
    store: &Store,
    ctx: &OpContext,
    id: ChannelId,
    input: ChannelInput,
) -> Result<(), Error> {
    change(store, ctx, Right::Configure, move |tx, ctx| {
        let directory = begin(tx)?;
        let existing = directory.channel(id).ok_or(Error::NotFound("channel"))?;
        let edited = checked(&directory, &input, id, Some(existing))?;
        channel::update(tx, &edited)?;
        let subject = format!("channel:{id}");
        record(tx, ctx, "channel.edit", subject, details(&edited))
    })
    .await
}

/// Gives a channel another secret; posts are signed with the former one as well for a day.
///
/// # Errors
/// [`Error::Refused`] where nothing is signed, [`Error::Forbidden`], [`Error::NotFound`], those of
/// the store.
pub async fn rotate_secret(
    store: &Store,
    ctx: &OpContext,
    id: ChannelId,
) -> Result<NewChannel, Error> {
    change(store, ctx, Right::Configure, move |tx, ctx| {
        let directory = begin(tx)?;
        let existing = directory.channel(id).ok_or(Error::NotFound("channel"))?;
        if !existing.kind.signs() {
            let what = existing.kind.in_words();
            return Err(Error::Refused(format!(
                "posts to a {what} are not signed: there is no secret to change"
            )));
        }
        let edited = existing.rotated(new_secret(), ctx.now);
        channel::update(tx, &edited)?;
        let subject = format!("channel:{id}");
        record(tx, ctx, "channel.rotate_secret", subject, json!({}))?;
        Ok(NewChannel {
            id,
            secret: edited.secret,
        })
    })
    .await
}

/// Who tells a channel: policies, schedules and the last resort, by name.
pub fn used_by(directory: &Directory, id: ChannelId) -> Vec<String> {
    let target = Target::Channel(id);
    let policies = directory.policies.values();
    let last_resort = directory.settings.last_resort.contains(&target);
    policies
        .filter(|policy| policy.current.config.mentions(target))
        .map(|policy| format!("the policy {}", policy.name))
        .chain(
            directory
                .hand_offs
                .iter()
                .filter(|(_, channel)| **channel == id)
                .filter_map(|(schedule, _)| directory.schedule(*schedule))
                .map(|schedule| format!("the schedule {}", schedule.name)),
        )
        .chain(last_resort.then(|| "the last resort".to_owned()))
        .collect()
}

/// Sets which channel is told of a schedule's hand-offs (PAGING.md §5.8); `None`: none is.
///
/// # Errors
/// [`Error::Invalid`] without such a channel, [`Error::Forbidden`], [`Error::NotFound`], those of
/// the store.
pub async fn set_hand_offs(
    store: &Store,
    ctx: &OpContext,
    schedule: ScheduleId,
    to: Option<ChannelId>,
) -> Result<(), Error> {
    change(store, ctx, Right::Configure, move |tx, ctx| {
        let directory = begin(tx)?;
        directory
            .schedule(schedule)
            .ok_or(Error::NotFound("schedule"))?;
        if to.is_some_and(|id| directory.channel(id).is_none()) {
            return Err(Error::invalid("channel", "there is no such channel"));
        }
        channel::set_hand_offs(tx, schedule, to)?;
        let subject = format!("schedule:{schedule}");
        record(
            tx,
            ctx,
            "schedule.hand_offs",
            subject,
            json!({"channel": to}),
        )
    })
    .await
}

/// Removes a channel that nothing tells. What it was told stays in the outbox.
///
/// # Errors
/// [`Error::Refused`] with who uses it, [`Error::Forbidden`], [`Error::NotFound`], those of the
/// store.
pub async fn remove_channel(store: &Store, ctx: &OpContext, id: ChannelId) -> Result<(), Error> {
    change(store, ctx, Right::Configure, move |tx, ctx| {
        let directory = begin(tx)?;
        let existing = directory.channel(id).ok_or(Error::NotFound("channel"))?;
        let users = used_by(&directory, id);
        if !users.is_empty() {
            return Err(Error::Refused(format!(
                "{} still tells {}: change that first",
                users.join(", "),
                existing.name
            )));
        }
        channel::remove(tx, id)?;
        let details = json!({"slug": existing.slug});
        record(tx, ctx, "channel.remove", format!("channel:{id}"), details)
    })
    .await
}

/// How a test went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tested {
    pub id: NotificationId,
    /// Why the receiver did not take it.
    pub failure: Option<String>,
}

/// Longest test, with some time to write it down: another node takes it for lost after that.
const TEST_LEASE: Span = Span::from_seconds(60);

/// Sends a test at once, whether the channel is switched on or not, and tells how it went. It is
/// tried once; the outbox shows it.
///
/// # Errors
/// [`Error::Forbidden`], [`Error::NotFound`], those of the store. That the receiver did not take it
/// is an answer, not an error.
pub async fn test_channel(
    store: &Store,
    outlets: &Channels,
    sender: &Sender,
    ctx: &OpContext,
    id: ChannelId,
    clock: impl Fn() -> Timestamp,
) -> Result<Tested, Error> {
    access::require(ctx, Right::Configure)?;
    let ctx = *ctx;
    let (row, channel, post) = store
        .write(move |tx| {
            let directory = tx.directory()?;
            let channel = directory.channel(id).ok_or(Error::NotFound("channel"))?;
            let who = ctx.actor.name(&directory);
            let post = Post::test(channel, &who, ctx.now);
            let mut row = planned_post(tx.id(NotificationId)?, channel, &post, ctx.now)?;
            // Ours from the beginning.
            row.state = NotificationState::Sending;
            row.claimed_by = Some("test".to_owned());
            row.lease_until = Some(ctx.now + TEST_LEASE);
            row.fence = 1;
            row.attempts = 1;
            row.first_attempt_at = Some(ctx.now);
            store::notification::insert(tx, std::slice::from_ref(&row))?;
            let subject = format!("channel:{id}");
            record(tx, &ctx, "channel.test", subject, json!({"post": row.id}))?;
            Ok::<_, Error>((row, channel.clone(), post))
        })
        .await?;
    let sent = match ready(sender, row.id, &post, &channel, ctx.now) {
        Outgoing::Message(message) => {
            outlets
                .get(domain::word::ContactKind::Email)
                .send(&message)
                .await
        }
        Outgoing::Parcel(parcel) => outlets.posts().send(&parcel).await,
    };
    let failure = sent.as_ref().err().map(Failure::reason).map(str::to_owned);
    let (tested, now) = (failure.clone(), clock());
    let (post_id, fence) = (row.id, row.fence);
    store
        .write(move |tx| {
            let end = AttemptEnd {
                state: match &sent {
                    Ok(_) => NotificationState::Accepted,
                    Err(_) => NotificationState::Failed,
                },
                due_at: row.due_at,
                provider_id: match &sent {
                    Ok(Outcome::Accepted { provider_id }) => provider_id.clone(),
                    Err(_) => None,
                },
                error: tested.clone(),
                accepted_at: sent.is_ok().then_some(now),
            };
            store::notification::finish_attempt(tx, post_id, fence, &end)?;
            let directory = tx.directory()?;
            if let Some(channel) = directory.channel(id)
                && channel.trouble != tested
            {
                let mut edited = channel.clone();
                edited.trouble.clone_from(&tested);
                channel::update(tx, &edited)?;
            }
            Ok::<_, Error>(())
        })
        .await?;
    Ok(Tested {
        id: post_id,
        failure,
    })
}
