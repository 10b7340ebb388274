//! Text messages by Twilio.

pub mod code;
pub mod signature;
pub mod text;
mod twilio;
pub mod webhook;

pub use twilio::{NOTIFICATION_PARAMETER, TwilioChannel, TwilioConfig, TwilioConfigError};
pub use webhook::{InboundSms, OptOut, StatusCallback, evidence, twiml_empty, twiml_message};
