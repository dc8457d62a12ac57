//! The Telnyx carrier against the simulated one: two independent readings of the same API.
#![allow(clippy::unwrap_used)]

use std::time::Duration;

use axum::body::Bytes;
use axum::extract::State;
use cordboard::carriers::telnyx::{ApiKey, TelnyxClient, TelnyxSettings, TelnyxWebhooks, WebhookKeys};
use cordboard::carriers::{BaseUrl, ClientStateKey};
use cordboard_actors::ports::{Carrier, Delivery, Opened, WebhookDecoder};
use cordboard_core::command::catalogue::{Cast, every_command};
use cordboard_core::command::conference::{ConferenceAction, Join, Leave, Participants};
use cordboard_core::command::leg::{Answer as AnswerLeg, Hangup, LegAction, Speak};
use cordboard_core::command::{CreateConference, Dial, Query};
use cordboard_core::{
    Address, Answer, Attempt, CallControlId, ClientState, Command, CommandId, ConferenceId, Event, EventBody,
    Issued, RefusalKind, Timestamp,
};
use cordboard_simulator::{FarEnd, Settings, Simulator};
use http::HeaderMap;
use tokio::sync::mpsc;

const CONNECTION: &str = "1684641123236054244";

/// Long enough for a slow machine; nothing waits for it to pass.
const PATIENCE: Duration = Duration::from_secs(20);

struct House {
    simulator: Simulator,
    client: TelnyxClient,
    opened: mpsc::UnboundedReceiver<Opened>,
    commands: usize,
}

/// What the sink needs to open a delivery.
#[derive(Clone)]
struct Sink {
    webhooks: TelnyxWebhooks,
    opened: mpsc::UnboundedSender<Opened>,
}

async fn deliver(State(sink): State<Sink>, headers: HeaderMap, body: Bytes) {
    let now = jiff::Timestamp::now().as_millisecond();
    let now = Timestamp::from_millis(u64::try_from(now).unwrap());
    let opened = sink.webhooks.open(&Delivery {
        method: &http::Method::POST,
        path: "/webhooks/telnyx",
        query: None,
        place: "",
        headers: &headers,
        body: &body,
        now,
    });
    sink.opened.send(opened).unwrap_or_default();
}

impl House {
    async fn build() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let far_end = FarEnd {
            after: Duration::from_millis(20),
            ..FarEnd::default()
        };
        let settings = Settings {
            webhook_url: Some(url),
            connection_id: CONNECTION.into(),
            far_end,
            ..Settings::default()
        };
        let simulator = Simulator::start(settings).await.unwrap();
        let key = ClientStateKey::derive("test");
        let keys = WebhookKeys::new(&[simulator.public_key_base64()]).unwrap();
        let (sender, opened) = mpsc::unbounded_channel();
        let sink = Sink {
            webhooks: TelnyxWebhooks::new(keys, key.clone(), [CONNECTION.into()]),
            opened: sender,
        };
        let app = axum::Router::new()
            .route("/", axum::routing::post(deliver))
            .with_state(sink);
        tokio::spawn(async move { axum::serve(listener, app).await });
        let settings = TelnyxSettings {
            base_url: BaseUrl::new(&simulator.base_url()).unwrap(),
            ..TelnyxSettings::new(ApiKey::new("KEY").unwrap())
        };
        Self {
            client: TelnyxClient::new(settings, key),
            simulator,
            opened,
            commands: 0,
        }
    }

    async fn attempt(&mut self, command: Command) -> Attempt {
        self.commands += 1;
        let issued = Issued {
            id: CommandId::derive(&Address::Call("test".into()), 1, 1, self.commands, 0),
            command,
            client_state: Some(state()),
            give_up_at: Timestamp::from_millis(u64::MAX / 1000),
        };
        self.client.attempt(&issued).await
    }

    async fn accept(&mut self, command: Command) -> Answer {
        let name = command.name();
        match self.attempt(command).await {
            Attempt::Accepted(answer) => answer,
            other => panic!("{name}: {other:?}"),
        }
    }

    async fn refusal(&mut self, command: Command) -> RefusalKind {
        let name = command.name();
        match self.attempt(command).await {
            Attempt::Refused(refusal) => refusal.kind,
            other => panic!("{name}: {other:?}"),
        }
    }

    async fn event(&mut self, what: &str, wanted: impl Fn(&Event) -> bool) -> Event {
        let found = async {
            loop {
                let event = match self.opened.recv().await {
                    Some(Opened::Event(event)) => *event,
                    other => panic!("while waiting for {what}: {other:?}"),
                };
                if wanted(&event) {
                    return event;
                }
            }
        };
        tokio::time::timeout(PATIENCE, found)
            .await
            .unwrap_or_else(|_| panic!("no event: {what}"))
    }

    async fn answered_leg(&mut self) -> CallControlId {
        let dial = Dial::new(CONNECTION, "+15550300001", "+15550300002");
        let Answer::Dialled { leg, .. } = self.accept(Command::Dial(Box::new(dial))).await else {
            panic!("not dialled");
        };
        self.event("call.answered", |event| {
            event.leg.as_ref() == Some(&leg) && matches!(event.body, EventBody::CallAnswered { .. })
        })
        .await;
        leg
    }

    async fn conference(&mut self, leg: CallControlId, name: &str) -> ConferenceId {
        let create = CreateConference::new(leg, name.into());
        match self.accept(Command::CreateConference(create)).await {
            Answer::Conference(view) => view.id,
            other => panic!("{other:?}"),
        }
    }
}

