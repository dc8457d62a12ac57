//! What a step may do: the one narrow way from the kinds to the call, its legs, its timers and its values.

use std::time::Duration;

use serde_json::{Value, json};

use super::{CallMachine, CallTimer, Purpose, Row, Stay};
use crate::Address;
use crate::command::leg::Hangup;
use crate::command::{Command, Dial, LegAction, Query};
use crate::effect::Effects;
use crate::event::ClientState;
use crate::fact::Fact;
use crate::flow::rule::{StepTimer, Tag};
use crate::flow::{Flow, Template, Variables, numbers};
use crate::http::HttpRequest;
use crate::ids::{CallControlId, CommandId, ConferenceName, ConnectionId, QueueName, TextKey};
use crate::message::Message;
use crate::phone::{PhoneNumber, Text};
use crate::plan::{Limits, RoomSettings, Voice};
use crate::queue::word::{CallWord, QueueTable};
use crate::time::Timestamp;

/// A question is given up after so long.
const QUERY_PATIENCE: Duration = Duration::from_secs(15);

/// The call as a step sees it.
pub(crate) struct Stage<'a> {
    pub(super) call: &'a mut CallMachine,
    pub(super) fx: &'a mut Effects,
    pub(super) flow: &'a Flow,
    pub(super) step: &'a str,
}

