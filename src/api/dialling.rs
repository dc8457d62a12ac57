//! Where operators may have the carrier dial to: a stolen token must not become a telephone bill.
//!
//! Filled by the wiring from `[operator]`, asked by the API before a command goes into a mailbox.

mod numbering;

use cordboard_core::command::LegAction;
use cordboard_core::{Command, PhoneNumber};

/// Targets that operators' dials and transfers may have. The default allows none.
#[derive(Clone, Debug, Default)]
pub struct Dialling {
    /// E.164 prefixes, with their `+`.
    pub prefixes: Vec<String>,
    /// Whether SIP addresses are allowed.
    pub sip: bool,
}

/// A rule that a destination breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Broken {
    /// Its name, for programs.
    pub(super) rule: &'static str,
    /// What it says, for people.
    pub(super) why: &'static str,
}

/// Longest SIP address.
const LONGEST_SIP: usize = 256;

impl Dialling {
    /// Why this command may not be issued, if it dials somewhere that is not allowed. The target itself is not named:
    /// answers are logged.
    pub(super) fn refuses(&self, command: &Command) -> Option<&'static str> {
        self.check(target(command)?).err().map(|broken| broken.why)
    }

    /// Whether operators may have this number or address called.
    pub(super) fn check(&self, to: &PhoneNumber) -> Result<(), Broken> {
        let to = to.expose();
        if to.starts_with("sip:") || to.starts_with("sips:") {
            return self.check_sip(to);
        }
        form(to)?;
        if !numbering::is_assigned(to) {
            return broken("unallocated", "the number's country code is assigned to nobody");
        }
        if !self.prefixes.iter().any(|prefix| to.starts_with(prefix.as_str())) {
            return match self.prefixes.is_empty() {
                true => broken(
                    "not_allowed",
                    "dials are off; name the prefixes that may be called: operator.dial_allow = [\"+1555\"]",
                ),
                false => broken("not_allowed", "no prefix of operator.dial_allow fits the number"),
            };
        }
        match numbering::costly(to) {
            // Who wrote the costly range itself into the settings means it; who wrote +1 does not mean +1900.
            Some((rule, range)) if !self.names(range, to) => broken(
                rule,
                "the number is in a costly range that operator.dial_allow does not name itself",
            ),
            _ => Ok(()),
        }
    }

    fn names(&self, range: &str, to: &str) -> bool {
        let named = |prefix: &String| prefix.starts_with(range) && to.starts_with(prefix.as_str());
        self.prefixes.iter().any(named)
    }

    fn check_sip(&self, to: &str) -> Result<(), Broken> {
        if !self.sip {
            return broken(
                "sip_off",
                "dials to SIP addresses are off; operator.dial_allow_sip = true allows them",
            );
        }
        let address = to.split_once(':').map_or("", |(_, address)| address);
        let (user, host) = address.split_once('@').unwrap_or_default();
        let plain = |text: &str, more: &[u8]| {
            !text.is_empty()
                && text
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || more.contains(&byte))
        };
        // No parameters, headers or escapes: they could say another destination than the one that is read.
        if to.len() > LONGEST_SIP || !plain(user, b"._-+~*") || !plain(host, b".-:[]") {
            return broken(
                "sip_form",
                "a SIP address is sip:user@host, without parameters, headers or escapes",
            );
        }
        Ok(())
    }
}

fn broken(rule: &'static str, why: &'static str) -> Result<(), Broken> {
    Err(Broken { rule, why })
}

/// `+` and 7 to 15 digits.
fn form(to: &str) -> Result<(), Broken> {
    let digits = to.strip_prefix('+').unwrap_or_default();
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return broken(
            "not_e164",
            "the target is neither a number in E.164, such as +15550100, nor a sip: address",
        );
    }
    if digits.len() < 7 {
        return broken(
            "too_short",
            "the number has fewer than 7 digits: it is none that can be called from abroad",
        );
    }
    if digits.len() > 15 {
        return broken(
            "too_long",
            "the number has more than 15 digits: there is none such",
        );
    }
    Ok(())
}

