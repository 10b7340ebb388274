//! Monitors that run a command: `quarterdeck send`, set up as docs/send.md says.

use domain::word::IntegrationKind as Kind;

use super::snippet::Snippet;

/// How docs/send.md writes what is filled in.
const BASE: &str = "https://quarterdeck.example.com";
const KEY: &str = "echo KEY";

/// Everything to copy, in the order in which it is needed.
pub(super) fn snippets(kind: Kind, base: &str, key: &str) -> Vec<Snippet> {
    let filled = |text: &str| {
        let text = text.replace(BASE, base);
        text.replace(KEY, &format!("echo {key}"))
    };
    blocks(kind)
        .iter()
        .map(|(id, title, text, code)| Snippet::new(id, title, *text, filled(code)))
        .collect()
}

/// Id, title, what to do with it, and the text itself.
type Block = (&'static str, &'static str, &'static str, &'static str);

fn blocks(kind: Kind) -> &'static [Block] {
    match kind {
        Kind::Nagios => &[
            (
                "key-file",
                "The key, in a file that Nagios alone can read",
                "Where Nagios runs as another user than nagios, name that one.",
                NAGIOS_KEY,
            ),
            (
                "config",
                "Commands and contact",
                "A file of its own in a directory that nagios.cfg names by cfg_dir. Then add the \
                 contact to the hosts and services, or to one of their contact groups.",
                NAGIOS,
            ),
        ],
        Kind::Icinga => &[
            (
                "key-file",
                "The key, in a file that Icinga alone can read",
                "On Debian Icinga runs as nagios; elsewhere name icinga instead.",
                ICINGA_KEY,
            ),
            (
                "config",
                "Command, user and notifications",
                "For all hosts and services; narrow assign where as you like.",
                ICINGA,
            ),
        ],
        Kind::Checkmk => &[
            (
                "key-file",
                "The key, in a file of the site",
                "As the user of the site.",
                CHECKMK_KEY,
            ),
            (
                "script",
                "Notification script",
                "Save as quarterdeck in local/share/check_mk/notifications of the site, make it \
                 executable, and choose Quarterdeck in a notification rule.",
                CHECKMK,
            ),
        ],
        Kind::Monit => &[
            (
                "key-file",
                "The key, in a file that root alone can read",
                "",
                MONIT_KEY,
            ),
            (
                "script",
                "Script",
                "Save as /usr/local/bin/quarterdeck-monit and make it executable. Monit starts \
                 programs with an empty environment, hence the script.",
                MONIT,
            ),
            (
                "config",
                "Tests, in monitrc",
                "Each test names the script twice: for the problem and for its end.",
                MONITRC,
            ),
        ],
        _ => &[],
    }
}

const NAGIOS_KEY: &str = "\
sudo install -d -o nagios -m 700 /var/lib/nagios4/quarterdeck
echo KEY | sudo install -o nagios -m 600 /dev/stdin /etc/nagios4/quarterdeck.key";

const NAGIOS: &str = r#"define command {
  command_name  quarterdeck-service
  command_line  /usr/bin/quarterdeck send --from nagios --url https://quarterdeck.example.com --key-file /etc/nagios4/quarterdeck.key --spool /var/lib/nagios4/quarterdeck --field "NOTIFICATIONTYPE=$NOTIFICATIONTYPE$" --field "HOSTNAME=$HOSTNAME$" --field "HOSTADDRESS=$HOSTADDRESS$" --field "SERVICEDESC=$SERVICEDESC$" --field "SERVICESTATE=$SERVICESTATE$" --field "SERVICEOUTPUT=$SERVICEOUTPUT$" --field "NOTIFICATIONAUTHOR=$NOTIFICATIONAUTHOR$" --field "NOTIFICATIONCOMMENT=$NOTIFICATIONCOMMENT$"
}
define command {
  command_name  quarterdeck-host
  command_line  /usr/bin/quarterdeck send --from nagios --url https://quarterdeck.example.com --key-file /etc/nagios4/quarterdeck.key --spool /var/lib/nagios4/quarterdeck --field "NOTIFICATIONTYPE=$NOTIFICATIONTYPE$" --field "HOSTNAME=$HOSTNAME$" --field "HOSTADDRESS=$HOSTADDRESS$" --field "HOSTSTATE=$HOSTSTATE$" --field "HOSTOUTPUT=$HOSTOUTPUT$" --field "NOTIFICATIONAUTHOR=$NOTIFICATIONAUTHOR$" --field "NOTIFICATIONCOMMENT=$NOTIFICATIONCOMMENT$"
}
define contact {
  contact_name                   quarterdeck
  service_notification_period    24x7
  host_notification_period       24x7
  service_notification_options   w,u,c,r,f,s
  host_notification_options      d,u,r,f,s
  service_notification_commands  quarterdeck-service
  host_notification_commands     quarterdeck-host
}"#;

