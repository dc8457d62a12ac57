//! Routes: which call gets which plan, and which tables make no sense.
#![allow(clippy::unwrap_used)]

use std::path::Path;

use cordboard::config::Config;
use cordboard_core::command::conference::Beep;
use cordboard_core::command::leg::RejectCause;
use cordboard_core::flow::{Conference, Kind, RoomPer, Template};
use cordboard_core::{CallPlan, ConnectionId, Flow, FlowPlan, PhoneNumber};

fn load(text: &str) -> Result<Config, String> {
    Config::from_toml(Path::new("c.toml"), text).map_err(|error| error.to_string())
}

fn plan(config: &Config, to: &str, connection: Option<&str>) -> CallPlan {
    let connection = connection.map(ConnectionId::new);
    config.routes().plan(
        &PhoneNumber::new("+15550000"),
        &PhoneNumber::new(to),
        connection.as_ref(),
    )
}

/// The flow of a plan, and the plan itself.
fn flow(config: &Config, plan: CallPlan) -> (Flow, FlowPlan) {
    let CallPlan::Flow(plan) = plan else {
        panic!("rejected: {plan:?}")
    };
    let routes = config.routes();
    let flow = routes
        .flows()
        .iter()
        .find(|flow| flow.pinned().0 == plan.flow)
        .unwrap();
    (Flow::clone(flow), *plan)
}

fn conference(flow: &Flow) -> &Conference {
    match &flow.step["room"].kind {
        Kind::Conference(conference) => conference,
        other => panic!("no conference: {other:?}"),
    }
}

fn room(config: &Config, to: &str, connection: Option<&str>) -> String {
    let (flow, _) = flow(config, plan(config, to, connection));
    let conference = conference(&flow);
    match (&conference.room, conference.per) {
        (Some(name), _) => name.source().to_owned(),
        (None, Some(RoomPer::CalledNumber)) => "called-number".into(),
        (None, _) => "pin".into(),
    }
}

#[test]
fn an_exact_number_beats_the_longest_prefix_beats_a_connection_beats_the_default() {
    let config = load(
        r#"
        [[route]]
        room = "name:rest"
        [[route]]
        connection = "77"
        room = "name:application"
        [[route]]
        prefix = "+1"
        room = "name:short"
        [[route]]
        prefix = "+1555"
        room = "name:long"
        [[route]]
        number = "+15550100"
        room = "name:exact"
        [[route]]
        number = "sip:desk@example.com"
        room = "name:sip"
        "#,
    )
    .unwrap();
    for (to, connection, expected) in [
        ("+15550100", Some("77"), "exact"),
        ("+15550101", Some("77"), "long"),
        ("+14150101", None, "short"),
        ("+4930123456", Some("77"), "application"),
        ("+4930123456", Some("78"), "rest"),
        ("+4930123456", None, "rest"),
        ("sip:desk@example.com", None, "sip"),
        ("anything at all", None, "rest"),
    ] {
        assert_eq!(room(&config, to, connection), expected, "{to} {connection:?}");
    }
}

#[test]
fn without_any_route_every_called_number_is_a_room() {
    let config = load("[calls]\nprobe_after = \"7s\"\n").unwrap();
    assert_eq!(room(&config, "+15550100", None), "called-number");
    let (_, plan) = flow(&config, plan(&config, "+15550100", None));
    assert_eq!(plan.limits.probe_after_ms, 7_000);
    assert_eq!(plan.name, "conference");
}

#[test]
fn every_key_of_a_conference_reaches_its_plan() {
    let config = load(
        r#"
        [[route]]
        number = "+15550100"
        name = "board"
        flow = "conference"
        room = "pin"
        beep = "on_enter"
        max_participants = 12
        duration_minutes = 60
        hold_until_moderator = true
        end_on_moderator_exit = true
        moderators = ["+15550111"]
        hold_audio_url = "https://example.com/hold.mp3"
        voice = "AWS.Polly.Joanna"
        language = "en-GB"
        pins = [{ pin = "4711", room = "board", moderator = true }, { pin = "123456", room = "board" }]
        prompts = { pin = "PIN?", wrong = "No.", tries = 2, timeout = "5s" }
        "#,
    )
    .unwrap();
    let (flow, plan) = flow(&config, plan(&config, "+15550100", None));
    let conference = conference(&flow);
    assert_eq!((plan.name.as_str(), conference.moderators.len()), ("board", 1));
    assert_eq!(
        (flow.voice().voice.as_str(), flow.voice().language.as_str()),
        ("AWS.Polly.Joanna", "en-GB")
    );
    let settings = conference.settings();
    assert_eq!(
        (
            settings.beep,
            settings.max_participants,
            settings.duration_minutes
        ),
        (Beep::OnEnter, 12, 60)
    );
    assert!(settings.hold_until_moderator && settings.end_on_moderator_exit);
    assert_eq!(
        settings.hold_audio_url.as_deref(),
        Some("https://example.com/hold.mp3")
    );
    let Kind::Gather(prompt) = &flow.step["pin"].kind else {
        panic!("no PIN asked for")
    };
    assert_eq!(
        (
            prompt.digits.min,
            prompt.digits.most(),
            prompt.tries,
            prompt.timeout.to_string()
        ),
        (4, 6, 2, "5s".to_owned())
    );
    let words = |text: &Option<Template>| text.as_ref().unwrap().source().to_owned();
    assert_eq!(
        (words(&prompt.say), words(&prompt.invalid)),
        ("PIN?".into(), "No.".into())
    );
    assert!(conference.pins["4711"].moderator && !conference.pins["123456"].moderator);
}

