//! Flow files as text: what is read, what is refused and where, and what pins a flow.

use cordboard_core::Flow;
use cordboard_core::flow::{END, KINDS};

const MENU: &str = r#"
flow  = "contact-center"
start = "menu"

[step.menu]
do     = "gather"
say    = "Press 1 for sales, 2 for support, 3 for porting."
digits = { max = 1, valid = "123" }
timeout = "8s"
tries  = 3
on     = { "1" = "sales", "2" = "sales", "3" = "sales", invalid = "bye", no_input = "bye" }

[step.sales]
do = "transfer"
to = "sip:sales@example.com"
ring = "30s"
on = { bridged = "end", busy = "bye", no_answer = "bye", failed = "bye" }

[step.bye]
do = "hangup"
say = "Goodbye, {{ caller }}."
"#;

#[test]
fn the_flow_of_the_manual_is_read_and_comes_back_from_its_canonical_form() {
    let flow = Flow::parse(MENU).unwrap();
    assert_eq!(flow.step["menu"].target("2"), Some("sales"));
    assert_eq!(flow.step["sales"].target("bridged"), Some(END));
    let (hash, bytes) = flow.pinned();
    let back = Flow::from_canonical(&bytes).unwrap();
    assert!(back == flow);
    assert_eq!(back.pinned().0, hash);
    assert_ne!(Flow::parse(&MENU.replace("8s", "9s")).unwrap().pinned().0, hash);
    assert_eq!(
        Flow::parse(&MENU.replace("8s", "8000ms")).unwrap().pinned().0,
        hash
    );
}

#[test]
fn every_mistake_is_named_at_its_key() {
    for (right, wrong, path, what) in [
        (
            "start = \"menu\"",
            "start = \"meno\"",
            "start",
            "did you mean \"menu\"?",
        ),
        (
            "do     = \"gather\"",
            "do = \"gahter\"",
            "step.menu.do",
            "did you mean \"gather\"?",
        ),
        ("tries  = 3", "trys = 3", "step.menu.trys", "unknown field `trys`"),
        ("tries  = 3", "tries = 30", "step.menu.tries", "between 1 and 10"),
        (
            "timeout = \"8s\"",
            "timeout = 8",
            "step.menu.timeout",
            "in quotes",
        ),
        (
            "timeout = \"8s\"",
            "timeout = \"8\"",
            "step.menu.timeout",
            "has no unit",
        ),
        (
            "valid = \"123\"",
            "valid = \"12x\"",
            "step.menu.digits.valid",
            "0123456789*#",
        ),
        ("max = 1,", "max = \"1\",", "step.menu.digits.max", "invalid type"),
        (
            "\"3\" = \"sales\"",
            "\"4\" = \"sales\"",
            "step.menu.on.4",
            "no such outcome",
        ),
        (
            "busy = \"bye\"",
            "busy = \"by\"",
            "step.sales.on.busy",
            "did you mean \"bye\"?",
        ),
        ("{{ caller }}", "{{ caller", "step.bye.say", "broken hole"),
        ("do = \"hangup\"", "say2 = \"x\"", "step.bye", "has no `do`"),
        (
            "flow  = \"contact-center\"",
            "flow = \"a b\"",
            "flow",
            "letters, digits",
        ),
    ] {
        let text = MENU.replace(right, wrong);
        assert_ne!(text, MENU, "{right}");
        let mistakes = Flow::parse(&text).unwrap_err();
        let found = mistakes.0.iter().find(|mistake| mistake.path.join(".") == path);
        let found = found.unwrap_or_else(|| panic!("nothing at {path}: {mistakes}"));
        assert!(found.what.contains(what), "{wrong}: {found}");
    }
    assert!(Flow::parse("flow = \"a\"\nstart = \"b\"").is_err());
    assert!(Flow::parse("flow = ").unwrap_err().0[0].bytes.is_some());
}

#[test]
fn every_kind_says_what_it_is() {
    for kind in KINDS {
        assert!(kind.summary.ends_with('.'), "{}", kind.name);
        assert!(
            kind.outcomes.iter().all(|way| way.meaning.ends_with('.')),
            "{}",
            kind.name
        );
        let schema = (kind.schema)();
        assert_eq!(schema["type"], "object", "{}", kind.name);
        assert_eq!(schema["additionalProperties"], false, "{}", kind.name);
    }
    let names: std::collections::BTreeSet<&str> = KINDS.iter().map(|kind| kind.name).collect();
    assert_eq!(names.len(), KINDS.len());
}
