//! The configuration as a file.

use channels::Secret;
use domain::channel::Channel;
use domain::digest::DigestTime;
use domain::directory::{Directory, User};
use domain::escalation;
use domain::heartbeat::Heartbeat;
use domain::integration::OnSilence;
use domain::policy::{Policy, Step, StepMode, Target};
use domain::reminder::Reminders;
use domain::schedule::{HolidayCalendar, Layer, Participant, Schedule};
use domain::service::{Integration, Service};
use domain::suppression::{Inhibition, Matcher, Suppression, SuppressionKind};
use domain::{TeamId, Timestamp, UserId};

use super::document::{
    CalendarEntry, ChannelEntry, HeartbeatEntry, InhibitionEntry, IntegrationEntry, LayerEntry,
    Manifest, MethodEntry, PolicyEntry, RemindersEntry, RoutingEntry, RuleEntry, ScheduleEntry,
    ServiceEntry, SettingsEntry, StepEntry, SuppressionEntry, TeamEntry, TokenEntry, UserEntry,
};
use super::naming::{numbered, recurring};
use super::reconcile::Current;
use super::value::{Day, Duration, Located, TargetRef, Timeout, Turn};
use crate::account::secret;
use crate::configuration::integration;
use crate::configuration::routing::RuleInput;

/// The configuration as a file that, applied to an empty installation, makes the same one, with
/// working integrations and tokens: of these it holds digests. Passwords, as hashes, and what
/// senders sign with are in it only `with_secrets`.
///
/// Of a schedule it holds the newest version; its history and its overrides are not configuration.
/// A policy that can reach nobody at some time from `now` on says `anyway: true`, so that it can be
/// applied again.
pub fn export(current: &Current, with_secrets: bool, now: Timestamp) -> Manifest {
    let directory = &*current.directory;
    let last_resort = targets(directory, &directory.settings.last_resort);
    Manifest {
        settings: (!last_resort.is_empty()).then_some(SettingsEntry {
            last_resort: Some(last_resort),
        }),
        users: directory
            .users
            .values()
            .map(|user| {
                let hash = current.password_hashes.get(&user.id);
                user_entry(directory, user, hash.filter(|_| with_secrets))
            })
            .collect(),
        teams: directory
            .teams
            .values()
            .map(|team| TeamEntry {
                slug: team.slug.clone().into(),
                name: Some(team.name.clone()),
                description: written(&team.description),
                members: Some(
                    team.members
                        .iter()
                        .filter_map(|id| email(directory, *id))
                        .map(Into::into)
                        .collect(),
                ),
            })
            .collect(),
        holiday_calendars: directory
            .calendars
            .values()
            .map(|calendar| calendar_entry(calendar))
            .collect(),
        schedules: directory
            .schedules
            .values()
            .map(|schedule| schedule_entry(directory, schedule))
            .collect(),
        channels: directory
            .channels
            .values()
            .map(|channel| channel_entry(directory, channel, with_secrets))
            .collect(),
        policies: directory
            .policies
            .values()
            .map(|policy| policy_entry(directory, policy, now))
            .collect(),
        services: directory
            .services
            .values()
            .map(|service| service_entry(current, service, with_secrets))
            .collect(),
        maintenance_windows: suppressions(directory, SuppressionKind::Maintenance, now),
        silences: suppressions(directory, SuppressionKind::Silence, now),
        inhibitions: inhibitions(directory),
        api_tokens: current
            .tokens
            .iter()
            .filter(|(token, _)| token.revoked_at.is_none())
            .map(|(token, hash)| TokenEntry {
                name: token.name.clone().into(),
                role: token.role,
                token: None,
                token_sha256: Some(secret::to_hex(hash).into()),
                token_hint: Some(token.hint.clone()),
            })
            .collect(),
    }
}

