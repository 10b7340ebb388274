//! What messages travel by.

use crate::channel::ChannelKind;
use crate::word::ContactKind;

crate::words! {
    /// What a message travels by: the kind of a person's contact method, or of a channel.
    Medium {
        Email = "email",
        Sms = "sms",
        Webhook = "webhook",
        Slack = "slack",
        Teams = "teams",
    }
}

impl Medium {
    /// As it stands in a sentence: by email, by SMS, by webhook.
    pub const fn in_words(self) -> &'static str {
        match self {
            Medium::Email => ContactKind::Email.in_words(),
            Medium::Sms => ContactKind::Sms.in_words(),
            Medium::Webhook => "webhook",
            Medium::Slack => "Slack webhook",
            Medium::Teams => "Teams workflow",
        }
    }

    /// The kind of contact method that messages of this medium go to; `None` where only channels
    /// are told by it.
    pub const fn contact(self) -> Option<ContactKind> {
        match self {
            Medium::Email => Some(ContactKind::Email),
            Medium::Sms => Some(ContactKind::Sms),
            Medium::Webhook | Medium::Slack | Medium::Teams => None,
        }
    }
}

impl From<ContactKind> for Medium {
    fn from(kind: ContactKind) -> Medium {
        match kind {
            ContactKind::Email => Medium::Email,
            ContactKind::Sms => Medium::Sms,
        }
    }
}

impl From<ChannelKind> for Medium {
    fn from(kind: ChannelKind) -> Medium {
        match kind {
            ChannelKind::Webhook => Medium::Webhook,
            ChannelKind::Slack => Medium::Slack,
            ChannelKind::Teams => Medium::Teams,
            ChannelKind::Email => Medium::Email,
        }
    }
}

impl PartialEq<ContactKind> for Medium {
    fn eq(&self, kind: &ContactKind) -> bool {
        self.contact() == Some(*kind)
    }
}
