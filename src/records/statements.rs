//! Every statement that writes rows or reads figures. `$1` is the journal's number, `$2` and up are a change's values.
//!
//! A row is made by whatever is stated first, whose position it bears, and keeps the first word about each column, so
//! that repeating a stretch changes nothing. The exception is a message's status, where the last word counts: its machine states each step once.

pub(super) const CALL_BEGAN: &str = "
INSERT INTO calls (journal, call_id, direction, caller, called, flow, connection, began_at, position)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
ON CONFLICT (journal, call_id) DO UPDATE SET
    position = CASE WHEN excluded.position < calls.position THEN excluded.position ELSE calls.position END,
    direction = coalesce(calls.direction, excluded.direction), caller = coalesce(calls.caller, excluded.caller),
    called = coalesce(calls.called, excluded.called), flow = coalesce(calls.flow, excluded.flow),
    connection = coalesce(calls.connection, excluded.connection)";

pub(super) const CALL_ANSWERED: &str = "
UPDATE calls SET answered_at = coalesce(answered_at, $4)
WHERE journal = $1 AND call_id = $2
    AND EXISTS (SELECT 1 FROM legs WHERE journal = $1 AND leg_id = $3 AND role <> 'agent')";

pub(super) const CALL_ENDED: &str = "
INSERT INTO calls (journal, call_id, began_at, ended_at, end_reason, hangup_cause, hangup_source, position)
VALUES ($1, $2, $3, $3, $4, $5, $6, $7)
ON CONFLICT (journal, call_id) DO UPDATE SET
    position = CASE WHEN excluded.position < calls.position THEN excluded.position ELSE calls.position END,
    ended_at = coalesce(calls.ended_at, excluded.ended_at),
    end_reason = coalesce(calls.end_reason, excluded.end_reason),
    hangup_cause = coalesce(calls.hangup_cause, excluded.hangup_cause),
    hangup_source = coalesce(calls.hangup_source, excluded.hangup_source)";

pub(super) const LEG_RANG: &str = "
INSERT INTO legs (journal, leg_id, call_id, role, number, rang_at, position)
VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT (journal, leg_id) DO UPDATE SET
    position = CASE WHEN excluded.position < legs.position THEN excluded.position ELSE legs.position END,
    role = coalesce(legs.role, excluded.role), number = coalesce(legs.number, excluded.number),
    rang_at = coalesce(legs.rang_at, excluded.rang_at)";

pub(super) const LEG_ANSWERED: &str = "
INSERT INTO legs (journal, leg_id, call_id, answered_at, position)
VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (journal, leg_id) DO UPDATE SET
    position = CASE WHEN excluded.position < legs.position THEN excluded.position ELSE legs.position END,
    answered_at = coalesce(legs.answered_at, excluded.answered_at)";

pub(super) const LEG_ENDED: &str = "
INSERT INTO legs (journal, leg_id, call_id, ended_at, hangup_cause, hangup_source, sip_code, position)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
ON CONFLICT (journal, leg_id) DO UPDATE SET
    position = CASE WHEN excluded.position < legs.position THEN excluded.position ELSE legs.position END,
    ended_at = coalesce(legs.ended_at, excluded.ended_at),
    hangup_cause = coalesce(legs.hangup_cause, excluded.hangup_cause),
    hangup_source = coalesce(legs.hangup_source, excluded.hangup_source),
    sip_code = coalesce(legs.sip_code, excluded.sip_code)";

pub(super) const STEP_TAKEN: &str = "
INSERT INTO steps (journal, call_id, step, kind, outcome, took_ms, left_at, position, ordinal)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT DO NOTHING";

pub(super) const INPUT_COLLECTED: &str = "
INSERT INTO collected_inputs (journal, call_id, step, digits, at, position, ordinal)
VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING";

pub(super) const TRANSFER_TRIED: &str = "
INSERT INTO transfers (journal, call_id, step, target, tried_at, position, ordinal)
VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING";

pub(super) const TRANSFER_ENDED: &str = "
UPDATE transfers SET ended_at = $5, outcome = $6
WHERE journal = $1 AND outcome IS NULL AND position = (
    SELECT max(position) FROM transfers
    WHERE journal = $1 AND call_id = $2 AND step = $3 AND target = $4 AND position <= $7)
  AND call_id = $2 AND step = $3 AND target = $4";

