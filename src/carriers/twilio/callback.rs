//! The addresses that we give to Twilio, and what is read back out of them.
//!
//! Twilio signs addresses, but it signs any that somebody puts into the account's settings: an address of ours proves by
//! its own tag that we made it, for this kind of event, with this owner, step and generation.

use cordboard_core::{ClientState, TextKey};

use super::PublicUrl;
use super::documents::Addresses;
use super::ticket::Ticket;
use crate::carriers::ClientStateKey;

/// The path of Twilio's entrance.
pub(super) const ENTRANCE: &str = "/webhooks/twilio";

/// What stands before the key of a text, and before what finished.
const TEXT: &str = "t/";
const FINISHED: &str = "on/";

/// Addresses that people write into Twilio's settings. Each takes everything; the fields say what it is.
const FRONT: [&str; 4] = ["", "voice", "sms", "status"];

/// Makes addresses and reads them. The second key reads those that were made before the secret changed.
#[derive(Clone, Debug)]
pub struct CallbackKeys {
    public_url: PublicUrl,
    key: ClientStateKey,
    former: Option<ClientStateKey>,
}

/// Where a webhook came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// The address in Twilio's settings.
    Front,
    /// The address for reports about one text of ours.
    Text(TextKey),
    /// The address of something that was ordered and has finished.
    Finished {
        /// What it is, such as `gather`: the word under which the address was made.
        kind: String,
        /// Whose order it was.
        state: ClientState,
    },
}

impl CallbackKeys {
    /// Addresses below this public one, under a key of this secret.
    pub fn new(public_url: PublicUrl, key: ClientStateKey, former: Option<ClientStateKey>) -> Self {
        Self {
            public_url,
            key,
            former,
        }
    }

    /// Where Twilio reaches the carrier door.
    pub fn public_url(&self) -> &PublicUrl {
        &self.public_url
    }

    /// Where reports about a text go.
    pub fn text(&self, key: &TextKey) -> String {
        self.below(TEXT, &self.key.seal_text(key))
    }

    /// Where Twilio says that something of this kind has finished. A kind is a plain lower-case word.
    pub fn finished(&self, kind: &str, state: &ClientState) -> String {
        let token = self.key.seal_for(kind, state);
        self.below(FINISHED, &format!("{kind}/{token}"))
    }

    /// What a place below the entrance says; `None` when we never gave it out.
    pub fn read(&self, place: &str) -> Option<Place> {
        if FRONT.contains(&place) {
            return Some(Place::Front);
        }
        let mut keys = [Some(&self.key), self.former.as_ref()].into_iter().flatten();
        if let Some(token) = place.strip_prefix(TEXT) {
            return keys.find_map(|key| key.open_text(token)).map(Place::Text);
        }
        let (kind, token) = place.strip_prefix(FINISHED)?.split_once('/')?;
        let state = keys.find_map(|key| key.open_for(kind, token))?;
        Some(Place::Finished {
            kind: kind.to_owned(),
            state,
        })
    }

    fn below(&self, what: &str, token: &str) -> String {
        format!("{}{ENTRANCE}/{what}{token}", self.public_url.as_str())
    }
}

impl Addresses for CallbackKeys {
    fn address(&self, ticket: &Ticket, state: &ClientState) -> String {
        self.finished(&ticket.to_string(), state)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use cordboard_core::Address;

    use super::*;

    fn keys(secret: &str, former: Option<&str>) -> CallbackKeys {
        CallbackKeys::new(
            PublicUrl::new("https://voice.example.com/x").unwrap(),
            ClientStateKey::derive(secret),
            former.map(ClientStateKey::derive),
        )
    }

    fn place(url: &str) -> &str {
        url.strip_prefix("https://voice.example.com/x/webhooks/twilio/")
            .unwrap()
    }

    #[test]
    fn an_address_says_what_finished_and_whose_it_was() {
        let state = ClientState {
            owner: Address::Call(format!("CA{}", "0".repeat(32)).as_str().into()),
            step: "menu".into(),
            generation: 7,
        };
        let url = keys("one", None).finished("gather", &state);
        let expected = Place::Finished {
            kind: "gather".into(),
            state,
        };
        assert!(url.len() < 300, "{url}");
        assert_eq!(keys("one", None).read(place(&url)), Some(expected.clone()));
        assert_eq!(
            keys("two", Some("one")).read(place(&url)),
            Some(expected),
            "before the change"
        );
        assert_eq!(keys("two", None).read(place(&url)), None);
        assert_eq!(
            keys("one", None).read(&place(&url).replace("gather", "dial")),
            None
        );
        assert_eq!(keys("one", None).read("on/gather"), None);
        assert_eq!(keys("one", None).read("elsewhere"), None);
        assert_eq!(keys("one", None).read("voice"), Some(Place::Front));
    }

    #[test]
    fn the_address_of_a_text_has_its_key_and_no_number() {
        let key = TextKey::new("api-1");
        let url = keys("one", None).text(&key);
        assert_eq!(
            keys("one", None).read(place(&url)),
            Some(Place::Text(key.clone()))
        );
        assert_eq!(keys("two", Some("one")).read(place(&url)), Some(Place::Text(key)));
        assert_eq!(keys("two", None).read(place(&url)), None);
    }
}