const ICINGA_KEY: &str = "\
sudo install -d -o nagios -m 700 /var/lib/icinga2/quarterdeck
echo KEY | sudo install -o nagios -m 600 /dev/stdin /etc/icinga2/quarterdeck.key";

const ICINGA: &str = r#"object NotificationCommand "quarterdeck" {
  command = [ "/usr/bin/quarterdeck", "send", "--from", "icinga" ]
  env = {
    QUARTERDECK_SEND_URL = "https://quarterdeck.example.com"
    QUARTERDECK_SEND_KEY_FILE = "/etc/icinga2/quarterdeck.key"
    QUARTERDECK_SEND_SPOOL = "/var/lib/icinga2/quarterdeck"
    NOTIFICATIONTYPE = "$notification.type$"
    NOTIFICATIONAUTHOR = "$notification.author$"
    NOTIFICATIONCOMMENT = "$notification.comment$"
    HOSTNAME = "$host.name$"
    HOSTADDRESS = "$address$"
    HOSTSTATE = "$host.state$"
    HOSTOUTPUT = "$host.output$"
    SERVICEDESC = "$service.name$"
    SERVICESTATE = "$service.state$"
    SERVICEOUTPUT = "$service.output$"
  }
}
object User "quarterdeck" {
}
apply Notification "quarterdeck" to Host {
  command = "quarterdeck"
  users = [ "quarterdeck" ]
  assign where true
}
apply Notification "quarterdeck" to Service {
  command = "quarterdeck"
  users = [ "quarterdeck" ]
  assign where true
}"#;

const CHECKMK_KEY: &str = r#"(umask 077; echo KEY > "$OMD_ROOT/etc/quarterdeck.key")"#;

const CHECKMK: &str = r#"#!/bin/sh
# Quarterdeck
export QUARTERDECK_SEND_URL=https://quarterdeck.example.com
export QUARTERDECK_SEND_KEY_FILE="$OMD_ROOT/etc/quarterdeck.key"
exec /usr/bin/quarterdeck send --from checkmk"#;

const MONIT_KEY: &str = "\
sudo install -d -m 700 /var/lib/monit/quarterdeck
echo KEY | sudo install -m 600 /dev/stdin /etc/monit/quarterdeck.key";

const MONIT: &str = "\
#!/bin/sh
export QUARTERDECK_SEND_URL=https://quarterdeck.example.com
export QUARTERDECK_SEND_KEY_FILE=/etc/monit/quarterdeck.key
export QUARTERDECK_SEND_SPOOL=/var/lib/monit/quarterdeck
exec /usr/bin/quarterdeck send --from monit";

const MONITRC: &str = r#"check filesystem root with path /
  if space usage > 90% then exec "/usr/local/bin/quarterdeck-monit"
  else if succeeded then exec "/usr/local/bin/quarterdeck-monit""#;

#[cfg(test)]
mod tests {
    use super::*;

    const KINDS: [Kind; 4] = [Kind::Nagios, Kind::Icinga, Kind::Checkmk, Kind::Monit];

    #[test]
    fn they_are_those_of_the_manual() {
        let manual = include_str!("../../../../../docs/send.md");
        for kind in KINDS {
            for snippet in snippets(kind, BASE, "KEY") {
                let block = format!("\n{}\n```", snippet.code);
                assert!(manual.contains(&block), "{kind}: {}", snippet.title);
            }
        }
    }

    /// Neither Monit nor Nagios nor Icinga runs a line of a shell.
    #[test]
    fn what_a_monitor_runs_is_a_program() {
        for kind in KINDS {
            let shown = snippets(kind, "https://page.example.org", "a1b2");
            let whole: String = shown.iter().map(|one| format!("{}\n", one.code)).collect();
            assert!(whole.contains("https://page.example.org"), "{kind}");
            assert!(whole.contains("echo a1b2"), "{kind}");
            assert!(!whole.contains("example.com"), "{kind}");
            let starts = ["command_line  ", "command = [ \"/", "then exec \"", "exec "];
            for line in whole.lines() {
                for start in starts {
                    if let Some((_, program)) = line.split_once(start) {
                        let program = program.trim_start_matches('"');
                        assert!(
                            program.starts_with('/') || start.ends_with("\"/"),
                            "{kind}: {line}"
                        );
                    }
                }
            }
        }
    }
}
