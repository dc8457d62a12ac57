//! `cordboard conferences`: rooms, who is in them, and what is done to the people there. Over the operator API.

use std::process::ExitCode;

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::calls::{Line, placed, watch, with_next};
use super::desk::{Door, accepted};
use super::life::life;
use super::printing::{shown, table};

/// Conferences of a running program.
#[derive(Debug, Args)]
#[command(
    after_help = "Asks the operator door of `cordboard serve`. Exit codes: 0 done, 1 refused, 2 command line, \
                        3 nobody answers."
)]
pub(super) struct Conferences {
    #[command(subcommand)]
    task: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Rooms with somebody in them, or idle ones.
    List(List),
    /// One room: who is in it, and its latest records.
    Show(Show),
    /// Follows a room until Ctrl-C.
    Watch(One),
    /// Calls somebody; whoever answers is brought into the room.
    Invite(Invite),
    /// Silences participants for the others.
    Mute(People),
    /// Undoes mute.
    Unmute(People),
    /// Lets participants hear hold audio only.
    Hold(People),
    /// Undoes hold.
    Unhold(People),
    /// Takes participants out.
    Kick(Kick),
    /// Speaks to the room, or to some in it.
    Say(Say),
    /// Ends the conference; everybody in it is hung up.
    End(One),
}

#[derive(Debug, Args)]
struct List {
    /// Rooms without a conference just now.
    #[arg(long)]
    idle: bool,
    /// Most entries, 1 to 500.
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u64).range(1..=500))]
    limit: u64,
    /// Where to go on: `next` of the page before.
    #[arg(long, value_name = "CURSOR")]
    cursor: Option<String>,
    #[command(flatten)]
    door: Door,
}

#[derive(Debug, Args)]
struct Show {
    /// The room's name.
    room: String,
    /// So many of the latest records.
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u64).range(0..=10_000))]
    records: u64,
    #[command(flatten)]
    door: Door,
}

#[derive(Debug, Args)]
struct One {
    /// The room's name.
    room: String,
    #[command(flatten)]
    door: Door,
}

#[derive(Debug, Args)]
struct People {
    /// The room's name.
    room: String,
    /// Legs or call ids, as `conferences show` prints them.
    #[arg(
        value_name = "PARTICIPANT",
        required_unless_present = "everybody",
        conflicts_with = "everybody"
    )]
    participants: Vec<String>,
    /// Everybody who is in.
    #[arg(long)]
    everybody: bool,
    #[command(flatten)]
    door: Door,
}

#[derive(Debug, Args)]
struct Invite {
    /// The room's name.
    room: String,
    /// Whom to call: E.164, or a sip: address where allowed.
    #[arg(long, value_name = "NUMBER")]
    to: String,
    #[command(flatten)]
    line: Line,
    #[command(flatten)]
    door: Door,
}

#[derive(Debug, Args)]
struct Kick {
    #[command(flatten)]
    whom: People,
    /// Hangs them up at once; otherwise their flow says what comes after the conference.
    #[arg(long)]
    hang_up: bool,
}

#[derive(Debug, Args)]
struct Say {
    /// The room's name.
    room: String,
    /// The words.
    text: String,
    /// Only these hear it: a leg or a call id; may be repeated.
    #[arg(long = "to", value_name = "PARTICIPANT")]
    participants: Vec<String>,
    /// The carrier's voice.
    #[arg(long, value_name = "NAME")]
    voice: Option<String>,
    /// BCP 47 tag, such as en-US.
    #[arg(long, value_name = "TAG")]
    language: Option<String>,
    #[command(flatten)]
    door: Door,
}

