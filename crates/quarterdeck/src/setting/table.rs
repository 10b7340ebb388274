//! The one table of settings: flags, variables, keys of the file and the documentation are all
//! made of it.

/// Which commands a setting concerns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Every command.
    Common,
    /// `serve` and `check`.
    Serve,
}

/// One setting.
#[derive(Clone, Copy, Debug)]
pub struct Setting {
    /// Place in the file: `smtp.host` is `host` in `[smtp]`.
    pub key: &'static str,
    pub scope: Scope,
    /// A secret has no flag, because others can see the command line of a process.
    pub secret: bool,
    /// The variable may be given as `…_FILE`, the name of a file that holds the value.
    pub file: bool,
    /// How the value is shown in help, e.g. `HOST`.
    pub value: &'static str,
    /// In words, where there is one.
    pub default: &'static str,
    pub help: &'static str,
}

impl Setting {
    /// `QUARTERDECK_SMTP_HOST`.
    pub fn variable(&self) -> String {
        format!("{PREFIX}{}", self.key.replace('.', "_").to_uppercase())
    }

    /// `smtp-host`; `None` for secrets.
    pub fn flag(&self) -> Option<String> {
        (!self.secret).then(|| self.key.replace(['.', '_'], "-"))
    }
}

/// Beginning of every variable.
pub const PREFIX: &str = "QUARTERDECK_";

const fn setting(
    key: &'static str,
    value: &'static str,
    default: &'static str,
    help: &'static str,
) -> Setting {
    Setting {
        key,
        scope: Scope::Serve,
        secret: false,
        file: false,
        value,
        default,
        help,
    }
}

const fn common(setting: Setting) -> Setting {
    Setting {
        scope: Scope::Common,
        ..setting
    }
}

const fn secret(setting: Setting) -> Setting {
    Setting {
        secret: true,
        file: true,
        ..setting
    }
}

const fn from_file(setting: Setting) -> Setting {
    Setting {
        file: true,
        ..setting
    }
}

/// All settings, in the order of help and documentation.
pub const SETTINGS: &[Setting] = &[
    common(setting(
        "data_dir",
        "DIR",
        "/var/lib/quarterdeck if that can be written to, otherwise ./quarterdeck-data; \
         ./quarterdeck-demo with --demo",
        "Where the data is kept: the SQLite database, unless another one is named",
    )),
    common(from_file(setting(
        "database_url",
        "URL",
        "SQLite in the data directory",
        "Database: postgres://user:password@host/name, or sqlite:///path/to/file",
    ))),
    common(setting(
        "log_format",
        "FORMAT",
        "text",
        "How the log is written to standard error: text, or json with one object a line",
    )),
    common(setting(
        "log_level",
        "LEVEL",
        "info for serve, warn for other commands",
        "What is logged: error, warn, info, debug or trace, or a filter such as info,engine=debug",
    )),
    setting(
        "listen",
        "ADDRESS",
        "127.0.0.1:8080",
        "Address and port to serve on; 0.0.0.0:8080 is reachable from everywhere",
    ),
    setting(
        "public_url",
        "URL",
        "http:// and the address of --listen",
        "How people and providers reach this installation; stands in messages and links",
    ),
    setting(
        "node_name",
        "NAME",
        "the host's name",
        "Name of this node in the log and in the claims of its work",
    ),
    setting(
        "body_limit",
        "BYTES",
        "2097152",
        "Largest request of a monitor, in bytes; some formats have a larger limit, PagerDuty's its own",
    ),
    setting(
        "rate_limit",
        "NUMBER",
        "6000",
        "Requests that each integration may make in a minute; 0 for no limit, as in the demo",
    ),
    setting(
        "smtp.host",
        "HOST",
        "none: e-mail stays on the outbox page and in the log",
        "Mail server",
    ),
    setting(
        "smtp.port",
        "PORT",
        "587 for starttls, 465 for tls, 25 for plain",
        "Port of the mail server",
    ),
    setting(
        "smtp.security",
        "HOW",
        "starttls",
        "How the connection is protected: starttls, tls or plain",
    ),
    setting(
        "smtp.username",
        "NAME",
        "none",
        "Name to sign in with at the mail server",
    ),
    secret(setting(
        "smtp.password",
        "PASSWORD",
        "none",
        "Password of the mail account",
    )),
    setting(
        "smtp.from",
        "ADDRESS",
        "none; needed with smtp.host",
        "Sender of the mails, such as Quarterdeck <pager@example.com>",
    ),
    setting(
        "smtp.ca_file",
        "FILE",
        "none",
        "Certificates (PEM) to trust besides the system's, for a private CA",
    ),
    setting(
        "mail.listen",
        "ADDRESS",
        "none: no mail is taken by SMTP",
        "Address and port to take mail for integrations on, such as 0.0.0.0:25",
    ),
    setting(
        "mail.domain",
        "DOMAIN",
        "none; needed with mail.listen",
        "Domain of the integrations' addresses: mails to KEY@DOMAIN are taken, and no others",
    ),
    setting(
        "mail.tls_certificate",
        "FILE",
        "none: no encryption",
        "Certificate (PEM, with its chain) for STARTTLS; read anew when it is renewed",
    ),
    setting(
        "mail.tls_key",
        "FILE",
        "none; needed with mail.tls_certificate",
        "Private key (PEM) of the certificate",
    ),
    setting(
        "mail.size_limit",
        "BYTES",
        "10485760",
        "Largest mail, in bytes",
    ),
    setting(
        "mail.recipients",
        "NUMBER",
        "100",
        "Recipients that one mail may have",
    ),
    setting(
        "mail.connections",
        "NUMBER",
        "200",
        "Connections for mail at once",
    ),
    setting(
        "mail.connections_of_peer",
        "NUMBER",
        "10",
        "Connections for mail at once of one address, or of one IPv6 network",
    ),
    setting(
        "mail.timeout",
        "SECONDS",
        "300",
        "How long a sender of mail may be silent",
    ),
    setting(
        "replies.address",
        "ADDRESS",
        "reply@ and mail.domain, where mail is taken by SMTP; else pages are not answered by mail",
        "Where answers to mails arrive by a provider's webhook, such as reply@page.example.com; \
         mails come to reply+TOKEN@page.example.com",
    ),
    setting(
        "twilio.account_sid",
        "SID",
        "none: SMS stay on the outbox page and in the log",
        "Account at Twilio, or at a provider with the same API",
    ),
    secret(setting(
        "twilio.auth_token",
        "TOKEN",
        "none; needed with twilio.account_sid",
        "Token of the account; its webhooks are signed with it, too",
    )),
    secret(setting(
        "twilio.second_auth_token",
        "TOKEN",
        "none",
        "A second valid token while tokens are changed",
    )),
    setting(
        "twilio.from",
        "NUMBER",
        "none; this or twilio.messaging_service_sid is needed",
        "Number that SMS are sent from",
    ),
    setting(
        "twilio.messaging_service_sid",
        "SID",
        "none",
        "Messaging service that SMS are sent by, instead of a number",
    ),
    setting(
        "twilio.base_url",
        "URL",
        "https://api.twilio.com",
        "Address of the API",
    ),
    setting(
        "calendar.private_addresses",
        "BOOL",
        "false",
        "Whether calendars may be imported from addresses of private networks and this machine",
    ),
    setting(
        "channel.private_addresses",
        "BOOL",
        "false",
        "Whether channels may be told at addresses of private networks and this machine",
    ),
];

/// The setting with this key.
pub fn find(key: &str) -> Option<&'static Setting> {
    SETTINGS.iter().find(|setting| setting.key == key)
}