impl Stage<'_> {
    pub(crate) fn now(&self) -> Timestamp {
        self.fx.now()
    }

    pub(crate) fn step(&self) -> &str {
        self.step
    }

    /// Whether the flow says where this outcome of the step leads.
    pub(crate) fn names(&self, outcome: &str) -> bool {
        self.flow
            .step
            .get(self.step)
            .is_some_and(|step| step.target(outcome).is_some())
    }

    pub(crate) fn limits(&self) -> Limits {
        self.call.limits()
    }

    pub(crate) fn caller(&self) -> Option<&PhoneNumber> {
        self.call.caller.as_ref()
    }

    pub(crate) fn called(&self) -> Option<&PhoneNumber> {
        self.call.called.as_ref()
    }

    /// Our own number in this call: the one that was called, or the one we called from.
    pub(crate) fn our_number(&self) -> Option<&PhoneNumber> {
        match self.call.outgoing {
            true => self.call.caller.as_ref(),
            false => self.call.called.as_ref(),
        }
    }

    /// The other party's number.
    pub(crate) fn their_number(&self) -> Option<&PhoneNumber> {
        match self.call.outgoing {
            true => self.call.called.as_ref(),
            false => self.call.caller.as_ref(),
        }
    }

    pub(crate) fn connection(&self) -> Option<&ConnectionId> {
        self.call.connection.as_ref()
    }

    pub(crate) fn leg(&self) -> Option<&CallControlId> {
        self.call.leg.as_ref()
    }

    pub(crate) fn room_salt(&self) -> String {
        self.call
            .plan
            .as_ref()
            .map(|plan| plan.room_salt.clone())
            .unwrap_or_default()
    }

    pub(crate) fn flow_name(&self) -> &str {
        &self.flow.flow
    }

    /// Voice and language of what is said, the step's own first.
    pub(crate) fn voice(&self, voice: Option<&String>, language: Option<&String>) -> Voice {
        let flow = self.flow.voice();
        Voice {
            voice: voice.cloned().unwrap_or(flow.voice),
            language: language.cloned().unwrap_or(flow.language),
        }
    }

    // --- values ---

    /// Everything that a text can name.
    pub(crate) fn variables(&self) -> Variables {
        let number = |number: Option<&PhoneNumber>| json!(number.map_or("", PhoneNumber::expose));
        let call = match self.fx.address() {
            Address::Call(id) => id.as_str(),
            Address::Conference(_) | Address::Sms(_) | Address::Queue(_) => "",
        };
        let mut all = Variables::from([
            ("caller".to_owned(), number(self.caller())),
            ("called".to_owned(), number(self.called())),
            ("call".to_owned(), json!(call)),
            ("digits".to_owned(), self.value("call", "digits")),
            ("recording".to_owned(), self.value("call", "recording")),
        ]);
        for name in ["position", "waiting", "waited", "estimate"] {
            all.insert(name.to_owned(), self.value("call", name));
        }
        let mut vars: serde_json::Map<String, Value> = self
            .flow
            .vars
            .iter()
            .map(|(name, value)| (name.clone(), json!(value)))
            .collect();
        for (group, values) in self.call.vars.groups() {
            match group.as_str() {
                "call" => {}
                "vars" => vars.extend(values.clone()),
                _ => drop(all.insert(group.clone(), json!(values))),
            }
        }
        all.insert("vars".to_owned(), Value::Object(vars));
        all
    }

    fn value(&self, group: &str, name: &str) -> Value {
        self.call.vars.get(group, name).cloned().unwrap_or(json!(""))
    }

    /// What was typed last.
    pub(crate) fn digits(&self) -> String {
        self.value("call", "digits")
            .as_str()
            .unwrap_or_default()
            .to_owned()
    }

    pub(crate) fn set(&mut self, group: &str, name: &str, value: Value) -> bool {
        self.call.vars.set(group, name, value)
    }

    /// A text with its holes filled; `None` when that cannot be done or nothing comes out.
    pub(crate) fn text(&self, template: &Template) -> Option<String> {
        let text = template.render(&self.variables()).ok()?;
        Some(text.trim().to_owned()).filter(|text| !text.is_empty())
    }

    /// States something for the books.
    pub(crate) fn fact(&mut self, fact: Fact) {
        self.fx.fact(fact);
    }

    // --- others' numbers ---

    /// Whom a text names; `None` for nobody, and for ourselves: that call would go round for ever.
    pub(crate) fn target(&self, template: &Template) -> Option<PhoneNumber> {
        let target = numbers::target(&self.text(template)?, self.our_number())?;
        (Some(&target) != self.our_number()).then_some(target)
    }

    /// The number that somebody called for this caller sees; our own when the step names none.
    pub(crate) fn shown_number(&self, from: Option<&Template>) -> Option<PhoneNumber> {
        match from {
            Some(from) => numbers::target(&self.text(from)?, self.our_number()),
            None => self.our_number().cloned(),
        }
    }

    /// How long until a leg that talks is asked about again.
    pub(crate) fn look_again(&self) -> Duration {
        Duration::from_millis(self.limits().probe_max_ms)
    }

    /// Has a text sent by the machine of its sending number; `None` when one of the numbers is none.
    pub(crate) fn text_message(
        &mut self,
        to: &str,
        from: Option<&Template>,
        text: String,
        notify: bool,
    ) -> Option<TextKey> {
        let to = numbers::callable(to, self.our_number())?;
        let from = self.shown_number(from).filter(PhoneNumber::is_e164)?;
        let key = TextKey::new(self.fx.next_id().as_str());
        let body = Message::TextRequest {
            key: key.clone(),
            to,
            text: Text::new(text),
            notify,
        };
        self.fx.send(Address::Sms(from.expose().to_owned()), body);
        Some(key)
    }

    // --- the caller's leg ---

    /// Asks for something on the caller's leg. From here on only its own events are `ours`.
    pub(crate) fn prompt(&mut self, action: LegAction, tag: Tag) {
        self.call.generation += 1;
        self.command(action, tag);
    }

    /// Asks for something on the caller's leg, besides what it hears already.
    pub(crate) fn command(&mut self, action: LegAction, tag: Tag) {
        let Some(leg) = self.call.leg.clone() else { return };
        self.issue(Command::Leg { leg, action }, self.state(None), tag, false);
    }

    /// Begins the step once more: events and outcomes of what it asked for before are not its own any longer.
    pub(crate) fn begin_anew(&mut self) {
        self.call.generation += 1;
        self.call.entered = self.call.generation;
    }

    // --- other legs ---

    /// Asks for something on another leg.
    pub(crate) fn far_command(&mut self, leg: &CallControlId, action: LegAction, tag: Tag, mark: Tag) {
        let leg = leg.clone();
        self.issue(Command::Leg { leg, action }, self.state(Some(mark)), tag, true);
    }

    /// Dials for the caller. The new leg's events come with this mark.
    pub(crate) fn dial(&mut self, dial: Dial, tag: Tag, mark: Tag) {
        self.issue(Command::Dial(Box::new(dial)), self.state(Some(mark)), tag, true);
    }

    /// A transfer of the caller's leg; the new leg's events come with this mark.
    pub(crate) fn transfer(&mut self, action: LegAction, tag: Tag, mark: Tag) {
        let Some(leg) = self.call.leg.clone() else { return };
        self.issue(Command::Leg { leg, action }, self.state(Some(mark)), tag, false);
    }

    /// Asks whether another leg lives.
    pub(crate) fn ask_about(&mut self, leg: &CallControlId, tag: Tag) {
        let question = Command::Query(Query::Call { leg: leg.clone() });
        let id = self.fx.command(question, None, self.fx.now() + QUERY_PATIENCE);
        self.remember(id, tag, true);
    }

    /// Ends another leg. It is ours to end until the carrier says that it is over.
    pub(crate) fn hang_up_far(&mut self, leg: &CallControlId) {
        let give_up_at = self.fx.now() + Duration::from_millis(self.limits().hangup_ms);
        let command = Command::Leg {
            leg: leg.clone(),
            action: LegAction::Hangup(Hangup::default()),
        };
        let id = self.fx.command(command, self.state(None), give_up_at);
        self.call.pending.insert(id, Purpose::CleanUp);
    }

    fn state(&self, mark: Option<Tag>) -> Option<ClientState> {
        let step = match mark {
            Some(mark) => format!("{}#{mark}", self.step),
            None => self.step.to_owned(),
        };
        self.call.client_state(&step, self.fx)
    }

    fn issue(&mut self, command: Command, state: Option<ClientState>, tag: Tag, far: bool) {
        let give_up_at = self.fx.now() + Duration::from_millis(self.limits().command_ms);
        let id = self.fx.command(command, state, give_up_at);
        self.remember(id, tag, far);
    }

    fn remember(&mut self, id: CommandId, tag: Tag, far: bool) {
        let entered = self.call.entered;
        self.call.pending.insert(id, Purpose::Step { entered, tag, far });
    }

    /// An event proved what commands with this tag were to bring about.
    pub(crate) fn settle(&mut self, tag: Tag) {
        let entered = self.call.entered;
        let proven = |purpose: &Purpose| matches!(purpose, Purpose::Step { entered: e, tag: t, .. } if *e == entered && *t == tag);
        self.call.settle_where(proven, self.fx);
    }

    // --- time ---

    /// The step's last way out is so far away from now on.
    pub(crate) fn overdue_in(&mut self, span: Duration) {
        self.call.timers.set(CallTimer::Step, self.fx.now() + span);
    }

    /// The step may take as long as it takes: probes tell whether the caller is there.
    pub(crate) fn never_overdue(&mut self) {
        self.call.timers.clear(CallTimer::Step);
    }

    pub(crate) fn set_timer(&mut self, timer: StepTimer, span: Duration) {
        self.call.timers.set(timer.into(), self.fx.now() + span);
    }

    pub(crate) fn clear_timer(&mut self, timer: StepTimer) {
        self.call.timers.clear(timer.into());
    }

    // --- others ---

    /// Asks a room to take the caller in.
    pub(crate) fn join(&mut self, room: ConferenceName, moderator: bool, settings: RoomSettings) {
        let Some(leg) = self.call.leg.clone() else { return };
        let request = Message::JoinRequest {
            leg,
            moderator,
            connection: self.call.connection.clone(),
            settings: Box::new(settings),
            limits: self.limits(),
        };
        self.fx.send(Address::Conference(room.clone()), request);
        self.call.room = Some(Stay { room, inside: false });
    }

    /// Asks the caller's room to take another leg in.
    pub(crate) fn bring_in(&mut self, leg: &CallControlId, settings: RoomSettings) {
        let Some(stay) = &self.call.room else { return };
        let room = Address::Conference(stay.room.clone());
        let request = Message::JoinRequest {
            leg: leg.clone(),
            moderator: false,
            connection: self.call.connection.clone(),
            settings: Box::new(settings),
            limits: self.limits(),
        };
        self.fx.send(room, request);
    }

    /// The room has the caller.
    pub(crate) fn inside(&mut self) {
        if let Some(stay) = &mut self.call.room {
            stay.inside = true;
        }
    }

    /// Tells the room that the caller no longer wants in.
    pub(crate) fn leave_room(&mut self) {
        self.call.leave_room(self.fx);
    }

    /// The room has let go of the caller.
    pub(crate) fn out_of_room(&mut self) {
        self.call.room = None;
    }

    /// Has the caller wait in a queue. A queue that has forgotten the caller is told once more, with the same beginning.
    pub(crate) fn queue_up(&mut self, queue: &str, table: QueueTable) {
        if self.call.row.is_none() {
            let stay = self.call.entered;
            let queue = QueueName::new(queue);
            self.call.row = Some(Row { queue, stay });
        }
        let (since, table) = (self.call.step_since, Box::new(table));
        self.tell_queue(CallWord::Join { since, table });
    }

    /// Tells the queue in which the caller is.
    pub(crate) fn tell_queue(&mut self, word: CallWord) {
        if let Some(Row { queue, stay }) = self.call.row.clone() {
            self.fx
                .send(Address::Queue(queue), Message::ToQueue { stay, word });
        }
    }

    /// Whether some queue knows of the caller.
    pub(crate) fn is_queued(&self) -> bool {
        self.call.row.is_some()
    }

    /// How long the caller has been in this step.
    pub(crate) fn in_step_for(&self) -> Duration {
        self.fx.now().since(self.call.step_since)
    }

    /// The carrier says that the caller's leg is over: its hangup event is a moment away.
    pub(crate) fn expect_hangup(&mut self) {
        self.call.expect_hangup(self.fx);
    }

    /// Asks the user's own program.
    pub(crate) fn ask(&mut self, request: HttpRequest) {
        let id = self.fx.http(request);
        self.remember(id, 0, true);
    }
}

impl From<StepTimer> for CallTimer {
    fn from(timer: StepTimer) -> Self {
        match timer {
            StepTimer::One => Self::StepOne,
            StepTimer::Two => Self::StepTwo,
        }
    }
}