pub(super) async fn run(conferences: Conferences) -> anyhow::Result<ExitCode> {
    match conferences.task {
        Task::List(list) => self::list(&list).await,
        Task::Show(show) => {
            let query = [("records", show.records.to_string())];
            let answer = show.door.open()?.get(&["conferences", &show.room], &query).await;
            show.door.show(answer, shown_room)
        }
        Task::Watch(one) => watch(&one.door, "conferences", &one.room).await,
        Task::Invite(invite) => {
            let body = invite.line.fields(&invite.to);
            let desk = invite.door.open()?;
            let answer = desk.post(&["conferences", &invite.room, "invite"], &body).await;
            invite.door.show(answer, placed)
        }
        Task::Mute(some) => people(&some, "mute").await,
        Task::Unmute(some) => people(&some, "unmute").await,
        Task::Hold(some) => people(&some, "hold").await,
        Task::Unhold(some) => people(&some, "unhold").await,
        Task::Kick(kick) => {
            let mut body = whom(&kick.whom);
            body["hang_up"] = json!(kick.hang_up);
            act(&kick.whom.door, &kick.whom.room, "kick", &body).await
        }
        Task::Say(say) => {
            let mut body = json!({ "text": say.text, "participants": say.participants });
            for (name, word) in [("voice", &say.voice), ("language", &say.language)] {
                if let Some(word) = word {
                    body[name] = json!(word);
                }
            }
            act(&say.door, &say.room, "say", &body).await
        }
        Task::End(one) => act(&one.door, &one.room, "end", &json!({})).await,
    }
}

async fn people(some: &People, verb: &str) -> anyhow::Result<ExitCode> {
    act(&some.door, &some.room, verb, &whom(some)).await
}

fn whom(some: &People) -> Value {
    json!({ "participants": some.participants, "everybody": some.everybody })
}

async fn act(door: &Door, room: &str, verb: &str, body: &Value) -> anyhow::Result<ExitCode> {
    let answer = door.open()?.post(&["conferences", room, verb], body).await;
    door.show(answer, accepted)
}

async fn list(list: &List) -> anyhow::Result<ExitCode> {
    let mut query = vec![("limit", list.limit.to_string())];
    if list.idle {
        query.push(("state", "idle".into()));
    }
    query.extend(list.cursor.clone().map(|cursor| ("cursor", cursor)));
    let answer = list.door.open()?.get(&["conferences"], &query).await;
    list.door.show(answer, |page| {
        let rooms = page["conferences"]
            .as_array()
            .map(Vec::as_slice)
            .unwrap_or_default();
        if rooms.is_empty() {
            return "no such conferences".into();
        }
        let row = |room: &Value| {
            let fields = [
                "name",
                "phase",
                "participants",
                "incarnation",
                "began_at",
                "conference",
            ];
            fields.iter().map(|field| shown(&room[*field])).collect()
        };
        let rows: Vec<Vec<String>> = rooms.iter().map(row).collect();
        let head = ["ROOM", "PHASE", "PEOPLE", "CONFERENCES", "BEGAN", "CARRIER'S ID"];
        with_next(table(&head, &rows), page)
    })
}

fn shown_room(room: &Value) -> String {
    let head = format!(
        "room {}  {}  conference number {}  {}",
        shown(&room["name"]),
        shown(&room["phase"]),
        shown(&room["incarnation"]),
        shown(&room["conference"])
    );
    let members = room["members"].as_array().map(Vec::as_slice).unwrap_or_default();
    let row = |member: &Value| {
        let flags = [
            ("moderator", "moderator"),
            ("held", "on hold"),
            ("muted", "muted"),
        ];
        let flags: Vec<&str> = flags
            .iter()
            .filter(|(field, _)| member[*field] == true)
            .map(|(_, name)| *name)
            .collect();
        vec![
            shown(&member["leg"]),
            shown(&member["call"]),
            shown(&member["stage"]),
            flags.join(", "),
        ]
    };
    let rows: Vec<Vec<String>> = members.iter().map(row).collect();
    let people = match rows.is_empty() {
        true => "nobody is in".into(),
        false => table(&["LEG", "CALL", "STAGE", ""], &rows),
    };
    let records = room["records"].as_array().map(Vec::as_slice).unwrap_or_default();
    format!("{head}\n\n{people}\n\n{}", life(records))
}
