//! Compares a file with the configuration and says what must be written. Works on a copy of the
//! configuration in memory, so that what the file creates can be named further down in it.

mod channel;
mod heartbeat;
mod holiday;
mod on_call;
mod people;
mod routing;
mod service;
mod suppression;
mod token;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use domain::directory::Directory;
use domain::escalation::{self, WarningKind};
use domain::heartbeat::Heartbeat;
use domain::policy::Target;
use domain::suppression::SuppressionKind;
use domain::word::AccountRole;
use domain::{PolicyId, TeamId, Timestamp, UserId};
use store::account::Token;

use super::document::Manifest;
use super::fault::{Fault, ManifestError};
use super::plan::{Change, Plan, Verb};
use super::value::{Located, Place, TargetRef};
use super::write::Write;
use crate::Problem;

/// The configuration as it stands, with what a directory does not hold.
#[derive(Clone)]
pub struct Current {
    pub directory: Arc<Directory>,
    /// PHC strings.
    pub password_hashes: BTreeMap<UserId, String>,
    /// API tokens with their digests.
    pub tokens: Vec<(Token, [u8; 32])>,
    pub heartbeats: Vec<Heartbeat>,
}

/// What the passwords of a file come to, by e-mail address in lower case: the hash to be stored,
/// or `None` when the stored one is of this password.
pub(super) type Passwords = BTreeMap<String, Option<String>>;

/// Where ids come from: the transaction, or a counter when it is only a plan.
pub(super) type Ids<'a> = dyn FnMut() -> Result<i64, store::Error> + 'a;

/// What a file comes to.
pub(super) struct Reconciled {
    pub plan: Plan,
    pub writes: Vec<Write>,
    /// The configuration as it will be.
    #[cfg_attr(
        not(test),
        expect(dead_code, reason = "tests compare it with what is stored")
    )]
    pub directory: Directory,
}

/// # Errors
/// [`ManifestError::Faults`], all at once; [`ManifestError::Engine`] when `ids` fails.
pub(super) fn reconcile(
    current: &Current,
    passwords: &Passwords,
    manifest: &Manifest,
    now: Timestamp,
    ids: &mut Ids<'_>,
) -> Result<Reconciled, ManifestError> {
    let mut work = Work {
        directory: (*current.directory).clone(),
        current,
        passwords,
        now,
        ids,
        plan: Plan::default(),
        writes: vec![],
        faults: vec![],
        failed: None,
        seen: BTreeSet::new(),
        routing: vec![],
        changed_policies: vec![],
    };
    for entry in &manifest.users {
        work.user(entry);
    }
    for entry in &manifest.teams {
        work.team(entry);
    }
    for entry in &manifest.holiday_calendars {
        work.calendar(entry);
    }
    for entry in &manifest.channels {
        work.channel(entry);
    }
    for entry in &manifest.schedules {
        work.schedule(entry);
    }
    for entry in &manifest.policies {
        work.policy(entry);
    }
    for entry in &manifest.services {
        work.service(entry);
    }
    work.route();
    for entry in &manifest.maintenance_windows {
        work.suppression(SuppressionKind::Maintenance, entry);
    }
    for entry in &manifest.silences {
        work.suppression(SuppressionKind::Silence, entry);
    }
    for entry in &manifest.inhibitions {
        work.inhibition(entry);
    }
    if let Some(entry) = &manifest.settings {
        work.settings(entry);
    }
    for entry in &manifest.api_tokens {
        work.token(entry);
    }
    work.keep_an_admin();
    work.look_at_policies();
    work.finish()
}

/// The comparison in progress.
struct Work<'a> {
    directory: Directory,
    current: &'a Current,
    passwords: &'a Passwords,
    now: Timestamp,
    ids: &'a mut Ids<'a>,
    plan: Plan,
    writes: Vec<Write>,
    faults: Vec<Fault>,
    failed: Option<store::Error>,
    /// Kind and name of what has been met in the file.
    seen: BTreeSet<(&'static str, String)>,
    /// Rules of integrations, until every service is known.
    routing: Vec<routing::Given>,
    /// Policies whose steps are new, where they stand, and whether they may reach nobody.
    changed_policies: Vec<(PolicyId, Place, bool)>,
}

