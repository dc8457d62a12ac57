//! `branch`: the first case that holds says where the call goes on. Time comes in, nothing else is looked at.

// The rule that uses them comes with the interpreter.
#[allow(dead_code)]
pub(crate) mod calendar;
#[allow(dead_code)]
mod region;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::kind::{Complaints, Settings, WayOut};
use super::template::{self, Template};

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
