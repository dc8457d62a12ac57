//! One sending number for scripts: what is asked of it, what the carrier says and when, what became of each text.

use std::time::Duration;

use cordboard_core::outcome::{Answer, TextView};
use cordboard_core::sms::Standing;
use cordboard_core::sms::plan::NumberPlan;
use cordboard_core::sms::replies::Replies;
use cordboard_core::text::{TextReceived, TextReport};
use cordboard_core::*;

pub const OURS: &str = "+15550200000";
pub const ALICE: &str = "+15550100001";

/// A number, its clock, and everything that it asked for.
pub struct Desk {
    pub machine: SmsMachine,
    pub now: Timestamp,
    pub seq: u64,
    pub sent: Vec<(CommandId, command::SendMessage)>,
    pub looked: Vec<(CommandId, Text)>,
    pub asked: Vec<HttpRequestSeen>,
    pub told: Vec<(TextKey, TextResult)>,
    pub facts: Vec<Fact>,
    pub settled: Vec<CommandId>,
    pub largest: usize,
}

pub struct HttpRequestSeen {
    pub id: CommandId,
    pub url: String,
    pub body: String,
}

pub fn plan() -> NumberPlan {
    NumberPlan {
        ours: vec![OURS.into(), "+15550200001".into()],
        allow: vec!["+1".into()],
        ..NumberPlan::default()
    }
}

pub fn weather() -> Replies {
    Replies::read(
        r#"
messages = "weather"
[[reply]]
keywords = ["weather"]
text = "{{ rest }}: {{ http.forecast }}"
otherwise = "No forecast now."
ask = { url = "https://backend.example.com/weather" }
[[reply]]
keywords = ["hours"]
text = "We are open."
[default]
text = "Please call us."
"#,
    )
    .unwrap()
}

impl Desk {
    pub fn new(plan: NumberPlan) -> Self {
        let mut desk = Self {
            machine: SmsMachine::default(),
            now: Timestamp::from_millis(1_750_000_000_000),
            seq: 0,
            sent: vec![],
            looked: vec![],
            asked: vec![],
            told: vec![],
            facts: vec![],
            settled: vec![],
            largest: 0,
        };
        desk.give(Input::Operator(OperatorRequest::Number(Box::new(plan))));
        desk
    }

    /// Every state goes through its journalled form, as after a crash between any two inputs.
    pub fn give(&mut self, input: Input) {
        self.seq += 1;
        let context = Context {
            address: Address::Sms(OURS.into()),
            seq: self.seq,
            now: self.now,
            salt: 7,
        };
        let mut fx = Effects::new(context, self.machine.incarnation());
        self.machine.handle(input, &mut fx);
        let state = serde_json::to_vec(&self.machine).unwrap();
        self.largest = self.largest.max(state.len());
        assert_eq!(
            serde_json::from_slice::<SmsMachine>(&state).unwrap(),
            self.machine
        );
        for effect in fx.into_list() {
            match effect {
                Effect::Command(issued) => match issued.command {
                    Command::SendMessage(message) => self.sent.push((issued.id, *message)),
                    Command::Query(command::Query::Texts { text, .. }) => self.looked.push((issued.id, text)),
                    other => panic!("a number issues {}", other.name()),
                },
                Effect::Http(request) => self.asked.push(HttpRequestSeen {
                    id: request.id.clone(),
                    url: request.url.clone(),
                    body: request.body.expose().to_owned(),
                }),
                Effect::Send {
                    body: Message::TextResult { key, result },
                    ..
                } => self.told.push((key, result)),
                Effect::Settle { command } => self.settled.push(command),
                Effect::Fact(fact) => self.facts.push(*fact),
                other => panic!("{other:?}"),
            }
        }
    }

    pub fn ask(&mut self, key: &str, to: &str, text: &str) {
        let body = Message::TextRequest {
            key: key.into(),
            to: to.into(),
            text: Text::new(text),
            notify: true,
        };
        let from = Address::Call("session-1".into());
        self.give(Input::Message {
            from,
            seq: self.seq,
            index: 0,
            body,
        });
    }

    pub fn outcome(&mut self, at: usize, outcome: Outcome) {
        let command = self.sent[at].0.clone();
        self.give(Input::Outcome { command, outcome });
    }

    /// What the carrier's list shows at this look.
    pub fn list(&mut self, at: usize, messages: &[&str]) {
        let view = |message: &&str| TextView {
            message: MessageId::new(message),
            status: TextStatus::Sent,
        };
        let command = self.looked[at].0.clone();
        let outcome = Outcome::Accepted(Answer::Texts(messages.iter().map(view).collect()));
        self.give(Input::Outcome { command, outcome });
    }

    pub fn accept(&mut self, at: usize) {
        let message = Answer::Message(MessageId::new(format!("m-{at}")));
        self.outcome(at, Outcome::Accepted(message));
    }

    pub fn event(&mut self, body: EventBody) {
        let event = Event {
            id: EventId::new(format!("e-{}", self.seq)),
            occurred_at: None,
            connection: None,
            session: None,
            leg: None,
            leg_uuid: None,
            conference: None,
            client_state: None,
            body,
        };
        self.give(Input::Event {
            event: Box::new(event),
            plan: None,
        });
    }

    pub fn report(&mut self, message: &str, key: Option<&str>, status: TextStatus) {
        self.event(EventBody::MessageStatus(Box::new(TextReport {
            message: message.into(),
            key: key.map(Into::into),
            from: OURS.into(),
            to: ALICE.into(),
            status,
            errors: vec![],
            segments: Some(1),
            cost: None,
        })));
    }

    pub fn text(&mut self, message: &str, from: &str, words: &str) {
        self.event(EventBody::MessageReceived(Box::new(TextReceived {
            message: message.into(),
            from: from.into(),
            to: OURS.into(),
            text: Text::new(words),
            media: vec![],
            segments: None,
        })));
    }

    pub fn wait(&mut self, span: Duration) {
        let until = self.now + span;
        while let Some(due) = self.machine.next_deadline().filter(|due| *due <= until) {
            assert!(due > self.now || self.machine.next_deadline().is_some());
            self.now = self.now.max(due);
            self.give(Input::Deadline);
        }
        self.now = until;
    }

    pub fn standing(&self, key: &str) -> Option<Standing> {
        let texts = self.machine.texts();
        texts
            .iter()
            .rfind(|text| text.key.as_str() == key)
            .map(|text| text.standing)
    }

    pub fn told(&self, key: &str) -> Vec<TextResult> {
        let of = |(told, _): &&(TextKey, TextResult)| told.as_str() == key;
        self.told
            .iter()
            .filter(of)
            .map(|(_, result)| result.clone())
            .collect()
    }
}

pub fn unknown() -> Outcome {
    Outcome::Unknown {
        why: "timeout".into(),
    }
}
