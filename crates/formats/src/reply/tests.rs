use super::*;
use proptest::prelude::*;

fn sms(verb: Verb, code: &str) -> Option<Reply> {
    let target = match code {
        "" => ReplyTarget::Latest,
        code => ReplyTarget::Code(code.to_owned()),
    };
    Some(Reply { verb, target })
}

#[test]
fn answers_that_act() {
    use Verb::{Acknowledge, Escalate, EscalateTo, Resolve};
    for (text, verb, code) in [
        ("4217 ack", Acknowledge, "4217"),
        ("ack 4217", Acknowledge, "4217"),
        ("ACK4217", Acknowledge, "4217"),
        ("4217ack", Acknowledge, "4217"),
        ("  “4217 Ack” ", Acknowledge, "4217"),
        ("'ack' '0042'", Acknowledge, "0042"),
        ("42 17 ack", Acknowledge, "4217"),
        ("ack: 4217", Acknowledge, "4217"),
        ("4217: ack", Acknowledge, "4217"),
        ("a", Acknowledge, ""),
        ("A.", Acknowledge, ""),
        ("ack", Acknowledge, ""),
        ("Ack, on my way", Acknowledge, ""),
        ("4217 ack, on my way", Acknowledge, "4217"),
        ("\n\nAcknowledged!\n-- \nAna", Acknowledge, ""),
        ("r 4217", Resolve, "4217"),
        ("resolve", Resolve, ""),
        ("4217 resolved thanks", Resolve, "4217"),
        ("e", Escalate, ""),
        ("please escalate 4217", Escalate, "4217"),
        ("4217 escalate to step 3", EscalateTo(3), "4217"),
        ("escalate step 2 4217", EscalateTo(2), "4217"),
        ("E step20", EscalateTo(20), ""),
    ] {
        assert_eq!(parse_sms(text), sms(verb, code), "{text}");
    }
}

#[test]
fn answers_that_are_not_clear_do_nothing() {
    for text in [
        "",
        "   ",
        "4217",
        "I will ack later",
        "ack?",
        "not ack",
        "don't resolve",
        "ack resolve",
        "42 ack 17",
        "ack 4217, or 4218",
        "A. Smith looks at it",
        "a, then b",
        "ack 12345678901",
        "who is this",
        "escalate to step",
        "escalate to 3",
        "escalate step 0",
        "escalate step 21",
        "escalate step 2 step 3",
        "escalate to to step 3",
        "ack step 2",
        "4217 step 2",
        "> ack 4217",
        "ack ٤٢١٧",
        "👍",
    ] {
        assert_eq!(parse_sms(text), None, "{text}");
    }
}

#[test]
fn answers_that_name_somebody() {
    // §4.8: reassign to a person or policy, add responders, by replies.
    let to = |name: &str| Verb::Reassign { to: name.into() };
    let add = |whom: &str, message: &str| Verb::Add {
        whom: whom.into(),
        message: message.into(),
    };
    for (text, verb, code) in [
        ("4217 reassign to bo", to("bo"), "4217"),
        ("4217: Reassign to Bo Berg.", to("Bo Berg"), "4217"),
        ("reassign 4217 to @bo", to("@bo"), "4217"),
        (
            "reassign to bo@example.com 4217",
            to("bo@example.com"),
            "4217",
        ),
        ("“4217 assign 'Bo Berg' please!”", to("Bo Berg"), "4217"),
        ("reassign to policy checkout-2", to("policy checkout-2"), ""),
        ("4217 reassign to Site 12", to("Site 12"), "4217"),
        ("reassign to Site 12", to("Site 12"), ""),
        ("4217 add platform", add("platform", ""), "4217"),
        ("add 4217 team shop", add("team shop", ""), "4217"),
        ("help bo, please", add("bo", ""), ""),
        (
            "4217 help bo: can you look?",
            add("bo", "can you look?"),
            "4217",
        ),
    ] {
        assert_eq!(parse_sms(text), sms(verb, code), "{text}");
    }
    for text in [
        "4217 reassign",
        "reassign to",
        "add",
        "add :x",
        "reassign to bo?",
        "> add bo",
    ] {
        assert_eq!(parse_sms(text), None, "{text}");
    }
}

