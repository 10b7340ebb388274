use super::*;
use proptest::prelude::*;

#[test]
fn headings_are_shifted_until_the_shallowest_is_h3() {
    assert_eq!(normalise("# A\ntext\n## B"), "### A\ntext\n#### B");
    assert_eq!(
        normalise("##### deep\n###### deeper"),
        "### deep\n#### deeper"
    );
    assert_eq!(normalise("### kept"), "### kept");
    assert_eq!(
        normalise("# A\ntext\n##### E ##\nmore"),
        "### A\ntext\n\n**E**\n\nmore"
    );
    assert_eq!(normalise("# A\n#####\nb"), "### A\n\nb");
    assert_eq!(
        normalise("Title\n===\nSub\ntitle\n---"),
        "### Title\n#### Sub title"
    );
    assert_eq!(normalise("C\\#\n===\nC #\n---"), "### C\\#\n#### C \\#");
    assert_eq!(normalise("> # A\n> ###### B"), "> ### A\n> ###### B");
    assert_eq!(normalise("> A\n> b\n> ==="), "> ### A b");
    assert_eq!(normalise("```\n# code\n```"), "```\n# code\n```");
    assert_eq!(normalise("# A\n##### ---\n---"), "### A\n\n**---**\n\n---");
}

#[test]
fn an_open_fence_is_closed() {
    assert_eq!(normalise("```sh\nls"), "```sh\nls\n```");
    assert_eq!(normalise("~~~~\n```\n~~~"), "~~~~\n```\n~~~\n~~~~");
    assert_eq!(normalise("```"), "```\n```");
    assert_eq!(normalise("text\n\n```\na\n```"), "text\n\n```\na\n```");
    assert_eq!(normalise("- ```\n  a"), "- ```\n  a", "the list ends it");
}

#[test]
fn raw_html_and_markers_become_text() {
    assert_eq!(normalise("a <b>c</b>"), "a &lt;b>c&lt;/b>");
    assert_eq!(
        normalise("<script>\n# x\n</script>"),
        "&lt;script>\n### x\n&lt;/script>"
    );
    assert_eq!(
        normalise("<!-- section: impact -->\n## Impact"),
        "&lt;!-- section: impact -->\n### Impact"
    );
    assert_eq!(normalise("<!-- open\n\n# x"), "&lt;!-- open\n\n### x");
    assert_eq!(
        normalise("```\n<!-- section: a -->\n```"),
        "```\n <!-- section: a -->\n```"
    );
    assert_eq!(normalise("`<b>` and 1 < 2"), "`<b>` and 1 < 2");
    assert_eq!(normalise("a<br>b"), "a<br>b");
    assert_eq!(normalise("<https://x.example/>"), "<https://x.example/>");
    let waiver = "<!-- lint-ok B1: the words of the log -->\nIt should have.";
    assert_eq!(normalise(waiver), waiver);
}

#[test]
fn line_ends_and_controls_are_cleaned() {
    assert_eq!(normalise("a\r\nb\rc\0d\u{1b}[0m\n\n"), "a\nb\ncd[0m");
    assert_eq!(normalise(" \n\n    code\n"), "    code");
    assert_eq!(normalise("\n \n"), "");
}

#[test]
fn long_bodies_take_linear_time() {
    let line = "| a | `b | c` | <i>x</i> [l](u) *e*\n## h\n```\nx\n```\n- > # q\n";
    let measure = |lines: usize| {
        let body = line.repeat(lines / 6);
        let start = std::time::Instant::now();
        let out = normalise(&body);
        assert_eq!(normalise(&out), out);
        start.elapsed().as_secs_f64()
    };
    measure(1_000);
    let (small, large) = (measure(2_500), measure(20_000));
    // Eight times the lines: far below the 64 times of quadratic work, with room for a busy machine.
    assert!(large < small * 30.0 + 0.5, "{small} s, then {large} s");
}

/// Fragments that make trouble together.
fn body() -> impl Strategy<Value = String> {
    let fragment = prop_oneof![
        Just("# a"),
        Just("## b #"),
        Just("###### c"),
        Just("#"),
        Just("===\n"),
        Just("---\n"),
        Just("\n"),
        Just("\n\n"),
        Just("\r\n"),
        Just("  "),
        Just("    "),
        Just("\t"),
        Just("> "),
        Just("- "),
        Just("1. "),
        Just("```"),
        Just("~~~~"),
        Just("`"),
        Just("``"),
        Just("|"),
        Just("|---|---|\n"),
        Just("<div>"),
        Just("</div>"),
        Just("<!--"),
        Just("-->"),
        Just("<!-- section: x -->\n"),
        Just("<?"),
        Just("<!A"),
        Just("<![CDATA["),
        Just("<pre>"),
        Just("<script>"),
        Just("<a href='"),
        Just("'>"),
        Just("<br>"),
        Just("\\"),
        Just("*"),
        Just("**"),
        Just("_"),
        Just("[x]"),
        Just("[x]: "),
        Just("(y)"),
        Just("\"t"),
        Just("<y z>"),
        Just("&lt;"),
        Just("\0"),
        Just("é"),
        Just("text"),
        Just("<http://x>"),
        Just("<source"),
        Just("<!-- lint-ok B1: r -->"),
        Just("\u{a0}"),
        Just("+"),
        Just("=")
    ];
    prop::collection::vec(fragment, 0..24).prop_map(|parts| parts.concat())
}

/// What an export's reader sees of a section: headings that could be taken for sections, raw HTML
/// that is not ours, and whether the next section begins where it should.
fn check(body: &str) -> Result<(), TestCaseError> {
    let once = normalise(body);
    prop_assert_eq!(
        normalise(&once),
        once.clone(),
        "idempotent, from {:?}",
        body
    );
    let document = format!("## Before\n{once}\n<!-- section: next -->\n## After\n| a |\n|---|\n");
    for options in dialects() {
        let mut sections = 0;
        let mut after = false;
        let mut shallowest = 7;
        for (event, range) in Parser::new_ext(&document, options).into_offset_iter() {
            match event {
                Event::Start(Tag::Heading { level, .. }) => {
                    let source = &document[range.clone()];
                    if level == HeadingLevel::H2 {
                        sections += 1;
                        after |= source.starts_with("## After");
                    } else {
                        shallowest = shallowest.min(level_number(level));
                    }
                }
                Event::Html(html) | Event::InlineHtml(html) => {
                    prop_assert!(
                        &*html == "<!-- section: next -->\n" || is_break(&html) || is_waiver(&html),
                        "raw {:?} in {:?}",
                        html,
                        document
                    );
                }
                _ => {}
            }
        }
        prop_assert_eq!(sections, 2, "{:?}", document);
        prop_assert!(after, "{:?}", document);
        prop_assert!(shallowest == 7 || shallowest == 3, "{:?}", document);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_500))]

    #[test]
    fn troublesome_bodies_stay_inside_their_section(body in body()) {
        check(&body)?;
    }

    #[test]
    fn any_text_stays_inside_its_section(body in any::<String>()) {
        check(&body)?;
    }
}
