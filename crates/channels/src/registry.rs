//! Which channel serves which kind of address.

use std::sync::Arc;

use domain::word::ContactKind;

use crate::post::PostClient;
use crate::{Channel, LogChannel};

/// The configured channels. Every kind has one: [`LogChannel`] stands in where no provider is
/// configured.
#[derive(Clone, Default)]
pub struct Channels {
    configured: Vec<Arc<dyn Channel>>,
    private_calendars: bool,
    posts: PostClient,
}

impl Channels {
    /// When several channels serve one kind, the first is used.
    pub fn new(configured: Vec<Arc<dyn Channel>>) -> Self {
        Self {
            configured,
            ..Self::default()
        }
    }

    /// Lets calendars be fetched from addresses of private networks, too.
    pub fn with_private_calendars(self, allowed: bool) -> Self {
        Self {
            private_calendars: allowed,
            ..self
        }
    }

    pub fn private_calendars(&self) -> bool {
        self.private_calendars
    }

    /// Lets posts go to addresses of private networks, too.
    pub fn with_private_posts(self, allowed: bool) -> Self {
        Self {
            posts: PostClient::new(allowed),
            ..self
        }
    }

    /// What posts to URLs.
    pub fn posts(&self) -> &PostClient {
        &self.posts
    }

    pub fn get(&self, kind: ContactKind) -> Arc<dyn Channel> {
        self.configured
            .iter()
            .find(|channel| channel.kind() == kind)
            .map_or_else(
                || Arc::new(LogChannel::new(kind)) as Arc<dyn Channel>,
                Arc::clone,
            )
    }

    /// Whether messages of this kind leave the house.
    pub fn is_configured(&self, kind: ContactKind) -> bool {
        self.configured.iter().any(|channel| channel.kind() == kind)
    }

    /// One channel for each kind, configured or not, in the order of [`ContactKind::ALL`].
    pub fn all(&self) -> impl Iterator<Item = Arc<dyn Channel>> + '_ {
        ContactKind::ALL.iter().map(|kind| self.get(*kind))
    }
}

impl std::fmt::Debug for Channels {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_map()
            .entries(self.all().map(|c| (c.kind(), c.name().to_owned())))
            .finish()
    }
}
