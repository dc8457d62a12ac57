//! Hands every sending number its settings at the start of the program: as a request, so that a record has them.

use cordboard_actors::House;
use cordboard_actors::delivery::Receipt;
use cordboard_actors::portrait::{Face, Portrait};
use cordboard_actors::router::Router;
use cordboard_core::sms::plan::NumberPlan;
use cordboard_core::{Address, Input, OperatorRequest, PhoneNumber};

/// Tells each number what it does not know already.
pub(super) async fn configure(house: &House, router: &Router, plans: &[(PhoneNumber, NumberPlan)]) {
    for (number, plan) in plans {
        let address = Address::Sms(number.expose().to_owned());
        if knows(house, &address, plan).await {
            continue;
        }
        let request = OperatorRequest::Number(Box::new(plan.clone()));
        if let Receipt::Failed(why) = router.request(&address, Input::Operator(request)).await {
            tracing::error!(%number, why, "a number has not got its settings; it goes by those of its last record");
        }
    }
}

async fn knows(house: &House, address: &Address, plan: &NumberPlan) -> bool {
    let Ok(Some(loaded)) = house.journal.load(address).await else {
        return false;
    };
    let face = Portrait::of(&loaded.last).map(|portrait| portrait.face);
    matches!(face, Ok(Face::Number { plan: Some(known), .. }) if *known == *plan)
}
