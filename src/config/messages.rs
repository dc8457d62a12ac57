//! `[messages]`, `[[number]]`, `[[schedule]]`: numbers of ours that send texts and answer them.
//!
//! Read once at the start; `app.rs` hands each number its plan. A number that is not listed neither sends nor answers.

use std::path::PathBuf;
use std::time::Duration;

use cordboard_core::PhoneNumber;
use cordboard_core::flow::Template;
use cordboard_core::phone::Text;
use cordboard_core::sms::destination;
use cordboard_core::sms::plan::{BudgetPlan, Doubt, DoubtPolicy, NumberPlan, Pace};
use cordboard_core::sms::replies::{Ask, Replies};
use cordboard_core::sms::schedule;
use serde::{Deserialize, Serialize, Serializer};
use url::Url;

use super::duration;
use super::error::{ConfigError, Problems};
use crate::carriers::CarrierName;

/// Largest message flow, bytes: it is part of its number's state.
const LARGEST_FLOW: u64 = 64 * 1024;

/// Message flows that come with the program, by their names.
const SHIPPED: [(&str, &str); 3] = [
    (
        "call-centre",
        include_str!("../../flows/messages/call-centre.toml"),
    ),
    (
        "please-call",
        include_str!("../../flows/messages/please-call.toml"),
    ),
    ("weather", include_str!("../../flows/messages/weather.toml")),
];

/// `[messages]`: what holds for every number.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Messages {
    /// Where the carrier reaches our carrier door. Reports about each text then come to an address of its own, which
    /// resolves texts in doubt.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub public_url: Option<String>,
    /// The carrier's messaging profile.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub profile: Option<String>,
    /// Prefixes that texts may go to; empty: the countries of our numbers.
    pub allow: Vec<String>,
    /// Texts a minute and number.
    pub per_minute: u32,
    /// Texts of a number under way at one time: so many are in doubt after a crash at most.
    pub in_flight: u32,
    /// Texts of a number that wait at most.
    pub queue: u32,
    /// A text that could not be sent for so long is not sent.
    #[serde(with = "duration")]
    pub useful_for: Duration,
    /// Segments of one text.
    pub max_segments: u32,
    /// To one destination in an hour.
    pub per_pair_hour: u32,
    /// Automatic replies to one destination in an hour.
    pub replies_per_pair_hour: u32,
    /// Of one number in an hour.
    pub per_hour: u32,
    /// Of one number in a day.
    pub per_day: u32,
    /// What is done about texts of which nobody knows whether they were sent.
    pub in_doubt: Doubt,
    /// When.
    #[serde(with = "duration")]
    pub in_doubt_after: Duration,
}

impl Default for Messages {
    fn default() -> Self {
        let (pace, budgets, doubt) = (Pace::default(), BudgetPlan::default(), DoubtPolicy::default());
        Self {
            public_url: None,
            profile: None,
            allow: Vec::new(),
            per_minute: pace.per_minute,
            in_flight: pace.in_flight,
            queue: pace.queue,
            useful_for: Duration::from_millis(pace.useful_ms),
            max_segments: pace.segments,
            per_pair_hour: budgets.per_pair_hour,
            replies_per_pair_hour: budgets.replies_per_pair_hour,
            per_hour: budgets.per_hour,
            per_day: budgets.per_day,
            in_doubt: doubt.then,
            in_doubt_after: Duration::from_millis(doubt.after_ms),
        }
    }
}

/// One `[[number]]`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Number {
    /// The number, E.164.
    #[serde(serialize_with = "masked")]
    pub number: PhoneNumber,
    /// The message flow that answers who texts it: a file, or the name of a shipped one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replies: Option<PathBuf>,
    /// Answer to HELP.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
    /// Its own messaging profile.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile: Option<String>,
    /// The carrier that it is rented from; the only one that is served, or Telnyx, when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub carrier: Option<CarrierName>,
    /// Its own pace, texts a minute.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub per_minute: Option<u32>,
}

