//! Where operators may have the carrier dial to: a stolen token must not become a telephone bill.
//!
//! Filled by the wiring from `[operator]`, asked by the API before a command goes into a mailbox.

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

impl Dialling {
    /// Why this command may not be issued, if it dials somewhere that is not allowed. The target itself is not named:
    /// answers are logged.
    pub(super) fn refuses(&self, command: &Command) -> Option<&'static str> {
        let to = target(command)?.expose();
        if to.starts_with("sip:") || to.starts_with("sips:") {
            return (!self.sip)
                .then_some("dials to SIP addresses are off; operator.dial_allow_sip = true allows them");
        }
        let plain = to
            .strip_prefix('+')
            .is_some_and(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()));
        if !plain {
            return Some("the target is neither a number in E.164, such as +15550100, nor a sip: address");
        }
        let allowed = self.prefixes.iter().any(|prefix| to.starts_with(prefix.as_str()));
        match (allowed, self.prefixes.is_empty()) {
            (true, _) => None,
            (false, true) => {
                Some("dials are off; name the prefixes that may be called: operator.dial_allow = [\"+1555\"]")
            }
            (false, false) => Some("no prefix of operator.dial_allow fits the number"),
        }
    }
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
}
