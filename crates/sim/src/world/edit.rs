//! What people edit while incidents run.

use domain::directory::Directory;
use domain::schedule::OverrideKind;
use domain::word::{AccountRole, Origin};
use domain::{ScheduleId, Span, Timestamp, UserId};
use engine::configuration::schedule::{OverrideInput, add_override};
use engine::manifest::{self, ManifestError};
use engine::{Error, OpContext};
use store::Store;

use super::World;
use super::node::{Node, SKEW};
use crate::breach::Breach;
use crate::invariant::Invariant;
use crate::ledger::{Apply, Committed};
use crate::model::{House, Override};
use crate::setup::{Setup, mail};
use crate::story::Edit;

/// What became of an attempt to edit.
pub(super) enum Edited {
    Done,
    /// Nobody answered the door.
    Again,
}

impl World<'_> {
    pub(super) fn admin(&self) -> OpContext {
        OpContext::token(AccountRole::Admin, Origin::Cli, self.shared.clock.wall())
    }

    /// Fills the empty database and starts the product.
    pub(super) async fn open_the_house(&mut self) {
        self.nodes = (0..self.story.nodes).map(|_| Node::default()).collect();
        self.start(0).await;
        let Some(store) = self.nodes[0].store() else {
            return;
        };
        if let Err(error) = self.apply(&store, &self.setup).await {
            return self.fail(Invariant::NoFailureInside, format!("no house: {error}"));
        }
        let directory = store.directory();
        self.introduce(&directory);
        for node in 1..self.nodes.len() {
            self.start(node).await;
            self.shared.ledger().skew = SKEW;
        }
        if self.telling.breach == Some(Breach::WrongOnCall) {
            self.put_somebody_else_on_call(&store).await;
        }
        if let Some((nth, after)) = self.telling.dies_at {
            self.plan_crash(0, nth, after, Span::ZERO);
        }
    }

    /// Tells the ledger which id stands for whom.
    fn introduce(&self, directory: &Directory) {
        let mut ledger = self.shared.ledger();
        for who in 0..self.setup.people.len() {
            if let Some(user) = directory.user_by_email(&mail(who)) {
                ledger.users.insert(user.id, who);
                ledger.ids.push(user.id);
            }
        }
        for index in 0..self.setup.services.len() {
            if let Some(service) = directory.service_by_slug(&format!("service-{index}")) {
                ledger.services.insert(service.id, index);
            }
        }
        for index in 0..self.setup.policies.len() {
            if let Some(policy) = directory.policy_by_slug(&format!("policy-{index}")) {
                ledger.policies.insert(policy.id, index);
            }
        }
    }

    async fn apply(&self, store: &Store, setup: &Setup) -> Result<(), ManifestError> {
        let file = manifest::parse(&setup.manifest(), &|_| None)?;
        manifest::apply(store, &self.admin(), file, false)
            .await
            .map(drop)
    }

    pub(super) async fn edit(&mut self, edit: &Edit) -> Edited {
        let Some(store) = self.nodes.iter().find_map(Node::store) else {
            return Edited::Again;
        };
        let now = self.shared.clock.wall();
        if now < self.latest {
            // The clock was set back: an edit in the past of others is refused or confuses both
            // people and models.
            return Edited::Done;
        }
        if let Edit::Override {
            schedule,
            minutes,
            users,
        } = edit
        {
            let end = now + Span::from_minutes(*minutes);
            return self
                .override_until(&store, *schedule, end, users.clone())
                .await;
        }
        let mut setup = self.setup.clone();
        let apply: Apply = match edit.clone() {
            Edit::Policy { index, to } => {
                setup.policies[index] = to.clone();
                Box::new(move |house, _| house.setup.policies[index] = to.clone())
            }
            Edit::Move { service, policy } => {
                setup.services[service].policy = Some(policy);
                Box::new(move |house, _| house.setup.services[service].policy = Some(policy))
            }
            Edit::Schedule { index, to } => {
                setup.schedules[index] = to.clone();
                Box::new(move |house, now| house.edit_schedule(index, to.clone(), now))
            }
            Edit::Disabled { who, disabled } => {
                setup.people[who].disabled = disabled;
                Box::new(move |house, _| house.setup.people[who].disabled = disabled)
            }
            Edit::LastResort { to } => {
                setup.last_resort = vec![to];
                Box::new(move |house, _| house.setup.last_resort = vec![to])
            }
            Edit::Team { index, to } => {
                setup.teams[index].clone_from(&to);
                Box::new(move |house, _| house.setup.teams[index].clone_from(&to))
            }
            Edit::Override { .. } => return Edited::Done,
        };
        self.shared.ledger().tell(now, || format!("{edit:?}"));
        let before = self.begin_edit(apply, now);
        let applied = self.apply(&store, &setup).await;
        let committed = self.end_edit(before);
        match applied {
            Ok(()) => {
                self.setup = setup;
                Edited::Done
            }
            Err(_) if committed => {
                self.setup = setup;
                Edited::Done
            }
            Err(ManifestError::Engine(Error::Store(_))) => Edited::Again,
            Err(error) => {
                self.fail(
                    Invariant::NoFailureInside,
                    format!("{edit:?} is refused: {error}"),
                );
                Edited::Done
            }
        }
    }

    fn begin_edit(&self, apply: Apply, at: Timestamp) -> u64 {
        let mut ledger = self.shared.ledger();
        ledger.edits.push(Committed { apply, at });
        ledger.own_commits
    }

    /// Whether it was committed.
    fn end_edit(&self, before: u64) -> bool {
        let mut ledger = self.shared.ledger();
        ledger.edits.clear();
        ledger.own_commits > before
    }

    async fn override_until(
        &self,
        store: &Store,
        schedule: usize,
        end: Timestamp,
        users: Vec<usize>,
    ) -> Edited {
        let now = self.shared.clock.wall();
        let new = Override {
            start: now,
            end,
            users: users.clone(),
        };
        self.shared
            .ledger()
            .tell(now, || format!("schedule {schedule}: {new:?}"));
        let apply = Box::new(move |house: &mut House, _| house.add_override(schedule, new.clone()));
        let before = self.begin_edit(apply, now);
        let added = self.replace(store, schedule, now, end, &users).await;
        match (added, self.end_edit(before)) {
            (Err(Error::Store(_)), false) => Edited::Again,
            // Refused, for somebody whose account is closed.
            _ => Edited::Done,
        }
    }

    async fn replace(
        &self,
        store: &Store,
        schedule: usize,
        start: Timestamp,
        end: Timestamp,
        users: &[usize],
    ) -> Result<(), Error> {
        let id: Option<ScheduleId> = store
            .directory()
            .schedule_by_slug(&format!("schedule-{schedule}"))
            .map(|one| one.id);
        let ids: Vec<UserId> = {
            let ledger = self.shared.ledger();
            users.iter().map(|who| ledger.ids[*who]).collect()
        };
        let input = OverrideInput {
            kind: OverrideKind::Replace,
            start,
            end,
            users: ids,
        };
        let id = id.ok_or(Error::NotFound("schedule"))?;
        add_override(store, &self.admin(), id, input)
            .await
            .map(drop)
    }

    async fn put_somebody_else_on_call(&self, store: &Store) {
        let now = self.shared.clock.wall();
        for schedule in 0..self.setup.schedules.len() {
            let end = now + Span::from_days(30);
            if let Err(error) = self.replace(store, schedule, now, end, &[0]).await {
                self.fail(
                    Invariant::NoFailureInside,
                    format!("the breach fails: {error}"),
                );
            }
        }
    }
}
