//! Debian's Nagios and Monit, whose notifications are `quarterdeck send`, as docs/send.md tells to
//! set them up.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use testkit::scratch::{Scratch, program};
use testkit::{Process, eventually};

use crate::database::Database;
use crate::house::{BINARY, COMPANY, House, SOON};

const KEY: &str = "genericgenericgenericgenericgene";

/// A machine with a monitor and a service whose state is the exit code in a file.
struct Machine {
    home: Scratch,
}

impl Machine {
    fn new(house: &House, from: &str) -> Machine {
        let machine = Machine {
            home: Scratch::new(from),
        };
        machine.says(2);
        let state = machine.at("state");
        machine.script(
            "check",
            &format!(
                "echo 'copying stopped'\nexit \"$(cat '{}')\"",
                state.display()
            ),
        );
        // Monit gives programs an empty environment, hence everything stands in the script.
        machine.script(
            "send",
            &format!(
                "export QUARTERDECK_SEND_URL='{}'\nexport QUARTERDECK_SEND_KEY={KEY}\n\
                 export QUARTERDECK_SEND_SPOOL='{}'\n\
                 exec '{BINARY}' send --no-linger --from {from} \"$@\"",
                house.server.base_url,
                machine.at("spool").display(),
            ),
        );
        machine
    }

    fn at(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    fn says(&self, code: u8) {
        self.home.write("state", code.to_string());
    }

    fn script(&self, name: &str, body: &str) {
        let path = self.home.write(name, format!("#!/bin/sh\n{body}\n"));
        fs::set_permissions(path, fs::Permissions::from_mode(0o700)).unwrap();
    }
}

/// The alert opens, and ends when the service is well.
async fn fires_and_ends(house: &House, machine: &Machine, monitor: &Process, summary: &str) {
    let alerts = || house.rows("SELECT status, summary FROM alert");
    for (status, code) in [("open", 0), ("resolved", 0)] {
        eventually(SOON, "the alert to follow its service", || {
            let now = alerts();
            async move {
                let found = now
                    .iter()
                    .any(|row| row[0] == status && row[1].contains(summary));
                found
                    .then_some(())
                    .ok_or_else(|| format!("{now:?}\n{}", monitor.log()))
            }
        })
        .await;
        machine.says(code);
    }
    assert_eq!(alerts().len(), 1, "{:?}", alerts());
}

fn whoami(flag: &str) -> String {
    let output = Command::new("id").args([flag, "-n"]).output().unwrap();
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

fn nagios_objects(home: &Path) -> String {
    let home = home.display();
    let hours: Vec<String> = [
        "sunday",
        "monday",
        "tuesday",
        "wednesday",
        "thursday",
        "friday",
        "saturday",
    ]
    .iter()
    .map(|day| format!("  {day} 00:00-24:00"))
    .collect();
    let fields: Vec<String> = [
        "NOTIFICATIONTYPE",
        "HOSTNAME",
        "HOSTADDRESS",
        "SERVICEDESC",
        "SERVICESTATE",
        "SERVICEOUTPUT",
        "NOTIFICATIONCOMMENT",
    ]
    .iter()
    .map(|name| format!("--field \"{name}=${name}$\""))
    .collect();
    format!(
        "define timeperiod {{\n  timeperiod_name always\n  alias always\n{}\n}}\n\
         define command {{\n  command_name check\n  command_line {home}/check\n}}\n\
         define command {{\n  command_name alive\n  command_line /bin/true\n}}\n\
         define command {{\n  command_name send\n  command_line {home}/send {}\n}}\n\
         define contact {{\n  contact_name quarterdeck\n  service_notification_period always\n\
         \x20 host_notification_period always\n  service_notification_options w,u,c,r,f\n\
         \x20 host_notification_options d,u,r,f\n  service_notification_commands send\n\
         \x20 host_notification_commands send\n}}\n\
         define host {{\n  host_name db1\n  address 127.0.0.1\n  check_command alive\n\
         \x20 max_check_attempts 1\n  check_interval 1\n  check_period always\n\
         \x20 contacts quarterdeck\n  notification_interval 3600\n\
         \x20 notification_period always\n}}\n\
         define service {{\n  host_name db1\n  service_description backup\n\
         \x20 check_command check\n  max_check_attempts 1\n  check_interval 1\n\
         \x20 retry_interval 1\n  check_period always\n  contacts quarterdeck\n\
         \x20 notification_interval 3600\n  notification_period always\n}}\n",
        hours.join("\n"),
        fields.join(" "),
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn nagios_tells_of_a_service() {
    let house = House::open(Database::Sqlite, COMPANY).await;
    let machine = Machine::new(&house, "nagios");
    let home = machine.home.path();
    machine.home.write("objects.cfg", nagios_objects(home));
    fs::create_dir(machine.at("results")).unwrap();
    let place = |name: &str| machine.at(name).display().to_string();
    let settings = [
        ("log_file", place("nagios.log")),
        ("cfg_file", place("objects.cfg")),
        ("object_cache_file", place("objects.cache")),
        ("precached_object_file", place("objects.precache")),
        ("status_file", place("status.dat")),
        ("state_retention_file", place("retention.dat")),
        ("lock_file", place("nagios.lock")),
        ("temp_file", place("nagios.tmp")),
        ("temp_path", home.display().to_string()),
        ("check_result_path", place("results")),
        ("query_socket", place("nagios.qh")),
        ("command_file", place("nagios.cmd")),
        ("nagios_user", whoami("-u")),
        ("nagios_group", whoami("-g")),
        ("check_external_commands", "0".to_owned()),
        ("check_for_updates", "0".to_owned()),
        ("enable_environment_macros", "0".to_owned()),
        ("enable_notifications", "1".to_owned()),
        ("illegal_macro_output_chars", "`~$&|'\"<>".to_owned()),
        // Intervals are counted in seconds.
        ("interval_length", "1".to_owned()),
        ("service_inter_check_delay_method", "n".to_owned()),
        ("host_inter_check_delay_method", "n".to_owned()),
        ("use_syslog", "0".to_owned()),
    ];
    let text: String = settings
        .iter()
        .map(|(name, value)| format!("{name}={value}\n"))
        .collect();
    let file = machine.home.write("nagios.cfg", text);
    let mut command = program("nagios4", "nagios4-core");
    command.arg(file);
    let nagios = Process::start("nagios", command);
    fires_and_ends(&house, &machine, &nagios, "copying stopped").await;
    let keys = house.rows("SELECT severity, source FROM alert");
    assert_eq!(keys, [["critical", "db1"]]);
}

#[tokio::test(flavor = "multi_thread")]
async fn monit_tells_of_a_program() {
    let house = House::open(Database::Sqlite, COMPANY).await;
    let machine = Machine::new(&house, "monit");
    let place = |name: &str| machine.at(name).display().to_string();
    let text = format!(
        "set daemon 1\nset pidfile {}\nset idfile {}\nset statefile {}\n\
         check program backup with path \"{}\"\n\
         \x20 if status != 0 then exec \"{send}\" else if succeeded then exec \"{send}\"\n",
        place("monit.pid"),
        place("monit.id"),
        place("monit.state"),
        place("check"),
        send = place("send"),
    );
    let file = machine.home.write("monitrc", text);
    // Monit refuses a file that others can read.
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    let mut command = program("monit", "monit");
    command.arg("-I").arg("-c").arg(file);
    let monit = Process::start("monit", command);
    fires_and_ends(&house, &machine, &monit, "backup").await;
}
