//! People and teams.

use std::collections::BTreeSet;
use std::sync::Arc;

use domain::digest::DigestTime;
use domain::directory::{ContactMethod, NotificationRule, Team, User};
use domain::reminder::Reminders;
use domain::word::{AccountRole, ContactKind};
use domain::{ContactMethodId, NotificationRuleId, Span, TeamId, UserId};

use super::{Work, put};
use crate::account::password;
use crate::configuration::check::Checks;
use crate::configuration::contact::{DELAY_MAX, METHODS_MAX, RULES_MAX};
use crate::configuration::slug;
use crate::manifest::document::{MethodEntry, RemindersEntry, RuleEntry, TeamEntry, UserEntry};
use crate::manifest::value::{Place, kind_in_words};
use crate::manifest::write::Write;

impl Work<'_> {
    pub(super) fn user(&mut self, entry: &UserEntry) {
        let at = entry.email.at;
        let mut checks = Checks::default();
        let email = checks.email("email", &entry.email);
        let existing = self.directory.user_by_email(&email).cloned();
        let created = existing.is_none();
        if !self.first("user", &email, at) {
            return;
        }
        let mut fields = vec![];
        let mut user = match existing {
            Some(user) => user,
            None => User {
                id: self.id(UserId),
                email: email.clone(),
                name: String::new(),
                role: AccountRole::Responder,
                zone: "UTC".into(),
                disabled: false,
                hears_answers: true,
                methods: vec![],
                rules: vec![],
            },
        };
        if let Some(name) = &entry.name {
            put(
                &mut user.name,
                checks.name("name", name),
                "name",
                &mut fields,
            );
        } else if created {
            checks.add("name", "a new person needs a name");
        }
        if let Some(role) = entry.role {
            put(&mut user.role, role, "role", &mut fields);
        }
        if let Some(zone) = &entry.zone {
            put(
                &mut user.zone,
                checks.zone("zone", zone),
                "zone",
                &mut fields,
            );
        }
        if let Some(disabled) = entry.disabled {
            put(&mut user.disabled, disabled, "disabled", &mut fields);
        }
        if let Some(hears) = entry.hears_answers {
            put(&mut user.hears_answers, hears, "hears_answers", &mut fields);
        }
        self.problems(at, checks.into_problems());
        if created {
            let hash = self
                .new_password(entry, user.id, &email)
                .map(|(_, hash)| hash);
            let user = User {
                methods: vec![],
                ..user.clone()
            };
            self.writes.push(Write::InsertUser { user, hash });
        } else {
            if !fields.is_empty() {
                self.writes.push(Write::UpdateUser(user.clone()));
            }
            if let Some((field, hash)) = self.new_password(entry, user.id, &email) {
                fields.push(field);
                self.writes.push(Write::SetPassword {
                    user: user.id,
                    hash,
                });
            }
        }
        if self.methods(entry, created, &mut user) {
            fields.push("contact_methods");
        }
        if let Some(rules) = &entry.notification_rules
            && self.rules(rules, entry, &mut user)
        {
            fields.push("notification_rules");
        }
        if let Some(entry) = &entry.reminders
            && self.reminders(entry, at, user.id)
        {
            fields.push("reminders");
        }
        if let Some(digest) = &entry.digest
            && self.digest(digest.value, user.id)
        {
            fields.push("digest");
        }
        self.directory.users.insert(user.id, Arc::new(user));
        self.change("user", email, created, fields);
    }

    /// Writes what a person is told of shifts. Returns whether anything changes.
    fn reminders(&mut self, entry: &RemindersEntry, at: Place, user: UserId) -> bool {
        let wish = Reminders {
            leads: entry.leads.iter().map(|lead| lead.0).collect(),
            hand_off: entry.hand_off,
            digest: self.wish(user).digest,
        };
        match wish.checked() {
            Ok(wish) => self.wishes(user, wish),
            Err(why) => {
                self.fault(at, format!("reminders: {why}"));
                false
            }
        }
    }

    /// Writes when a person's digest comes. Returns whether anything changes.
    fn digest(&mut self, time: DigestTime, user: UserId) -> bool {
        let wish = Reminders {
            digest: time.0,
            ..self.wish(user)
        };
        // The other fields were checked when they were written.
        wish.checked().is_ok_and(|wish| self.wishes(user, wish))
    }

    fn wish(&self, user: UserId) -> Reminders {
        let stored = self.directory.reminders.get(&user);
        stored.cloned().unwrap_or_default()
    }

    fn wishes(&mut self, user: UserId, wish: Reminders) -> bool {
        if self.wish(user) == wish {
            return false;
        }
        self.directory.reminders.insert(user, wish.clone());
        self.writes.push(Write::PutReminders { user, wish });
        true
    }

    /// The password hash to be stored, if another one than now, and the field it comes from.
    fn new_password(
        &mut self,
        entry: &UserEntry,
        user: UserId,
        email: &str,
    ) -> Option<(&'static str, String)> {
        match (&entry.password, &entry.password_hash) {
            (Some(_), Some(hash)) => {
                self.fault(hash.at, "`password` and `password_hash` exclude each other");
                None
            }
            (Some(password), None) => {
                if let Err(problem) = password::check("password", password.value.reveal()) {
                    self.problems(password.at, vec![problem]);
                    return None;
                }
                let hash = self.passwords.get(email).cloned().flatten();
                hash.map(|hash| ("password", hash))
            }
            (None, Some(hash)) => {
                if !password::is_hash(hash) {
                    let message = "password_hash: this is not an argon2 hash in PHC form";
                    self.fault(hash.at, message);
                }
                let stored = self.current.password_hashes.get(&user);
                (stored != Some(&hash.value)).then(|| ("password_hash", hash.value.clone()))
            }
            (None, None) => None,
        }
    }

    /// Adds and verifies contact methods. Returns whether anything changes.
    fn methods(&mut self, entry: &UserEntry, created: bool, user: &mut User) -> bool {
        let own;
        let entries = match &entry.contact_methods {
            Some(entries) => entries,
            None if created => {
                own = vec![MethodEntry {
                    kind: ContactKind::Email,
                    address: entry.email.clone(),
                    verified: false,
                }];
                &own
            }
            None => return false,
        };
        let mut changed = false;
        let mut named = BTreeSet::new();
        for method in entries {
            let at = method.address.at;
            let mut checks = Checks::default();
            let address = checks.address("address", method.kind, &method.address);
            self.problems(at, checks.into_problems());
            if !named.insert((method.kind, address.clone())) {
                self.fault(
                    at,
                    format!("the contact method {address} stands here twice"),
                );
                continue;
            }
            let known = user
                .methods
                .iter_mut()
                .find(|known| known.kind == method.kind && known.address == address);
            match known {
                // Verified once is verified: the file does not take a proof away.
                Some(known) if !method.verified || known.verified_at.is_some() => {}
                Some(known) => {
                    known.verified_at = Some(self.now);
                    known.broken = None;
                    self.writes.push(Write::VerifyMethod(known.id));
                    changed = true;
                }
                None => {
                    let new = ContactMethod {
                        id: self.id(ContactMethodId),
                        kind: method.kind,
                        address,
                        verified_at: method.verified.then_some(self.now),
                        broken: None,
                    };
                    self.writes.push(Write::InsertMethod {
                        user: user.id,
                        method: new.clone(),
                    });
                    user.methods.push(new);
                    changed = true;
                }
            }
        }
        if user.methods.len() > METHODS_MAX {
            let message = format!("a person has at most {METHODS_MAX} contact methods");
            self.fault(entry.email.at, message);
        }
        changed
    }

    /// Replaces the rules if they differ. Returns whether they do.
    fn rules(&mut self, rules: &[RuleEntry], entry: &UserEntry, user: &mut User) -> bool {
        if rules.len() > RULES_MAX {
            let message = format!("at most {RULES_MAX} notification rules are possible");
            self.fault(entry.email.at, message);
        }
        let mut wanted = vec![];
        for rule in rules {
            let delay = rule.delay.map_or(Span::ZERO, |delay| delay.0);
            if delay > DELAY_MAX {
                self.fault(
                    rule.method.at,
                    format!("delay: at most {DELAY_MAX} is possible"),
                );
            }
            if let Some(method) = self.method_of(rule, user) {
                wanted.push((rule.urgency, method, delay));
            }
        }
        let present: Vec<_> = user
            .rules
            .iter()
            .map(|rule| (rule.urgency, rule.method_id, rule.delay))
            .collect();
        if wanted == present {
            return false;
        }
        user.rules.clear();
        for (urgency, method_id, delay) in wanted {
            let id = self.id(NotificationRuleId);
            user.rules.push(NotificationRule {
                id,
                urgency,
                method_id,
                delay,
            });
        }
        self.writes.push(Write::ReplaceRules {
            user: user.id,
            rules: user.rules.clone(),
        });
        true
    }

    fn method_of(&mut self, rule: &RuleEntry, user: &User) -> Option<ContactMethodId> {
        let kind = *rule.method;
        let at = rule.method.at;
        let mut of_kind = user.methods.iter().filter(|method| method.kind == kind);
        if let Some(address) = &rule.address {
            let mut checks = Checks::default();
            let address = checks.address("address", kind, address);
            let found = of_kind.find(|method| method.address == address);
            if found.is_none() {
                let kind = kind_in_words(kind);
                self.fault(at, format!("{} has no {kind} method {address}", user.email));
            }
            return found.map(|method| method.id);
        }
        match (of_kind.next(), of_kind.next()) {
            (Some(only), None) => Some(only.id),
            (None, _) => {
                let kind = kind_in_words(kind);
                self.fault(at, format!("{} has no {kind} contact method", user.email));
                None
            }
            (Some(_), Some(_)) => {
                let kind = kind_in_words(kind);
                let message = format!("{} has several {kind} methods: add `address`", user.email);
                self.fault(at, message);
                None
            }
        }
    }

    pub(super) fn team(&mut self, entry: &TeamEntry) {
        let at = entry.slug.at;
        let existing = self.directory.team_by_slug(&entry.slug).cloned();
        let created = existing.is_none();
        if !self.first("team", &entry.slug, at) {
            return;
        }
        let mut fields = vec![];
        let mut team = match existing {
            Some(team) => team,
            None => Team {
                id: self.id(TeamId),
                slug: entry.slug.value.clone(),
                name: entry.slug.value.clone(),
                description: String::new(),
                members: vec![],
            },
        };
        let mut checks = Checks::default();
        if created && let Err(message) = slug::check(&entry.slug) {
            checks.add("slug", message);
        }
        if let Some(name) = &entry.name {
            put(
                &mut team.name,
                checks.name("name", name),
                "name",
                &mut fields,
            );
        }
        if let Some(text) = &entry.description {
            let text = checks.description("description", text);
            put(&mut team.description, text, "description", &mut fields);
        }
        self.problems(at, checks.into_problems());
        if let Some(members) = &entry.members {
            let members: BTreeSet<UserId> = members
                .iter()
                .filter_map(|email| self.person(email, email.at))
                .collect();
            let members = members.into_iter().collect();
            put(&mut team.members, members, "members", &mut fields);
        }
        if created {
            self.writes.push(Write::InsertTeam(team.clone()));
        } else if !fields.is_empty() {
            self.writes.push(Write::UpdateTeam(team.clone()));
        }
        self.directory.teams.insert(team.id, Arc::new(team));
        self.change("team", entry.slug.value.clone(), created, fields);
    }
}