/// Those that recur: what holds once is work of the day, not configuration.
fn suppressions(
    directory: &Directory,
    kind: SuppressionKind,
    now: Timestamp,
) -> Vec<SuppressionEntry> {
    recurring(directory, kind)
        .into_iter()
        .filter(|(_, one)| {
            // Of integrations that are all gone it matches nothing, and without them it would.
            let said =
                one.integrations.is_empty() || !named_integrations(directory, one).is_empty();
            said && !one.is_over(now)
        })
        .map(|(name, one)| SuppressionEntry {
            comment: name.into(),
            services: Some(
                one.services
                    .iter()
                    .filter_map(|id| directory.service(*id))
                    .map(|service| service.slug.clone().into())
                    .collect(),
            ),
            integrations: Some(named_integrations(directory, one))
                .filter(|named| !named.is_empty()),
            matchers: Some(matchers(&one.matchers)),
            starts_at: Some(one.starts_at.into()),
            lasts: Some(Duration(one.ends_at.since(one.starts_at)).into()),
            recurrence: Some(one.recurrence.clone().map(Into::into)),
            zone: Some(one.zone.clone().into()),
        })
        .collect()
}

fn named_integrations(directory: &Directory, one: &Suppression) -> Vec<Located<String>> {
    let integrations = one.integrations.iter();
    integrations
        .filter_map(|id| {
            let integration = directory.integration(*id)?;
            let service = directory.service(integration.service_id)?;
            Some(format!("{}/{}", service.slug, integration.name).into())
        })
        .collect()
}

fn inhibitions(directory: &Directory) -> Vec<InhibitionEntry> {
    let rules = directory.inhibitions.values();
    let names = numbered(rules.clone().map(|rule| rule.name.as_str()));
    let named = names.into_iter().zip(rules);
    named
        .map(|(name, rule)| inhibition_entry(directory, name, rule))
        .collect()
}

fn inhibition_entry(directory: &Directory, name: String, rule: &Inhibition) -> InhibitionEntry {
    InhibitionEntry {
        name: name.into(),
        team: team_of(directory, rule.team_id),
        source: Some(matchers(&rule.source)),
        target: Some(matchers(&rule.target)),
        equal: Some(rule.equal.clone()),
    }
}

fn matchers(matchers: &[Matcher]) -> Vec<Located<String>> {
    let written = matchers.iter().map(Matcher::to_string);
    written.map(Into::into).collect()
}

/// The file as YAML.
///
/// # Errors
/// A text that cannot be written; none that was checked when it was stored.
pub fn to_yaml(manifest: &Manifest) -> Result<String, String> {
    let options = serde_saphyr::ser_options! { prefer_block_scalars: false };
    serde_saphyr::to_string_with_options(manifest, options).map_err(|error| error.to_string())
}

