//! What applying a file writes, one statement or a few each.

use domain::channel::Channel;
use domain::directory::{ContactMethod, NotificationRule, Settings, Team, User};
use domain::heartbeat::{Heartbeat, HeartbeatSettings};
use domain::policy::Policy;
use domain::reminder::Reminders;
use domain::routing::Routing;
use domain::schedule::{HolidayCalendar, Schedule, ScheduleVersion};
use domain::service::{Integration, Service};
use domain::suppression::{Inhibition, Suppression};
use domain::{
    ChannelId, ContactMethodId, HeartbeatId, RoutingRuleId, ScheduleId, Timestamp, UserId,
};
use store::account::{self, Token};
use store::{
    Tx, channel, heartbeat, holiday, inhibition, people, policy, schedule, service, setting,
    suppression, team,
};

use crate::configuration::heartbeat::edit_in_txn;
use crate::configuration::{integration, routing};
use crate::{Error, OpContext};

#[derive(Clone, Debug)]
pub(super) enum Write {
    InsertUser {
        user: User,
        hash: Option<String>,
    },
    UpdateUser(User),
    SetPassword {
        user: UserId,
        hash: String,
    },
    InsertMethod {
        user: UserId,
        method: ContactMethod,
    },
    VerifyMethod(ContactMethodId),
    ReplaceRules {
        user: UserId,
        rules: Vec<NotificationRule>,
    },
    PutReminders {
        user: UserId,
        wish: Reminders,
    },
    InsertTeam(Team),
    UpdateTeam(Team),
    InsertCalendar(HolidayCalendar),
    UpdateCalendar(HolidayCalendar),
    InsertSchedule(Schedule),
    UpdateSchedule(Schedule),
    InsertScheduleVersion {
        id: ScheduleId,
        version: ScheduleVersion,
    },
    SetHandOffs {
        schedule: ScheduleId,
        channel: Option<ChannelId>,
    },
    InsertChannel(Channel),
    UpdateChannel(Channel),
    InsertPolicy(Policy),
    UpdatePolicy(Policy),
    InsertService(Service),
    UpdateService {
        service: Service,
        policy_changed: bool,
    },
    InsertIntegration(Integration),
    UpdateIntegration(Integration),
    UpdateRouting {
        integration: Integration,
        before: Routing,
        /// Rules that are counted from nothing.
        anew: Vec<RoutingRuleId>,
    },
    InsertHeartbeat(Heartbeat),
    UpdateHeartbeat {
        id: HeartbeatId,
        settings: HeartbeatSettings,
    },
    PutSettings(Settings),
    /// With the instant up to which its occurrences are worked out.
    InsertSuppression(Suppression, Timestamp),
    UpdateSuppression(Suppression, Timestamp),
    InsertInhibition(Inhibition),
    UpdateInhibition(Inhibition),
    InsertToken {
        token: Token,
        hash: [u8; 32],
    },
    UpdateToken(Token),
}

impl Write {
    pub(super) fn carry_out(&self, tx: &mut Tx<'_>, ctx: &OpContext) -> Result<(), Error> {
        let (by, now) = (ctx.actor.user, ctx.now);
        match self {
            Write::InsertUser { user, hash } => people::insert(tx, user, hash.as_deref(), now)?,
            Write::UpdateUser(user) => {
                people::update(tx, user, now)?;
                if user.disabled {
                    account::delete_sessions_of(tx, user.id, None)?;
                }
            }
            Write::SetPassword { user, hash } => {
                people::set_password_hash(tx, *user, hash)?;
                account::delete_sessions_of(tx, *user, None)?;
            }
            Write::InsertMethod { user, method } => {
                people::insert_method(tx, *user, method, now)?;
            }
            Write::VerifyMethod(method) => people::mark_verified(tx, *method, now)?,
            Write::ReplaceRules { user, rules } => people::replace_rules(tx, *user, rules)?,
            Write::PutReminders { user, wish } => store::reminder::put_wish(tx, *user, wish)?,
            Write::InsertTeam(new) => team::insert(tx, new, now)?,
            Write::UpdateTeam(edited) => team::update(tx, edited)?,
            Write::InsertCalendar(new) => holiday::insert(tx, new, now)?,
            Write::UpdateCalendar(edited) => holiday::update(tx, edited)?,
            Write::InsertSchedule(new) => schedule::insert(tx, new, by, now)?,
            Write::UpdateSchedule(edited) => schedule::update(tx, edited)?,
            Write::InsertScheduleVersion { id, version } => {
                schedule::insert_version(tx, *id, version, by, now)?;
            }
            Write::SetHandOffs { schedule, channel } => {
                channel::set_hand_offs(tx, *schedule, *channel)?;
            }
            Write::InsertChannel(new) => channel::insert(tx, new, now)?,
            Write::UpdateChannel(edited) => channel::update(tx, edited)?,
            Write::InsertPolicy(new) => policy::insert(tx, new, by, now)?,
            Write::UpdatePolicy(edited) => policy::update(tx, edited, by)?,
            Write::InsertService(new) => service::insert(tx, new, now)?,
            Write::UpdateService { service, .. } => service::update(tx, service)?,
            Write::InsertIntegration(new) => service::insert_integration(tx, new)?,
            Write::UpdateIntegration(edited) => integration::write(tx, edited, now)?,
            Write::UpdateRouting {
                integration,
                before,
                anew,
            } => routing::write(tx, integration, before, anew, now)?,
            Write::InsertHeartbeat(new) => heartbeat::insert(tx, new)?,
            Write::UpdateHeartbeat { id, settings } => {
                edit_in_txn(tx, ctx, *id, settings.clone())?;
            }
            Write::PutSettings(settings) => setting::put_settings(tx, settings)?,
            Write::InsertSuppression(new, reached) => suppression::insert(tx, new, *reached)?,
            Write::UpdateSuppression(edited, reached) => {
                suppression::update(tx, edited, *reached, now)?;
                tx.changed(store::Change::Timers);
            }
            Write::InsertInhibition(new) => inhibition::insert(tx, new)?,
            Write::UpdateInhibition(edited) => inhibition::update(tx, edited)?,
            Write::InsertToken { token, hash } => account::insert_token(tx, token, hash)?,
            Write::UpdateToken(token) => {
                account::update_token(tx, token.id, &token.name, token.role)?;
            }
        }
        Ok(())
    }
}
