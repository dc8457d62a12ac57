//! `branch`: the first case that holds says where the call goes on. Time comes in, nothing else is looked at.

pub(crate) mod calendar;
mod region;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::kind::{Complaints, Settings, WayOut};
use super::numbers;
use super::rule::{Next, Nothing, Rule};
use super::template::{self, Template};
use crate::call::Stage;
use crate::phone::PhoneNumber;
use crate::time::Timestamp;

/// Settings of a `branch` step.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Branch {
    /// In order; the first that holds is taken.
    pub cases: Vec<Case>,
    /// IANA name of the time zone of days, hours and dates, such as `Europe/Berlin`.
    #[serde(default = "utc")]
    pub zone: String,
}

/// One case. Every condition that it states must hold; one without conditions always holds.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Case {
    /// The outcome.
    pub then: String,
    /// An expression over the call's variables, such as `digits == "1"`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub when: Option<String>,
    /// Days of the week, such as `mon-fri` or `sat, sun`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub days: Option<String>,
    /// Hours of the day, such as `09:00-17:30`, several with commas; `22:00-06:00` goes past midnight.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hours: Option<String>,
    /// Dates, such as `2026-12-24` or `2026-12-24..2027-01-02`; the last day counts.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub dates: Vec<String>,
    /// Callers: whole numbers, or beginnings that end with `*`; `anonymous` for those without a number.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub callers: Vec<String>,
    /// Countries of the caller's number, such as `US` or `DE`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub countries: Vec<String>,
    /// Area codes of a North American caller, such as `415`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub area_codes: Vec<String>,
    /// A text that comes out as a number which can be called.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub callable: Option<Template>,
}

fn utc() -> String {
    "UTC".into()
}

impl Settings for Branch {
    type Progress = Nothing;

    const NAME: &'static str = "branch";
    const SUMMARY: &'static str =
        "Takes the first case that holds: conditions on variables, opening hours, callers, regions.";
    const OUTCOMES: &'static [WayOut] = &[WayOut::on(
        "otherwise",
        "No case holds, or the one that does is not in `on`.",
    )];
    const NEEDS_ANSWER: bool = false;
    const FREE_OUTCOMES: bool = true;

    fn check(&self, complaints: &mut Complaints) {
        complaints.require(
            !self.cases.is_empty(),
            "cases",
            "is empty: there is nothing to choose",
        );
        if let Err(what) = calendar::check_zone(&self.zone) {
            complaints.add("zone", what);
        }
        for case in &self.cases {
            case.check(complaints);
        }
    }

    fn own_outcomes(&self) -> Vec<String> {
        self.cases.iter().map(|case| case.then.clone()).collect()
    }

    fn templates(&self) -> Vec<(&'static str, &Template)> {
        self.cases
            .iter()
            .filter_map(|case| Some(("cases", case.callable.as_ref()?)))
            .collect()
    }
}

impl Case {
    fn check(&self, complaints: &mut Complaints) {
        complaints.require(
            !self.then.is_empty(),
            "cases",
            "a case has no `then`: it names the outcome",
        );
        if let Some(Err(what)) = self.when.as_deref().map(template::check_condition) {
            complaints.add("cases", what);
        }
        if let Some(Err(what)) = self.days.as_deref().map(|days| calendar::days(days).map(drop)) {
            complaints.add("cases", what);
        }
        if let Some(Err(what)) = self
            .hours
            .as_deref()
            .map(|hours| calendar::hours(hours).map(drop))
        {
            complaints.add("cases", what);
        }
        for dates in &self.dates {
            if let Err(what) = calendar::dates(dates) {
                complaints.add("cases", what);
            }
        }
        for country in &self.countries {
            if let Err(what) = region::check_country(country) {
                complaints.add("cases", what);
            }
        }
        let area = |code: &String| code.len() == 3 && code.bytes().all(|digit| digit.is_ascii_digit());
        complaints.require(
            self.area_codes.iter().all(area),
            "cases",
            "an area code is three digits, such as \"415\"",
        );
    }
}

impl Rule for Branch {
    fn enter(&self, _: &mut Nothing, stage: &mut Stage<'_>) -> Next {
        let holds = |case: &&Case| case.holds(&self.zone, stage);
        let taken = self.cases.iter().find(holds);
        Next::done(taken.map_or("otherwise", |case| case.then.as_str()))
    }
}

impl Case {
    /// Whether every condition that it states holds. One that cannot be judged does not.
    fn holds(&self, zone: &str, stage: &Stage<'_>) -> bool {
        let condition = self
            .when
            .as_deref()
            .is_none_or(|when| template::holds(when, &stage.variables()));
        let number = || numbers::callable(&stage.text(self.callable.as_ref()?)?, stage.our_number());
        condition
            && (self.callable.is_none() || number().is_some())
            && self.time_holds(zone, stage.now())
            && self.caller_holds(stage.their_number())
    }

    fn time_holds(&self, zone: &str, now: Timestamp) -> bool {
        if self.days.is_none() && self.hours.is_none() && self.dates.is_empty() {
            return true;
        }
        let Some(wall) = calendar::wall_clock(now, zone) else {
            return false;
        };
        let day = |text: &str| calendar::days(text).is_ok_and(|days| days.contains(&wall.weekday()));
        let hour = |text: &str| {
            calendar::hours(text)
                .is_ok_and(|all| all.into_iter().any(|span| calendar::within(wall.time(), span)))
        };
        let date = |text: &String| {
            calendar::dates(text).is_ok_and(|(first, last)| (first..=last).contains(&wall.date()))
        };
        self.days.as_deref().is_none_or(day)
            && self.hours.as_deref().is_none_or(hour)
            && (self.dates.is_empty() || self.dates.iter().any(date))
    }

    fn caller_holds(&self, caller: Option<&PhoneNumber>) -> bool {
        let known = caller.filter(|caller| caller.is_e164() || caller.expose().starts_with("sip"));
        let listed = |wanted: &String| match (known, wanted.strip_suffix('*')) {
            (None, _) => wanted == "anonymous",
            (Some(caller), Some(beginning)) => caller.expose().starts_with(beginning),
            (Some(caller), None) => caller.expose() == wanted,
        };
        let country = |code: &String| {
            let own = known.and_then(numbers::country);
            own.is_some() && own == region::country(code)
        };
        let area = |code: &String| known.and_then(numbers::area_code).as_ref() == Some(code);
        (self.callers.is_empty() || self.callers.iter().any(listed))
            && (self.countries.is_empty() || self.countries.iter().any(country))
            && (self.area_codes.is_empty() || self.area_codes.iter().any(area))
    }
}
