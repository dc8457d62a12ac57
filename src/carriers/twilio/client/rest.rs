//! Requests to the account's resources: paths, forms, pages.

use cordboard_core::{Attempt, Command};
use http::Method;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::time::timeout;

use super::refusal;
use super::settings::TwilioSettings;
use crate::carriers::exchange::{BAD_ANSWER, Exchange, Failure, Payload, Reply};
use crate::carriers::twilio::Form;

/// Twilio's maximum is 1000; a page of messages of that size would be larger than the longest answer that is read.
const PAGE_SIZE: &str = "250";

/// A list that needs more pages than this has a hundred thousand entries, or no end.
const MAX_PAGES: usize = 400;

/// A success that proves nothing.
pub(super) const BAD: Attempt = Attempt::InDoubt { why: BAD_ANSWER };

/// The account's resources.
#[derive(Debug)]
pub(super) struct Rest {
    exchange: Exchange,
    account: String,
}

impl Rest {
    pub(super) fn new(settings: TwilioSettings) -> Self {
        let TwilioSettings {
            base_url,
            credentials,
            limits,
        } = settings;
        Self {
            exchange: Exchange::new(base_url, credentials.header(), limits),
            account: credentials.account().to_owned(),
        }
    }

    /// Creates or changes a resource such as `Messages` or `Calls/CA…`.
    pub(super) async fn post(&self, resource: &str, form: &Form) -> Result<Reply, Failure> {
        let path = format!("/Accounts/{}/{resource}.json", self.account);
        let body = Payload::form(form.encoded());
        self.exchange.send(Method::POST, &path, Some(body)).await
    }

    /// Takes a resource away.
    pub(super) async fn delete(&self, resource: &str) -> Result<Reply, Failure> {
        let path = format!("/Accounts/{}/{resource}.json", self.account);
        self.exchange.send(Method::DELETE, &path, None).await
    }

    /// Looks at a resource.
    pub(super) async fn get(&self, resource: &str) -> Result<Reply, Failure> {
        let path = format!("/Accounts/{}/{resource}.json", self.account);
        self.exchange.send(Method::GET, &path, None).await
    }

    /// Looks at one page of a list.
    pub(super) async fn look(&self, resource: &str, query: &Form) -> Result<Reply, Failure> {
        let path = format!("/Accounts/{}/{resource}.json?{}", self.account, query.encoded());
        self.exchange.send(Method::GET, &path, None).await
    }

    /// Every entry of a list, over all its pages, within the time limit for questions. `name` is the member of the
    /// answers that holds them; `asking` says what a refusal is about.
    pub(super) async fn list<T: DeserializeOwned>(
        &self,
        resource: &str,
        name: &str,
        filters: &Form,
        asking: Option<&Command>,
    ) -> Result<Vec<T>, Attempt> {
        let pages = self.pages(resource, name, filters, asking);
        match timeout(self.exchange.limits.listing, pages).await {
            Ok(all) => all,
            Err(_) => Err(Attempt::InDoubt { why: "timeout" }),
        }
    }

    async fn pages<T: DeserializeOwned>(
        &self,
        resource: &str,
        name: &str,
        filters: &Form,
        asking: Option<&Command>,
    ) -> Result<Vec<T>, Attempt> {
        let query = filters.clone().with("PageSize", PAGE_SIZE).encoded();
        let mut path = format!("/Accounts/{}/{resource}.json?{query}", self.account);
        let mut all = Vec::new();
        for _ in 0..MAX_PAGES {
            let reply = self.exchange.send(Method::GET, &path, None).await?;
            if !reply.status.is_success() {
                return Err(refusal::class(asking, &reply));
            }
            let Value::Object(mut page) = serde_json::from_slice(&reply.body).map_err(|_| BAD)? else {
                return Err(BAD);
            };
            let entries = page.remove(name).ok_or(BAD)?;
            let entries: Vec<T> = serde_json::from_value(entries).map_err(|_| BAD)?;
            all.extend(entries);
            path = match page.remove("next_page_uri") {
                None | Some(Value::Null) => return Ok(all),
                Some(Value::String(next)) => self.next(&next, resource).ok_or(BAD)?,
                Some(_) => return Err(BAD),
            };
        }
        // Half a list would make the reconciler bury live calls.
        Err(Attempt::InDoubt {
            why: "too_many_pages",
        })
    }

    /// The path of the next page below our base URL. An answer must not send us, and our token, anywhere else.
    fn next(&self, uri: &str, resource: &str) -> Option<String> {
        let list = format!("/Accounts/{}/{resource}.json?", self.account);
        let at = uri.find("/Accounts/")?;
        let version = uri[..at].bytes().all(|byte| byte != b':' && byte != b'?');
        let path = &uri[at..];
        let here = uri.starts_with('/') && !uri.starts_with("//");
        (here && version && path.starts_with(&list)).then(|| path.to_owned())
    }
}
