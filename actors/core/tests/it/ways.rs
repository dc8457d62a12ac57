//! Every step of every shipped flow, every way out of it: the scripts are the files in `tests/ways`, one per flow.
//!
//! A line is `step | way | who does what | the steps that the call takes = how it ends`. The way is an outcome of the
//! step when nothing is wrong, else what goes wrong in that step: `silence` (nobody says a word, the carrier included),
//! `garbage` (things come that nobody asked for), `hangup` (the caller's) or `refusal` (the carrier's). Every call
//! ends, and leaves nothing at the carrier. `CORDBOARD_BLESS=1` writes the last column; then read it.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::{Path, PathBuf};

use cordboard_core::flow::{Kind, Otherwise, Step};
use cordboard_core::queue::word::{AgentPlan, CallWord, QueueTable};
use cordboard_core::{
    Address, Flow, Input, Machine, Message, RefusalKind, TextRefusal, TextResult, Timestamp,
};

use crate::flow_script::Script;
use crate::world::{Far, Trouble, Troubled, World, call, leg};

/// Outcomes that a flow names and that cannot come about in it.
const CANNOT_BE: &[(&str, &str, &str, &str)] = &[
    (
        "call-centre",
        "callback",
        "invalid_number",
        "`reachable` has let callable numbers through only",
    ),
    (
        "text-response",
        "text",
        "invalid_number",
        "`check` has let callable numbers through only",
    ),
    (
        "queue",
        "row",
        "failed",
        "the shipped file lists agents who can be rung",
    ),
];

/// Christmas of 2026, noon in Greenwich: inside the shipped closure.
const HOLIDAYS: u64 = 1_798_200_000_000;

/// Deadlines until a call must be over.
const PATIENCE: usize = 600;

struct Line {
    step: String,
    way: String,
    people: String,
    told: String,
}

struct Book {
    name: String,
    text: String,
    flow: Flow,
    lines: Vec<Line>,
}

impl Line {
    fn read(line: &str) -> Self {
        let columns: Vec<&str> = line.split('|').map(str::trim).collect();
        let [step, way, people, told] = columns[..] else {
            panic!("not four columns: {line}");
        };
        let (step, way) = (step.to_owned(), way.to_owned());
        let (people, told) = (people.to_owned(), told.to_owned());
        Self {
            step,
            way,
            people,
            told,
        }
    }

    fn trouble(&self) -> Option<Trouble> {
        Some(match self.way.as_str() {
            "silence" => Trouble::Silence,
            "garbage" => Trouble::Garbage,
            "hangup" => Trouble::Hangup,
            "refusal" => Trouble::Refusal,
            _ => return None,
        })
    }
}

/// What can go wrong in a step of this kind.
fn troubles(kind: &Kind) -> &'static [&'static str] {
    match kind {
        // They ask nobody and wait for nothing.
        Kind::Set(_) | Kind::Note(_) | Kind::Branch(_) => &[],
        // It asks nobody, and silence is what it is for.
        Kind::Wait(_) => &["garbage", "hangup"],
        Kind::Say(_)
        | Kind::Play(_)
        | Kind::Gather(_)
        | Kind::Transfer(_)
        | Kind::Dial(_)
        | Kind::Conference(_)
        | Kind::Sms(_)
        | Kind::Record(_)
        | Kind::Queue(_)
        | Kind::Http(_)
        | Kind::Hangup(_)
        | Kind::Reject(_) => &["silence", "garbage", "hangup", "refusal"],
    }
}

/// Whether a step that is left this way has done what it is for.
fn is_success(step: &Step, way: &str) -> bool {
    let own = step.kind.own_outcomes().iter().any(|own| own == way);
    let goes_on = step
        .way_out(way)
        .is_some_and(|way| way.otherwise == Otherwise::Next);
    match &step.kind {
        Kind::Hangup(_) => way == "last_word",
        Kind::Reject(_) => way == "reject",
        // Whoever is in a conference leaves it by hanging up.
        Kind::Conference(_) => way == "stays",
        _ => own || goes_on,
    }
}

impl Book {
    fn of(path: &Path) -> Self {
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let text = read(path);
        let flow = Flow::parse(&text).unwrap_or_else(|mistakes| panic!("{name}: {mistakes}"));
        let lines = read(&scripts_of(&name));
        let is_line = |line: &&str| !line.is_empty() && !line.starts_with('#');
        let lines = lines.lines().filter(is_line).map(Line::read).collect();
        Self {
            name,
            text,
            flow,
            lines,
        }
    }

