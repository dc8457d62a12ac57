//! SIP-level settings and commands of a leg.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A password or token on its way to the carrier. Never shown by `Debug`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// The text itself, for the carrier's request only.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(***)")
    }
}

/// One SIP header. In `sip_headers` the carrier accepts only `User-to-User`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SipHeader {
    /// Header name.
    pub name: String,
    /// Header value.
    pub value: String,
}

words! {
    /// Transport of SIPREC.
    SipTransport {
        /// UDP.
        Udp = "udp",
        /// TCP.
        Tcp = "tcp",
        /// TLS.
        Tls = "tls",
    }
}

words! {
    /// Transport of an outgoing leg to a SIP address.
    SipTransportProtocol {
        /// UDP.
        Udp = "UDP",
        /// TCP.
        Tcp = "TCP",
        /// TLS.
        Tls = "TLS",
    }
}

words! {
    /// Where an outgoing SIP leg leaves the carrier.
    SipRegion {
        /// United States.
        Us = "US",
        /// Europe.
        Europe = "Europe",
        /// Canada.
        Canada = "Canada",
        /// Australia.
        Australia = "Australia",
        /// Middle East.
        MiddleEast = "Middle East",
    }
}

words! {
    /// Encryption of an outgoing leg's media.
    MediaEncryption {
        /// None.
        Disabled = "disabled",
        /// SRTP.
        Srtp = "SRTP",
        /// DTLS.
        Dtls = "DTLS",
    }
}

words! {
    /// Whether the shown number is withheld.
    Privacy {
        /// Withheld.
        Id = "id",
        /// Shown.
        None = "none",
    }
}

parameters! {
    /// Changes the sound of a voice.
    #[derive(Default)]
    SoundModifications {}
    optional {
        /// Octaves up or down.
        octaves: f64,
        /// Pitch, above 0.
        pitch: f64,
        /// Semitones up or down.
        semitone: f64,
        /// `inbound` or `outbound` (carrier default outbound).
        track: String,
    }
}

parameters! {
    /// Parameters of `refer`: the far end is asked to call elsewhere.
    Refer {
        /// SIP URI.
        sip_address: String,
    }
    optional {
        /// Headers of the REFER.
        custom_headers: Vec<SipHeader>,
        /// `User-to-User` only.
        sip_headers: Vec<SipHeader>,
        /// User for the challenge.
        sip_auth_username: String,
        /// Password for the challenge.
        sip_auth_password: Secret,
    }
}

parameters! {
    /// Parameters of `send_sip_info`.
    SendSipInfo {
        /// Media type of the body.
        content_type: String,
        /// The body.
        body: String,
    }
    optional {}
}