pub(super) const CONFERENCE_BEGAN: &str = "
INSERT INTO conferences (journal, room, incarnation, conference_id, began_at, position)
VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (journal, room, incarnation) DO UPDATE SET
    position = CASE WHEN excluded.position < conferences.position THEN excluded.position ELSE conferences.position END,
    conference_id = coalesce(conferences.conference_id, excluded.conference_id)";

pub(super) const CONFERENCE_ENDED: &str = "
INSERT INTO conferences (journal, room, incarnation, began_at, ended_at, end_reason, position)
VALUES ($1, $2, $3, $4, $4, $5, $6)
ON CONFLICT (journal, room, incarnation) DO UPDATE SET
    position = CASE WHEN excluded.position < conferences.position THEN excluded.position ELSE conferences.position END,
    ended_at = coalesce(conferences.ended_at, excluded.ended_at),
    end_reason = coalesce(conferences.end_reason, excluded.end_reason)";

pub(super) const PARTICIPANT_JOINED: &str = "
INSERT INTO participants (journal, room, incarnation, leg_id, call_id, moderator, joined_at, position, ordinal)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT DO NOTHING";

pub(super) const PARTICIPANT_LEFT: &str = "
UPDATE participants SET left_at = $5
WHERE journal = $1 AND room = $2 AND incarnation = $3 AND leg_id = $4 AND left_at IS NULL AND position = (
    SELECT max(position) FROM participants
    WHERE journal = $1 AND room = $2 AND incarnation = $3 AND leg_id = $4 AND position <= $6)";

pub(super) const MESSAGE_SEEN: &str = "
INSERT INTO messages (journal, owner, message_key, direction, sender, recipient, words, attachments, call_id,
    carrier_id, planned_at, position)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
ON CONFLICT (journal, owner, message_key) DO UPDATE SET
    position = CASE WHEN excluded.position < messages.position THEN excluded.position ELSE messages.position END,
    direction = coalesce(messages.direction, excluded.direction), sender = coalesce(messages.sender, excluded.sender),
    recipient = coalesce(messages.recipient, excluded.recipient), words = coalesce(messages.words, excluded.words),
    attachments = coalesce(messages.attachments, excluded.attachments),
    call_id = coalesce(messages.call_id, excluded.call_id)";

pub(super) const MESSAGE_STATUS: &str = "
INSERT INTO messages (journal, owner, message_key, carrier_id, status, reason, segments, planned_at, status_at, position)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8, $9)
ON CONFLICT (journal, owner, message_key) DO UPDATE SET
    position = CASE WHEN excluded.position < messages.position THEN excluded.position ELSE messages.position END,
    carrier_id = coalesce(messages.carrier_id, excluded.carrier_id), status = excluded.status,
    reason = excluded.reason, segments = coalesce(excluded.segments, messages.segments),
    status_at = excluded.status_at
WHERE messages.status_at IS NULL OR messages.status_at <= excluded.status_at";

pub(super) const MESSAGE_STATUS_HISTORY: &str = "
INSERT INTO message_statuses (journal, owner, message_key, status, reason, at, position, ordinal)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING";

pub(super) const RECORDING_SAVED: &str = "
INSERT INTO recordings (journal, recording_id, call_id, room, leg_id, saved_at, position)
VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING";

/// Finds the cursor of a journal by its salt.
pub(super) const CURSOR: &str = "SELECT id, position, anew_until FROM journals WHERE salt = $1";

pub(super) const REGISTER: &str = "INSERT INTO journals (salt) VALUES ($1) ON CONFLICT (salt) DO NOTHING";

/// Moves the cursor from `$2` to `$3`, if it is there.
pub(super) const MOVE: &str = "
UPDATE journals SET position = $3, anew_until = CASE WHEN anew_until <= $3 THEN 0 ELSE anew_until END
WHERE id = $1 AND position = $2";

/// Sends the cursor of one journal, or of all, back to the beginning.
pub(super) const BEGIN_ANEW: &str = "UPDATE journals SET anew_until = CASE WHEN position > anew_until THEN position ELSE anew_until END, position = 0 \
     WHERE salt = coalesce($1, salt)";