fn written(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

fn email(directory: &Directory, id: UserId) -> Option<String> {
    directory.user(id).map(|user| user.email.clone())
}

fn user_entry(directory: &Directory, user: &User, hash: Option<&String>) -> UserEntry {
    let methods = user.methods.iter().map(|method| MethodEntry {
        kind: method.kind,
        address: method.address.clone().into(),
        verified: method.verified_at.is_some(),
    });
    let rules = user.rules.iter().filter_map(|rule| {
        let method = user.method(rule.method_id)?;
        Some(RuleEntry {
            urgency: rule.urgency,
            method: method.kind.into(),
            address: Some(method.address.clone()),
            delay: Some(Duration(rule.delay)),
        })
    });
    UserEntry {
        email: user.email.clone().into(),
        name: Some(user.name.clone()),
        role: Some(user.role),
        zone: Some(user.zone.clone().into()),
        disabled: user.disabled.then_some(true),
        password: None,
        password_hash: hash.map(|hash| hash.clone().into()),
        contact_methods: Some(methods.collect()),
        notification_rules: Some(rules.collect()),
        hears_answers: (!user.hears_answers).then_some(false),
        reminders: directory
            .reminders
            .get(&user.id)
            .map(|wish| RemindersEntry {
                leads: wish.leads.iter().copied().map(Duration).collect(),
                hand_off: wish.hand_off,
            }),
        digest: directory
            .reminders
            .get(&user.id)
            .filter(|wish| wish.digest != Reminders::default().digest)
            .map(|wish| DigestTime(wish.digest).into()),
    }
}

fn team_of(directory: &Directory, team: Option<TeamId>) -> Option<Option<Located<String>>> {
    let slug = directory.team(team?)?.slug.clone();
    Some(Some(slug.into()))
}

fn calendar_entry(calendar: &HolidayCalendar) -> CalendarEntry {
    CalendarEntry {
        slug: calendar.slug.clone().into(),
        name: Some(calendar.name.clone()),
        description: written(&calendar.description),
        days: Some(calendar.days.iter().cloned().map(Into::into).collect()),
    }
}

fn schedule_entry(directory: &Directory, schedule: &Schedule) -> ScheduleEntry {
    let config = schedule.versions.last().map(|version| &version.config);
    ScheduleEntry {
        slug: schedule.slug.clone().into(),
        name: Some(schedule.name.clone()),
        description: written(&schedule.description),
        team: team_of(directory, schedule.team_id),
        effective_from: None,
        hand_offs: directory
            .hand_offs
            .get(&schedule.id)
            .and_then(|id| directory.channel(*id))
            .map(|channel| Some(channel.slug.clone().into())),
        zone: config.map(|config| config.zone.clone().into()),
        layers: config.map(|config| {
            let layers = config.layers.iter();
            layers.map(|layer| layer_entry(directory, layer)).collect()
        }),
    }
}

fn layer_entry(directory: &Directory, layer: &Layer) -> LayerEntry {
    let emails = |users: &[UserId]| {
        let people = users.iter().filter_map(|id| email(directory, *id));
        people.collect()
    };
    let turn = |one: &Participant| Turn {
        users: emails(&one.users),
        shadows: emails(&one.shadows),
    };
    LayerEntry {
        name: layer.name.clone().into(),
        rotation: layer.rotation,
        handoff: layer.handoff,
        start: Day(layer.start),
        end: layer.end.map(Day),
        participants: layer
            .participants
            .iter()
            .map(|one| turn(one).into())
            .collect(),
        restrictions: layer.restrictions.clone(),
        holidays: layer.holidays.clone(),
    }
}

fn targets(directory: &Directory, targets: &[Target]) -> Vec<Located<TargetRef>> {
    let written = |target: &Target| {
        Some(match *target {
            Target::User(id) => TargetRef::User(email(directory, id)?),
            Target::Schedule(id) => TargetRef::Schedule(directory.schedule(id)?.slug.clone()),
            Target::Team(id) => TargetRef::Team(directory.team(id)?.slug.clone()),
            Target::Channel(id) => TargetRef::Channel(directory.channel(id)?.slug.clone()),
        })
    };
    targets.iter().filter_map(written).map(Into::into).collect()
}

fn channel_entry(directory: &Directory, channel: &Channel, with_secrets: bool) -> ChannelEntry {
    let secret = |one: &domain::channel::Secret| Located::from(Secret::from(one.reveal()));
    let shown = with_secrets || !channel.kind.address_is_secret();
    ChannelEntry {
        slug: channel.slug.clone().into(),
        name: Some(channel.name.clone()),
        description: written(&channel.description),
        team: team_of(directory, channel.team_id),
        kind: channel.kind,
        address: shown.then(|| secret(&channel.address)),
        secret: channel.secret.as_ref().filter(|_| with_secrets).map(secret),
        enabled: (!channel.enabled).then_some(false),
    }
}

fn policy_entry(directory: &Directory, policy: &Policy, now: Timestamp) -> PolicyEntry {
    let config = &policy.current.config;
    let warnings = escalation::warnings(config, directory, now);
    let step = |step: &Step| StepEntry {
        targets: targets(directory, &step.targets),
        mode: (step.mode != StepMode::All).then_some(step.mode),
        wait: Some(Duration(step.wait).into()),
        urgency: step.urgency,
        severity_at_least: step.severity_at_least,
        hours: step.hours.clone(),
    };
    PolicyEntry {
        slug: policy.slug.clone().into(),
        name: Some(policy.name.clone()),
        description: written(&policy.description),
        team: team_of(directory, policy.team_id),
        repeats: Some(config.repeats),
        steps: Some(config.steps.iter().map(step).collect()),
        anyway: warnings.iter().any(|warning| warning.needs_confirmation()),
    }
}

fn heartbeat_entry(beat: &Heartbeat) -> HeartbeatEntry {
    let settings = &beat.settings;
    HeartbeatEntry {
        name: settings.name.clone().into(),
        interval: Some(Duration(settings.interval)),
        grace: Some(Duration(settings.grace)),
        longest_run: settings
            .longest_run
            .map(|longest| Some(Duration(longest).into())),
        severity: Some(settings.severity),
        message: settings
            .message
            .as_ref()
            .map(|message| Some(message.clone().into())),
        tags: (!settings.tags.is_empty()).then(|| settings.tags.clone()),
        description: written(&settings.description),
    }
}

fn service_entry(current: &Current, service: &Service, with_secrets: bool) -> ServiceEntry {
    let directory = &*current.directory;
    let settings = &service.settings;
    let policy = service.policy_id.and_then(|id| directory.policy(id));
    let integrations = directory
        .integrations
        .values()
        .filter(|integration| integration.service_id == service.id)
        .map(|integration| {
            // What a later version has written cannot be told.
            let settings = integration::settings_of(integration).cloned();
            let settings = settings.unwrap_or_default();
            let secret = settings.secret.filter(|_| with_secrets);
            IntegrationEntry {
                name: integration.name.clone().into(),
                kind: integration.kind,
                key: None,
                key_sha256: Some(secret::to_hex(&integration.key_hash).into()),
                key_hint: Some(integration.key_hint.clone()),
                secret: secret.map(|secret| Some(Secret::from(secret.reveal()).into())),
                severity: settings.severity.map(|severity| Some(severity.into())),
                severity_words: (!settings.severity_words.is_empty())
                    .then(|| Some(settings.severity_words.clone().into())),
                mapping: settings.mapping.map(|rules| Some(rules.into())),
                routing_rules: routing_rules(directory, integration),
                mail: settings.mail.map(|rules| Some(rules.into())),
                identity_labels: (!settings.identity_labels.is_empty())
                    .then(|| Some(settings.identity_labels.clone().into())),
                rate_limit: (settings.conduct.rate_limit).map(|rate| Some(rate.into())),
                on_silence: (settings.conduct.on_silence != OnSilence::Resolve)
                    .then(|| settings.conduct.on_silence.into()),
                resolve_after: (settings.conduct.resolve_after)
                    .map(|after| Some(Duration(after).into())),
                insufficient_data: settings.insufficient_data.map(|one| Some(one.into())),
                heartbeats: current
                    .heartbeats
                    .iter()
                    .filter(|beat| beat.integration_id == integration.id)
                    .map(heartbeat_entry)
                    .collect(),
            }
        });
    ServiceEntry {
        slug: service.slug.clone().into(),
        name: Some(service.name.clone()),
        description: written(&service.description),
        team: team_of(directory, service.team_id),
        policy: policy.map(|policy| Some(policy.slug.clone().into())),
        urgency: Some(settings.urgency),
        grouping: Some(settings.grouping),
        high_severities: Some(settings.high_severities.clone()),
        support_hours: settings.support_hours.clone(),
        grouping_fields: Some(settings.grouping_fields.clone()),
        grouping_window: Some(Duration(settings.grouping_window).into()),
        storm_limit: Some(settings.storm_limit.unwrap_or(0)),
        auto_resolve: Some(settings.auto_resolve),
        reopen_window: Some(Duration(settings.reopen_window).into()),
        ack_timeout_high: Some(Timeout(settings.ack_timeout_high).into()),
        ack_timeout_low: Some(Timeout(settings.ack_timeout_low).into()),
        integrations: integrations.collect(),
    }
}

/// The rules of a global integration.
fn routing_rules(
    directory: &Directory,
    integration: &Integration,
) -> Option<Option<Vec<RoutingEntry>>> {
    if !integration.routing.on {
        return None;
    }
    let rules = integration.routing.rules.iter();
    let names = numbered(rules.clone().map(|rule| rule.name.as_str()));
    let entries = names.into_iter().zip(rules).map(|(name, rule)| {
        let input = RuleInput::of(rule);
        let service = input.service.and_then(|id| directory.service(id));
        RoutingEntry {
            name: name.into(),
            enabled: input.enabled,
            condition: input.condition,
            service: service.map(|service| service.slug.clone().into()),
            severity: input.severity,
            dedup_key: input.dedup_key,
            group_key: input.group_key,
            labels: input.labels.into_iter().collect(),
            suppress: input.suppress,
            continues: input.continues,
        }
    });
    Some(Some(entries.collect()))
}
