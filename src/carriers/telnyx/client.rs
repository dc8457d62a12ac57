//! The client side of Telnyx: one attempt of one command, classed by what the outbox does next.
//!
//! Nothing here retries, and nothing here logs: keys, numbers and bodies stay in memory.

mod answer;
mod checkup;
mod listing;
mod refusal;
mod settings;

use async_trait::async_trait;
use cordboard_actors::ports::Carrier;
use cordboard_core::{Attempt, Command, Issued, Refusal, RefusalKind};

use super::encode::{EncodeError, encode};
use crate::carriers::ClientStateKey;
use crate::carriers::exchange::{BAD_ANSWER, Exchange, Payload, Reply};

pub(super) use self::answer::checked;
pub use self::settings::{ApiKey, SettingsError, TelnyxSettings};

/// Talks to the Telnyx API. Cheap to share, one connection pool inside.
#[derive(Debug)]
pub struct TelnyxClient {
    exchange: Exchange,
    reports: Option<String>,
    client_state: ClientStateKey,
}

impl TelnyxClient {
    /// A client with its own connection pool. `client_state` seals what travels with commands.
    pub fn new(settings: TelnyxSettings, client_state: ClientStateKey) -> Self {
        Self {
            exchange: Exchange::new(settings.base_url, settings.api_key.header(), settings.limits),
            reports: settings.reports,
            client_state,
        }
    }

    async fn command(&self, issued: &Issued) -> Attempt {
        let mut request = match encode(issued, &self.client_state) {
            Ok(request) => request,
            Err(error) => return unspeakable(error),
        };
        if let (Command::SendMessage(message), Some(reports)) = (&issued.command, self.reports.as_deref()) {
            let token = self.client_state.seal_text(&message.key);
            request
                .body
                .insert("webhook_url".to_owned(), format!("{reports}/m/{token}").into());
            // Should our own address be wrong, the profile's is the second net: a report without our key.
            request
                .body
                .insert("use_profile_webhooks".to_owned(), true.into());
        }
        let body = serde_json::Value::Object(request.body).to_string();
        match self
            .exchange
            .send(request.method, &request.path, Some(Payload::json(body)))
            .await
        {
            Ok(reply) => class(&issued.command, &reply),
            Err(failure) => failure.into(),
        }
    }
}

#[async_trait]
impl Carrier for TelnyxClient {
    fn name(&self) -> &'static str {
        "telnyx"
    }

    async fn attempt(&self, command: &Issued) -> Attempt {
        match &command.command {
            Command::Query(query) => listing::ask(&self.exchange, &self.client_state, query).await,
            _ => self.command(command).await,
        }
    }
}

fn class(command: &Command, reply: &Reply) -> Attempt {
    if !reply.status.is_success() {
        return refusal::class(command, reply);
    }
    answer::read(command, &reply.body).map_or(Attempt::InDoubt { why: BAD_ANSWER }, Attempt::Accepted)
}

fn unspeakable(error: EncodeError) -> Attempt {
    Attempt::Refused(Refusal {
        kind: RefusalKind::Invalid,
        status: 0,
        code: None,
        detail: error.to_string(),
    })
}
