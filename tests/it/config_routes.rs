//! Routes: which call gets which plan, and which tables make no sense.
#![allow(clippy::unwrap_used)]

use std::path::Path;

use cordboard::config::Config;
use cordboard_core::command::conference::Beep;
use cordboard_core::command::leg::RejectCause;
use cordboard_core::{CallPlan, ConferencePlan, ConnectionId, PhoneNumber, RoomChoice};

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

fn conference(plan: CallPlan) -> ConferencePlan {
    match plan {
        CallPlan::Conference(plan) => *plan,
        CallPlan::Reject(cause) => panic!("rejected: {cause:?}"),
    }
}

fn room(config: &Config, to: &str, connection: Option<&str>) -> String {
    match conference(plan(config, to, connection)).room {
        RoomChoice::Named(name) => name.as_str().to_owned(),
        RoomChoice::CalledNumber => "called-number".into(),
        RoomChoice::Pin(_) => "pin".into(),
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
    let plan = conference(plan(&config, "+15550100", None));
    assert_eq!(plan.limits.probe_after_ms, 7_000);
    assert_eq!(plan.flow, "conference");
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
    let plan = conference(plan(&config, "+15550100", None));
    assert_eq!((plan.flow.as_str(), plan.moderators.len()), ("board", 1));
    assert_eq!(
        (plan.voice.voice.as_str(), plan.voice.language.as_str()),
        ("AWS.Polly.Joanna", "en-GB")
    );
    let settings = &plan.settings;
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
    let RoomChoice::Pin(prompt) = plan.room else {
        panic!("no PIN asked for")
    };
    assert_eq!(
        (
            prompt.min_digits,
            prompt.max_digits,
            prompt.tries,
            prompt.timeout_ms
        ),
        (4, 6, 2, 5_000)
    );
    assert_eq!((prompt.prompt.as_str(), prompt.wrong.as_str()), ("PIN?", "No."));
    assert!(prompt.pins["4711"].moderator && !prompt.pins["123456"].moderator);
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
        ("flow = \"conferense\"", "did you mean \"conference\"?"),
        ("flow = \"menu\"", "known is \"conference\"?"),
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
