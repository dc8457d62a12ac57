//! The chaos profiles: how often which fault is injected, and the draw for one webhook or one request.
//!
//! Pure. The world asks here before it sends a webhook, the HTTP door before it executes a request.
//! Process faults (kill, stop) are not here: the simulator cannot and must not touch other programs.

use std::str::FromStr;
use std::time::Duration;

use rand::RngExt;

use crate::dice::Dice;

/// How unkind the carrier is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Profile {
    /// No faults; webhooks take up to 50 ms.
    #[default]
    Calm,
    /// What a bad day at a real carrier looks like.
    BadDay,
    /// Far worse than life.
    Hell,
    /// Calm, but for a while nothing gets through in either direction.
    Outage,
}

/// When an outage begins, counted from the first ring: some calls are up by then, others are on their way.
pub const OUTAGE_BEGINS: Duration = Duration::from_secs(2);
/// How long an outage lasts: longer than the carrier retries a webhook.
pub const OUTAGE_LASTS: Duration = Duration::from_secs(90);

/// A profile name that does not exist.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("unknown chaos profile `{0}`: use calm, bad-day, hell or outage")]
pub struct UnknownProfile(pub String);

impl FromStr for Profile {
    type Err = UnknownProfile;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        match name {
            "calm" => Ok(Self::Calm),
            "bad-day" => Ok(Self::BadDay),
            "hell" => Ok(Self::Hell),
            "outage" => Ok(Self::Outage),
            other => Err(UnknownProfile(other.to_owned())),
        }
    }
}

impl std::fmt::Display for Profile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Calm => "calm",
            Self::BadDay => "bad-day",
            Self::Hell => "hell",
            Self::Outage => "outage",
        })
    }
}

impl Profile {
    /// The rates of this profile.
    pub const fn rates(self) -> &'static Rates {
        match self {
            Self::Calm | Self::Outage => &CALM,
            Self::BadDay => &BAD_DAY,
            Self::Hell => &HELL,
        }
    }

    /// How long a caller waits for the goal before giving up: long enough that a right program
    /// gets there although webhooks are late and first attempts fail.
    pub const fn patience(self) -> Duration {
        match self {
            Self::Calm => Duration::from_secs(20),
            Self::BadDay => Duration::from_secs(45),
            Self::Hell | Self::Outage => Duration::from_secs(240),
        }
    }

    /// Whether the carrier is out of reach this long after the first ring.
    pub fn is_out(self, since_first: Duration) -> bool {
        self == Self::Outage && (OUTAGE_BEGINS..OUTAGE_BEGINS + OUTAGE_LASTS).contains(&since_first)
    }
}

/// Shares (0..1) of webhooks and requests that meet a fault.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rates {
    /// Webhooks delivered twice.
    pub duplicate: f64,
    /// Webhooks held back so that later ones overtake them.
    pub reorder: f64,
    /// Webhooks whose first attempt is lost.
    pub drop: f64,
    /// Webhooks that never arrive.
    pub never: f64,
    /// Longest ordinary delay of a webhook; uniform from 0.
    pub delay_max: Duration,
    /// Longest time a reordered webhook is held back on top of its delay.
    pub hold_back_max: Duration,
    /// Requests answered 5xx.
    pub server_error: f64,
    /// Share of those that took effect all the same.
    pub server_error_effect: f64,
    /// Requests answered 429.
    pub rate_limited: f64,
    /// Requests that took effect and are never answered.
    pub timeout_effect: f64,
    /// Requests that had no effect and are never answered.
    pub timeout: f64,
}

const CALM: Rates = Rates {
    duplicate: 0.0,
    reorder: 0.0,
    drop: 0.0,
    never: 0.0,
    delay_max: Duration::from_millis(50),
    hold_back_max: Duration::ZERO,
    server_error: 0.0,
    server_error_effect: 0.0,
    rate_limited: 0.0,
    timeout_effect: 0.0,
    timeout: 0.0,
};

const BAD_DAY: Rates = Rates {
    duplicate: 0.05,
    reorder: 0.05,
    drop: 0.02,
    never: 0.005,
    delay_max: Duration::from_secs(3),
    hold_back_max: Duration::from_secs(4),
    server_error: 0.03,
    server_error_effect: 1.0 / 3.0,
    rate_limited: 0.01,
    timeout_effect: 0.01,
    timeout: 0.01,
};

