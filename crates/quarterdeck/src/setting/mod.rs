//! The settings of the process: [`table`] lists them, [`source`] finds their values, [`Settings`]
//! is what they come to.

pub mod source;
pub mod table;

#[cfg(test)]
mod tests;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use channels::Secret;
use channels::email::EmailConfig;
use channels::sms::TwilioConfig;
use engine::reply::Letterbox;
use store::DatabaseUrl;
use web::smtp::{SmtpConfig, TlsFiles};

use self::source::Values;
use crate::failure::Failure;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    Text,
    Json,
}

/// Everything checked and of its type.
#[derive(Clone, Debug)]
pub struct Settings {
    pub database: DatabaseUrl,
    pub log_format: LogFormat,
    /// A filter of `tracing`; `None`: the command's own.
    pub log_level: Option<String>,
    pub listen: SocketAddr,
    /// Without a slash at the end.
    pub public_url: String,
    pub node_name: String,
    /// Bytes.
    pub body_limit: usize,
    /// Requests of an integration a minute; 0 for no limit.
    pub rate_limit: u32,
    pub smtp: Option<EmailConfig>,
    pub twilio: Option<TwilioConfig>,
    /// How mail to integrations is taken.
    pub mail: Option<SmtpConfig>,
    /// Where answers by mail arrive.
    pub letterbox: Option<Letterbox>,
    /// Calendars may be imported from private networks.
    pub private_calendars: bool,
    /// Channels may be told in private networks.
    pub private_channels: bool,
}

const SYSTEM_DATA_DIR: &str = "/var/lib/quarterdeck";
const DATA_DIR: &str = "quarterdeck-data";
const DEMO_DATA_DIR: &str = "quarterdeck-demo";
const DATABASE_FILE: &str = "quarterdeck.db";
/// Where Twilio reports what became of a message, below the public URL.
const TWILIO_STATUS_PATH: &str = "/webhooks/twilio/status";

impl Settings {
    /// # Errors
    /// [`Failure`] for the first value that cannot be used.
    pub fn from_values(values: &Values, demo: bool) -> Result<Settings, Failure> {
        let data_dir = values
            .text("data_dir")
            .map_or_else(|| default_data_dir(demo), |path| absolute(Path::new(&path)));
        let database = match values.get("database_url") {
            Some(given) => given
                .value
                .trim()
                .parse()
                .map_err(|error| Failure::usage(format!("{}: {error}", given.by)))?,
            None => DatabaseUrl::Sqlite(data_dir.join(DATABASE_FILE)),
        };
        let listen: SocketAddr = values
            .parse("listen", "an address with a port, such as 127.0.0.1:8080")?
            .unwrap_or_else(|| SocketAddr::from(([127, 0, 0, 1], 8080)));
        let public_url = public_url(values, listen)?;
        let mail = mail(values)?;
        let settings = Settings {
            letterbox: letterbox(values, mail.as_ref())?,
            mail,
            smtp: smtp(values)?,
            twilio: twilio(values, &public_url)?,
            private_calendars: values
                .parse("calendar.private_addresses", "true or false")?
                .unwrap_or(false),
            private_channels: values
                .parse("channel.private_addresses", "true or false")?
                .unwrap_or(false),
            log_format: log_format(values)?,
            body_limit: body_limit(values)?,
            rate_limit: values
                .parse(
                    "rate_limit",
                    "a number of requests a minute, or 0 for no limit",
                )?
                .unwrap_or(6_000),
            log_level: values.text("log_level"),
            node_name: values.text("node_name").unwrap_or_else(host_name),
            database,
            listen,
            public_url,
        };
        Ok(settings)
    }
}

fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

/// The system's place when this user may write there, else one beside the caller.
fn default_data_dir(demo: bool) -> PathBuf {
    if demo {
        return absolute(Path::new(DEMO_DATA_DIR));
    }
    let system = Path::new(SYSTEM_DATA_DIR);
    let probe = system.join(".quarterdeck-write-test");
    if std::fs::write(&probe, b"").is_ok() {
        // What cannot be removed does no harm there.
        drop(std::fs::remove_file(&probe));
        return system.to_owned();
    }
    absolute(Path::new(DATA_DIR))
}

