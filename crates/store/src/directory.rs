//! Reads the whole configuration as one snapshot.

use std::collections::BTreeMap;
use std::sync::Arc;

use diesel::prelude::*;
use domain::directory::{ContactMethod, Directory, NotificationRule, Settings, Team, User};
use domain::integration::IntegrationSettings;
use domain::policy::{Policy, PolicyVersion};
use domain::routing::Routing;
use domain::service::{Integration, Service};
use domain::word::{AccountRole, ContactKind, IntegrationKind, Urgency};
use domain::{
    ContactMethodId, IntegrationId, NotificationRuleId, PolicyId, ServiceId, Span, TeamId,
    Timestamp, UserId,
};

use crate::conn::Conn;
use crate::db;
use crate::error::{Error, json};
use crate::schedule::snapshot;
use crate::schema::{
    contact_method, integration, notification_rule, policy, policy_version, sequence, service,
    setting, team, team_member, users,
};

/// Key of the installation's [`Settings`] in the table `setting`.
pub const SETTINGS_KEY: &str = "settings";

/// The configuration's generation: rises with every change of it.
///
/// # Errors
/// Those of the read.
pub fn generation(conn: &mut Conn) -> Result<i64, Error> {
    db!(conn, |c| sequence::table
        .find("generation")
        .select(sequence::next_value)
        .first(c))
}

/// Reads everything. The generation is read first: should a change slip in between, the snapshot
/// is marked older than it is and read once more.
///
/// # Errors
/// Those of the reads; [`Error::Corrupt`] when stored JSON cannot be understood.
pub fn load(conn: &mut Conn) -> Result<Directory, Error> {
    let mut directory = Directory {
        generation: generation(conn)?,
        settings: settings(conn)?,
        reminders: crate::reminder::wishes(conn)?,
        suppressions: crate::suppression::load(conn)?,
        inhibitions: crate::inhibition::load(conn)?,
        channels: crate::channel::load(conn)?,
        hand_offs: crate::channel::hand_offs(conn)?,
        ..Directory::default()
    };
    load_people(conn, &mut directory)?;
    snapshot::load(conn, &mut directory)?;
    load_policies(conn, &mut directory)?;
    load_services(conn, &mut directory)?;
    Ok(directory)
}

fn settings(conn: &mut Conn) -> Result<Settings, Error> {
    let text: Option<String> = db!(conn, |c| setting::table
        .find(SETTINGS_KEY)
        .select(setting::value)
        .first(c)
        .optional())?;
    text.map_or_else(|| Ok(Settings::default()), |text| json("settings", &text))
}

fn load_people(conn: &mut Conn, directory: &mut Directory) -> Result<(), Error> {
    type Row = (
        UserId,
        String,
        String,
        AccountRole,
        String,
        Option<Timestamp>,
        bool,
    );
    let rows: Vec<Row> = db!(conn, |c| users::table
        .select((
            users::id,
            users::email,
            users::name,
            users::role,
            users::zone,
            users::disabled_at,
            users::hears_answers,
        ))
        .load(c))?;
    let mut people: BTreeMap<UserId, User> = rows
        .into_iter()
        .map(
            |(id, email, name, role, zone, disabled_at, hears_answers)| {
                let disabled = disabled_at.is_some();
                (
                    id,
                    User {
                        id,
                        email,
                        name,
                        role,
                        zone,
                        disabled,
                        hears_answers,
                        methods: vec![],
                        rules: vec![],
                    },
                )
            },
        )
        .collect();

    type Method = (
        ContactMethodId,
        UserId,
        ContactKind,
        String,
        Option<Timestamp>,
        Option<String>,
    );
    let methods: Vec<Method> = db!(conn, |c| contact_method::table
        .select((
            contact_method::id,
            contact_method::user_id,
            contact_method::kind,
            contact_method::address,
            contact_method::verified_at,
            contact_method::broken_reason,
        ))
        .order(contact_method::id)
        .load(c))?;
    for (id, user_id, kind, address, verified_at, broken) in methods {
        if let Some(user) = people.get_mut(&user_id) {
            user.methods.push(ContactMethod {
                id,
                kind,
                address,
                verified_at,
                broken,
            });
        }
    }

    type Rule = (NotificationRuleId, UserId, Urgency, ContactMethodId, Span);
    let rules: Vec<Rule> = db!(conn, |c| notification_rule::table
        .select((
            notification_rule::id,
            notification_rule::user_id,
            notification_rule::urgency,
            notification_rule::method_id,
            notification_rule::delay,
        ))
        .order((notification_rule::position, notification_rule::id))
        .load(c))?;
    for (id, user_id, urgency, method_id, delay) in rules {
        if let Some(user) = people.get_mut(&user_id) {
            user.rules.push(NotificationRule {
                id,
                urgency,
                method_id,
                delay,
            });
        }
    }
    directory.users = people
        .into_iter()
        .map(|(id, user)| (id, Arc::new(user)))
        .collect();

    let rows: Vec<(TeamId, String, String, String)> = db!(conn, |c| team::table
        .select((team::id, team::slug, team::name, team::description))
        .load(c))?;
    let mut teams: BTreeMap<TeamId, Team> = rows
        .into_iter()
        .map(|(id, slug, name, description)| {
            (
                id,
                Team {
                    id,
                    slug,
                    name,
                    description,
                    members: vec![],
                },
            )
        })
        .collect();
    let members: Vec<(TeamId, UserId)> = db!(conn, |c| team_member::table
        .select((team_member::team_id, team_member::user_id))
        .order((team_member::team_id, team_member::user_id))
        .load(c))?;
    for (team_id, user_id) in members {
        if let Some(team) = teams.get_mut(&team_id) {
            team.members.push(user_id);
        }
    }
    directory.teams = teams
        .into_iter()
        .map(|(id, team)| (id, Arc::new(team)))
        .collect();
    Ok(())
}