const HELL: Rates = Rates {
    duplicate: 0.30,
    reorder: 0.50,
    drop: 0.20,
    never: 0.05,
    delay_max: Duration::from_secs(60),
    hold_back_max: Duration::from_secs(20),
    server_error: 0.20,
    server_error_effect: 0.5,
    rate_limited: 0.10,
    timeout_effect: 0.10,
    timeout: 0.10,
};

/// Every kind of fault that is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Fault {
    /// A webhook was delivered a second time.
    WebhookDuplicate,
    /// A webhook was held back behind later ones.
    WebhookReorder,
    /// The first attempt of a webhook was lost.
    WebhookDrop,
    /// A webhook was never delivered.
    WebhookNever,
    /// 5xx without an effect.
    ServerError,
    /// 5xx although the command took effect.
    ServerErrorEffect,
    /// 429.
    RateLimited,
    /// No answer, no effect.
    Timeout,
    /// No answer although the command took effect.
    TimeoutEffect,
    /// A delivery attempt fell into an outage.
    OutageWebhook,
    /// A request fell into an outage.
    OutageRequest,
}

impl Fault {
    /// Name in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::WebhookDuplicate => "webhook_duplicate",
            Self::WebhookReorder => "webhook_reorder",
            Self::WebhookDrop => "webhook_drop",
            Self::WebhookNever => "webhook_never",
            Self::ServerError => "http_5xx",
            Self::ServerErrorEffect => "http_5xx_effect",
            Self::RateLimited => "http_429",
            Self::Timeout => "http_timeout",
            Self::TimeoutEffect => "http_timeout_effect",
            Self::OutageWebhook => "outage_webhook",
            Self::OutageRequest => "outage_request",
        }
    }

    /// Whether a caller who failed may blame it. A repeated or overtaken webhook must never cost a
    /// call; what such a fault costs in time is accounted for as delay.
    pub const fn explains_failure(self) -> bool {
        !matches!(
            self,
            Self::WebhookDuplicate | Self::WebhookReorder | Self::WebhookDrop
        )
    }
}

/// What happens to one webhook.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct WebhookFate {
    /// It never leaves.
    pub never: bool,
    /// The first attempt is lost on the way.
    pub drop: bool,
    /// A second delivery starts this long after the first.
    pub duplicate_after: Option<Duration>,
    /// Ordinary delay.
    pub delay: Duration,
    /// Extra delay that lets later webhooks overtake this one.
    pub hold_back: Option<Duration>,
}

/// What happens to one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RequestFate {
    /// Executed and answered.
    Normal,
    /// Answered 5xx; `effect` says whether it was executed.
    ServerError {
        /// Executed all the same.
        effect: bool,
    },
    /// Answered 429, not executed.
    RateLimited,
    /// Never answered; `effect` says whether it was executed.
    Withheld {
        /// Executed all the same.
        effect: bool,
    },
}

impl RequestFate {
    /// The fault to count, if any.
    pub const fn fault(self) -> Option<Fault> {
        match self {
            Self::Normal => None,
            Self::ServerError { effect: true } => Some(Fault::ServerErrorEffect),
            Self::ServerError { effect: false } => Some(Fault::ServerError),
            Self::RateLimited => Some(Fault::RateLimited),
            Self::Withheld { effect: true } => Some(Fault::TimeoutEffect),
            Self::Withheld { effect: false } => Some(Fault::Timeout),
        }
    }
}

impl Rates {
    /// Draws the fate of the `index`-th webhook of the entity `key`.
    pub fn webhook(&self, dice: Dice, key: &str, index: u32) -> WebhookFate {
        let mut rng = dice.stream(&["webhook", key, &index.to_string()]);
        // All draws are made every time, so one fault never shifts the others.
        let never = rng.random_bool(self.never);
        let drop = rng.random_bool(self.drop);
        let duplicate = rng.random_bool(self.duplicate);
        let reorder = rng.random_bool(self.reorder);
        let delay = self.delay_max.mul_f64(rng.random::<f64>());
        let duplicate_after = Duration::from_millis(rng.random_range(0..=1_000));
        // Never shorter than a quarter: a hold-back of nothing would reorder nothing.
        let hold_back = self.hold_back_max.mul_f64(0.25 + 0.75 * rng.random::<f64>());
        WebhookFate {
            never,
            drop: drop && !never,
            duplicate_after: (duplicate && !never).then_some(duplicate_after),
            delay,
            hold_back: (reorder && !never).then_some(hold_back),
        }
    }

