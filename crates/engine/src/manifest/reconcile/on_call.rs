//! Schedules and escalation policies.

use std::sync::Arc;

use domain::policy::{Policy, PolicyConfig, PolicyVersion, REPEATS_DEFAULT, Step, WAIT_DEFAULT};
use domain::schedule::{Layer, Participant, Schedule, ScheduleConfig, ScheduleVersion};
use domain::{PolicyId, ScheduleId};

use super::{Work, put};
use crate::Problem;
use crate::configuration::check::Checks;
use crate::configuration::{policy, schedule, slug};
use crate::manifest::document::{LayerEntry, PolicyEntry, ScheduleEntry, StepEntry};
use crate::manifest::value::Place;
use crate::manifest::write::Write;

impl Work<'_> {
    pub(super) fn schedule(&mut self, entry: &ScheduleEntry) {
        let at = entry.slug.at;
        let existing = self.directory.schedule_by_slug(&entry.slug).cloned();
        let created = existing.is_none();
        if !self.first("schedule", &entry.slug, at) {
            return;
        }
        let mut fields = vec![];
        let mut edited = match existing {
            Some(schedule) => schedule,
            None => Schedule {
                id: self.id(ScheduleId),
                slug: entry.slug.value.clone(),
                name: entry.slug.value.clone(),
                description: String::new(),
                team_id: None,
                versions: vec![],
                overrides: vec![],
                temporaries: vec![],
                imports: vec![],
            },
        };
        let mut checks = Checks::default();
        if created && let Err(message) = slug::check(&entry.slug) {
            checks.add("slug", message);
        }
        if let Some(name) = &entry.name {
            put(
                &mut edited.name,
                checks.name("name", name),
                "name",
                &mut fields,
            );
        }
        if let Some(text) = &entry.description {
            let text = checks.description("description", text);
            put(&mut edited.description, text, "description", &mut fields);
        }
        let team = self.team_of(entry.team.as_ref(), edited.team_id);
        put(&mut edited.team_id, team, "team", &mut fields);
        if created && (entry.zone.is_none() || entry.layers.is_none()) {
            checks.add("zone, layers", "a new schedule needs both");
            self.problems(at, checks.into_problems());
            return;
        }
        self.problems(at, checks.into_problems());
        if !created && !fields.is_empty() {
            self.writes.push(Write::UpdateSchedule(edited.clone()));
        }

        let version = self.schedule_version(entry, &edited, &mut fields);
        if created {
            edited.versions.extend(version);
            self.writes.push(Write::InsertSchedule(edited.clone()));
        } else if let Some(version) = version {
            self.writes.push(Write::InsertScheduleVersion {
                id: edited.id,
                version: version.clone(),
            });
            edited.versions.push(version);
            let key = |v: &ScheduleVersion| (v.effective_from, v.version);
            edited.versions.sort_by_key(key);
        }
        self.hand_offs(edited.id, entry.hand_offs.as_ref(), &mut fields);
        self.directory.schedules.insert(edited.id, Arc::new(edited));
        self.change("schedule", entry.slug.value.clone(), created, fields);
    }

    /// The version that the entry asks for; `None` when the newest says the same.
    fn schedule_version(
        &mut self,
        entry: &ScheduleEntry,
        schedule: &Schedule,
        fields: &mut Vec<&'static str>,
    ) -> Option<ScheduleVersion> {
        let newest = schedule.versions.last();
        let mut config =
            newest.map_or_else(ScheduleConfig::default, |version| version.config.clone());
        let mut changed = vec![];
        if let Some(zone) = &entry.zone {
            let zone = zone.trim().to_owned();
            put(&mut config.zone, zone, "zone", &mut changed);
        }
        if let Some(layers) = &entry.layers {
            let layers = layers.iter().map(|layer| self.layer(layer)).collect();
            put(&mut config.layers, layers, "layers", &mut changed);
        }
        if changed.is_empty() {
            return None;
        }
        fields.extend(changed);
        // What calendars do not exist is among the problems.
        let config = schedule::filled(&self.directory, config.clone()).unwrap_or(config);
        let problems = schedule::config_problems(&self.directory, &config);
        for Problem { field, message } in problems {
            let at = place_of_layer(entry, &field);
            self.fault(at, format!("{field}: {message}"));
        }
        // The past is never rewritten: what was to begin earlier begins now.
        let wanted = entry
            .effective_from
            .as_ref()
            .map_or(self.now, |from| from.value);
        Some(ScheduleVersion {
            version: schedule.next_version(),
            effective_from: wanted.max(self.now),
            config,
        })
    }

    fn layer(&mut self, entry: &LayerEntry) -> Layer {
        let participants = entry
            .participants
            .iter()
            .map(|turn| {
                let mut people = |emails: &[String]| {
                    let emails = emails.iter();
                    emails
                        .filter_map(|email| self.person(email, turn.at))
                        .collect()
                };
                Participant {
                    users: people(&turn.value.users),
                    shadows: people(&turn.value.shadows),
                }
            })
            .collect();
        Layer {
            name: entry.name.trim().to_owned(),
            participants,
            rotation: entry.rotation,
            handoff: entry.handoff,
            start: entry.start.0,
            end: entry.end.map(|end| end.0),
            restrictions: entry.restrictions.clone(),
            holidays: entry.holidays.clone(),
        }
    }

    pub(super) fn policy(&mut self, entry: &PolicyEntry) {
        let at = entry.slug.at;
        let existing = self.directory.policy_by_slug(&entry.slug).cloned();
        let created = existing.is_none();
        if !self.first("policy", &entry.slug, at) {
            return;
        }
        let mut fields = vec![];
        let mut edited = match existing {
            Some(policy) => policy,
            None => Policy {
                id: self.id(PolicyId),
                slug: entry.slug.value.clone(),
                name: entry.slug.value.clone(),
                description: String::new(),
                team_id: None,
                current: PolicyVersion {
                    version: 0,
                    created_at: self.now,
                    config: PolicyConfig {
                        steps: vec![],
                        repeats: REPEATS_DEFAULT,
                    },
                },
            },
        };
        let mut checks = Checks::default();
        if created && let Err(message) = slug::check(&entry.slug) {
            checks.add("slug", message);
        }
        if let Some(name) = &entry.name {
            put(
                &mut edited.name,
                checks.name("name", name),
                "name",
                &mut fields,
            );
        }
        if let Some(text) = &entry.description {
            let text = checks.description("description", text);
            put(&mut edited.description, text, "description", &mut fields);
        }
        self.problems(at, checks.into_problems());
        let team = self.team_of(entry.team.as_ref(), edited.team_id);
        put(&mut edited.team_id, team, "team", &mut fields);

        let mut config = edited.current.config.clone();
        let mut changed = vec![];
        if let Some(repeats) = entry.repeats {
            put(&mut config.repeats, repeats, "repeats", &mut changed);
        }
        if let Some(steps) = &entry.steps {
            let steps = steps.iter().map(|step| self.step(step)).collect();
            put(&mut config.steps, steps, "steps", &mut changed);
        }
        if created || !changed.is_empty() {
            for Problem { field, message } in policy::config_problems(&self.directory, &config) {
                let at = place_of_step(entry, &field);
                self.fault(at, format!("{field}: {message}"));
            }
            edited.current = PolicyVersion {
                version: edited.current.version + 1,
                created_at: self.now,
                config,
            };
            self.changed_policies.push((edited.id, at, entry.anyway));
        }
        fields.extend(changed);
        if created {
            self.writes.push(Write::InsertPolicy(edited.clone()));
        } else if !fields.is_empty() {
            self.writes.push(Write::UpdatePolicy(edited.clone()));
        }
        self.directory.policies.insert(edited.id, Arc::new(edited));
        self.change("policy", entry.slug.value.clone(), created, fields);
    }

    fn step(&mut self, entry: &StepEntry) -> Step {
        let targets = entry
            .targets
            .iter()
            .filter_map(|target| self.target(target))
            .collect();
        Step {
            targets,
            mode: entry.mode.unwrap_or_default(),
            wait: entry
                .wait
                .as_ref()
                .map_or(WAIT_DEFAULT, |wait| wait.value.0),
            urgency: entry.urgency,
            severity_at_least: entry.severity_at_least,
            hours: entry.hours.clone(),
        }
    }
}

/// The `1` of `layers[1].rotation.length`.
fn index_of(field: &str, list: &str) -> Option<usize> {
    let rest = field.strip_prefix(list)?.strip_prefix('[')?;
    rest.split(']').next()?.parse().ok()
}

fn place_of_layer(entry: &ScheduleEntry, field: &str) -> Place {
    if field == "zone" {
        return entry.zone.as_ref().map_or(entry.slug.at, |zone| zone.at);
    }
    index_of(field, "layers")
        .and_then(|index| entry.layers.as_ref()?.get(index))
        .map_or(entry.slug.at, |layer| layer.name.at)
}

fn place_of_step(entry: &PolicyEntry, field: &str) -> Place {
    let step = index_of(field, "steps").and_then(|index| entry.steps.as_ref()?.get(index));
    let Some(step) = step else {
        return entry.slug.at;
    };
    let wait = step.wait.as_ref().filter(|_| field.ends_with(".wait"));
    let target = step.targets.first().map(|target| target.at);
    wait.map(|wait| wait.at).or(target).unwrap_or(entry.slug.at)
}
