//! Sending a leg's media elsewhere: websocket streams, forks, SIPREC.

use serde::{Deserialize, Serialize};

use super::media::TargetLegs;
use super::sip::{Secret, SipTransport};

words! {
    /// Which side's media goes out.
    StreamTrack {
        /// What the far end says.
        Inbound = "inbound_track",
        /// What the far end hears.
        Outbound = "outbound_track",
        /// Both.
        Both = "both_tracks",
    }
}

words! {
    /// Codec of a stream.
    StreamCodec {
        /// G.711 mu-law.
        Pcmu = "PCMU",
        /// G.711 A-law.
        Pcma = "PCMA",
        /// G.722.
        G722 = "G722",
        /// Opus.
        Opus = "OPUS",
        /// AMR wide-band.
        AmrWb = "AMR-WB",
        /// Linear 16 bit.
        L16 = "L16",
        /// The leg's own; not for the way back.
        Default = "default",
    }
}

words! {
    /// How media comes back over a stream.
    BidirectionalMode {
        /// Whole MP3 files.
        Mp3 = "mp3",
        /// RTP payloads.
        Rtp = "rtp",
    }
}

parameters! {
    /// A websocket stream; part of answer and dial, and the body of `streaming_start`.
    Stream {
        /// `wss://` address to which the carrier connects.
        url: String,
    }
    optional {
        /// Carrier default the inbound track.
        track: StreamTrack,
        /// Carrier default the leg's own.
        codec: StreamCodec,
        /// Carrier default mp3.
        bidirectional_mode: BidirectionalMode,
        /// Carrier default PCMU.
        bidirectional_codec: StreamCodec,
        /// 8000, 16000, 22050, 24000 or 48000 Hz (carrier default 8000); not known to `answer`.
        bidirectional_sampling_rate: u32,
        /// Who hears what comes back (carrier default opposite).
        bidirectional_target_legs: TargetLegs,
        /// Sent to the websocket's host; not known to `answer`.
        auth_token: Secret,
        /// Connects before the far end rings; known to dial only.
        establish_before_call_originate: bool,
    }
}

/// A named value that the carrier repeats at the start of a stream.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StreamParameter {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: String,
}

parameters! {
    /// Parameters of `streaming_start`. One stream or fork per leg.
    StreamingStart {
        /// The stream.
        stream: Stream,
    }
    optional {
        /// Repeated in the stream's start message.
        custom_parameters: Vec<StreamParameter>,
        /// Hands the stream to Dialogflow.
        enable_dialogflow: bool,
    }
}

parameters! {
    /// Parameters of `streaming_stop`.
    #[derive(Default)]
    StreamingStop {}
    optional {
        /// The stream; none named means all.
        stream_id: String,
    }
}

words! {
    /// What a fork sends.
    ForkMedia {
        /// As it comes from the wire.
        Raw = "raw",
        /// After decryption.
        Decrypted = "decrypted",
    }
}

parameters! {
    /// Parameters of `fork_start`.
    #[derive(Default)]
    ForkStart {}
    optional {
        /// Where the far end's media goes, `udp:<ip>:<port>`.
        rx: String,
        /// Where the media towards the far end goes.
        tx: String,
        /// Only `decrypted` is accepted.
        stream_type: ForkMedia,
    }
}

parameters! {
    /// Parameters of `fork_stop`.
    #[derive(Default)]
    ForkStop {}
    optional {
        /// Carrier default raw.
        stream_type: ForkMedia,
    }
}

parameters! {
    /// Parameters of `siprec_start`.
    #[derive(Default)]
    SiprecStart {}
    optional {
        /// The connector stored at the carrier.
        connector_name: String,
        /// Custom headers go into the metadata.
        include_metadata_custom_headers: bool,
        /// SRTP and TLS.
        secure: bool,
        /// Session timer (carrier default 1800).
        session_timeout_secs: u32,
        /// Carrier default udp.
        sip_transport: SipTransport,
        /// Carrier default both tracks.
        siprec_track: StreamTrack,
    }
}

parameters! {
    /// Parameters of `siprec_stop`.
    #[derive(Default)]
    SiprecStop {}
    optional {}
}
