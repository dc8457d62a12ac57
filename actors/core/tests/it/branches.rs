//! Opening hours, closures, lists of callers and regions: which way a caller takes, when.

use cordboard_core::Timestamp;

use crate::flow_script::Script;

/// Whether the case holds for this caller at this moment, given as UTC.
fn holds(case: &str, zone: &str, at: &str, caller: &str) -> bool {
    let flow = format!(
        "flow = \"b\"\nstart = \"b\"\n[step.b]\ndo = \"branch\"\nzone = \"{zone}\"\n\
         cases = [{{ then = \"yes\", {case} }}]\non = {{ yes = \"yes\", otherwise = \"no\" }}\n\
         [step.yes]\ndo = \"hangup\"\n[step.no]\ndo = \"reject\"\n"
    );
    let mut script = Script::of(&flow);
    let at: jiff::Timestamp = at.parse().unwrap();
    script.world.now = Timestamp::from_millis(u64::try_from(at.as_millisecond()).unwrap());
    script.world.ring_from(0, caller.into());
    script.world.run_in_order();
    let told = script.way().join(" ");
    match told.as_str() {
        "b:yes yes:hangup" => true,
        "b:otherwise no:reject" => false,
        other => panic!("{case}: {other}"),
    }
}

const CALLER: &str = "+14155550123";

#[test]
fn opening_hours_hold_to_the_minute_of_their_zone() {
    let office = "days = \"mon-fri\", hours = \"09:00-12:30, 13:30-17:00\"";
    for (zone, at, open) in [
        // Friday, 6 March 2026: New York is five hours behind.
        ("America/New_York", "2026-03-06T13:59:59Z", false),
        ("America/New_York", "2026-03-06T14:00:00Z", true),
        ("America/New_York", "2026-03-06T17:29:59Z", true),
        ("America/New_York", "2026-03-06T17:30:00Z", false),
        ("America/New_York", "2026-03-06T18:30:00Z", true),
        ("America/New_York", "2026-03-06T21:59:59Z", true),
        ("America/New_York", "2026-03-06T22:00:00Z", false),
        // Monday after its clocks went forward: four hours.
        ("America/New_York", "2026-03-09T12:59:59Z", false),
        ("America/New_York", "2026-03-09T13:00:00Z", true),
        // Sunday there, Monday in Melbourne.
        ("America/New_York", "2026-03-08T22:30:00Z", false),
        ("Australia/Melbourne", "2026-03-08T22:30:00Z", true),
        ("Asia/Kathmandu", "2026-03-09T03:14:59Z", false),
        ("Asia/Kathmandu", "2026-03-09T03:15:00Z", true),
    ] {
        assert_eq!(holds(office, zone, at, CALLER), open, "{zone} {at}");
    }
}

#[test]
fn hours_past_midnight_and_to_its_end_hold_on_both_sides() {
    for (hours, at, open) in [
        ("22:00-06:00", "2026-03-06T21:59:59Z", false),
        ("22:00-06:00", "2026-03-06T22:00:00Z", true),
        ("22:00-06:00", "2026-03-07T05:59:59Z", true),
        ("22:00-06:00", "2026-03-07T06:00:00Z", false),
        ("17:00-24:00", "2026-03-06T23:59:59Z", true),
        ("17:00-24:00", "2026-03-07T00:00:00Z", false),
        ("00:00-24:00", "2026-03-07T00:00:00Z", true),
    ] {
        let case = format!("hours = \"{hours}\"");
        assert_eq!(holds(&case, "UTC", at, CALLER), open, "{hours} {at}");
    }
    for (days, at, open) in [
        ("fri-mon", "2026-03-06T12:00:00Z", true),
        ("fri-mon", "2026-03-09T12:00:00Z", true),
        ("fri-mon", "2026-03-10T12:00:00Z", false),
        ("sat, sun", "2026-03-07T12:00:00Z", true),
        ("sat, sun", "2026-03-06T12:00:00Z", false),
    ] {
        let case = format!("days = \"{days}\"");
        assert_eq!(holds(&case, "UTC", at, CALLER), open, "{days} {at}");
    }
}

#[test]
fn a_closure_counts_its_first_and_its_last_day_in_its_zone() {
    let closure = "dates = [\"2026-12-24..2027-01-04\", \"2026-03-06\"]";
    for (at, closed) in [
        // Melbourne is eleven hours ahead in summer.
        ("2026-12-23T12:59:59Z", false),
        ("2026-12-23T13:00:00Z", true),
        ("2027-01-04T12:59:59Z", true),
        ("2027-01-04T13:00:00Z", false),
        ("2026-03-05T13:00:00Z", true),
        ("2026-03-06T13:00:00Z", false),
    ] {
        assert_eq!(holds(closure, "Australia/Melbourne", at, CALLER), closed, "{at}");
    }
}

#[test]
fn lists_of_callers_name_numbers_beginnings_and_those_without() {
    let list = "callers = [\"+14155550123\", \"+4930*\", \"anonymous\"]";
    for (caller, listed) in [
        ("+14155550123", true),
        ("+14155550124", false),
        ("+141555501234", false),
        ("+493012345", true),
        ("+4931012345", false),
        ("anonymous", true),
        ("", true),
        ("Restricted", true),
        ("sip:someone@example.com", false),
    ] {
        assert_eq!(
            holds(list, "UTC", "2026-03-06T12:00:00Z", caller),
            listed,
            "{caller}"
        );
    }
}

#[test]
fn regions_are_those_of_the_callers_number() {
    for (case, caller, inside) in [
        ("countries = [\"US\", \"DE\"]", "+14155550123", true),
        ("countries = [\"US\", \"DE\"]", "+4930123456", true),
        ("countries = [\"US\", \"DE\"]", "+61391234567", false),
        ("countries = [\"US\"]", "+16135550123", false),
        ("countries = [\"CA\"]", "+16135550123", true),
        ("countries = [\"US\"]", "anonymous", false),
        ("area_codes = [\"415\"]", "+14155550123", true),
        ("area_codes = [\"415\"]", "+12025550123", false),
        ("area_codes = [\"415\"]", "+4154155501234", false),
        ("area_codes = [\"415\"]", "anonymous", false),
        (
            "area_codes = [\"415\"], callers = [\"+1415*\"]",
            "+14155550123",
            true,
        ),
        (
            "area_codes = [\"415\"], callers = [\"+1202*\"]",
            "+14155550123",
            false,
        ),
    ] {
        assert_eq!(
            holds(case, "UTC", "2026-03-06T12:00:00Z", caller),
            inside,
            "{case} {caller}"
        );
    }
}