/// One `[[schedule]]`: a text at a time of the day.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Schedule {
    /// The number that sends it.
    #[serde(serialize_with = "masked")]
    pub from: PhoneNumber,
    /// Its name.
    pub name: String,
    /// When, such as `07:00`.
    pub at: String,
    /// IANA zone.
    pub zone: String,
    /// Days, such as `mon-fri`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub days: Option<String>,
    /// Whom to.
    #[serde(serialize_with = "all_masked")]
    pub to: Vec<PhoneNumber>,
    /// The words.
    pub text: Template,
    /// The program that is asked first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ask: Option<Ask>,
}

impl Schedule {
    fn plan(&self) -> schedule::Schedule {
        schedule::Schedule {
            name: self.name.clone(),
            at: self.at.clone(),
            zone: self.zone.clone(),
            days: self.days.clone(),
            to: self.to.clone(),
            text: self.text.clone(),
            ask: self.ask.clone(),
        }
    }
}

impl Messages {
    /// Where reports go, if we know our own address.
    pub fn reports(&self) -> Option<String> {
        let url = self.public_url.as_deref()?;
        Some(format!("{}/webhooks/telnyx", url.trim_end_matches('/')))
    }

    pub(super) fn check(&self, numbers: &[Number], schedules: &[Schedule], problems: &mut Problems) {
        let prefix = |text: &String| {
            let digits = text.strip_prefix('+').unwrap_or_default();
            (1..=15).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit())
        };
        problems.require(
            self.allow.iter().all(prefix),
            "messages.allow",
            "lists prefixes, each `+` and 1 to 15 digits, such as \"+1\"",
        );
        if let Some(url) = &self.public_url {
            let plain = Url::parse(url).is_ok_and(|url| {
                let local = matches!(url.host_str(), Some("127.0.0.1" | "localhost"));
                (url.scheme() == "https" || (url.scheme() == "http" && local))
                    && url.query().is_none()
                    && url.fragment().is_none()
                    && url.username().is_empty()
            });
            problems.require(
                plain,
                "messages.public_url",
                "is no https URL such as \"https://voice.example.com\"",
            );
        }
        for (key, value, most) in [
            ("messages.per_minute", self.per_minute, 6_000),
            ("messages.in_flight", self.in_flight, 32),
            ("messages.queue", self.queue, 500),
            ("messages.max_segments", self.max_segments, 10),
            ("messages.per_pair_hour", self.per_pair_hour, 10_000),
            (
                "messages.replies_per_pair_hour",
                self.replies_per_pair_hour,
                10_000,
            ),
            ("messages.per_hour", self.per_hour, 1_000_000),
            ("messages.per_day", self.per_day, 10_000_000),
        ] {
            problems.require(
                (1..=most).contains(&value),
                key,
                format!("must lie between 1 and {most}"),
            );
        }
        for (at, number) in numbers.iter().enumerate() {
            let key = format!("number {}", at + 1);
            problems.require(
                number.number.is_e164(),
                &key,
                "is not E.164, such as \"+15550100\"",
            );
            let twice = numbers[..at]
                .iter()
                .any(|earlier| earlier.number == number.number);
            problems.require(!twice, &key, "is listed twice");
            let pace = number.per_minute.is_none_or(|pace| (1..=6_000).contains(&pace));
            problems.require(pace, &key, "per_minute must lie between 1 and 6000");
        }
        for (at, schedule) in schedules.iter().enumerate() {
            let key = format!("schedule {}", at + 1);
            if let Err(why) = schedule.plan().check() {
                problems.add(&key, why);
            }
            let known = numbers.iter().any(|number| number.number == schedule.from);
            problems.require(known, &key, "from is no [[number]] of ours");
            let twice = schedules[..at]
                .iter()
                .any(|earlier| earlier.name == schedule.name);
            problems.require(!twice, &key, "has the name of an earlier one");
        }
    }

    /// The plan of every number; those that name no carrier are the `usual` one's.
    ///
    /// # Errors
    /// Names the message flow that cannot be read, and why.
    pub fn plans(
        &self,
        numbers: &[Number],
        schedules: &[Schedule],
        usual: CarrierName,
    ) -> Result<Vec<(PhoneNumber, NumberPlan)>, ConfigError> {
        let ours: Vec<PhoneNumber> = numbers.iter().map(|number| number.number.clone()).collect();
        let mut allow = self.allow.clone();
        if allow.is_empty() {
            allow = ours
                .iter()
                .filter_map(destination::country)
                .map(str::to_owned)
                .collect();
            allow.sort();
            allow.dedup();
        }
        let plan = |number: &Number| {
            let replies = match &number.replies {
                Some(path) => replies(path)?,
                None => Replies::default(),
            };
            let of_it = schedules.iter().filter(|schedule| schedule.from == number.number);
            let plan = NumberPlan {
                ours: ours.clone(),
                messaging_profile: number.profile.clone().or_else(|| self.profile.clone()),
                allow: allow.clone(),
                pace: self.pace(number),
                budgets: BudgetPlan {
                    per_pair_hour: self.per_pair_hour,
                    replies_per_pair_hour: self.replies_per_pair_hour,
                    per_hour: self.per_hour,
                    per_day: self.per_day,
                },
                // Telnyx keeps no list of texts.
                searchable: number.carrier.unwrap_or(usual) == CarrierName::Twilio,
                doubt: DoubtPolicy {
                    after_ms: millis(self.in_doubt_after),
                    then: self.in_doubt,
                },
                replies,
                help: number.help.clone().map(Text::new),
                schedules: of_it.map(Schedule::plan).collect(),
            };
            Ok((number.number.clone(), plan))
        };
        numbers.iter().map(plan).collect()
    }

    fn pace(&self, number: &Number) -> Pace {
        Pace {
            per_minute: number.per_minute.unwrap_or(self.per_minute),
            in_flight: self.in_flight,
            queue: self.queue,
            useful_ms: millis(self.useful_for),
            segments: self.max_segments,
        }
    }
}

