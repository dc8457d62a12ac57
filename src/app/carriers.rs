//! The carriers that the settings name: their clients joined into one, and their entrances at the carrier door.

use std::sync::Arc;

use cordboard_actors::ports::Carrier;
use cordboard_core::ConnectionId;

use super::StartError;
use crate::carriers::telnyx::{
    ApiKey, SettingsError, TelnyxClient, TelnyxSettings, TelnyxWebhooks, WebhookKeys,
};
use crate::carriers::twilio::{
    AuthTokens, CallbackKeys, Credentials, OpenLegs, PublicUrl, TwilioClient, TwilioSettings, TwilioWebhooks,
};
use crate::carriers::{BaseUrl, CarrierName, Carriers, ClientStateKey, Limits};
use crate::config::{Config, Secret};
use crate::http::WebhookRoute;

/// Both sides of every carrier that is served.
pub(super) struct Served {
    /// Where commands go.
    pub(super) client: Arc<dyn Carrier>,
    /// Where webhooks come in.
    pub(super) entrances: Vec<WebhookRoute>,
    /// Legs that ask what to do are let go when the program stops.
    pub(super) asking: Option<Asking>,
}

/// The legs of a carrier that asks, and the keys of the addresses at which they ask again.
pub(super) struct Asking {
    open: Arc<OpenLegs>,
    callbacks: CallbackKeys,
}

impl Asking {
    /// Lets all of them ask again, elsewhere or later.
    pub(super) fn release(&self) {
        self.open.release(&self.callbacks);
    }
}

/// Sets up what is configured.
pub(super) fn served(config: &Config) -> Result<Served, StartError> {
    let mut clients: Vec<(CarrierName, Arc<dyn Carrier>)> = Vec::new();
    let mut entrances = Vec::new();
    let mut asking = None;
    let key = ClientStateKey::derive(config.client_state_source().map_or("", Secret::expose));
    if config.telnyx.is_configured() {
        let (client, webhooks) = telnyx(config, key.clone())?;
        clients.push((CarrierName::Telnyx, Arc::new(client)));
        entrances.push(WebhookRoute::telnyx(Arc::new(webhooks)));
    }
    if config.twilio.is_configured() {
        let (client, webhooks, legs) = twilio(config, key)?;
        asking = Some(legs);
        clients.push((CarrierName::Twilio, Arc::new(client)));
        entrances.push(WebhookRoute::twilio(Arc::new(webhooks)));
    }
    let numbers = config.number.iter();
    let numbers = numbers.filter_map(|number| Some((number.number.clone(), number.carrier?)));
    Ok(Served {
        client: Arc::new(Carriers::new(clients, numbers)),
        entrances,
        asking,
    })
}

/// The carriers' applications and accounts through which calls are placed.
pub(super) fn connections(config: &Config) -> Vec<ConnectionId> {
    let account = config.twilio.account_sid.as_deref().map(ConnectionId::new);
    call_control(config).into_iter().chain(account).collect()
}

/// Those whose live legs are compared with ours. All of ours or none: legs of a carrier that nobody asked would be taken
/// for missing.
pub(super) fn compared(config: &Config) -> Vec<ConnectionId> {
    let unnamed = config.telnyx.is_configured() && config.telnyx.connection_ids.is_empty();
    if unnamed { Vec::new() } else { connections(config) }
}

/// Telnyx' Call Control applications that are ours; with none named, all are.
fn call_control(config: &Config) -> Vec<ConnectionId> {
    let ids = config.telnyx.connection_ids.iter();
    ids.map(ConnectionId::new).collect()
}

fn telnyx(config: &Config, key: ClientStateKey) -> Result<(TelnyxClient, TelnyxWebhooks), StartError> {
    let keys: Vec<&str> = [&config.telnyx.public_key, &config.telnyx.public_key_next]
        .into_iter()
        .filter_map(|key| key.as_deref())
        .collect();
    let webhooks = TelnyxWebhooks::new(WebhookKeys::new(&keys)?, key.clone(), call_control(config));
    Ok((TelnyxClient::new(telnyx_settings(config)?, key), webhooks))
}

fn telnyx_settings(config: &Config) -> Result<TelnyxSettings, SettingsError> {
    let key = ApiKey::new(config.telnyx.api_key.as_ref().map_or("", Secret::expose))?;
    Ok(TelnyxSettings {
        base_url: BaseUrl::new(&config.telnyx.base_url)?,
        limits: Limits {
            connect: config.telnyx.connect_timeout,
            attempt: config.telnyx.request_timeout,
            ..Limits::default()
        },
        reports: config.messages.reports(),
        ..TelnyxSettings::new(key)
    })
}

/// Both sides share the keys of the addresses that we give out.
fn twilio(
    config: &Config,
    key: ClientStateKey,
) -> Result<(TwilioClient, TwilioWebhooks, Asking), StartError> {
    let public_url = PublicUrl::new(config.twilio_public_url().unwrap_or_default())?;
    let former = config.former_client_state_source().map(Secret::expose);
    let callbacks = CallbackKeys::new(public_url, key, former.map(ClientStateKey::derive));
    let account = config.twilio.account_sid.as_deref().unwrap_or_default();
    let token = config.twilio.auth_token.as_ref().map_or("", Secret::expose);
    let credentials = Credentials::new(account, token)?;
    let tokens = AuthTokens::new(&config.twilio.tokens())?;
    let open = Arc::new(OpenLegs::new(config.twilio.answer_within));
    let account = credentials.account().to_owned();
    let webhooks = TwilioWebhooks::new(tokens, account, callbacks.clone(), Arc::clone(&open));
    let settings = TwilioSettings {
        base_url: BaseUrl::new(&config.twilio.base_url)?,
        limits: Limits {
            connect: config.twilio.connect_timeout,
            attempt: config.twilio.request_timeout,
            ..Limits::default()
        },
        ..TwilioSettings::new(credentials)
    };
    let client = TwilioClient::new(settings, callbacks.clone(), Arc::clone(&open));
    Ok((client, webhooks, Asking { open, callbacks }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_of_one_carrier_narrows_nothing_at_the_other() {
        let mut config = Config::default();
        config.twilio.account_sid = Some("AC1".into());
        config.telnyx.api_key = Some(Secret::new("key"));
        assert!(call_control(&config).is_empty() && compared(&config).is_empty());
        config.telnyx.connection_ids = vec!["1".into()];
        assert_eq!(compared(&config), ["1".into(), "AC1".into()]);
    }
}
