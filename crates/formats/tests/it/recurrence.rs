//! Rules of recurrence against an independent implementation, python-dateutil.

use std::io::Write as _;
use std::process::{Command, Stdio};

use domain::Timestamp;
use formats::icalendar::{Window, read};
use jiff::tz::TimeZone;

/// Reads `start rule` lines, and writes the occurrences until the end of 2030 in one line each.
const ORACLE: &str = r"
import sys
from datetime import datetime
from dateutil.rrule import rrulestr
for line in sys.stdin:
    start, rule = line.split()
    start = datetime.strptime(start, '%Y%m%dT%H%M%S')
    found = []
    for at in rrulestr(rule, dtstart=start):
        if at.year > 2030 or len(found) >= 200:
            break
        found.append(at.strftime('%Y%m%dT%H%M%S'))
    print(','.join(found))
";

fn rules() -> Vec<String> {
    let mut rules = Vec::new();
    let stops = [
        "",
        ";COUNT=7",
        ";UNTIL=20270630T235959",
        ";UNTIL=20261224T090000",
    ];
    let parts: [(&str, &[&str]); 4] = [
        (
            "DAILY",
            &[
                "",
                ";BYDAY=MO,FR",
                ";BYMONTH=2,11",
                ";BYMONTHDAY=1,15,-1",
                ";BYMONTH=3;BYDAY=SU",
            ],
        ),
        (
            "WEEKLY",
            &[
                "",
                ";BYDAY=MO",
                ";BYDAY=TU,SU;WKST=SU",
                ";BYDAY=SU,SA;WKST=MO",
                ";BYDAY=MO,WE,FR;BYSETPOS=-1",
                ";BYMONTH=4,5",
                ";WKST=WE;BYDAY=TU,WE",
            ],
        ),
        (
            "MONTHLY",
            &[
                "",
                ";BYDAY=1MO",
                ";BYDAY=-1FR",
                ";BYDAY=5SA,2WE",
                ";BYMONTHDAY=31",
                ";BYMONTHDAY=-1",
                ";BYMONTHDAY=13;BYDAY=FR",
                ";BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1",
                ";BYMONTH=1,7",
                ";BYMONTHDAY=29;BYMONTH=2",
                ";BYDAY=SU;BYSETPOS=2,-1",
            ],
        ),
        (
            "YEARLY",
            &[
                "",
                ";BYMONTH=3;BYDAY=-1SU",
                ";BYMONTH=10;BYDAY=SU",
                ";BYMONTHDAY=10",
                ";BYDAY=1MO,-1FR",
                ";BYDAY=20TU",
                ";BYMONTH=1,6;BYMONTHDAY=-1",
                ";BYDAY=WE;BYSETPOS=10,-3",
                ";BYMONTH=11;BYDAY=TU;BYMONTHDAY=2,3,4,5,6,7,8",
                ";BYMONTH=2;BYMONTHDAY=29",
            ],
        ),
    ];
    for (frequency, wheres) in parts {
        for place in wheres {
            for interval in [1, 2, 5] {
                for stop in stops {
                    rules.push(format!("FREQ={frequency};INTERVAL={interval}{place}{stop}"));
                }
            }
        }
    }
    rules
}

/// What we make of a rule: as wall-clock times.
fn ours(start: &str, rule: &str) -> String {
    let body = format!(
        "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nDTSTART:{start}\r\nDURATION:PT1S\r\nRRULE:{rule}\r\n\
         END:VEVENT\r\nEND:VCALENDAR\r\n"
    );
    let at = |text: &str| Timestamp::parse(text).unwrap();
    let window = Window {
        from: at("1990-01-01T00:00:00Z"),
        until: at("2031-01-01T00:00:00Z"),
        zone: TimeZone::UTC,
    };
    let reading = read(body.as_bytes(), &window).unwrap();
    assert!(
        reading.warnings.is_empty(),
        "{rule}: {:?}",
        reading.warnings
    );
    let starts = reading.occurrences.iter().take(200).map(|one| {
        let at = one.start.in_zone(&TimeZone::UTC);
        at.strftime("%Y%m%dT%H%M%S").to_string()
    });
    starts.collect::<Vec<_>>().join(",")
}

#[test]
fn rules_agree_with_an_independent_implementation() {
    let mut oracle = Command::new("/usr/bin/python3")
        .args(["-c", ORACLE])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let starts = ["20260131T090000", "20240229T233000", "20251228T000000"];
    let cases: Vec<(&str, String)> = starts
        .iter()
        .flat_map(|start| rules().into_iter().map(|rule| (*start, rule)))
        .collect();
    let mut stdin = oracle.stdin.take().unwrap();
    let asked: String = cases
        .iter()
        .map(|(start, rule)| format!("{start} {rule}\n"))
        .collect();
    let writer = std::thread::spawn(move || stdin.write_all(asked.as_bytes()).unwrap());
    let output = oracle.wait_with_output().unwrap();
    writer.join().unwrap();
    assert!(output.status.success(), "the oracle needs python3-dateutil");
    let answers = String::from_utf8(output.stdout).unwrap();
    let answers: Vec<&str> = answers.lines().collect();
    assert_eq!(answers.len(), cases.len());
    let mut wrong = Vec::new();
    for ((start, rule), expected) in cases.iter().zip(answers) {
        let got = ours(start, rule);
        if got != expected {
            wrong.push(format!(
                "{start} {rule}\n  ours   {got:.200}\n  theirs {expected:.200}"
            ));
        }
    }
    let first: Vec<_> = wrong.iter().take(5).cloned().collect();
    assert!(
        wrong.is_empty(),
        "{} of {}:\n{}",
        wrong.len(),
        cases.len(),
        first.join("\n")
    );
}
