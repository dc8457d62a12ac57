//! What a number sends by itself at a time of the day, in a zone: the forecast at seven.

use jiff::civil::Time;
use jiff::{Timestamp as Instant, ToSpan};
use serde::{Deserialize, Serialize};

use super::replies::Ask;
use crate::flow::Template;
use crate::flow::calendar;
use crate::phone::PhoneNumber;
use crate::time::Timestamp;

/// One daily text.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Schedule {
    /// Its name; part of the keys of its texts, so that no day has two.
    pub name: String,
    /// When, such as `07:00`.
    pub at: String,
    /// IANA zone, such as `Australia/Melbourne`.
    pub zone: String,
    /// Days, such as `mon-fri`; every day when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub days: Option<String>,
    /// Whom to.
    pub to: Vec<PhoneNumber>,
    /// The words; `{{ http.text }}` and the like when a program is asked first.
    pub text: Template,
    /// The program that is asked first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ask: Option<Ask>,
}

/// Most people whom one daily text goes to: all of them wait in the number's queue at once.
pub const MOST_RECEIVERS: usize = 50;

impl Schedule {
    /// Says what cannot be used.
    ///
    /// # Errors
    /// The key and what is wrong with it.
    pub fn check(&self) -> Result<(), String> {
        let named = (1..=40).contains(&self.name.len());
        let plain = self
            .name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        if !named || !plain {
            return Err("name must be 1 to 40 letters, digits or dashes".into());
        }
        time(&self.at).ok_or("at is no time of the day: write \"07:30\"")?;
        calendar::check_zone(&self.zone).map_err(|why| format!("zone {why}"))?;
        if let Some(days) = &self.days {
            calendar::days(days)?;
        }
        if self.to.is_empty() || self.to.len() > MOST_RECEIVERS {
            return Err(format!("to must list 1 to {MOST_RECEIVERS} numbers"));
        }
        match self.to.iter().position(|number| !number.is_e164()) {
            Some(at) => Err(format!(
                "number {} in to is not E.164, such as \"+15550100\"",
                at + 1
            )),
            None => Ok(()),
        }
    }

    /// The first time after `now`. In a zone's missing hour the clock's next one, as people's clocks do.
    pub fn next(&self, now: Timestamp) -> Option<Timestamp> {
        let (at, here) = (time(&self.at)?, calendar::wall_clock(now, &self.zone)?);
        let days = self.days.as_ref().and_then(|days| calendar::days(days).ok());
        // A week and a day: the same weekday again, should today's time be over.
        (0..=8).find_map(|ahead| {
            let date = here.date().checked_add(ahead.days()).ok()?;
            if days.as_ref().is_some_and(|days| !days.contains(&date.weekday())) {
                return None;
            }
            let due: Instant = date
                .to_datetime(at)
                .to_zoned(here.time_zone().clone())
                .ok()?
                .timestamp();
            let due = Timestamp::from_micros(u64::try_from(due.as_microsecond()).ok()?);
            (due > now).then_some(due)
        })
    }

    /// The date of a due time in the schedule's zone, for keys.
    pub(super) fn date(&self, due: Timestamp) -> String {
        calendar::wall_clock(due, &self.zone).map_or_else(String::new, |here| here.date().to_string())
    }
}

fn time(text: &str) -> Option<Time> {
    Time::strptime("%H:%M", text.trim()).ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn at(text: &str) -> Timestamp {
        let instant: Instant = text.parse().unwrap();
        Timestamp::from_micros(u64::try_from(instant.as_microsecond()).unwrap())
    }

    fn forecast(days: Option<&str>) -> Schedule {
        Schedule {
            name: "forecast".into(),
            at: "07:00".into(),
            zone: "Europe/Berlin".into(),
            days: days.map(Into::into),
            to: vec!["+4915112345678".into()],
            text: Template::plain("Sunny."),
            ask: None,
        }
    }

    #[test]
    fn the_time_follows_the_zone_through_its_clock_changes() {
        let daily = forecast(None);
        for (now, expected) in [
            ("2026-03-28T05:59:59Z", "2026-03-28T06:00:00Z"),
            ("2026-03-28T06:00:00Z", "2026-03-29T05:00:00Z"),
            ("2026-10-24T05:00:00Z", "2026-10-25T06:00:00Z"),
        ] {
            assert_eq!(daily.next(at(now)), Some(at(expected)), "{now}");
        }
        let workdays = forecast(Some("mon-fri"));
        assert_eq!(
            workdays.next(at("2026-11-20T06:00:00Z")),
            Some(at("2026-11-23T06:00:00Z"))
        );
        assert_eq!(daily.date(at("2026-11-20T06:00:00Z")), "2026-11-20");
        assert!(forecast(Some("someday")).check().is_err());
        assert_eq!(workdays.check(), Ok(()));
    }
}
