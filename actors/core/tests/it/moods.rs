//! A caller's mood judged by the user's own program: what it is asked, when, and what its answers bring.

use cordboard_core::{Digits, EndReason, EventBody, Flow, HttpOutcome, Text};

use crate::world::{Far, World, leg};

const OPERATOR: &str = "+15550405001";

/// The shipped flow, with a program in place of words, as its header says.
fn room() -> World {
    let shipped = include_str!("../../../../flows/sentiment-conference.toml");
    let before = shipped.find("\nmood = {").unwrap() + 1;
    let line = shipped[before..].lines().next().unwrap();
    let asking = shipped.replace(
        line,
        "mood = { below = -0.7, ask = \"https://example.com/mood\" }",
    );
    let mut world = World::with_flow(Flow::parse(&asking).unwrap(), vec![]);
    world.phones.insert(OPERATOR.into(), Far::Talks(""));
    world.ring(0, "");
    world.run_in_order();
    assert!(world.inside(0));
    world
}

fn says(words: &str, is_final: bool) -> EventBody {
    let transcript = Digits::new(words);
    EventBody::Transcription { is_final, transcript }
}

fn score(score: f64) -> HttpOutcome {
    let body = Text::new(format!("{{\"score\":{score}}}"));
    HttpOutcome::Answered { status: 200, body }
}

fn dials(world: &World) -> usize {
    world.commands.iter().filter(|(_, name)| *name == "dial").count()
}

fn words(world: &World) -> Vec<String> {
    let words = |(_, body): &(String, String)| {
        let body: serde_json::Value = serde_json::from_str(body).unwrap();
        body["words"].as_str().unwrap().to_owned()
    };
    world.asked.iter().map(words).collect()
}

#[test]
fn the_program_gets_the_callers_words_and_its_score_calls_the_operator_in_once() {
    let mut world = room();
    for answer in [score(0.4), score(-0.69), score(-0.7), score(-1.0)] {
        world.answers.push_back(answer);
    }
    world.happens(0, says("Hel", false));
    world.happens(0, says("Hello there.", true));
    world.happens(0, says("It is late.", true));
    assert_eq!(dials(&world), 0);
    world.happens(0, says("I have had enough.", true));
    assert_eq!(dials(&world), 1);
    assert_eq!(
        words(&world),
        ["Hello there.", "It is late.", "I have had enough."]
    );
    let (url, body) = &world.asked[0];
    let body: serde_json::Value = serde_json::from_str(body).unwrap();
    assert_eq!(url, "https://example.com/mood");
    assert_eq!(body["call"], "session-0");
    assert_eq!(
        (&body["flow"], &body["step"]),
        (&"sentiment-conference".into(), &"room".into())
    );
    world.happens(0, says("Are you still there?", true));
    assert_eq!(
        (world.asked.len(), dials(&world)),
        (3, 1),
        "nothing is asked once the operator was called"
    );
    assert!(world.inside(0), "the caller never leaves the room");
    let joined = world
        .commands
        .iter()
        .filter(|(_, name)| *name == "conference_join")
        .count();
    assert_eq!(joined, 1, "the operator is dialled into it");
    world.hang_up(0);
    world.run_in_order();
    assert_eq!(world.machine(0).ending().unwrap().reason, EndReason::HungUp);
}

#[test]
fn what_is_said_while_the_program_thinks_is_asked_about_together() {
    let mut world = room();
    for answer in [score(0.0), score(-0.9)] {
        world.answers.push_back(answer);
    }
    // Three sentences arrive before the first answer.
    for sentence in ["One.", "Two.", "Three."] {
        world.emits(0, says(sentence, true));
    }
    world.run_in_order();
    assert_eq!(words(&world), ["One.", "Two. Three."]);
    assert_eq!(dials(&world), 1);
}

#[test]
fn a_program_that_fails_judges_nothing_and_is_asked_again() {
    let mut world = room();
    let answered = |status, body: &str| HttpOutcome::Answered {
        status,
        body: Text::new(body),
    };
    let why = String::from("timeout");
    for answer in [
        HttpOutcome::Unknown { why: why.clone() },
        HttpOutcome::Forbidden { why },
        answered(500, "{\"score\":-1}"),
        answered(200, "very bad"),
        answered(200, "{\"score\":-100}"),
    ] {
        world.answers.push_back(answer);
        world.happens(0, says("This is terrible.", true));
    }
    assert_eq!((world.asked.len(), dials(&world)), (5, 0));
    // The key works whatever the program does.
    world.happens(
        0,
        EventBody::DtmfReceived {
            digit: Digits::new("1"),
        },
    );
    assert_eq!(dials(&world), 1);
}

#[test]
fn an_answer_after_the_key_or_after_the_end_calls_nobody() {
    let mut world = room();
    world.answers.push_back(score(-1.0));
    world.emits(0, says("This is terrible.", true));
    // The question is under way when the caller presses the key.
    let parcel = world.way.remove(0);
    world.deliver(parcel);
    let answer = world.way.remove(0);
    world.happens(
        0,
        EventBody::DtmfReceived {
            digit: Digits::new("1"),
        },
    );
    world.deliver(answer.clone());
    world.run_in_order();
    assert_eq!(dials(&world), 1);
    world.hang_up(0);
    world.run_in_order();
    world.deliver(answer);
    world.run_in_order();
    assert_eq!(dials(&world), 1);
}

#[test]
fn the_carrier_transcribes_the_callers_side_only() {
    let world = room();
    let listened = world
        .listened
        .iter()
        .map(|(leg, tracks)| (leg.clone(), tracks.as_deref()));
    assert_eq!(listened.collect::<Vec<_>>(), [(leg(0), Some("inbound"))]);
    assert_eq!(world.machine(0).step(), Some("room"));
}
