//! The command line.

use std::path::PathBuf;

use clap::{Arg, ArgAction, Command, value_parser};
use domain::coverage::DAYS_MAX;

use crate::setting::table::{SETTINGS, Scope, Setting};

/// The whole command line; flags of settings come from their table.
pub fn command() -> Command {
    let about = "On-call paging and incident management: one binary, SQLite inside, PostgreSQL \
                 when one machine is not enough.";
    Command::new("quarterdeck")
        .about(about)
        .version(env!("CARGO_PKG_VERSION"))
        .subcommand_required(true)
        .arg_required_else_help(true)
        .disable_help_subcommand(true)
        .arg(config())
        .args(settings(Scope::Common))
        .subcommand(serve())
        .subcommand(check())
        .subcommand(Command::new("migrate").about("Bring the database up to this version"))
        .subcommand(apply())
        .subcommand(export())
        .subcommand(user())
        .subcommand(token())
        .subcommand(oncall())
        .subcommand(simulate())
        .subcommand(crate::send::cli::command())
        .subcommand(Command::new("version").about("Print the version"))
}

fn config() -> Arg {
    Arg::new("config")
        .long("config")
        .value_name("FILE")
        .value_parser(value_parser!(PathBuf))
        .global(true)
        .display_order(0)
        .help("Settings file (TOML) [env: QUARTERDECK_CONFIG]")
}

fn settings(scope: Scope) -> Vec<Arg> {
    let of_scope = SETTINGS.iter().filter(|setting| setting.scope == scope);
    of_scope.filter_map(setting_arg).collect()
}

fn setting_arg(setting: &Setting) -> Option<Arg> {
    let flag = setting.flag()?;
    let file = if setting.file { " or …_FILE" } else { "" };
    let help = format!(
        "{}\n[default: {}]\n[env: {}{file}]",
        setting.help,
        setting.default,
        setting.variable(),
    );
    let heading = match setting.key.split_once('.') {
        Some(("smtp", _)) => "Mail (SMTP)",
        Some(("mail" | "replies", _)) => "Mail that comes in",
        Some(("calendar", _)) => "Calendars",
        Some(_) => "SMS (Twilio)",
        None => "Settings",
    };
    Some(
        Arg::new(setting.key)
            .long(flag)
            .value_name(setting.value)
            .global(setting.scope == Scope::Common)
            .help_heading(heading)
            .help(help),
    )
}

/// What help says behind the flags: where secrets go.
fn secrets() -> String {
    let mut text = String::from("Secrets, by environment or settings file only:\n");
    for setting in SETTINGS.iter().filter(|setting| setting.secret) {
        text.push_str(&format!(
            "  {} or {0}_FILE\n          {}\n",
            setting.variable(),
            setting.help
        ));
    }
    text.push_str(
        "\nThe other settings can be given as a flag, as a variable, or in the settings file; in \
         this\norder the first one counts.",
    );
    text
}

fn serve() -> Command {
    Command::new("serve")
        .about("Run the server")
        .args(settings(Scope::Serve))
        .arg(
            Arg::new("demo")
                .long("demo")
                .action(ArgAction::SetTrue)
                .help(
                    "Start with people, schedules and services to try: sign in as \
                     admin@example.com with quarterdeck-demo. Its passwords and keys are public: \
                     loopback only",
                ),
        )
        .arg(
            Arg::new("demo-empty")
                .long("demo-empty")
                .action(ArgAction::SetTrue)
                .help("The demo before any monitor has sent something"),
        )
        .after_help(secrets())
}

fn check() -> Command {
    Command::new("check")
        .about("Check settings and connections, or prove who is reached in the next days")
        .args(settings(Scope::Serve))
        .arg(
            Arg::new("days")
                .long("days")
                .value_name("DAYS")
                .value_parser(value_parser!(u32).range(1..=i64::from(DAYS_MAX)))
                .help(
                    "Instead: prove for every service who is reached at every instant of so many \
                     days, and fail when something is wrong with it",
                ),
        )
        .arg(
            Arg::new("level")
                .long("level")
                .value_name("LEVEL")
                .requires("days")
                .value_parser(["alarm", "warning", "note"])
                .default_value("alarm")
                .help("Fail on findings that are at least this bad"),
        )
        .arg(
            Arg::new("service")
                .long("service")
                .value_name("SERVICE")
                .requires("days")
                .help("Only this service, by its short name"),
        )
        .after_help(secrets())
}

fn apply() -> Command {
    Command::new("apply")
        .about("Apply a configuration file, as a whole or not at all; removes nothing")
        .arg(
            Arg::new("file")
                .short('f')
                .long("file")
                .required(true)
                .value_name("FILE")
                .value_parser(value_parser!(PathBuf))
                .help("YAML file, or - for standard input"),
        )
        .arg(
            Arg::new("dry-run")
                .long("dry-run")
                .action(ArgAction::SetTrue)
                .help("Only print what would change"),
        )
}

fn export() -> Command {
    Command::new("export")
        .about("Print the configuration as a file that `apply` takes")
        .arg(
            Arg::new("with-secrets")
                .long("with-secrets")
                .action(ArgAction::SetTrue)
                .help("With the hashes of the passwords"),
        )
}

fn role() -> Arg {
    Arg::new("role")
        .long("role")
        .value_name("ROLE")
        .value_parser(["admin", "responder", "observer"])
        .help("What it may do")
}