    /// Draws the fate of the `index`-th request `verb` for the entity `key`.
    pub fn request(&self, dice: Dice, key: &str, verb: &str, index: u32) -> RequestFate {
        let mut rng = dice.stream(&["request", key, verb, &index.to_string()]);
        let mut draw: f64 = rng.random();
        let effect = rng.random_bool(self.server_error_effect);
        let mut below = |share: f64| {
            let hit = draw < share;
            draw -= share;
            hit
        };
        if below(self.server_error) {
            RequestFate::ServerError { effect }
        } else if below(self.rate_limited) {
            RequestFate::RateLimited
        } else if below(self.timeout_effect) {
            RequestFate::Withheld { effect: true }
        } else if below(self.timeout) {
            RequestFate::Withheld { effect: false }
        } else {
            RequestFate::Normal
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const DRAWS: u32 = 20_000;
    const SEED: u64 = 11;

    #[track_caller]
    fn close(what: &str, hits: u32, share: f64) {
        let seen = f64::from(hits) / f64::from(DRAWS);
        // Five standard deviations: a false alarm needs a broken draw, not bad luck.
        let room = 5.0 * (share * (1.0 - share) / f64::from(DRAWS)).sqrt();
        assert!(
            (seen - share).abs() <= room,
            "{what}: {seen} instead of {share} (seed {SEED})"
        );
    }

    #[test]
    fn webhook_faults_converge_to_the_table() {
        for profile in [Profile::BadDay, Profile::Hell] {
            let rates = profile.rates();
            let dice = Dice::new(SEED);
            let fates: Vec<_> = (0..DRAWS).map(|i| rates.webhook(dice, "leg", i)).collect();
            let count = |f: fn(&WebhookFate) -> bool| fates.iter().filter(|x| f(x)).count() as u32;
            close("never", count(|x| x.never), rates.never);
            close("drop", count(|x| x.drop), rates.drop * (1.0 - rates.never));
            close(
                "dup",
                count(|x| x.duplicate_after.is_some()),
                rates.duplicate * (1.0 - rates.never),
            );
            close(
                "reorder",
                count(|x| x.hold_back.is_some()),
                rates.reorder * (1.0 - rates.never),
            );
            assert!(fates.iter().all(|x| x.delay <= rates.delay_max));
        }
    }

    #[test]
    fn request_faults_converge_to_the_table() {
        for profile in [Profile::BadDay, Profile::Hell] {
            let rates = profile.rates();
            let dice = Dice::new(SEED);
            let fates: Vec<_> = (0..DRAWS)
                .map(|i| rates.request(dice, "leg", "speak", i))
                .collect();
            let count = |wanted: Fault| fates.iter().filter(|x| x.fault() == Some(wanted)).count() as u32;
            let effect = rates.server_error * rates.server_error_effect;
            close("5xx effect", count(Fault::ServerErrorEffect), effect);
            close("5xx", count(Fault::ServerError), rates.server_error - effect);
            close("429", count(Fault::RateLimited), rates.rate_limited);
            close(
                "timeout effect",
                count(Fault::TimeoutEffect),
                rates.timeout_effect,
            );
            close("timeout", count(Fault::Timeout), rates.timeout);
        }
    }

    #[test]
    fn calm_injects_nothing() {
        let rates = Profile::Calm.rates();
        for i in 0..1_000 {
            let fate = rates.webhook(Dice::new(SEED), "leg", i);
            assert!(!fate.never && !fate.drop && fate.hold_back.is_none() && fate.duplicate_after.is_none());
            assert_eq!(
                rates.request(Dice::new(SEED), "leg", "speak", i),
                RequestFate::Normal
            );
        }
    }

    #[test]
    fn an_outage_has_a_beginning_and_an_end() {
        let out = |secs| Profile::Outage.is_out(Duration::from_secs(secs));
        assert_eq!([1, 2, 91, 92].map(out), [false, true, true, false]);
        assert!(!Profile::Hell.is_out(Duration::from_secs(20)));
    }

    #[test]
    fn profile_names_round_trip() {
        for profile in [Profile::Calm, Profile::BadDay, Profile::Hell, Profile::Outage] {
            assert_eq!(profile.to_string().parse::<Profile>().unwrap(), profile);
        }
        assert!("mild".parse::<Profile>().is_err());
    }
}
