//! Every shipped flow, every step, every way out: success, silence, garbage, hangup, and a carrier that refuses.

use cordboard_core::{EndReason, Fact, TextRefusal, TextResult};

use crate::flow_script::Script;
use crate::world::Far;

macro_rules! shipped {
    ($name:literal) => {
        include_str!(concat!("../../../../flows/", $name, ".toml"))
    };
}

const SALES: &str = "sip:sales@departments.example";
const SUPPORT: &str = "sip:support@departments.example";

fn contact_center() -> Script {
    Script::of(shipped!("contact-center"))
}

#[test]
fn contact_center_connects_the_department_of_the_key() {
    for (key, number, step) in [
        ("1", SALES, "sales"),
        ("2", SUPPORT, "support"),
        ("3", "sip:porting@departments.example", "porting"),
    ] {
        let call = contact_center()
            .types(&[key])
            .phone(number, Far::Leaves(""))
            .runs();
        assert_eq!(call.told(), format!("menu:{key} {step}:bridged = completed"));
    }
}

#[test]
fn contact_center_asks_again_and_then_says_goodbye() {
    assert_eq!(
        contact_center().types(&["9", "7", "0"]).runs().told(),
        "menu:invalid invalid:hangup = invalid_input"
    );
    assert_eq!(
        contact_center().runs().told(),
        "menu:no_input silent:hangup = no_input"
    );
    let call = contact_center()
        .types(&["9", "", "1"])
        .phone(SALES, Far::Leaves(""))
        .runs();
    assert_eq!(call.told(), "menu:1 sales:bridged = completed");
    assert_eq!(
        contact_center().refuses("gather_using_speak").runs().told(),
        "menu:failed sorry:hangup = step_failed"
    );
}

#[test]
fn contact_center_leaves_nobody_in_silence_when_a_department_cannot_be_reached() {
    for (far, outcome) in [
        (Far::Busy, "busy"),
        (Far::NoAnswer, "no_answer"),
        (Far::Rejects, "rejected"),
        (Far::Unknown, "failed"),
    ] {
        let call = contact_center()
            .types(&["2", "1", "1"])
            .phone(SUPPORT, far)
            .phone(SALES, Far::Leaves(""))
            .runs();
        let way = format!("menu:2 support:{outcome} engaged:1 menu:1 sales:bridged = completed");
        assert_eq!(call.told(), way);
        let call = contact_center().types(&["2", ""]).phone(SUPPORT, far).runs();
        assert_eq!(
            call.told(),
            format!("menu:2 support:{outcome} engaged:no_input later:hangup = transfer_failed")
        );
    }
    let call = contact_center().types(&["1"]).refuses("transfer").runs();
    assert_eq!(
        call.told(),
        "menu:1 sales:failed engaged:no_input later:hangup = transfer_failed"
    );
}

#[test]
fn contact_center_does_not_go_round_for_ever() {
    let call = contact_center()
        .types(&["2", "1"].repeat(40))
        .phone(SUPPORT, Far::Busy)
        .runs();
    assert_eq!(call.ended(), EndReason::StepBudget);
}

#[test]
fn a_caller_who_hangs_up_takes_the_far_end_along() {
    let call = contact_center()
        .types(&["1"])
        .phone(SALES, Far::Talks(""))
        .rings();
    assert_eq!(call.phase(), "bridged");
    assert_eq!(call.hangs_up().told(), "menu:1 sales:cut_short = hung_up");
}

fn text_response() -> Script {
    Script::of(shipped!("text-response"))
}

#[test]
fn text_response_reads_the_number_back_and_sends_one_text() {
    let call = text_response().types(&["5550100001", "1"]).runs();
    assert_eq!(
        call.told(),
        "ask:digits check:good remember:done confirm:1 text:sent thanks:hangup = completed"
    );
    let texts = call.texts();
    assert_eq!(texts.len(), 1);
    assert_eq!(texts[0].0, "+15550100001");
}

#[test]
fn text_response_lets_the_caller_correct_the_number() {
    let call = text_response()
        .types(&["5550100009", "2", "5550100001", "1"])
        .runs();
    assert_eq!(call.texts()[0].0, "+15550100001");
    let call = text_response().types(&["0000000000", "5550100001", "1"]).runs();
    assert!(call.way().contains(&"check:otherwise".into()), "{:?}", call.way());
    assert_eq!(call.texts().len(), 1);
    let call = text_response().types(&["123", "5550100001", "1"]).runs();
    assert_eq!(call.texts().len(), 1);
}