impl Work<'_> {
    fn id<T>(&mut self, make: impl FnOnce(i64) -> T) -> T {
        match (self.ids)() {
            Ok(id) => make(id),
            Err(error) => {
                self.failed.get_or_insert(error);
                make(i64::MAX)
            }
        }
    }

    fn fault(&mut self, at: Place, message: impl Into<String>) {
        let message = message.into();
        self.faults.push(Fault { at, message });
    }

    fn problems(&mut self, at: Place, problems: Vec<Problem>) {
        for Problem { field, message } in problems {
            self.fault(at, format!("{field}: {message}"));
        }
    }

    /// Whether this is the first of its kind and name in the file.
    fn first(&mut self, kind: &'static str, name: &str, at: Place) -> bool {
        let first = self.seen.insert((kind, name.to_owned()));
        if !first {
            self.fault(at, format!("the {kind} `{name}` stands in the file twice"));
        }
        first
    }

    fn change(
        &mut self,
        kind: &'static str,
        name: impl Into<String>,
        created: bool,
        fields: Vec<&'static str>,
    ) {
        let verb = match (created, fields.is_empty()) {
            (true, _) => Verb::Create,
            (false, false) => Verb::Update,
            (false, true) => Verb::Unchanged,
        };
        self.plan.changes.push(Change {
            verb,
            kind,
            name: name.into(),
            fields: if created { vec![] } else { fields },
        });
    }

    fn person(&mut self, email: &str, at: Place) -> Option<UserId> {
        let found = self
            .directory
            .user_by_email(email.trim())
            .map(|user| user.id);
        if found.is_none() {
            let message = format!("there is no person with the e-mail address `{email}`");
            self.fault(at, message);
        }
        found
    }

    fn team_named(&mut self, slug: &Located<String>) -> Option<TeamId> {
        let found = self.directory.team_by_slug(slug).map(|team| team.id);
        if found.is_none() {
            self.fault(slug.at, format!("there is no team `{}`", slug.value));
        }
        found
    }

    /// The team after this entry: as it was, none, or the one named.
    fn team_of(
        &mut self,
        mentioned: Option<&Option<Located<String>>>,
        before: Option<TeamId>,
    ) -> Option<TeamId> {
        match mentioned {
            None => before,
            Some(None) => None,
            Some(Some(slug)) => self.team_named(slug),
        }
    }

    fn target(&mut self, target: &Located<TargetRef>) -> Option<Target> {
        let at = target.at;
        match &target.value {
            TargetRef::User(email) => self.person(email, at).map(Target::User),
            TargetRef::Schedule(slug) => {
                let found = self.directory.schedule_by_slug(slug);
                let found = found.map(|schedule| Target::Schedule(schedule.id));
                if found.is_none() {
                    self.fault(at, format!("there is no schedule `{slug}`"));
                }
                found
            }
            TargetRef::Team(slug) => {
                let found = self.directory.team_by_slug(slug);
                let found = found.map(|team| Target::Team(team.id));
                if found.is_none() {
                    self.fault(at, format!("there is no team `{slug}`"));
                }
                found
            }
            TargetRef::Channel(slug) => {
                let found = self.directory.channel_by_slug(slug);
                let found = found.map(|channel| Target::Channel(channel.id));
                if found.is_none() {
                    self.fault(at, format!("there is no channel `{slug}`"));
                }
                found
            }
        }
    }

    /// A file must not lock everybody out.
    fn keep_an_admin(&mut self) {
        let has_admin = |directory: &Directory| {
            let mut users = directory.users.values();
            users.any(|user| user.role == AccountRole::Admin && !user.disabled)
        };
        let before = &self.current.directory;
        let had = before.users.is_empty() || has_admin(before);
        if had && !self.directory.users.is_empty() && !has_admin(&self.directory) {
            self.fault(
                Place::default(),
                "nobody could administer any more: one person needs `role: admin`",
            );
        }
    }

    /// PAGING.md §4.10, with everything else of the file already in place.
    fn look_at_policies(&mut self) {
        for (id, at, anyway) in std::mem::take(&mut self.changed_policies) {
            let Some(policy) = self.directory.policies.get(&id).cloned() else {
                continue;
            };
            let warnings = escalation::warnings(&policy.current.config, &self.directory, self.now);
            for warning in warnings {
                let text = format!("policy {}: {}", policy.slug, warning.text);
                match warning.kind {
                    WarningKind::PolicyReachesNobody { .. } if !anyway => self.fault(
                        at,
                        format!("{text} Verify a contact method, or write `anyway: true`"),
                    ),
                    WarningKind::PolicyReachesNobody { .. }
                    | WarningKind::StepReachesNobody { .. }
                    | WarningKind::LastResortReachesNobody
                    | WarningKind::ChannelSilent
                    | WarningKind::PersonUnreachable => {
                        if !self.plan.warnings.contains(&text) {
                            self.plan.warnings.push(text);
                        }
                    }
                    WarningKind::RuleTooLate | WarningKind::SingleChannel => {}
                }
            }
        }
    }

    fn finish(mut self) -> Result<Reconciled, ManifestError> {
        if let Some(error) = self.failed {
            return Err(error.into());
        }
        if !self.faults.is_empty() {
            self.faults.sort_by_key(|fault| fault.at);
            return Err(ManifestError::Faults(self.faults));
        }
        Ok(Reconciled {
            plan: self.plan,
            writes: self.writes,
            directory: self.directory,
        })
    }
}

/// Takes over a value of the file, and notes the field if that changes anything.
fn put<T: PartialEq>(slot: &mut T, value: T, field: &'static str, fields: &mut Vec<&'static str>) {
    if *slot != value {
        *slot = value;
        fields.push(field);
    }
}
