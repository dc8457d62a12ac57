//! Record: the caller's words until silence, a key, the limit or a hangup.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::{Ended, Event, Line};
use crate::twilio::document::Element;
use crate::twilio::form::Form;
use crate::twilio::webhook;
use crate::world::CallerEvent;

impl Line {
    pub(super) async fn record(&mut self, verb: &Element) -> Ended {
        let silence = Duration::from_secs(verb.number("timeout", 5));
        let keys = verb.attribute("finishOnKey").unwrap_or("1234567890*#").to_owned();
        let began = Instant::now();
        let longest = began + Duration::from_secs(verb.number("maxLength", 3_600));
        self.tell_caller(CallerEvent::Recording);
        let (digits, stopped) = loop {
            let voice = self.world.exchange().calls[self.no].voice_until;
            let quiet = voice.map_or(began, |until| until.max(began)) + silence;
            let until = quiet.min(longest);
            if Instant::now() >= until {
                break (String::new(), None);
            }
            match self.event(Some(until)).await {
                Event::Key(key) if keys.contains(key) => break (key.to_string(), None),
                Event::Time | Event::Key(_) | Event::News(_) => {}
                Event::Stop(ended) => break ("hangup".to_owned(), Some(ended)),
            }
        };
        let form = self.recording(began.elapsed());
        self.saved(verb, form.clone());
        match stopped {
            None => match self.action(verb, true, form.with("Digits", digits)) {
                Ended::Fell => Ended::HungUp,
                ended => ended,
            },
            Some(Ended::HungUp) => {
                // The action is told of the recording even though nobody is there to hear what follows.
                if let Ended::Go(source) = self.action(verb, true, form.with("Digits", digits)) {
                    self.read(&source).await;
                }
                Ended::HungUp
            }
            Some(ended) => ended,
        }
    }

    fn recording(&self, lasted: Duration) -> Form {
        let exchange = self.world.exchange();
        let key = format!("{}-{}", exchange.calls[self.no].sid, lasted.as_nanos());
        let sid = exchange.sid("RE", &key);
        let account = &exchange.account;
        let url =
            format!("https://recordings.example.invalid/2010-04-01/Accounts/{account}/Recordings/{sid}");
        Form::default()
            .with("RecordingSid", sid)
            .with("RecordingUrl", url)
            .with("RecordingDuration", lasted.as_secs().to_string())
    }

    /// The file is there a little later: the callback is told, and the caller's script.
    fn saved(&self, verb: &Element, form: Form) {
        let (world, caller) = (Arc::clone(&self.world), self.caller);
        let callback = verb.attribute("recordingStatusCallback").map(str::to_owned);
        let sid = world.exchange().calls[self.no].sid.clone();
        let form = form
            .with("AccountSid", &world.settings.twilio.sid)
            .with("CallSid", sid)
            .with("RecordingStatus", "completed")
            .with("RecordingChannels", "1")
            .with("RecordingSource", "RecordVerb")
            .with("ErrorCode", "0");
        self.world.tasks.spawn(async move {
            let travels = world.travelling();
            tokio::time::sleep(world.settings.pace.recording_saved()).await;
            if let Some(caller) = caller {
                world.tell(caller, CallerEvent::Recorded);
            }
            if let Some(url) = callback {
                webhook::tell(&world, &url, "POST", form);
            }
            drop(travels);
        });
    }
}
