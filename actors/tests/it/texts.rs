//! Sending numbers as entities: they wake, and what a crash leaves in doubt is never sent again.
#![allow(clippy::unwrap_used)]

use std::time::Duration;

use cordboard_actors::portrait::{Face, Portrait};
use cordboard_core::phone::Text;
use cordboard_core::sms::plan::NumberPlan;
use cordboard_core::sms::{Shown, Standing};
use cordboard_core::{Address, Input, OperatorRequest, TextOrder, TextRefusal};

use crate::stage::{Reply, Stage, try_later};

const OURS: &str = "+15550200000";

fn number() -> Address {
    Address::Sms(OURS.into())
}

async fn configured() -> Stage {
    let stage = Stage::open().await;
    let plan = NumberPlan {
        ours: vec![OURS.into()],
        allow: vec!["+1".into()],
        ..NumberPlan::default()
    };
    let settings = OperatorRequest::Number(Box::new(plan));
    stage.record(&number(), Input::Operator(settings)).await;
    stage
}

async fn order(stage: &Stage, key: &str) {
    let order = TextOrder {
        key: key.into(),
        to: "+15550100001".into(),
        text: Text::new("Hello"),
        not_before: None,
        asker: None,
    };
    let request = OperatorRequest::Text(Box::new(order));
    stage.record(&number(), Input::Operator(request)).await;
}

async fn texts(stage: &Stage) -> Vec<Shown> {
    let last = stage.history(&number()).await.pop().unwrap();
    match Portrait::of(&last).unwrap().face {
        Face::Number { texts, .. } => texts,
        other => panic!("{other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn a_text_that_a_crash_cut_off_is_unknown_and_never_sent_again() {
    for pause in [0, 10, 61, 3_600] {
        let stage = configured().await;
        stage.carrier.script("send_message", [Reply::Never]);
        order(&stage, "k").await;
        stage
            .until("the attempt is made", || {
                !stage.carrier.sent("send_message").is_empty()
            })
            .await;
        let stage = stage.again_after(Duration::from_secs(pause)).await;
        stage
            .until("the doubt is recorded", || stage.house.outbox.unsettled() == 0)
            .await;
        assert_eq!(
            texts(&stage).await[0].standing,
            Standing::Unknown,
            "after {pause} s"
        );
        order(&stage, "k").await;
        tokio::time::sleep(Duration::from_secs(3_600)).await;
        assert!(stage.carrier.sent("send_message").is_empty(), "after {pause} s");
        assert_eq!(texts(&stage).await[0].standing, Standing::Unknown);
    }
}

#[tokio::test(start_paused = true)]
async fn a_text_that_the_carrier_never_took_is_known_not_to_be_sent() {
    let stage = configured().await;
    stage
        .carrier
        .script("send_message", (0..400).map(|_| Reply::Now(try_later(None))));
    order(&stage, "k").await;
    stage
        .until("it is given up", || stage.house.outbox.unsettled() == 0)
        .await;
    assert!(stage.carrier.sent("send_message").len() > 10);
    let standing = texts(&stage).await[0].standing;
    assert_eq!(standing, Standing::Refused(TextRefusal::TooLate));
}