fn email() -> Arg {
    Arg::new("email")
        .long("email")
        .required(true)
        .value_name("ADDRESS")
        .help("E-mail address, which is also the name to sign in with")
}

fn password() -> Arg {
    Arg::new("password-stdin")
        .long("password-stdin")
        .action(ArgAction::SetTrue)
        .help("Read the password from standard input; otherwise one is made up and printed")
}

fn user() -> Command {
    Command::new("user")
        .about("Create accounts and set passwords")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .disable_help_subcommand(true)
        .subcommand(
            Command::new("create")
                .about("Create an account")
                .arg(email())
                .arg(
                    Arg::new("name")
                        .long("name")
                        .required(true)
                        .value_name("NAME")
                        .help("Name of the person"),
                )
                .arg(role().default_value("responder"))
                .arg(
                    Arg::new("zone")
                        .long("zone")
                        .value_name("ZONE")
                        .default_value("UTC")
                        .help("IANA time zone, such as Europe/Berlin"),
                )
                .arg(
                    Arg::new("verified")
                        .long("verified")
                        .action(ArgAction::SetTrue)
                        .help("Vouch for the address: pages go there without a code"),
                )
                .arg(password()),
        )
        .subcommand(
            Command::new("password")
                .about("Set a password and end the person's sessions")
                .arg(email())
                .arg(password()),
        )
}

fn token() -> Command {
    Command::new("token")
        .about("Create tokens for the API")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .disable_help_subcommand(true)
        .subcommand(
            Command::new("create")
                .about("Create a token and print it: it is shown this once")
                .arg(role().required(true))
                .arg(
                    Arg::new("name")
                        .long("name")
                        .required(true)
                        .value_name("NAME")
                        .help("What it is for"),
                ),
        )
}

fn oncall() -> Command {
    Command::new("oncall")
        .about("Say who is on call")
        .arg(
            Arg::new("at")
                .long("at")
                .value_name("TIME")
                .help("At another time, such as 2026-12-24T18:00:00Z or 2026-12-24T18:00+01:00"),
        )
        .arg(
            Arg::new("json")
                .long("json")
                .action(ArgAction::SetTrue)
                .help("As JSON"),
        )
}

fn simulate() -> Command {
    let many = |name: &'static str, value: &'static str, help: &'static str| {
        Arg::new(name)
            .long(name)
            .value_name(value)
            .action(ArgAction::Append)
            .help(help)
    };
    Command::new("simulate")
        .about("Tell what would happen: who would be paged, when, by what and why")
        .arg(
            Arg::new("service")
                .long("service")
                .value_name("SERVICE")
                .help("The alert is for this service, by its short name"),
        )
        .arg(
            Arg::new("file")
                .short('f')
                .long("file")
                .value_name("FILE")
                .value_parser(value_parser!(PathBuf))
                .help("With this configuration file as if it were applied; nothing is kept of it"),
        )
        .arg(
            Arg::new("policy")
                .long("policy")
                .value_name("POLICY")
                .help("Escalate by this policy, by its short name, instead of the service's"),
        )
        .arg(
            Arg::new("severity")
                .long("severity")
                .value_name("SEVERITY")
                .value_parser(["critical", "error", "warning", "info"])
                .default_value("critical")
                .help("Of the alert"),
        )
        .arg(
            Arg::new("label")
                .long("label")
                .value_name("NAME=VALUE")
                .action(ArgAction::Append)
                .help("What the alert says, for silences and inhibitions to match"),
        )
        .arg(
            Arg::new("integration")
                .long("integration")
                .value_name("ID")
                .value_parser(value_parser!(i64))
                .help(
                    "The integration it comes by, which says where the alert goes when no service \
                     is named; one that no window names when left out",
                ),
        )
        .arg(
            Arg::new("at")
                .long("at")
                .value_name("TIME")
                .help("When the alert comes, such as 2026-10-25T00:30:00Z; now when left out"),
        )
        .arg(
            Arg::new("hours")
                .long("hours")
                .value_name("HOURS")
                .value_parser(value_parser!(i64).range(1..=72))
                .help("For how long it is followed: 1 to 72, 4 when left out"),
        )
        .arg(
            Arg::new("until-answered")
                .long("until-answered")
                .action(ArgAction::SetTrue)
                .help("Stop as soon as somebody has acknowledged or resolved"),
        )
        .arg(many(
            "answer",
            "WHO:WHAT:AFTER[:MESSAGE]",
            "Somebody acknowledges, resolves, escalates or ignores a message, such as \
             ana@example.com:acknowledge:5m",
        ))
        .arg(many(
            "fail",
            "CHANNEL:HOW[:FROM[:FOR]]",
            "A channel fails (temporary, permanent, not_set_up), such as sms:temporary:0s:30m",
        ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        command().debug_assert();
    }

    #[test]
    fn help_of_serve_names_every_setting() {
        let mut root = command();
        root.build();
        let help = root
            .find_subcommand_mut("serve")
            .unwrap()
            .render_long_help()
            .to_string();
        for setting in SETTINGS {
            assert!(help.contains(&setting.variable()), "{}", setting.key);
        }
        assert!(help.contains("--demo"));
    }

    #[test]
    fn secrets_are_no_flags() {
        let mut root = command();
        root.build();
        let serve = root.find_subcommand("serve").unwrap();
        assert!(
            serve
                .get_arguments()
                .all(|arg| arg.get_id() != "smtp.password")
        );
    }
}