#[test]
fn text_response_gives_up_in_time() {
    assert_eq!(
        text_response().runs().told(),
        "ask:no_input silent:hangup = no_input"
    );
    assert_eq!(
        text_response().types(&["1", "12", "123"]).runs().told(),
        "ask:invalid give_up:hangup = invalid_input"
    );
    let call = text_response().types(&["5550100001", "2"].repeat(9)).runs();
    assert_eq!(call.ended(), EndReason::InvalidInput);
    assert!(call.texts().is_empty());
    let call = text_response().types(&["5550100001"]).runs();
    assert_eq!(call.ended(), EndReason::NoInput);
    assert!(call.texts().is_empty());
}

#[test]
fn text_response_tells_the_caller_when_the_text_fails() {
    let end = |result| text_response().types(&["5550100001", "1"]).text(result).runs();
    let refused = end(TextResult::Refused(TextRefusal::OptedOut));
    assert!(
        refused
            .told()
            .ends_with("text:refused not_sent:hangup = step_failed"),
        "{}",
        refused.told()
    );
    let unknown = end(TextResult::Unknown);
    assert!(
        unknown.told().ends_with("text:unknown unsure:hangup = completed"),
        "{}",
        unknown.told()
    );
    assert_eq!(unknown.texts().len(), 1, "in doubt is not sent again");
}

#[test]
fn call_centre_texts_what_was_chosen() {
    for (key, way) in [
        ("1", "repairs:sent sent:hangup"),
        ("2", "rent:sent sent:hangup"),
        (
            "3",
            "reachable:number wants_call:done callback:sent called_back:hangup",
        ),
    ] {
        let call = Script::of(shipped!("call-centre")).types(&[key]).runs();
        assert_eq!(
            call.told(),
            format!("open:otherwise menu:{key} {way} = completed")
        );
        assert_eq!(call.texts()[0].0, "+15550100000", "the caller's own number");
    }
    let refused = TextResult::Refused(TextRefusal::OptedOut);
    let call = Script::of(shipped!("call-centre"))
        .types(&["1"])
        .text(refused)
        .runs();
    assert_eq!(
        call.told(),
        "open:otherwise menu:1 repairs:refused no_mobile:hangup = step_failed"
    );
    let call = Script::of(shipped!("call-centre")).runs();
    assert_eq!(
        call.told(),
        "open:otherwise menu:no_input silent:hangup = no_input"
    );
    let call = Script::of(shipped!("call-centre")).types(&["4", "5", "6"]).runs();
    assert_eq!(
        call.told(),
        "open:otherwise menu:invalid sorry:hangup = invalid_input"
    );
}

/// The branch comes before the answer: the holiday greeting was spoken to nobody.
#[test]
fn call_centre_answers_before_it_says_that_it_is_closed() {
    let mut call = Script::of(shipped!("call-centre"));
    call.world.now = cordboard_core::Timestamp::from_millis(1_798_200_000_000);
    let call = call.runs();
    assert_eq!(call.told(), "open:closed closed:hangup = completed");
    let names: Vec<&str> = call.world.commands.iter().map(|(_, name)| *name).collect();
    assert_eq!(names, ["answer", "speak", "hangup"]);
    assert!(
        call.world.said[0].contains("closed for the holidays"),
        "{:?}",
        call.world.said
    );
}

#[test]
fn announcement_speaks_twice_and_hangs_up() {
    let call = Script::of(shipped!("announcement")).runs();
    assert_eq!(call.told(), "say:done pause:done again:hangup = completed");
    let call = Script::of(shipped!("announcement")).refuses("speak").runs();
    assert_eq!(call.told(), "say:failed = step_failed");
}

const OWNER: &str = "+15550402001";

#[test]
fn voicemail_rings_the_owner_first_and_then_takes_a_message() {
    let voicemail = || Script::of(shipped!("voicemail"));
    let call = voicemail().phone(OWNER, Far::Leaves("")).runs();
    assert_eq!(call.told(), "owner:bridged = completed");
    for far in [Far::Busy, Far::NoAnswer, Far::Rejects, Far::Unknown] {
        let call = voicemail().phone(OWNER, far).runs();
        assert!(
            call.told()
                .ends_with("greeting:done message:recorded thanks:hangup = completed"),
            "{}",
            call.told()
        );
        let texts = call.texts();
        assert_eq!(texts.len(), 1, "{far:?}");
        assert_eq!(texts[0].0, OWNER);
        assert!(
            texts[0].1.contains("+15550100000") && texts[0].1.contains("recording-1"),
            "{}",
            texts[0].1
        );
    }
    let call = voicemail().phone(OWNER, Far::Busy).refuses("record_start").runs();
    assert!(
        call.told().ends_with("message:failed sorry:hangup = step_failed"),
        "{}",
        call.told()
    );
    assert!(call.texts().is_empty());
}

