//! The channels that the settings configure.

use std::sync::Arc;

use channels::email::EmailChannel;
use channels::sms::TwilioChannel;
use channels::{Channel, Channels};

use crate::failure::Failure;
use crate::setting::Settings;

/// # Errors
/// When a channel cannot work with its settings, whatever the provider says.
pub fn all(settings: &Settings) -> Result<Channels, Failure> {
    let mut configured: Vec<Arc<dyn Channel>> = vec![];
    if let Some(config) = &settings.smtp {
        let channel = EmailChannel::new(config.clone())
            .map_err(|error| Failure::usage(format!("the smtp settings: {error}")))?;
        configured.push(Arc::new(channel));
    }
    if let Some(config) = &settings.twilio {
        let channel = TwilioChannel::new(config.clone())
            .map_err(|error| Failure::usage(format!("the twilio settings: {error}")))?;
        configured.push(Arc::new(channel));
    }
    Ok(Channels::new(configured)
        .with_private_calendars(settings.private_calendars)
        .with_private_posts(settings.private_channels))
}