fn body_limit(values: &Values) -> Result<usize, Failure> {
    let limit = values.parse("body_limit", "a number of bytes")?;
    match (limit, values.get("body_limit")) {
        (Some(limit @ 0..1024), Some(given)) => {
            let message = format!("{} must be at least 1024 bytes: `{limit}`", given.by);
            Err(Failure::usage(message))
        }
        (limit, _) => Ok(limit.unwrap_or(2 * 1024 * 1024)),
    }
}

fn host_name() -> String {
    std::fs::read_to_string("/proc/sys/kernel/hostname")
        .map(|name| name.trim().to_owned())
        .ok()
        .filter(|name| !name.is_empty())
        .unwrap_or_else(|| "quarterdeck".into())
}

fn log_format(values: &Values) -> Result<LogFormat, Failure> {
    let Some(given) = values.get("log_format") else {
        return Ok(LogFormat::Text);
    };
    match given.value.trim() {
        "text" => Ok(LogFormat::Text),
        "json" => Ok(LogFormat::Json),
        other => Err(Failure::usage(format!(
            "{} must be text or json: `{other}`",
            given.by
        ))),
    }
}

fn public_url(values: &Values, listen: SocketAddr) -> Result<String, Failure> {
    let Some(given) = values.get("public_url") else {
        // Nobody can open 0.0.0.0.
        let host = if listen.ip().is_unspecified() {
            format!("localhost:{}", listen.port())
        } else {
            listen.to_string()
        };
        return Ok(format!("http://{host}"));
    };
    let wrong = |why: &str| {
        let message = format!(
            "{} must be an address such as https://page.example.com: {why}",
            given.by
        );
        Failure::usage(message)
    };
    let url = url::Url::parse(given.value.trim()).map_err(|error| wrong(&error.to_string()))?;
    if !matches!(url.scheme(), "http" | "https") || url.host().is_none() {
        return Err(wrong("it begins with http:// or https://"));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(wrong("it has no ? and no #"));
    }
    Ok(url.as_str().trim_end_matches('/').to_owned())
}

/// Settings of a section make sense only with the one that turns it on.
fn section_is_on(values: &Values, section: &str, switch: &'static str) -> Result<bool, Failure> {
    if values.get(switch).is_some() {
        return Ok(true);
    }
    let stray = table::SETTINGS
        .iter()
        .filter(|setting| setting.key.starts_with(section))
        .find_map(|setting| values.get(setting.key));
    match stray {
        Some(given) => Err(Failure::usage(format!(
            "{} is set, but {switch} is not",
            given.by
        ))),
        None => Ok(false),
    }
}

fn smtp(values: &Values) -> Result<Option<EmailConfig>, Failure> {
    use channels::email::Security;
    if !section_is_on(values, "smtp.", "smtp.host")? {
        return Ok(None);
    }
    let host = values.text("smtp.host").unwrap_or_default();
    let from = values.text("smtp.from").ok_or_else(|| {
        Failure::usage("smtp.from is needed with smtp.host: whom do mails come from?")
    })?;
    let security = match values.get("smtp.security") {
        None => Security::default(),
        Some(given) => match given.value.trim() {
            "plain" => Security::Plain,
            "starttls" => Security::StartTls,
            "tls" => Security::Tls,
            other => {
                let message = format!("{} must be starttls, tls or plain: `{other}`", given.by);
                return Err(Failure::usage(message));
            }
        },
    };
    Ok(Some(EmailConfig {
        port: values.parse("smtp.port", "a port number")?,
        security,
        username: values.text("smtp.username"),
        password: values.text("smtp.password").map(Secret::new),
        ca_file: values.text("smtp.ca_file").map(PathBuf::from),
        ..EmailConfig::new(host, from)
    }))
}

