//! Requests of the Twilio face to the program: questions that are answered with TwiML, and status callbacks.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{Request, header};
use http_body_util::{BodyExt, Full, Limited};

use super::form::Form;
use crate::world::World;

/// The carrier's limit for a whole request.
const LIMIT: Duration = Duration::from_secs(15);
/// Longest answer that is read.
const ANSWER_LIMIT: usize = 128 * 1024;

/// Why there is no answer: the code that the fallback address is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Unanswered(pub(crate) u32);

/// Could not be retrieved, and not even connected.
const RETRIEVAL: Unanswered = Unanswered(11_200);
const CONNECTION: Unanswered = Unanswered(11_205);

/// Longest delay that a fault puts before a question: a caller listens to silence meanwhile.
const LATEST_QUESTION: Duration = Duration::from_secs(3);

/// Asks the program and gives the body of its answer. A connection that fails is tried once more.
pub(crate) async fn ask(
    world: &Arc<World>,
    url: &str,
    method: &str,
    form: Form,
) -> Result<String, Unanswered> {
    let _travels = world.travelling();
    let fate = world.twilio_webhook_fate(&form, false);
    tokio::time::sleep(fate.delay.min(LATEST_QUESTION)).await;
    deliver(world, url, method, &form, fate.drop).await
}

/// Tells the program and does not mind whether it hears: callbacks come late, twice, out of order, or not at all.
pub(crate) fn tell(world: &Arc<World>, url: &str, method: &str, form: Form) {
    let fate = world.twilio_webhook_fate(&form, true);
    if fate.never {
        return;
    }
    let first = fate.delay + fate.hold_back.unwrap_or_default();
    for after in std::iter::once(first).chain(fate.duplicate_after.map(|later| first + later)) {
        let (own, url, method, form) = (Arc::clone(world), url.to_owned(), method.to_owned(), form.clone());
        let travels = world.travelling();
        world.tasks.spawn(async move {
            tokio::time::sleep(after).await;
            let _ = deliver(&own, &url, &method, &form, false).await;
            drop(travels);
        });
    }
}

async fn deliver(
    world: &Arc<World>,
    url: &str,
    method: &str,
    form: &Form,
    lose_first: bool,
) -> Result<String, Unanswered> {
    let token = world
        .dice
        .uuid(&["idempotency", url, &form.encoded()])
        .to_string();
    world.book(|ledger| ledger.counters.webhooks_sent += 1);
    let mut answer = if lose_first || world.is_out() {
        Err(CONNECTION)
    } else {
        once(world, url, method, form, &token).await
    };
    if answer == Err(CONNECTION) {
        world.book(|ledger| ledger.counters.webhooks_retried += 1);
        answer = once(world, url, method, form, &token).await;
    }
    world.book(|ledger| match answer {
        Ok(_) => ledger.counters.webhooks_acked += 1,
        Err(_) => ledger.counters.webhooks_rejected += 1,
    });
    answer
}

async fn once(
    world: &Arc<World>,
    url: &str,
    method: &str,
    form: &Form,
    token: &str,
) -> Result<String, Unanswered> {
    let get = method.eq_ignore_ascii_case("GET");
    let target = if get {
        let joint = if url.contains('?') { '&' } else { '?' };
        format!("{url}{joint}{}", form.encoded())
    } else {
        url.to_owned()
    };
    let none = Form::default();
    let signature = if get { &none } else { form }.signature(&world.settings.twilio.token, &target);
    let body = if get { String::new() } else { form.encoded() };
    let request = Request::builder()
        .method(if get { "GET" } else { "POST" })
        .uri(target.split('#').next().unwrap_or_default())
        .header(
            header::CONTENT_TYPE,
            "application/x-www-form-urlencoded; charset=UTF-8",
        )
        .header(header::USER_AGENT, "TwilioProxy/1.1")
        .header(header::ACCEPT, "*/*")
        .header("x-twilio-signature", signature)
        .header("i-twilio-idempotency-token", token)
        .body(Full::new(Bytes::from(body)))
        .map_err(|_| RETRIEVAL)?;
    let sent = Instant::now();
    let exchange = async {
        let response = world.courier.send(request).await.ok_or(CONNECTION)?;
        let status = response.status();
        let body = Limited::new(response.into_body(), ANSWER_LIMIT).collect().await;
        let body = body.map_err(|_| RETRIEVAL)?.to_bytes();
        if !status.is_success() {
            return Err(RETRIEVAL);
        }
        world.book(|ledger| ledger.latencies.answered(sent.elapsed()));
        Ok(String::from_utf8_lossy(&body).into_owned())
    };
    tokio::time::timeout(LIMIT, exchange)
        .await
        .unwrap_or(Err(RETRIEVAL))
}