/// What was made from one record goes, from every table.
pub(super) const UNMAKE: [&str; 10] = [
    "DELETE FROM calls WHERE journal = $1 AND position = $2",
    "DELETE FROM legs WHERE journal = $1 AND position = $2",
    "DELETE FROM conferences WHERE journal = $1 AND position = $2",
    "DELETE FROM participants WHERE journal = $1 AND position = $2",
    "DELETE FROM messages WHERE journal = $1 AND position = $2",
    "DELETE FROM message_statuses WHERE journal = $1 AND position = $2",
    "DELETE FROM collected_inputs WHERE journal = $1 AND position = $2",
    "DELETE FROM transfers WHERE journal = $1 AND position = $2",
    "DELETE FROM steps WHERE journal = $1 AND position = $2",
    "DELETE FROM recordings WHERE journal = $1 AND position = $2",
];

/// Removes what was over before `$1`, in bites; what hangs on it goes with it. The last of each group is the owner,
/// whose count tells whether there may be more.
pub(super) const FORGET: [&[&str]; 3] = [
    &[
        "DELETE FROM legs WHERE (journal, call_id) IN (SELECT journal, call_id FROM calls WHERE ended_at < $1 ORDER BY ended_at, journal, call_id LIMIT 500)",
        "DELETE FROM participants WHERE (journal, call_id) IN (SELECT journal, call_id FROM calls WHERE ended_at < $1 ORDER BY ended_at, journal, call_id LIMIT 500)",
        "DELETE FROM collected_inputs WHERE (journal, call_id) IN (SELECT journal, call_id FROM calls WHERE ended_at < $1 ORDER BY ended_at, journal, call_id LIMIT 500)",
        "DELETE FROM transfers WHERE (journal, call_id) IN (SELECT journal, call_id FROM calls WHERE ended_at < $1 ORDER BY ended_at, journal, call_id LIMIT 500)",
        "DELETE FROM steps WHERE (journal, call_id) IN (SELECT journal, call_id FROM calls WHERE ended_at < $1 ORDER BY ended_at, journal, call_id LIMIT 500)",
        "DELETE FROM recordings WHERE (journal, call_id) IN (SELECT journal, call_id FROM calls WHERE ended_at < $1 ORDER BY ended_at, journal, call_id LIMIT 500)",
        "DELETE FROM calls WHERE (journal, call_id) IN (SELECT journal, call_id FROM calls WHERE ended_at < $1 ORDER BY ended_at, journal, call_id LIMIT 500)",
    ],
    &[
        "DELETE FROM participants WHERE (journal, room, incarnation) IN (SELECT journal, room, incarnation FROM conferences WHERE ended_at < $1 ORDER BY ended_at, journal, room, incarnation LIMIT 500)",
        "DELETE FROM conferences WHERE (journal, room, incarnation) IN (SELECT journal, room, incarnation FROM conferences WHERE ended_at < $1 ORDER BY ended_at, journal, room, incarnation LIMIT 500)",
    ],
    &[
        "DELETE FROM message_statuses WHERE (journal, owner, message_key) IN (SELECT journal, owner, message_key FROM messages WHERE planned_at < $1 ORDER BY planned_at, journal, owner, message_key LIMIT 500)",
        "DELETE FROM messages WHERE (journal, owner, message_key) IN (SELECT journal, owner, message_key FROM messages WHERE planned_at < $1 ORDER BY planned_at, journal, owner, message_key LIMIT 500)",
    ],
];

/// Figures per day and flow since the day `$1`.
pub(super) const DAYS: &str = "
SELECT day, flow, CAST(calls AS BIGINT), CAST(answered AS BIGINT), CAST(with_choice AS BIGINT), transfers_tried,
    transfers_bridged, mean_time_to_transfer_ms
FROM kpis_per_day WHERE day >= $1 ORDER BY day, flow";

/// Calls that were transferred, and how long they took to be, since the day `$1`.
pub(super) const TIME_TO_TRANSFER: &str = "
SELECT CAST(count(time_to_transfer_ms) AS BIGINT), CAST(coalesce(sum(time_to_transfer_ms), 0) AS BIGINT)
FROM call_outline WHERE day >= $1";

/// Menu choices since the day `$1`.
pub(super) const CHOICES: &str = "
SELECT flow, step, choice, CAST(sum(times) AS BIGINT) FROM menu_choices_per_day WHERE day >= $1
GROUP BY flow, step, choice ORDER BY flow, step, choice";
