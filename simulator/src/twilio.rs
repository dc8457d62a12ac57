//! The Twilio face: REST below `/2010-04-01/Accounts`, TwiML execution, signed webhooks and status callbacks.
//!
//! One task per leg performs its documents verb by verb (`line`); what REST shows and changes is in `exchange`.
//! `world` opens the way to callers, ledger and clock. It shares no state with the Telnyx face.

pub(crate) mod conferences;
pub(crate) mod document;
pub(crate) mod exchange;
pub(crate) mod form;
pub(crate) mod line;
pub(crate) mod queues;
pub(crate) mod rest;
pub(crate) mod texts;
pub(crate) mod webhook;

/// The one account of the Twilio face.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TwilioAccount {
    /// `AC` and 32 hexadecimal digits; user name of REST and part of every path.
    pub sid: String,
    /// Password of REST and key of signatures.
    pub token: String,
    /// Where calls of callers ask for TwiML; the simulator's webhook address when absent.
    pub voice_url: Option<String>,
    /// Asked when `voice_url` gives no usable document.
    pub voice_fallback_url: Option<String>,
    /// Told about the end of every call of a caller.
    pub status_callback: Option<String>,
    /// Where texts go; the simulator's webhook address when absent.
    pub sms_url: Option<String>,
}

impl Default for TwilioAccount {
    fn default() -> Self {
        Self {
            sid: "AC00000000000000000000000000000001".to_owned(),
            token: "token-of-the-simulated-carrier".to_owned(),
            voice_url: None,
            voice_fallback_url: None,
            status_callback: None,
            sms_url: None,
        }
    }
}

impl TwilioAccount {
    /// The account of a program that has one address for everything that comes first: calls, texts, and the end of calls.
    pub fn at(url: &str) -> Self {
        let url = || Some(url.to_owned());
        Self {
            voice_url: url(),
            voice_fallback_url: url(),
            status_callback: url(),
            sms_url: url(),
            ..Self::default()
        }
    }
}

/// Which carrier the callers of a run ring through.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Face {
    /// Telnyx Call Control.
    #[default]
    Telnyx,
    /// Twilio.
    Twilio,
}