#[test]
fn voicemail_tells_the_owner_also_when_the_caller_just_hangs_up() {
    // A key that ends nothing: the recording goes on until the caller leaves.
    let call = Script::of(shipped!("voicemail"))
        .phone(OWNER, Far::Busy)
        .types(&["5"])
        .rings();
    assert_eq!(call.phase(), "record");
    let call = call.hangs_up();
    assert_eq!(call.ended(), EndReason::HungUp);
    assert_eq!(call.texts().len(), 1);
}

#[test]
fn find_me_goes_from_phone_to_phone_until_somebody_accepts() {
    let find_me = || {
        let text = shipped!("find-me").replace("phone_2 = \"\"", "phone_2 = \"+15550402002\"");
        Script::of(&text)
    };
    let call = find_me()
        .phone(OWNER, Far::NoAnswer)
        .phone("+15550402002", Far::Leaves("1"))
        .runs();
    assert_eq!(call.told(), "search:bridged = completed");
    let call = find_me()
        .phone(OWNER, Far::Leaves("2"))
        .phone("+15550402002", Far::Busy)
        .runs();
    assert!(
        call.told()
            .starts_with("search:no_answer greeting:done message:recorded"),
        "{}",
        call.told()
    );
    let call = find_me()
        .phone(OWNER, Far::Busy)
        .phone("+15550402002", Far::Busy)
        .runs();
    assert!(
        call.told().starts_with("search:busy greeting:done"),
        "{}",
        call.told()
    );
    // A mailbox presses nothing.
    let call = find_me()
        .phone(OWNER, Far::Talks(""))
        .phone("+15550402002", Far::Rejects)
        .runs();
    assert!(
        call.told().starts_with("search:no_answer greeting:done"),
        "{}",
        call.told()
    );
}

#[test]
fn ring_group_connects_who_presses_1_and_hangs_up_the_others() {
    let group = || Script::of(shipped!("ring-group"));
    let call = group()
        .phone("+15550401001", Far::Talks("1"))
        .phone("+15550401002", Far::Busy)
        .phone("+15550401003", Far::Talks("1"))
        .phone("+15550401004", Far::Talks(""))
        .rings();
    assert_eq!(call.phase(), "bridged");
    assert_eq!(call.hangs_up().told(), "welcome:done agents:cut_short = hung_up");
    let call = group().phone("+15550401003", Far::Leaves("1")).runs();
    assert_eq!(call.told(), "welcome:done agents:bridged = completed");
    let call = group().runs();
    assert_eq!(
        call.told(),
        "welcome:done agents:failed later:hangup = transfer_failed"
    );
    let call = group()
        .phone("+15550401001", Far::Leaves("1"))
        .refuses("bridge")
        .runs();
    assert!(
        call.told().ends_with("later:hangup = transfer_failed"),
        "{}",
        call.told()
    );
    let call = group().refuses("dial").runs();
    assert_eq!(
        call.told(),
        "welcome:done agents:failed later:hangup = transfer_failed"
    );
}

#[test]
fn queue_finds_the_free_agent_or_gives_up() {
    let queue = || Script::of(shipped!("queue"));
    let call = queue().phone("+15550403007", Far::Leaves("")).runs();
    assert_eq!(call.told(), "welcome:done row:bridged = completed");
    let impatient = shipped!("queue").replace("\"5m\"", "\"10s\"");
    let call = Script::of(&impatient).phone("+15550403001", Far::Busy).runs();
    assert_eq!(
        call.told(),
        "welcome:done row:timeout later:hangup = transfer_failed"
    );
}

/// A load found announcements that looked like repetitions of the first one.
#[test]
fn queue_says_and_rings_nothing_twice_with_one_state() {
    let flow = "flow = \"q\"\nstart = \"row\"\n[step.row]\ndo = \"queue\"\nqueue = \"row\"\n\
        agents = [\"+15550403001\"]\nsay = \"Still in the row.\"\nevery = \"5s\"\nring = \"12s\"\nmax_wait = \"40s\"\n";
    let call = Script::of(flow).phone("+15550403001", Far::NoAnswer).runs();
    let said = &call.world.said;
    let announced = said
        .iter()
        .filter(|words| words.contains("Still in the row"))
        .count();
    assert!(announced > 5, "{announced} announcements");
    assert!(said.len() > announced + 1, "{} dials", said.len() - announced);
    let different: std::collections::BTreeSet<_> = said.iter().collect();
    assert_eq!(different.len(), said.len());
}