fn state() -> ClientState {
    ClientState {
        owner: Address::Call("test".into()),
        step: "test".into(),
        generation: 1,
    }
}

fn on_leg(leg: &CallControlId, action: LegAction) -> Command {
    Command::Leg {
        leg: leg.clone(),
        action,
    }
}

fn hangup(leg: &CallControlId) -> Command {
    on_leg(leg, LegAction::Hangup(Hangup::default()))
}

fn in_conference(conference: &ConferenceId, action: ConferenceAction) -> Command {
    Command::Conference {
        conference: conference.clone(),
        action,
    }
}

#[tokio::test]
async fn a_call_is_dialled_spoken_to_and_hung_up() {
    let mut house = House::build().await;
    let leg = house.answered_leg().await;
    let Answer::Call(view) = house
        .accept(Command::Query(Query::Call { leg: leg.clone() }))
        .await
    else {
        panic!("not a call");
    };
    assert_eq!((view.alive, view.client_state), (Some(true), Some(state())));
    let speak = Speak::new("Good day.", "female");
    house.accept(on_leg(&leg, LegAction::Speak(speak.clone()))).await;
    let spoken = house
        .event("call.speak.ended", |event| {
            matches!(event.body, EventBody::SpeakEnded { .. })
        })
        .await;
    assert_eq!(spoken.client_state, Some(state()));
    let answer = on_leg(&leg, LegAction::Answer(AnswerLeg::default()));
    assert_eq!(house.refusal(answer).await, RefusalKind::NotIncoming);
    house.accept(hangup(&leg)).await;
    house
        .event("call.hangup", |event| {
            matches!(event.body, EventBody::CallHangup { .. })
        })
        .await;
    assert_eq!(house.accept(hangup(&leg)).await, Answer::Done);
    assert_eq!(
        house.refusal(on_leg(&leg, LegAction::Speak(speak))).await,
        RefusalKind::CallEnded
    );
    let Answer::Call(view) = house.accept(Command::Query(Query::Call { leg })).await else {
        panic!("not a call");
    };
    assert_eq!(view.alive, Some(false));
    let unknown = Command::Query(Query::Call {
        leg: "v3:nobody".into(),
    });
    assert_eq!(house.refusal(unknown).await, RefusalKind::NotFound);
    house.simulator.shutdown().await;
}