fn replies(path: &PathBuf) -> Result<Replies, ConfigError> {
    let shipped = SHIPPED.iter().find(|(name, _)| path.as_os_str() == *name);
    if let Some((_, text)) = shipped {
        return Replies::read(text).map_err(|why| ConfigError::File {
            path: path.clone(),
            why,
        });
    }
    let broken = |why: String| ConfigError::File {
        path: path.clone(),
        why,
    };
    let size = std::fs::metadata(path)
        .map_err(|error| broken(error.to_string()))?
        .len();
    if size > LARGEST_FLOW {
        return Err(broken(format!("a message flow has {LARGEST_FLOW} bytes at most")));
    }
    let text = std::fs::read_to_string(path).map_err(|error| broken(error.to_string()))?;
    Replies::read(&text).map_err(broken)
}

fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}

fn masked<S: Serializer>(number: &PhoneNumber, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(number)
}

fn all_masked<S: Serializer>(numbers: &[PhoneNumber], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(numbers.iter().map(ToString::to_string))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn every_shipped_message_flow_can_be_read_and_its_number_gets_its_country() {
        for (name, _) in SHIPPED {
            let number = Number {
                number: "+4930123456".into(),
                replies: Some(name.into()),
                help: None,
                profile: None,
                carrier: None,
                per_minute: Some(30),
            };
            let plans = Messages::default()
                .plans(&[number], &[], CarrierName::Telnyx)
                .unwrap();
            let (_, plan) = &plans[0];
            assert_eq!((plan.replies.messages.as_str(), plan.pace.per_minute), (name, 30));
            assert_eq!(plan.allow, ["+49"]);
        }
        assert!(replies(&"no-such-flow.toml".into()).is_err());
    }
}