#[test]
fn a_route_names_a_flow_of_the_directory_with_the_values_of_the_installation() {
    let directory = tempfile::tempdir().unwrap();
    let text = "flow = \"hello\"\nstart = \"a\"\n[vars]\nwho = \"you\"\n[step.a]\ndo = \"say\"\nsay = \"{{ vars.who }}\"\n";
    std::fs::write(directory.path().join("hello.toml"), text).unwrap();
    let toml = |name: &str| {
        let path = directory.path().display();
        format!(
            "[[route]]\nflow = \"{name}\"\n[flows]\ndirectory = \"{path}\"\nvars = {{ who = \"them\" }}\n"
        )
    };
    let config = load(&toml("hello")).unwrap();
    let (flow, plan) = flow(&config, plan(&config, "+15550100", None));
    assert_eq!((plan.name.as_str(), flow.vars["who"].as_str()), ("hello", "them"));
    let error = load(&toml("helo")).unwrap_err();
    assert!(error.contains("did you mean \"hello\"?"), "{error}");
}

#[test]
fn a_route_can_refuse_calls() {
    let config =
        load("[[route]]\nprefix = \"+1900\"\nreject = \"rejected\"\n[[route]]\nreject = \"busy\"").unwrap();
    assert_eq!(
        plan(&config, "+19005550100", None),
        CallPlan::Reject(RejectCause::CallRejected)
    );
    assert_eq!(
        plan(&config, "+15550100", None),
        CallPlan::Reject(RejectCause::UserBusy)
    );
}

#[test]
fn a_table_that_makes_no_sense_is_refused_at_its_line() {
    for (table, why) in [
        ("number = \"15550100\"", "number is neither E.164"),
        ("number = \"+1 555 0100\"", "number is neither E.164"),
        ("prefix = \"1555\"", "prefix must be"),
        ("prefix = \"+\"", "prefix must be"),
        ("connection = \" \"", "connection is empty"),
        ("number = \"+15550100\"\nprefix = \"+1\"", "make two routes"),
        ("flow = \"menu\"\nbeep = \"never\"", "has nothing else but"),
        ("room = \"lobby\"", "room must be"),
        ("room = \"name:\"", "room must be 1 to 60"),
        ("room = \"name:a b\"", "room must be 1 to 60"),
        ("name = \"a/b\"", "name must be 1 to 60"),
        ("reject = \"never\"", "\"busy\" or \"rejected\""),
        ("reject = \"busy\"\nroom = \"pin\"", "has nothing else"),
        ("beep = \"loud\"", "unknown variant `loud`"),
        ("max_participants = 1", "between 2 and 800"),
        ("max_participants = 801", "between 2 and 800"),
        ("duration_minutes = 0", "between 1 and 1440"),
        ("hold_audio_url = \"file:///etc/passwd\"", "no http or https URL"),
        ("hold_until_moderator = true", "nobody can be the moderator"),
        ("moderators = [\"+15550111\", \"15550111\"]", "moderator number 2"),
        (
            "pins = [{ pin = \"1\", room = \"a\" }]",
            "only asked for with room = \"pin\"",
        ),
        ("prompts = { pin = \"?\" }", "only spoken with room = \"pin\""),
        (
            "room = \"pin\"\npins = [{ pin = \"12a\", room = \"a\" }]",
            "1 to 20 digits",
        ),
        (
            "room = \"pin\"\npins = [{ pin = \"1\", room = \"a\" }, { pin = \"1\", room = \"b\" }]",
            "listed twice",
        ),
        ("room = \"pin\"\nprompts = { tries = 0 }", "tries must lie"),
        (
            "room = \"pin\"\nprompts = { timeout = \"2m\" }",
            "the timeout of prompts",
        ),
        (
            "room = \"pin\"\nprompts = { min_digits = 9, max_digits = 3 }",
            "in this order",
        ),
    ] {
        let error = load(&format!("[server]\n\n[[route]]\n{table}")).expect_err(table);
        assert!(error.contains(why), "{table}: {error}");
        assert!(
            error.starts_with("c.toml:3") || error.starts_with("c.toml:4") || error.starts_with("c.toml:5"),
            "{error}"
        );
    }
}

#[test]
fn two_routes_for_the_same_calls_are_refused() {
    for table in [
        "number = \"+15550100\"",
        "prefix = \"+1\"",
        "connection = \"77\"",
        "room = \"pin\"",
    ] {
        let error = load(&format!("[[route]]\n{table}\n[[route]]\n{table}")).expect_err(table);
        assert!(
            error.contains("routes 1 and 2 both have") && !error.contains("+15550100"),
            "{error}"
        );
    }
}