fn load_policies(conn: &mut Conn, directory: &mut Directory) -> Result<(), Error> {
    type Row = (
        PolicyId,
        String,
        String,
        String,
        Option<TeamId>,
        i64,
        Timestamp,
        String,
    );
    let rows: Vec<Row> = db!(conn, |c| policy::table
        .inner_join(
            policy_version::table.on(policy_version::policy_id
                .eq(policy::id)
                .and(policy_version::version.eq(policy::current_version)))
        )
        .select((
            policy::id,
            policy::slug,
            policy::name,
            policy::description,
            policy::team_id,
            policy_version::version,
            policy_version::created_at,
            policy_version::config,
        ))
        .load(c))?;
    for (id, slug, name, description, team_id, version, created_at, config) in rows {
        let config = json("policy_version.config", &config)?;
        let current = PolicyVersion {
            version,
            created_at,
            config,
        };
        let policy = Policy {
            id,
            slug,
            name,
            description,
            team_id,
            current,
        };
        directory.policies.insert(id, Arc::new(policy));
    }
    Ok(())
}

fn load_services(conn: &mut Conn, directory: &mut Directory) -> Result<(), Error> {
    type Row = (
        ServiceId,
        String,
        String,
        String,
        Option<TeamId>,
        Option<PolicyId>,
        String,
    );
    let rows: Vec<Row> = db!(conn, |c| service::table
        .select((
            service::id,
            service::slug,
            service::name,
            service::description,
            service::team_id,
            service::policy_id,
            service::settings,
        ))
        .load(c))?;
    for (id, slug, name, description, team_id, policy_id, settings) in rows {
        let settings = json("service.settings", &settings)?;
        let service = Service {
            id,
            slug,
            name,
            description,
            team_id,
            policy_id,
            settings,
        };
        directory.services.insert(id, Arc::new(service));
    }

    type Door = (
        IntegrationId,
        ServiceId,
        String,
        IntegrationKind,
        Vec<u8>,
        String,
        Timestamp,
        String,
        Option<String>,
    );
    let doors: Vec<Door> = db!(conn, |c| integration::table
        .filter(integration::removed_at.is_null())
        .select((
            integration::id,
            integration::service_id,
            integration::name,
            integration::kind,
            integration::key_hash,
            integration::key_hint,
            integration::created_at,
            integration::settings,
            integration::routing,
        ))
        .load(c))?;
    for (id, service_id, name, kind, key_hash, key_hint, created_at, settings, routing) in doors {
        let key_hash: [u8; 32] = key_hash
            .try_into()
            .map_err(|_| Error::Corrupt("integration.key_hash is not 32 bytes".into()))?;
        let door = Integration {
            id,
            service_id,
            name,
            kind,
            key_hash,
            key_hint,
            settings: IntegrationSettings::new(&settings),
            routing: match routing {
                Some(text) => json("integration.routing", &text)?,
                None => Routing::default(),
            },
            created_at,
        };
        directory.integration_keys.insert(key_hash, id);
        directory.integrations.insert(id, Arc::new(door));
    }
    Ok(())
}
