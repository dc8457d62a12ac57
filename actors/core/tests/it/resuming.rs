//! What a restart may send again, command by command: nothing is done to a person that was meant for another moment.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::time::Duration;

use cordboard_core::command::catalogue::{Cast, every_command};
use cordboard_core::command::{LONGEST_LEG_SECS, LegAction};
use cordboard_core::effect::Context;
use cordboard_core::retry::RetryPolicy;
use cordboard_core::{Address, Command, Effect, Effects, Timestamp};

/// Until when, after its record, a command that was found unsettled is sent again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Until {
    /// Not at all: its request carries no id, so it would happen twice.
    Never,
    /// 5 s: somebody would hear it out of place.
    Moment,
    /// 45 s: the carrier knows its id for 60. Then its owner asks what became of it.
    Window,
    /// Always: it does no harm.
    Always,
}

const TABLE: [(Until, &[&str]); 4] = [
    (
        Until::Always,
        &[
            "hangup",
            "reject",
            "record_stop",
            "conference_record_stop",
            "query_call",
            "query_active_calls",
            "query_conferences",
            "query_conference",
            "query_participants",
        ],
    ),
    (
        Until::Moment,
        &[
            "speak",
            "playback_start",
            "gather",
            "gather_using_speak",
            "gather_using_audio",
            "send_dtmf",
            "conference_speak",
        ],
    ),
    (
        Until::Never,
        &[
            "conference_play",
            "conference_send_dtmf",
            "conference_gather_using_audio",
            "siprec_start",
            "send_message",
        ],
    ),
    (
        Until::Window,
        &[
            "answer",
            "dial",
            "transfer",
            "bridge",
            "refer",
            "enqueue",
            "leave_queue",
            "conference_create",
            "conference_join",
            "conference_leave",
            "conference_end",
            "conference_hold",
            "conference_unhold",
            "conference_mute",
            "conference_unmute",
            "conference_stop",
            "conference_update",
            "conference_record_start",
            "conference_record_pause",
            "conference_record_resume",
            "participant_update",
            "record_start",
            "record_pause",
            "record_resume",
            "playback_stop",
            "gather_stop",
            "streaming_start",
            "streaming_stop",
            "fork_start",
            "fork_stop",
            "siprec_stop",
            "transcription_start",
            "transcription_stop",
            "suppression_start",
            "suppression_stop",
            "send_sip_info",
            "switch_supervisor_role",
            "client_state_update",
        ],
    ),
];

fn all() -> Vec<Command> {
    every_command(&Cast::new("v3:leg".into(), "v3:other".into(), "c-1".into()))
}

fn until(policy: &RetryPolicy, command: &Command) -> Until {
    let may = |secs| policy.may_resume(command, Duration::from_secs(secs));
    match [may(0), may(5), may(45), may(86_400)] {
        [false, false, false, false] => Until::Never,
        [true, false, false, false] => Until::Moment,
        [true, true, false, false] => Until::Window,
        [true, true, true, true] => Until::Always,
        other => panic!("{}: {other:?}", command.name()),
    }
}

#[test]
fn every_command_is_resumed_for_as_long_as_the_table_says() {
    let wanted: BTreeMap<&str, Until> = TABLE
        .iter()
        .flat_map(|(until, names)| names.iter().map(|name| (*name, *until)))
        .collect();
    let policy = RetryPolicy::default();
    let found: BTreeMap<&str, Until> = all()
        .iter()
        .map(|command| (command.name(), until(&policy, command)))
        .collect();
    assert_eq!(found, wanted);
}

/// Dial, transfer and create: the carrier ends what they make although nobody of ours is left to do so.
#[test]
fn what_a_command_makes_has_the_carriers_own_time_limit() {
    let mut unlimited = 0;
    for mut command in all() {
        match &mut command {
            Command::Dial(dial) => dial.time_limit_secs = None,
            Command::Leg {
                action: LegAction::Transfer(transfer),
                ..
            } => transfer.time_limit_secs = None,
            Command::CreateConference(create) => create.duration_minutes = None,
            _ => continue,
        }
        unlimited += 1;
        let limit = match issued(command) {
            Command::Dial(dial) => dial.time_limit_secs,
            Command::Leg {
                action: LegAction::Transfer(transfer),
                ..
            } => transfer.time_limit_secs,
            Command::CreateConference(create) => create.duration_minutes.map(|minutes| minutes * 60),
            other => panic!("{other:?}"),
        };
        assert_eq!(limit, Some(LONGEST_LEG_SECS));
    }
    assert_eq!(unlimited, 3);
}

#[test]
fn a_time_limit_of_ones_own_stays() {
    for command in all() {
        assert_eq!(issued(command.clone()), command);
    }
}

fn issued(command: Command) -> Command {
    let context = Context {
        address: Address::Call("s".into()),
        seq: 1,
        now: Timestamp::from_millis(0),
        salt: 0,
    };
    let mut effects = Effects::new(context, 1);
    effects.command(command, None, Timestamp::from_millis(40_000));
    match effects.into_list().remove(0) {
        Effect::Command(issued) => issued.command,
        other => panic!("{other:?}"),
    }
}
