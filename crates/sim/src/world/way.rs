//! The ways by which people's commands reach the product.

use domain::incident::{Command, Incident};
use domain::policy::Target as Called;
use domain::word::{AccountRole, Origin, PagingState};
use domain::{Span, Timestamp, UserId};
use engine::link::{Link, VALID_FOR};
use engine::reply::InboundSms;
use engine::{Engine, Error, OpContext};

use super::World;
use super::people::Reaction;
use crate::setup::Target;
use crate::story::Verb;

impl World<'_> {
    pub(super) async fn by_page(
        &self,
        engine: &Engine,
        reaction: Reaction,
        now: Timestamp,
    ) -> Result<bool, Error> {
        let (user, number, ids) = {
            let ledger = self.shared.ledger();
            let number = ledger
                .incidents
                .get(&reaction.incident)
                .map(|one| one.row.number);
            (ledger.ids[reaction.who], number, ledger.ids.clone())
        };
        let gone = Error::NotFound("target");
        let command = match reaction.verb {
            Verb::Acknowledge => Command::Acknowledge,
            Verb::Unacknowledge => Command::Unacknowledge,
            Verb::Resolve => Command::Resolve,
            Verb::Escalate { to_step } => Command::Escalate {
                to_step: to_step.and_then(|step| i64::try_from(step).ok()),
            },
            Verb::Snooze { minutes } => Command::Snooze {
                until: now + Span::from_minutes(minutes),
            },
            Verb::Page { whom } => Command::Page {
                targets: vec![called(engine, whom, &ids).ok_or(gone)?],
                message: "please help".into(),
            },
            Verb::Answer { accept } => Command::Answer {
                accept,
                reason: String::new(),
            },
            Verb::ReassignTo { whom } => Command::ReassignToUser { user: ids[whom] },
            Verb::ReassignPolicy { policy } => {
                let directory = engine.store().directory();
                let policy = directory.policy_by_slug(&format!("policy-{policy}"));
                Command::ReassignToPolicy {
                    policy: policy.ok_or(gone)?.id,
                }
            }
        };
        let ctx = OpContext::user(user, AccountRole::Responder, Origin::Web, now);
        let number = number.ok_or(Error::NotFound("incident"))?;
        engine::incident::command(engine.store(), &ctx, number, command).await?;
        Ok(true)
    }
}

fn called(engine: &Engine, target: Target, ids: &[UserId]) -> Option<Called> {
    let directory = engine.store().directory();
    Some(match target {
        Target::Person(who) => Called::User(*ids.get(who)?),
        Target::Team(index) => Called::Team(directory.team_by_slug(&format!("team-{index}"))?.id),
        Target::Schedule(index) => {
            let schedule = directory.schedule_by_slug(&format!("schedule-{index}"))?;
            Called::Schedule(schedule.id)
        }
    })
}

/// Whether an incident is as somebody wanted it.
pub(super) fn has_come(row: &Incident, verb: Verb) -> bool {
    match verb {
        Verb::Acknowledge | Verb::Snooze { .. } => row.paging == PagingState::Acknowledged,
        Verb::Resolve => row.paging == PagingState::Resolved,
        Verb::Unacknowledge
        | Verb::Escalate { .. }
        | Verb::ReassignTo { .. }
        | Verb::ReassignPolicy { .. } => row.paging == PagingState::Triggered,
        Verb::Page { .. } | Verb::Answer { .. } => true,
    }
}

fn word(verb: Verb) -> engine::reply::Verb {
    match verb {
        Verb::Resolve => engine::reply::Verb::Resolve,
        Verb::Escalate { .. } => engine::reply::Verb::Escalate,
        _ => engine::reply::Verb::Acknowledge,
    }
}

pub(super) async fn by_link(
    engine: &Engine,
    reaction: Reaction,
    now: Timestamp,
    ids: Vec<UserId>,
) -> Result<bool, Error> {
    let secret = &engine.sender().secret;
    let token = Link {
        user: ids[reaction.who],
        incident: reaction.incident,
        notification: reaction.message,
        expires_at: now + VALID_FOR,
    }
    .sign(secret);
    let link = Link::verify(&token, secret, now).map_err(|bad| Error::Refused(bad.to_string()))?;
    engine::reply::act_on_link(engine.store(), link, word(reaction.verb), now).await?;
    // It may have been refused for this incident, and done for others of the message.
    Ok(false)
}

pub(super) async fn by_text(
    engine: &Engine,
    reaction: Reaction,
    with_code: bool,
    now: Timestamp,
) -> Result<bool, Error> {
    let message = reaction.message;
    let row = engine
        .store()
        .read(move |c| store::notification::fetch(c, message))
        .await?;
    let code = row.reply_code.filter(|_| with_code);
    let sms = InboundSms {
        provider_id: format!("in-{message}-{}", reaction.tries),
        from: row.address,
        wanted: Some((word(reaction.verb), code)),
    };
    engine::reply::sms(engine.store(), sms.clone(), now).await?;
    if message.0 % 5 == 0 {
        // Webhooks come twice.
        engine::reply::sms(engine.store(), sms, now).await?;
    }
    Ok(false)
}