#[tokio::test]
async fn a_conference_is_created_once_joined_and_ended() {
    let mut house = House::build().await;
    let (first, second) = (house.answered_leg().await, house.answered_leg().await);
    let room = house.conference(first.clone(), "demo room").await;
    let again = CreateConference::new(second.clone(), "demo room".into());
    assert_eq!(
        house.refusal(Command::CreateConference(again)).await,
        RefusalKind::NameActive
    );
    let join = || in_conference(&room, ConferenceAction::Join(Join::new(second.clone())));
    house.accept(join()).await;
    let joined = house
        .event("conference.participant.joined", |event| {
            event.leg.as_ref() == Some(&second) && event.body == EventBody::ParticipantJoined
        })
        .await;
    assert_eq!(joined.conference.as_ref(), Some(&room));
    assert_eq!(house.refusal(join()).await, RefusalKind::AlreadyJoined);
    let mute = ConferenceAction::Mute(Participants::from(vec![second.clone()]));
    house.accept(in_conference(&room, mute)).await;

    let query = Command::Query(Query::Conferences {
        name: Some("demo room".into()),
    });
    let Answer::Conferences(found) = house.accept(query).await else {
        panic!("not conferences");
    };
    assert_eq!(found.iter().map(|view| &view.id).collect::<Vec<_>>(), [&room]);
    let query = || Query::Participants {
        conference: room.clone(),
    };
    let Answer::Participants(mut inside) = house.accept(Command::Query(query())).await else {
        panic!("not participants");
    };
    inside.sort_by_key(|view| view.leg == second);
    let seen: Vec<_> = inside
        .iter()
        .map(|view| (&view.leg, view.present, view.muted))
        .collect();
    assert_eq!(seen, [(&first, true, false), (&second, true, true)]);
    let query = Query::ActiveCalls {
        connection: CONNECTION.into(),
    };
    let Answer::ActiveCalls(live) = house.accept(Command::Query(query)).await else {
        panic!("not calls");
    };
    assert_eq!(live.len(), 2);
    assert!(
        live.iter()
            .all(|view| view.alive == Some(true) && view.client_state == Some(state()))
    );

    house
        .accept(in_conference(
            &room,
            ConferenceAction::Leave(Leave::new(second.clone())),
        ))
        .await;
    house
        .accept(in_conference(&room, ConferenceAction::End(Default::default())))
        .await;
    house
        .event("conference.ended", |event| {
            matches!(event.body, EventBody::ConferenceEnded { .. })
        })
        .await;
    let end = in_conference(&room, ConferenceAction::End(Default::default()));
    assert_eq!(house.accept(end).await, Answer::Done, "ended already");
    assert_eq!(house.refusal(join()).await, RefusalKind::ConferenceEnded);
    house.simulator.shutdown().await;
}

/// A command may be refused because of the state that it meets, never because of how it is written.
#[tokio::test]
async fn every_command_is_understood() {
    let mut house = House::build().await;
    let kinds = every_command(&Cast::new("x".into(), "x".into(), "x".into())).len();
    let mut misunderstood = Vec::new();
    for index in 0..kinds {
        let (leg, other) = (house.answered_leg().await, house.answered_leg().await);
        let room = house.conference(other.clone(), &format!("room {index}")).await;
        let cast = Cast {
            connection: CONNECTION.into(),
            name: format!("new room {index}").as_str().into(),
            ..Cast::new(leg.clone(), other.clone(), room)
        };
        let command = every_command(&cast).swap_remove(index);
        let name = command.name();
        match house.attempt(command).await {
            Attempt::Accepted(_) => {}
            Attempt::Refused(refusal) if refusal.kind != RefusalKind::Invalid => {}
            // The legs here are outgoing and up, and the carrier calls that a bad request.
            Attempt::Refused(_) if name == "reject" => {}
            other => misunderstood.push(format!("{name}: {other:?}")),
        }
        house.accept(hangup(&leg)).await;
        house.accept(hangup(&other)).await;
    }
    assert!(misunderstood.is_empty(), "{misunderstood:#?}");
    house.simulator.shutdown().await;
}
