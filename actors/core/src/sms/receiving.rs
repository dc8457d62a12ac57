//! What people text to the number, how they are answered, and what the number says by itself at times of the day.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::budget::digits;
use super::keyword::{Governing, governing};
use super::replies::{Ask, Reply, first_word, rest};
use super::schedule::Schedule;
use super::sending::sender;
use super::{STOPPED, SmsMachine, ignored};
use crate::effect::Effects;
use crate::fact::Fact;
use crate::flow::{Template, Variables};
use crate::http::{HttpOutcome, HttpRequest};
use crate::ids::{CommandId, TextKey};
use crate::phone::{PhoneNumber, Text};
use crate::text::{TextOrder, TextReceived};
use crate::time::Timestamp;

/// Questions to the user's program that are open at one time; who texts beyond gets the answer for when it fails.
const MOST_QUESTIONS: usize = 16;

/// A daily text that is later than this is not sent: a forecast of the morning is of no use at noon.
const LATE_AFTER: Duration = Duration::from_secs(3_600);

/// An answer that waits for the user's own program.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Asking {
    /// Key of the text, and for a schedule the beginning of the keys.
    key: String,
    to: Vec<PhoneNumber>,
    text: Template,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    otherwise: Option<Template>,
    variables: Variables,
    automatic: bool,
}

impl SmsMachine {
    pub(super) fn received(&mut self, received: TextReceived, fx: &mut Effects) {
        self.counts.received += 1;
        fx.fact(Fact::MessageReceived {
            key: received.message.to_string(),
            from: received.from.clone(),
            to: received.to.clone(),
            text: received.text.clone(),
            attachments: u32::try_from(received.media.len()).unwrap_or(u32::MAX),
        });
        let Some(plan) = self.plan.clone() else {
            return ignored("nobody configured this number");
        };
        if plan.ours.contains(&received.from) || received.from == received.to {
            return ignored("our own numbers do not answer each other");
        }
        let text = received.text.expose();
        match governing(text) {
            Some(Governing::Stop) => self.stop_texting(&received.from),
            Some(Governing::Start) => {
                let who = digits(&received.from);
                self.stopped.retain(|stopped| *stopped != who);
            }
            Some(Governing::Help) => {
                if let Some(help) = &plan.help {
                    self.reply(&received, Template::plain(help.expose()), fx);
                }
            }
            // The carrier keeps silent towards them, and so do we.
            None if self.has_stopped(&received.from) => ignored("asked us to stop"),
            None => {
                if let Some(reply) = plan.replies.find(text) {
                    self.answer(&received, reply, fx);
                }
            }
        }
    }

    pub(super) fn stop_texting(&mut self, who: &PhoneNumber) {
        if self.has_stopped(who) {
            return;
        }
        self.stopped.push_back(digits(who));
        while self.stopped.len() > STOPPED {
            self.stopped.pop_front();
        }
    }

    fn reply(&mut self, received: &TextReceived, text: Template, fx: &mut Effects) {
        let asking = Asking::to_sender(received, text, None);
        self.say(asking, false, fx);
    }

    fn answer(&mut self, received: &TextReceived, reply: &Reply, fx: &mut Effects) {
        let asking = Asking::to_sender(received, reply.text.clone(), reply.otherwise.clone());
        match &reply.ask {
            None => self.say(asking, false, fx),
            Some(ask) => self.question(ask, asking, fx),
        }
    }

    fn question(&mut self, ask: &Ask, asking: Asking, fx: &mut Effects) {
        let body = match ask.method.as_str() {
            "GET" => String::new(),
            _ => json!({ "message": asking.key, "variables": asking.variables }).to_string(),
        };
        let fill = |template: &Template| template.render(&asking.variables);
        let headers: Result<BTreeMap<String, String>, String> = ask
            .headers
            .iter()
            .map(|(name, value)| Ok((name.clone(), fill(value)?)))
            .collect();
        let request = fill(&ask.url).and_then(|url| {
            Ok(HttpRequest {
                id: CommandId::new(""),
                url,
                method: ask.method.as_str().to_owned(),
                headers: headers?,
                body: Text::new(body),
                timeout_ms: u64::from(ask.timeout.as_millis()),
                repeat: ask.repeat,
                give_up_at: fx.now() + ask.total.get(),
            })
        });
        match request {
            Ok(request) if self.asking.len() < MOST_QUESTIONS => {
                let id = fx.http(request);
                self.asking.insert(id, asking);
            }
            Ok(_) | Err(_) => self.say(asking, true, fx),
        }
    }

