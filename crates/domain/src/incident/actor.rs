//! Who acts on an incident.

use crate::UserId;
use crate::directory::Directory;
use crate::word::Origin;

/// Who does something, and from where. Without a user it is a monitor, a clock or an API token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Actor {
    pub user: Option<UserId>,
    pub origin: Origin,
}

impl Actor {
    pub const SYSTEM: Actor = Actor {
        user: None,
        origin: Origin::System,
    };
    pub const MONITOR: Actor = Actor {
        user: None,
        origin: Origin::Monitor,
    };

    pub fn user(user: UserId, origin: Origin) -> Actor {
        Actor {
            user: Some(user),
            origin,
        }
    }

    /// "Ana", "Ana by SMS", "the monitor", "the API".
    pub fn name(self, directory: &Directory) -> String {
        let Some(user) = self.user else {
            return match self.origin {
                Origin::Monitor => "the monitor".into(),
                Origin::Api => "the API".into(),
                Origin::Cli => "the command line".into(),
                _ => "Quarterdeck".into(),
            };
        };
        let name = directory.user_name(user);
        match self.origin {
            Origin::Sms => format!("{name} by SMS"),
            Origin::Email => format!("{name} by e-mail"),
            Origin::EmailReply => format!("{name} by reply to mail"),
            _ => name.to_owned(),
        }
    }
}