    /// Plays a line: what the call told, once everything is over.
    fn play(&self, line: &Line) -> String {
        let mut script = Script::of(&self.text);
        for words in line
            .people
            .split(',')
            .map(str::trim)
            .filter(|words| !words.is_empty())
        {
            self.people(&mut script, words);
        }
        script.world.troubled = line.trouble().map(|trouble| Troubled {
            step: line.step.clone(),
            trouble,
            struck: false,
        });
        let closes = line.people.contains("the room closes");
        match line.people.contains("anonymous") {
            true => script.world.ring_from(0, "anonymous".into()),
            false => script.world.ring(0, ""),
        }
        script.world.run_in_order();
        let script = until_over(script, closes);
        let what = format!("{}: {} | {} | {}", self.name, line.step, line.way, line.people);
        if let Some(troubled) = &script.world.troubled {
            assert!(troubled.struck, "{what}: nothing went wrong\n{}", script.told());
        }
        let sounds = script.world.after_hangup.iter().filter(|name| **name != "hangup");
        assert_eq!(
            sounds.count(),
            0,
            "{what}: something is asked for after the hangup"
        );
        script.told()
    }

    /// Who does what: one phrase.
    fn people(&self, script: &mut Script, words: &str) {
        let world = &mut script.world;
        match words.split_once(' ').unwrap_or((words, "")) {
            ("types", keys) => {
                let keys = keys.split(' ').map(|keys| keys.replace('-', ""));
                world.typed.insert(leg(0), keys.collect());
            }
            ("text", result) => world.text_results.push_back(match result {
                "refused" => TextResult::Refused(TextRefusal::OptedOut),
                "in doubt" => TextResult::Unknown,
                other => panic!("a text is not {other:?}"),
            }),
            ("anonymous", "") => {}
            ("in", "the holidays") => world.now = Timestamp::from_millis(HOLIDAYS),
            ("a", "full room") => {
                world.ring(1, "4711");
                world.run_in_order();
                world.no_entry = Some(RefusalKind::ConferenceFull);
            }
            ("a", "full row") => fill_the_row(world),
            ("the", "room closes") => {}
            ("no", command) => drop(world.refuses.insert(refusable(command))),
            (who, does) => {
                let far = far(does);
                for number in self.numbers(who) {
                    world.phones.insert(number, far);
                }
            }
        }
    }

    /// Numbers of somebody: by the flow's variable, by the number itself, or of everybody whom the flow names.
    fn numbers(&self, who: &str) -> Vec<String> {
        let called = |word: &&str| word.starts_with('+') || word.starts_with("sip:");
        match self.flow.vars.get(who) {
            Some(number) => vec![number.clone()],
            None if who == "everybody" => self.text.split('"').filter(called).map(str::to_owned).collect(),
            None => Some(who).filter(called).map(|who| vec![who.to_owned()]).unwrap(),
        }
    }

    /// What is missing: ways out that no line takes.
    fn gaps(&self) -> Vec<String> {
        let ways = |step: &str| -> BTreeSet<&str> {
            let of_step = self.lines.iter().filter(|line| line.step == step);
            let left = |told: &'_ str| told.split_once(':').is_some_and(|(name, _)| name == step);
            let taken = of_step
                .clone()
                .flat_map(|line| line.told.split(' ').filter(|told| left(told)));
            let taken = taken.filter_map(|told| Some(told.split_once(':')?.1));
            of_step.map(|line| line.way.as_str()).chain(taken).collect()
        };
        let mut gaps = Vec::new();
        for (name, step) in &self.flow.step {
            let ways = ways(name);
            let cannot_be = |outcome: &str| {
                CANNOT_BE
                    .iter()
                    .any(|(flow, step, way, _)| (*flow, *step, *way) == (self.name.as_str(), name, outcome))
            };
            let wanted = step
                .on
                .keys()
                .map(String::as_str)
                .filter(|outcome| !cannot_be(outcome));
            for way in wanted.chain(troubles(&step.kind).iter().copied()) {
                if !ways.contains(way) {
                    gaps.push(format!("{}: {name} | {way}", self.name));
                }
            }
            if !ways.iter().any(|way| is_success(step, way)) {
                gaps.push(format!("{}: {name} | success", self.name));
            }
        }
        gaps
    }
}

/// As many as may wait in a shipped queue, who never come to be served.
fn fill_the_row(world: &mut World) {
    for n in 1..=100 {
        let table = QueueTable {
            agents: vec![AgentPlan {
                to: "+15550409999".into(),
                name: None,
                priority: 1,
                wrap_up_ms: 1_000,
            }],
            max_waiting: 100,
            ..QueueTable::default()
        };
        let (since, table) = (world.now, Box::new(table));
        let input = Input::Message {
            from: call(n),
            seq: 1,
            index: 0,
            body: Message::ToQueue {
                stay: 1,
                word: CallWord::Join { since, table },
            },
        };
        world.parcel(&Address::Queue("agents".into()), input);
        let joins = world.way.pop().unwrap();
        world.deliver(joins);
        world.way.clear();
    }
}

