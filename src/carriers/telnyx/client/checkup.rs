//! One question to Telnyx that changes nothing: whether the key is good, and what time it is there.
//!
//! Asked by `cordboard doctor` only; calls never wait for it.

use cordboard_core::ConnectionId;
use http::Method;

use super::TelnyxClient;
use crate::carriers::checkup::Checkup;
use crate::carriers::telnyx::encode::segment;

impl TelnyxClient {
    /// Lists one live call of an application, or one conference when none is named.
    ///
    /// # Errors
    /// Why there is no answer: `connect`, `timeout`, `reset` and the like.
    pub async fn checkup(&self, connection: Option<&ConnectionId>) -> Result<Checkup, &'static str> {
        let path = match connection {
            Some(connection) => {
                let id = segment(connection.as_str()).map_err(|_| "bad_connection_id")?;
                format!("/connections/{id}/active_calls?page%5Blimit%5D=1")
            }
            None => "/conferences?page%5Bsize%5D=1".to_owned(),
        };
        match self.exchange.send(Method::GET, &path, None).await {
            Ok(reply) => Ok(Checkup::of(&reply)),
            Err(failure) => Err(failure.label()),
        }
    }
}
