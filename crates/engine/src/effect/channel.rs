//! Telling channels: beside the pages of a step, and what became of what they were told.

use domain::channel::{ChannelEvent, Post};
use domain::escalation::{Run, Told};
use domain::incident::Incident;
use domain::word::NotificationKind;
use domain::{ChannelId, NotificationId};
use store::notification::Notification;

use super::Writing;
use crate::Error;

impl Writing<'_, '_> {
    /// The channels that executions of a run tell, each once.
    pub(super) fn tell_of_steps(
        &mut self,
        incident: &Incident,
        run: &Run,
        told: &[Told],
    ) -> Result<(), Error> {
        let directory = self.directory.clone();
        let policy = run.policy_id.and_then(|id| directory.policy(id));
        let policy = policy.map_or("", |policy| policy.name.as_str());
        for one in told {
            let post = Post::triggered(one, run, policy, incident, &directory, self.now);
            self.post(one.channel, Some(incident), &post)?;
        }
        Ok(())
    }

    /// The channels that were told of the incident hear what became of it.
    pub(super) fn tell_channels(
        &mut self,
        incident: &Incident,
        event: ChannelEvent,
        text: &str,
    ) -> Result<(), Error> {
        let directory = self.directory.clone();
        if directory.channels.is_empty() {
            return Ok(());
        }
        let mut told = store::channel::told_of(self.tx, incident.id)?;
        // In this very transaction.
        let collected = self.notifications.iter();
        told.extend(
            collected
                .filter(|row| row.incident_id == Some(incident.id))
                .filter_map(|row| row.channel_id),
        );
        told.sort_unstable();
        told.dedup();
        for channel in told {
            let post = Post::followed(event, text, incident, &directory, self.now);
            self.post(channel, Some(incident), &post)?;
        }
        Ok(())
    }

    fn post(
        &mut self,
        channel: ChannelId,
        incident: Option<&Incident>,
        post: &Post,
    ) -> Result<(), Error> {
        let directory = self.directory.clone();
        let Some(channel) = directory.channel(channel).filter(|one| one.enabled) else {
            return Ok(());
        };
        let id = self.tx.id(NotificationId)?;
        let mut row = planned(id, channel, post, self.now)?;
        row.incident_id = incident.map(|incident| incident.id);
        if let Some(incident) = incident {
            row.urgency = incident.urgency;
        }
        self.notifications.push(row);
        Ok(())
    }
}

/// The row of a post.
pub(crate) fn planned(
    id: NotificationId,
    channel: &domain::channel::Channel,
    post: &Post,
    now: domain::Timestamp,
) -> Result<Notification, Error> {
    let body = serde_json::to_string(post)
        .map_err(|error| store::Error::Corrupt(format!("notification.body: {error}")))?;
    let mut row = Notification::planned(
        id,
        NotificationKind::Post,
        channel.kind,
        channel.shown_address(),
        domain::word::Urgency::Low,
        now,
    );
    row.channel_id = Some(channel.id);
    row.subject = post.headline();
    row.body = body;
    Ok(row)
}