    pub(super) fn on_answer(&mut self, request: &CommandId, outcome: HttpOutcome, fx: &mut Effects) {
        let Some(mut asking) = self.asking.remove(request) else {
            return ignored("nobody waits for this answer");
        };
        let failed = match outcome {
            HttpOutcome::Answered {
                status: 200..=299,
                body,
            } => {
                let read = serde_json::from_str::<Value>(body.expose())
                    .ok()
                    .filter(Value::is_object);
                let value = read.unwrap_or_else(|| json!({ "text": body.expose().trim() }));
                asking.variables.insert("http".into(), value);
                false
            }
            HttpOutcome::Answered { .. } | HttpOutcome::Forbidden { .. } | HttpOutcome::Unknown { .. } => {
                true
            }
        };
        self.say(asking, failed, fx);
    }

    /// Fills in the words and sends them; silence when there are none.
    fn say(&mut self, asking: Asking, failed: bool, fx: &mut Effects) {
        let words = |template: &Template| {
            let text = template.render(&asking.variables).ok()?;
            (!text.trim().is_empty()).then_some(text)
        };
        // A hole is worse than the words for a program that fails, where there are such words.
        let failed = failed || (asking.otherwise.is_some() && !asking.has_everything());
        let text = (!failed).then(|| words(&asking.text)).flatten();
        let Some(text) = text.or_else(|| asking.otherwise.as_ref().and_then(words)) else {
            return ignored("there is nothing to say");
        };
        let several = asking.to.len() > 1;
        for (at, to) in asking.to.iter().enumerate() {
            let key = match several {
                true => format!("{}-{at}", asking.key),
                false => asking.key.clone(),
            };
            let order = TextOrder {
                key: TextKey::new(key),
                to: to.clone(),
                text: Text::new(text.clone()),
                not_before: None,
                asker: None,
            };
            self.ask(order, asking.automatic, fx);
        }
    }

    /// Sends what is due at this time of the day.
    pub(super) fn run_schedules(&mut self, fx: &mut Effects) {
        let now = fx.now();
        let Some(plan) = self.plan.clone() else { return };
        for schedule in &plan.schedules {
            let Some(due) = self.due.get(&schedule.name).copied().filter(|due| *due <= now) else {
                continue;
            };
            match schedule.next(now) {
                Some(next) => drop(self.due.insert(schedule.name.clone(), next)),
                None => drop(self.due.remove(&schedule.name)),
            }
            if now.since(due) <= LATE_AFTER {
                self.run(schedule, due, fx);
            }
        }
    }

    fn run(&mut self, schedule: &Schedule, due: Timestamp, fx: &mut Effects) {
        let date = schedule.date(due);
        let variables = Variables::from([
            ("date".to_owned(), json!(date)),
            ("to".to_owned(), json!(sender(fx).expose())),
        ]);
        let asking = Asking {
            key: format!("daily-{}-{date}", schedule.name),
            to: schedule.to.clone(),
            text: schedule.text.clone(),
            otherwise: None,
            variables,
            automatic: false,
        };
        match &schedule.ask {
            None => self.say(asking, false, fx),
            Some(ask) => self.question(ask, asking, fx),
        }
    }
}

impl Asking {
    /// Whether the program's answer has a value for everything that the words name of it.
    fn has_everything(&self) -> bool {
        let answer = self.variables.get("http").unwrap_or(&Value::Null);
        let given = |name: &str| {
            let value = answer.pointer(&format!("/{}", name.replace('.', "/")));
            value.is_some_and(|value| !value.is_null() && value != "")
        };
        let named = self.text.names();
        named
            .iter()
            .filter_map(|name| name.strip_prefix("http."))
            .all(given)
    }

    /// An answer to somebody's text. Its key is made of the carrier's id, so that a text has one answer for ever.
    fn to_sender(received: &TextReceived, text: Template, otherwise: Option<Template>) -> Self {
        let words = received.text.expose();
        let variables = Variables::from([
            ("from".to_owned(), json!(received.from.expose())),
            ("to".to_owned(), json!(received.to.expose())),
            ("text".to_owned(), json!(words)),
            ("keyword".to_owned(), json!(first_word(words))),
            ("rest".to_owned(), json!(rest(words))),
        ]);
        Self {
            key: format!("re-{}", received.message),
            to: vec![received.from.clone()],
            text,
            otherwise,
            variables,
            automatic: true,
        }
    }
}