fn target(command: &Command) -> Option<&PhoneNumber> {
    match command {
        Command::Dial(dial) => Some(&dial.to),
        Command::Leg {
            action: LegAction::Transfer(transfer),
            ..
        } => Some(&transfer.to),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cordboard_core::command::catalogue::{Cast, every_command};

    /// The dial and the transfer of the catalogue, sent to `to`, are refused because of what.
    fn verdicts(dialling: &Dialling, to: &str) -> Vec<Option<&'static str>> {
        let mut cast = Cast::new("v3:leg".into(), "v3:other".into(), "c-1".into());
        cast.to = to.into();
        let all = every_command(&cast);
        let dialling_ones: Vec<_> = all.iter().filter(|command| target(command).is_some()).collect();
        assert_eq!(dialling_ones.len(), 2);
        dialling_ones
            .into_iter()
            .map(|command| dialling.refuses(command))
            .collect()
    }

    fn allowed(dialling: &Dialling, to: &str) -> bool {
        verdicts(dialling, to).iter().all(Option::is_none)
    }

    #[test]
    fn nothing_is_dialled_unless_the_configuration_says_so() {
        let nothing = Dialling::default();
        for to in ["+15550100", "sip:a@example.com", "15550100", ""] {
            assert!(verdicts(&nothing, to).iter().all(Option::is_some), "{to}");
        }
    }

    #[test]
    fn prefixes_and_sip_are_allowed_apart() {
        let some = Dialling {
            prefixes: vec!["+1555".into(), "+4930".into()],
            sip: false,
        };
        assert!(allowed(&some, "+15550100") && allowed(&some, "+4930123"));
        for to in [
            "+1900",
            "+155",
            "sip:a@example.com",
            "+15550100;ext=1",
            "tel:+15550100",
        ] {
            assert!(!allowed(&some, to), "{to}");
        }
        let sip = Dialling {
            sip: true,
            ..Dialling::default()
        };
        assert!(allowed(&sip, "sip:a@example.com") && !allowed(&sip, "+15550100"));
    }

    #[test]
    fn no_87_each_bad_destination_breaks_a_rule_of_its_own() {
        let wide = Dialling {
            prefixes: vec!["+1".into(), "+4".into(), "+8".into(), "+9".into()],
            sip: true,
        };
        for (to, rule) in [
            ("+19005550100", "premium"),
            ("+4487012345678", "premium"),
            ("+881612345678", "satellite"),
            ("+9991234567", "unallocated"),
            ("+155501", "too_short"),
            ("+1234567890123456", "too_long"),
            ("tel:+15550100", "not_e164"),
            ("+1555010\u{660}", "not_e164"),
            ("+1555 0100", "not_e164"),
            ("911", "not_e164"),
            ("+2348012345678", "not_allowed"),
            ("sip:a@b;transport=tcp", "sip_form"),
            ("sip:a@b?Replaces=x", "sip_form"),
            ("sip:a%40c@b", "sip_form"),
            ("sip:a@b@c", "sip_form"),
            ("sip:b", "sip_form"),
            ("sip:a@b\r\nX: y", "sip_form"),
        ] {
            let verdict = wide.check(&to.into());
            assert_eq!(verdict.map_err(|broken| broken.rule), Err(rule), "{to}");
        }
        for fine in [
            "+14155550100",
            "+4930123456",
            "sip:sales@example.com",
            "sip:+1555@10.0.0.1:5060",
        ] {
            assert_eq!(wide.check(&fine.into()), Ok(()), "{fine}");
        }
        let meant = Dialling {
            prefixes: vec!["+1900555".into()],
            sip: false,
        };
        assert_eq!(meant.check(&"+19005550100".into()), Ok(()), "it is named itself");
        assert_eq!(
            meant.check(&"sip:a@b".into()).map_err(|broken| broken.rule),
            Err("sip_off")
        );
    }
}