fn mail(values: &Values) -> Result<Option<SmtpConfig>, Failure> {
    if !section_is_on(values, "mail.", "mail.listen")? {
        return Ok(None);
    }
    let listen: Option<SocketAddr> =
        values.parse("mail.listen", "an address with a port, such as 0.0.0.0:25")?;
    let Some(listen) = listen else {
        return Ok(None);
    };
    let domain = values.text("mail.domain").ok_or_else(|| {
        Failure::usage("mail.domain is needed with mail.listen: what do the addresses end in?")
    })?;
    let letters = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '[' | ']' | ':');
    if domain.is_empty() || domain.len() > 255 || !domain.chars().all(letters) {
        let message = format!("mail.domain must be a domain such as page.example.com: `{domain}`");
        return Err(Failure::usage(message));
    }
    let certificate = values.text("mail.tls_certificate").map(PathBuf::from);
    let key = values.text("mail.tls_key").map(PathBuf::from);
    let tls = match (certificate, key) {
        (Some(certificate), Some(key)) => Some(TlsFiles { certificate, key }),
        (None, None) => None,
        _ => {
            let message = "mail.tls_certificate and mail.tls_key are needed together";
            return Err(Failure::usage(message));
        }
    };
    let usual = SmtpConfig::new(listen, &domain);
    let number = |key: &'static str, usual: usize, least: usize| {
        let given: Option<usize> = values.parse(key, "a number")?;
        match given {
            Some(given) if given < least => Err(Failure::usage(format!(
                "{key} must be at least {least}: `{given}`"
            ))),
            given => Ok(given.unwrap_or(usual)),
        }
    };
    let seconds = usize::try_from(usual.patience.as_secs()).unwrap_or(300);
    let patience = number("mail.timeout", seconds, 1)?;
    Ok(Some(SmtpConfig {
        tls,
        size_limit: number("mail.size_limit", usual.size_limit, 1024)?,
        recipients: number("mail.recipients", usual.recipients, 1)?,
        connections: number("mail.connections", usual.connections, 1)?,
        connections_of_peer: number("mail.connections_of_peer", usual.connections_of_peer, 1)?,
        patience: Duration::from_secs(u64::try_from(patience).unwrap_or(300)),
        ..usual
    }))
}

/// Where answers to mails arrive: where it is said, or where mails are taken anyway.
fn letterbox(values: &Values, mail: Option<&SmtpConfig>) -> Result<Option<Letterbox>, Failure> {
    match (values.get("replies.address"), mail) {
        (Some(given), _) => match given.value.parse() {
            Ok(letterbox) => Ok(Some(letterbox)),
            Err(error) => Err(Failure::usage(format!("{}: {error}", given.by))),
        },
        // A domain that cannot be one has been refused before.
        (None, Some(mail)) => Ok(format!("reply@{}", mail.domain).parse().ok()),
        (None, None) => Ok(None),
    }
}

fn twilio(values: &Values, public_url: &str) -> Result<Option<TwilioConfig>, Failure> {
    if !section_is_on(values, "twilio.", "twilio.account_sid")? {
        return Ok(None);
    }
    let sid = values.text("twilio.account_sid").unwrap_or_default();
    let token = values.text("twilio.auth_token").ok_or_else(|| {
        Failure::usage("twilio.auth_token is needed with twilio.account_sid")
            .next("Set QUARTERDECK_TWILIO_AUTH_TOKEN or QUARTERDECK_TWILIO_AUTH_TOKEN_FILE.")
    })?;
    let mut config = TwilioConfig::new(sid, Secret::new(token));
    config.second_auth_token = values.text("twilio.second_auth_token").map(Secret::new);
    config.from = values.text("twilio.from");
    config.messaging_service_sid = values.text("twilio.messaging_service_sid");
    config.status_callback = Some(format!("{public_url}{TWILIO_STATUS_PATH}"));
    if let Some(base_url) = values.text("twilio.base_url") {
        config.base_url = base_url;
    }
    Ok(Some(config))
}
