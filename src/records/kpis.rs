//! The figures that a contact centre is led by, as the operator API and the command line show them. No number, digit
//! or text of a caller is among them.

use serde::Serialize;
use utoipa::ToSchema;

/// Figures of a span of days.
#[derive(Clone, Debug, Default, PartialEq, Serialize, ToSchema)]
pub struct Kpis {
    /// The first day of the span, UTC.
    pub since: String,
    /// Calls that began.
    pub calls: i64,
    /// Calls that were answered.
    pub answered: i64,
    /// Calls whose caller chose something in a menu.
    pub with_choice: i64,
    /// `with_choice / calls`, three decimals; 0 without calls.
    pub selection_rate: f64,
    /// Who was transferred.
    pub transfers: Transfers,
    /// Per day and flow, oldest first.
    pub days: Vec<KpisOfDay>,
    /// What was chosen.
    pub choices: Vec<Choices>,
}

/// Transfers and dials made for callers.
#[derive(Clone, Debug, Default, PartialEq, Serialize, ToSchema)]
pub struct Transfers {
    /// Targets tried.
    pub tried: i64,
    /// Targets that the caller was bridged to.
    pub bridged: i64,
    /// `bridged / tried`, three decimals; 0 when none was tried.
    pub success: f64,
    /// From the beginning of the call to its first bridge, the mean in milliseconds; `null` when there was none.
    pub mean_time_to_transfer_ms: Option<i64>,
}

/// Figures of one day and one flow.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct KpisOfDay {
    /// `2026-11-21`, UTC.
    pub day: String,
    /// The flow; `null` for calls that no route took.
    pub flow: Option<String>,
    /// Calls that began.
    pub calls: i64,
    /// Calls that were answered.
    pub answered: i64,
    /// Calls whose caller chose something in a menu.
    pub with_choice: i64,
    /// Targets tried.
    pub transfers_tried: i64,
    /// Targets that the caller was bridged to.
    pub transfers_bridged: i64,
    /// As [`Transfers::mean_time_to_transfer_ms`].
    pub mean_time_to_transfer_ms: Option<i64>,
}

/// How often something was chosen.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Choices {
    /// The flow.
    pub flow: Option<String>,
    /// The step that asked.
    pub step: String,
    /// The key.
    pub choice: String,
    /// How often.
    pub times: i64,
}

impl Kpis {
    /// Sums days up; `transferred` is how many calls were, and the milliseconds that they took to be, all together.
    pub(super) fn of(
        since: String,
        days: Vec<KpisOfDay>,
        choices: Vec<Choices>,
        transferred: (i64, i64),
    ) -> Self {
        let sum = |figure: fn(&KpisOfDay) -> i64| days.iter().map(figure).sum::<i64>();
        let (calls, with_choice) = (sum(|day| day.calls), sum(|day| day.with_choice));
        let (tried, bridged) = (sum(|day| day.transfers_tried), sum(|day| day.transfers_bridged));
        let (count, all_ms) = transferred;
        Self {
            since,
            calls,
            answered: sum(|day| day.answered),
            with_choice,
            selection_rate: rate(with_choice, calls),
            transfers: Transfers {
                tried,
                bridged,
                success: rate(bridged, tried),
                mean_time_to_transfer_ms: all_ms.checked_div(count),
            },
            days,
            choices,
        }
    }
}

/// Three decimals; 0 of 0 is 0.
fn rate(part: i64, whole: i64) -> f64 {
    if whole == 0 {
        return 0.0;
    }
    (part as f64 / whole as f64 * 1_000.0).round() / 1_000.0
}