#[test]
fn snoozing_and_taking_back() {
    let minutes = |minutes| Verb::Snooze(Span::from_minutes(minutes));
    for (text, verb, code) in [
        ("4217 snooze 2h", minutes(120), "4217"),
        ("snooze 4217 for 30 minutes", minutes(30), "4217"),
        ("snooze 1 day 4217", minutes(1_440), "4217"),
        ("Snooze 90 min.", minutes(90), ""),
        ("4217 unack", Verb::Unacknowledge, "4217"),
    ] {
        assert_eq!(parse_sms(text), sms(verb, code), "{text}");
    }
    for text in [
        "snooze",
        "4217 snooze",
        "snooze 2",
        "snooze 2 moons",
        "snooze 2h 3m",
    ] {
        assert_eq!(parse_sms(text), None, "{text}");
    }
}

#[test]
fn yes_and_no_may_have_a_reason() {
    let decline = |reason: &str| Verb::Decline {
        reason: reason.into(),
    };
    assert_eq!(parse_sms("4217 no"), sms(decline(""), "4217"));
    assert_eq!(
        parse_sms("4217 decline, on a train"),
        sms(decline("on a train"), "4217")
    );
    assert_eq!(
        parse_mail_first_line("Declined – I am away"),
        Some(decline("I am away"))
    );
    let accept = |reason: &str| Verb::Accept {
        reason: reason.into(),
    };
    assert_eq!(parse_sms("yes"), parse_sms("y"));
    assert_eq!(
        parse_sms("4217 yes, at my desk soon"),
        sms(accept("at my desk soon"), "4217")
    );
}

#[test]
fn the_first_line_of_a_mail() {
    use Verb::{Acknowledge, Escalate, Resolve};
    for (text, verb) in [
        ("ack\n\n> on Tuesday …", Acknowledge),
        ("\r\n\r\nResolved.\r\n", Resolve),
        ("Acknowledge, 10 minutes", Acknowledge),
        ("escalate", Escalate),
        (
            "ack\n\nOn 3 March 2026 Quarterdeck wrote:\n> text",
            Acknowledge,
        ),
        (
            "ack, in 10 minutes\nOn 3 March <pager@example.com>\nwrote:\n> text",
            Acknowledge,
        ),
        // Below what it answers.
        ("> text\n> more\n\nresolve\n", Resolve),
        (
            "On 3 March 2026 Quarterdeck <pager@example.com>\nwrote:\n> text\n\n ack \n",
            Acknowledge,
        ),
        (
            "Am 3. März schrieb Quarterdeck:\n> text\n\nack",
            Acknowledge,
        ),
    ] {
        assert_eq!(parse_mail_first_line(text), Some(verb), "{text}");
    }
    for text in [
        "",
        "> ack",
        "Thanks!\nack",
        "I can't resolve this",
        "Resolve what?",
        // The code is of a phone's message, which may be about something else.
        "4217 ack",
        "I can't resolve this\n> text\nack",
        "I have 2 left\nOn 3 March 2026 Quarterdeck wrote:\n> text\nack",
        "My idea:\n> text\nack",
    ] {
        assert_eq!(parse_mail_first_line(text), None, "{text}");
    }
}

proptest! {
    #[test]
    fn any_text_is_read_without_a_panic(text in any::<String>()) {
        let _ = parse_sms(&text);
        let _ = parse_mail_first_line(&text);
    }

    #[test]
    fn code_and_verb_in_any_dress(
        code in "[0-9]{3,6}",
        verb in "(?i)(ack|acknowledge)",
        gap in "[ \t]{0,3}",
        quote in "[\"'“” ]?",
        code_first in any::<bool>(),
    ) {
        let text = if code_first {
            format!("{quote}{code}{gap}{verb}{quote}")
        } else {
            format!("{quote}{verb}{gap}{code}{quote}")
        };
        prop_assert_eq!(parse_sms(&text), sms(Verb::Acknowledge, &code));
    }
}
