//! Days, hours and dates of a time zone, from the embedded database: the machine's own files are never read.

use std::sync::OnceLock;

use jiff::civil::{Date, Time, Weekday};
use jiff::tz::{TimeZone, TimeZoneDatabase};
use jiff::{Timestamp as Instant, Zoned};

use crate::time::Timestamp;

fn database() -> &'static TimeZoneDatabase {
    static DATABASE: OnceLock<TimeZoneDatabase> = OnceLock::new();
    DATABASE.get_or_init(TimeZoneDatabase::bundled)
}

fn zone(name: &str) -> Option<TimeZone> {
    database().get(name).ok()
}

pub(crate) fn check_zone(name: &str) -> Result<(), String> {
    let why = "is no time zone of the IANA database, such as \"Europe/Berlin\" or \"America/New_York\"";
    zone(name).map(drop).ok_or_else(|| why.to_owned())
}

/// The wall clock of a zone.
pub(crate) fn wall_clock(now: Timestamp, name: &str) -> Option<Zoned> {
    let micros = i64::try_from(now.as_micros()).ok()?;
    Some(Instant::from_microsecond(micros).ok()?.to_zoned(zone(name)?))
}

const DAYS: [(&str, Weekday); 7] = [
    ("mon", Weekday::Monday),
    ("tue", Weekday::Tuesday),
    ("wed", Weekday::Wednesday),
    ("thu", Weekday::Thursday),
    ("fri", Weekday::Friday),
    ("sat", Weekday::Saturday),
    ("sun", Weekday::Sunday),
];

/// Reads `mon-fri, sun`.
pub(crate) fn days(text: &str) -> Result<Vec<Weekday>, String> {
    let why = || format!("\"{text}\" are no days: write \"mon-fri\" or \"sat, sun\"");
    let place = |word: &str| {
        DAYS.iter()
            .position(|(name, _)| *name == word.trim().to_lowercase())
    };
    let mut all = Vec::new();
    for part in text.split(',') {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let (first, last) = (place(first).ok_or_else(why)?, place(last).ok_or_else(why)?);
        // `fri-mon` goes over the week's end.
        let length = (last + 7 - first) % 7 + 1;
        all.extend((0..length).map(|step| DAYS[(first + step) % 7].1));
    }
    Ok(all)
}

/// Reads `09:00-12:30, 13:30-17:00`; the end does not count, and `24:00` is one.
pub(super) fn hours(text: &str) -> Result<Vec<(Time, Option<Time>)>, String> {
    let why = || format!("\"{text}\" are no hours: write \"09:00-17:30\"");
    let read = |word: &str| Time::strptime("%H:%M", word.trim()).map_err(|_| why());
    let mut all = Vec::new();
    for part in text.split(',') {
        let (from, to) = part.split_once('-').ok_or_else(why)?;
        let to = match to.trim() {
            "24:00" => None,
            word => Some(read(word)?),
        };
        all.push((read(from)?, to));
    }
    Ok(all)
}

/// Reads `2026-12-24` or `2026-12-24..2027-01-02`.
pub(super) fn dates(text: &str) -> Result<(Date, Date), String> {
    let why = || format!("\"{text}\" is no date: write \"2026-12-24\" or \"2026-12-24..2027-01-02\"");
    let (first, last) = text.split_once("..").unwrap_or((text, text));
    let read = |word: &str| word.trim().parse::<Date>().map_err(|_| why());
    let (first, last) = (read(first)?, read(last)?);
    match first <= last {
        true => Ok((first, last)),
        false => Err(format!("\"{text}\" ends before it begins")),
    }
}

/// Whether a time lies within `from..to`, past midnight when `to` is not later than `from`.
pub(super) fn within(time: Time, (from, to): (Time, Option<Time>)) -> bool {
    match to {
        None => from <= time,
        Some(to) if from < to => from <= time && time < to,
        Some(to) => from <= time || time < to,
    }
}
