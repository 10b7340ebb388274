//! The command line of `send`.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Arg, ArgAction, ArgGroup, Command, value_parser};

use super::given::text_parser;
use super::preset::MONITORS;
use super::{LINGER_FLAG, PASS_ON_FLAG};

const EXAMPLES: &str = "\
Examples:
  quarterdeck send --summary 'Disk is full' --dedup-key disk-db1 --severity error
  quarterdeck send --action resolve --dedup-key disk-db1
  quarterdeck send --change --summary 'Deployed shop 4.2' --link https://ci.example.com/run/17
  quarterdeck send --job backup -- /usr/local/bin/backup --all
  quarterdeck send --heartbeat 'nightly backup' -- /usr/local/bin/backup --all
  quarterdeck send --heartbeat worker
  quarterdeck send --from nagios --field 'NOTIFICATIONTYPE=$NOTIFICATIONTYPE$' ...

When the server cannot be reached the message is kept on the disk and sent later, in order: by a
process that stays behind for a day, by the next `send`, or by `quarterdeck send --flush`, which a
timer may call.

Exit codes: 0 taken (by the server, or kept for it), 1 refused, or neither kept nor sent, 2 wrong
usage. With `-- COMMAND` it is the command's own.";

/// `quarterdeck send`.
pub fn command() -> Command {
    let text = |name: &'static str, value: &'static str, help: &'static str| {
        Arg::new(name)
            .long(name)
            .value_name(value)
            .help(help)
            .value_parser(text_parser())
    };
    let flag = |name: &'static str, help: &'static str| {
        Arg::new(name)
            .long(name)
            .action(ArgAction::SetTrue)
            .help(help)
    };
    let many = |name: &'static str, value: &'static str, help: &'static str| {
        text(name, value, help).action(ArgAction::Append)
    };
    Command::new("send")
        .about("Tell a server what happens on this machine: events, changes, ends of jobs")
        .after_help(EXAMPLES)
        .next_help_heading("Where to")
        .arg(text(
            "url",
            "URL",
            "Address of the server [env: QUARTERDECK_SEND_URL]",
        ))
        .arg(text(
            "key",
            "KEY",
            "Key of the integration; others on this machine can read it here [env: \
             QUARTERDECK_SEND_KEY]",
        ))
        .arg(
            text(
                "key-file",
                "FILE",
                "File that holds the key [env: QUARTERDECK_SEND_KEY_FILE]",
            )
            .value_parser(value_parser!(PathBuf)),
        )
        .arg(
            text(
                "spool",
                "DIR",
                "Where messages wait [env: QUARTERDECK_SEND_SPOOL] [default: \
                 ~/.local/state/quarterdeck/spool]",
            )
            .value_parser(value_parser!(PathBuf)),
        )
        .arg(
            text("timeout", "SECONDS", "Longest wait for the server")
                .value_parser(value_parser!(u64).range(1..=300))
                .default_value("10"),
        )
        .arg(flag(
            "no-linger",
            "Leave no process behind to try again: a timer calls --flush",
        ))
        .next_help_heading("What")
        .arg(
            text("action", "ACTION", "What has become of the condition")
                .value_parser(["trigger", "acknowledge", "resolve", "note"])
                .default_value("trigger"),
        )
        .arg(flag(
            "change",
            "It is a change, such as a deployment: nobody is paged",
        ))
        .arg(text("job", "NAME", "It is the end of the command behind --").requires("command"))
        .arg(text(
            "heartbeat",
            "NAME",
            "It is a ping of a heartbeat; with a command behind --, its beginning and end",
        ))
        .arg(
            text("ping", "WORD", "What the ping says")
                .value_parser(["success", "start", "fail"])
                .default_value("success")
                .conflicts_with("command")
                .requires("heartbeat"),
        )
        .arg(
            text(
                "from",
                "MONITOR",
                "It is what a monitor tells its notification command",
            )
            .value_parser(MONITORS),
        )
        .arg(flag("flush", "Send what waits, and nothing new"))
        .arg(flag("refused", "With --flush: also what was refused before").requires("flush"))
        .arg(flag("list", "Show what waits, and what was refused"))
        .arg(flag(PASS_ON_FLAG, "Copy the input to the output").hide(true))
        .group(ArgGroup::new("kind").args([
            "change",
            "job",
            "heartbeat",
            "from",
            "flush",
            "list",
            PASS_ON_FLAG,
        ]))
        .group(ArgGroup::new("wrap").args(["job", "heartbeat"]))
        .next_help_heading("Details")
        .arg(text(
            "summary",
            "TEXT",
            "What is wrong, or what was changed",
        ))
        .arg(text(
            "dedup-key",
            "KEY",
            "Tells conditions apart [default: made of what is said]",
        ))
        .arg(
            text("severity", "SEVERITY", "How bad it is [default: critical]")
                .value_parser(["critical", "error", "warning", "info"]),
        )
        .arg(text(
            "source",
            "TEXT",
            "Where it is [default: name of this machine]",
        ))
        .arg(text("component", "TEXT", "Part of the source"))
        .arg(text("group", "TEXT", "What the source belongs to"))
        .arg(text("class", "TEXT", "Kind of the condition"))
        .arg(many("link", "URL", "Where to read more; may be repeated"))
        .arg(many(
            "detail",
            "NAME=VALUE",
            "Anything else; may be repeated",
        ))
        .arg(
            many(
                "field",
                "NAME=VALUE",
                "A macro of the monitor; may be repeated",
            )
            .requires("from"),
        )
        .arg(
            Arg::new("command")
                .value_name("COMMAND")
                .num_args(1..)
                .last(true)
                .value_parser(value_parser!(OsString))
                .requires("wrap")
                .help("Job to run; when it fails somebody is alerted, until it works again"),
        )
        .arg(
            Arg::new(LINGER_FLAG)
                .long(LINGER_FLAG)
                .hide(true)
                .requires("flush")
                .value_parser(value_parser!(u64)),
        )
}