#[test]
fn a_note_keeps_what_it_is_given_unless_that_is_nothing() {
    let noting = |template: &str| {
        let flow = format!(
            "flow = \"n\"\nstart = \"number\"\n[step.number]\ndo = \"note\"\nnote = \"{template}\"\n\
             on = {{ empty = \"nothing\" }}\nnext = \"bye\"\n\
             [step.bye]\ndo = \"hangup\"\n[step.nothing]\ndo = \"hangup\"\n"
        );
        let call = Script::of(&flow).runs();
        let notes = call.world.facts.iter().filter_map(|(_, fact)| match fact {
            Fact::InputCollected { step, digits } => Some(format!("{step}={}", digits.expose())),
            _ => None,
        });
        (notes.collect::<Vec<_>>(), call.told())
    };
    let (notes, told) = noting(" {{ caller }} ");
    assert_eq!(notes, ["number=+15550100000"]);
    assert_eq!(told, "number:done bye:hangup = completed");
    let (notes, told) = noting("{{ vars.nobody }}");
    assert_eq!(
        (notes.len(), told.as_str()),
        (0, "number:empty nothing:hangup = completed")
    );
    let (notes, _) = noting(&"x".repeat(500));
    assert_eq!(notes[0].len(), "number=".len() + 200);
}

#[test]
fn conferences_bring_callers_together() {
    for flow in [shipped!("conference"), shipped!("conference-pin")] {
        let call = Script::of(flow).types(&["4711"]).rings();
        assert_eq!(call.phase(), "conference");
        assert_eq!(call.hangs_up().ended(), EndReason::HungUp);
    }
    let call = Script::of(shipped!("conference-pin")).runs();
    assert_eq!(call.told(), "pin:no_input silent:hangup = no_pin");
    let call = Script::of(shipped!("conference-pin"))
        .types(&["1", "2", "3"])
        .runs();
    assert_eq!(call.told(), "pin:invalid wrong:hangup = wrong_pin");
}

#[test]
fn a_program_says_where_the_call_goes_on() {
    let flow = "flow = \"h\"\nstart = \"ask\"\n\
        [step.ask]\ndo = \"http\"\nurl = \"https://example.com\"\non = { vip = \"vip\", failed = \"busy\", refused = \"busy\" }\n\
        [step.vip]\ndo = \"hangup\"\nsay = \"Hello {{ http.ask.name }}\"\n\
        [step.busy]\ndo = \"reject\"\ncause = \"busy\"\n";
    let call = |status, body| Script::of(flow).program(status, body).runs();
    assert_eq!(
        call(200, "{\"next\": \"vip\", \"name\": \"Ada\"}").told(),
        "ask:vip vip:hangup = completed"
    );
    assert_eq!(call(200, "{\"next\": \"nowhere\"}").told(), "ask:ok = completed");
    assert_eq!(call(500, "").told(), "ask:failed busy:reject = rejected");
    assert_eq!(call(404, "").told(), "ask:refused busy:reject = rejected");
    assert_eq!(call(200, "no json").told(), "ask:failed busy:reject = rejected");
    let unreachable = Script::of(flow).runs();
    assert_eq!(unreachable.told(), "ask:failed busy:reject = rejected");
    assert!(
        unreachable
            .world
            .commands
            .iter()
            .all(|(_, name)| *name == "reject"),
        "refused before it was answered"
    );
}

/// The conference of seed 004: a key, or a bad word, calls the operator into it, once.
#[test]
fn sentiment_conference_calls_the_operator_in_once() {
    use cordboard_core::{Digits, EventBody};
    let sentence = |text: &str| EventBody::Transcription {
        is_final: true,
        transcript: Digits::new(text),
    };
    let key = |digit: &str| EventBody::DtmfReceived {
        digit: Digits::new(digit),
    };
    for asks in [key("1"), sentence("This is terrible and awful.")] {
        let mut call = Script::of(shipped!("sentiment-conference"))
            .phone("+15550405001", Far::Talks(""))
            .rings();
        assert_eq!(call.phase(), "conference");
        for passed_over in [key("2"), sentence("Good, thanks."), sentence("Hello?")] {
            call.world.happens(0, passed_over);
        }
        let dials = |call: &Script| {
            call.world
                .commands
                .iter()
                .filter(|(_, name)| *name == "dial")
                .count()
        };
        assert_eq!(dials(&call), 0);
        call.world.happens(0, asks.clone());
        call.world.happens(0, asks);
        assert_eq!(dials(&call), 1, "once per call");
        assert!(call.world.inside(0), "the caller never leaves the room");
        let joined = call
            .world
            .commands
            .iter()
            .filter(|(_, name)| *name == "conference_join")
            .count();
        assert_eq!(joined, 1, "the operator is brought in");
        assert_eq!(call.hangs_up().ended(), EndReason::HungUp);
    }
}