/// Commands that a carrier may refuse throughout a call.
fn refusable(command: &str) -> &'static str {
    match command {
        "gather" => "gather_using_speak",
        "speak" => "speak",
        "record_start" => "record_start",
        "conference_create" => "conference_create",
        "dial" => "dial",
        other => panic!("nobody refuses {other:?}"),
    }
}

fn far(does: &str) -> Far {
    match does {
        "talks" => Far::Talks(""),
        "talks and presses 1" => Far::Talks("1"),
        "leaves" => Far::Leaves(""),
        "presses 1 and leaves" => Far::Leaves("1"),
        "presses 2 and leaves" => Far::Leaves("2"),
        "keeps ringing" => Far::Rings,
        "is busy" => Far::Busy,
        "does not answer" => Far::NoAnswer,
        "rejects" => Far::Rejects,
        "cannot be reached" => Far::Unknown,
        "stops ringing" => Far::Cancelled,
        other => panic!("nobody {other:?}"),
    }
}

/// Until the call is over. A caller who talks to others hangs up in the end, or the carrier closes the room.
fn until_over(mut script: Script, closes: bool) -> Script {
    let mut closed = false;
    for _ in 0..PATIENCE {
        let world = &mut script.world;
        if world.machine(0).ending().is_some() {
            break;
        }
        let connected = ["bridged", "conference"].contains(&world.machine(0).phase());
        if connected && closes && !closed {
            world.close_rooms();
            closed = true;
        } else if connected && !closed {
            world.hang_up(0);
        }
        // Should nobody tell of it, time does.
        if world.way.is_empty() {
            assert!(
                world.next_deadline(),
                "nobody waits: {:?}",
                world.machine(0).state()
            );
        }
        world.run_in_order();
    }
    let world = &mut script.world;
    if world.calls.contains_key(&call(1)) {
        world.hang_up(1);
    }
    world.run_in_order();
    script
}

fn scripts_of(flow: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/ways/{flow}.txt"))
}

#[allow(clippy::disallowed_methods)]
fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|why| panic!("{}: {why}", path.display()))
}

/// The shipped flows of calls, as the directory has them.
fn books() -> Vec<Book> {
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../flows");
    let files = std::fs::read_dir(shipped)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let mut files: Vec<PathBuf> = files
        .filter(|path| path.extension().is_some_and(|kind| kind == "toml"))
        .collect();
    files.sort();
    assert!(files.len() >= 11, "{} flows", files.len());
    files.iter().map(|path| Book::of(path)).collect()
}

#[allow(clippy::disallowed_methods)]
fn bless(book: &Book) {
    let width = |of: fn(&Line) -> &str| book.lines.iter().map(|line| of(line).len()).max().unwrap_or(0);
    let (step, way) = (width(|line| &line.step), width(|line| &line.way));
    let people = width(|line| &line.people);
    let mut page = format!(
        "# What becomes of a caller of {}, step by step: see tests/it/ways.rs.\n",
        book.name
    );
    let mut before = "";
    for line in &book.lines {
        if line.step != before {
            page.push('\n');
            before = &line.step;
        }
        let told = book.play(line);
        let _ = writeln!(
            page,
            "{:step$} | {:way$} | {:people$} | {told}",
            line.step, line.way, line.people
        );
    }
    std::fs::write(scripts_of(&book.name), page).unwrap();
}

#[test]
#[allow(clippy::disallowed_methods)]
fn every_script_of_every_shipped_flow_goes_as_it_is_written() {
    for book in books() {
        if std::env::var_os("CORDBOARD_BLESS").is_some() {
            bless(&book);
            continue;
        }
        for line in &book.lines {
            let told = book.play(line);
            let what = format!("{}: {} | {} | {}", book.name, line.step, line.way, line.people);
            assert_eq!(told, line.told, "{what}");
            let left = |outcome: &str| {
                told.split([' ', '='])
                    .any(|word| word == format!("{}:{outcome}", line.step))
            };
            let is_last_word = matches!(book.flow.step[&line.step].kind, Kind::Hangup(_));
            let as_named = match line.way.as_str() {
                _ if is_last_word => left("hangup"),
                "hangup" | "stays" => left("cut_short"),
                "silence" | "garbage" | "refusal" => told.contains(&format!("{}:", line.step)),
                outcome => left(outcome),
            };
            assert!(as_named, "{what}: {told}");
        }
    }
}

#[test]
fn no_step_of_a_shipped_flow_has_a_way_out_without_a_script() {
    let gaps: Vec<String> = books().iter().flat_map(Book::gaps).collect();
    assert!(
        gaps.is_empty(),
        "without a script in tests/ways:\n{}",
        gaps.join("\n")
    );
}
