//! What the Twilio face needs of the world: its books, the ledger, the callers, and which fault meets a request.

use std::sync::atomic::Ordering;
use std::sync::{Arc, MutexGuard, PoisonError};

use super::{CallerEvent, World};
use crate::carrier::emitted::CallerNo;
use crate::ledger::{Phase, Touched};
use crate::profile::{Fault, RequestFate, WebhookFate};
use crate::target::{FarEnd, FarEndAnswer, Receipt};
use crate::twilio::conferences::Aftermath;
use crate::twilio::exchange::Exchange;
use crate::twilio::form::Form;
use crate::twilio::webhook;

/// Something is on its way as long as this lives.
pub(crate) struct Travelling(Arc<World>);

impl Drop for Travelling {
    fn drop(&mut self) {
        self.0.pending.fetch_sub(1, Ordering::SeqCst);
        self.0.changed.notify_waiters();
    }
}

impl World {
    /// The books of the face. Never held across an await.
    pub(crate) fn exchange(&self) -> MutexGuard<'_, Exchange> {
        self.exchange.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn travelling(self: &Arc<Self>) -> Travelling {
        self.pending.fetch_add(1, Ordering::SeqCst);
        Travelling(Arc::clone(self))
    }

    pub(crate) fn changed(&self) {
        self.changed.notify_waiters();
    }

    /// Tells a caller's script, and the ledger what it must know.
    pub(crate) fn tell(&self, caller: CallerNo, event: CallerEvent) {
        let mut inner = self.lock();
        if event == CallerEvent::Answered {
            inner.ledger.call_moved(caller, Phase::Waiting);
        }
        inner.tell_caller(caller, event);
    }

    /// What is behind a number or address. One with a single line is busy while another leg to it is up.
    pub(crate) fn behind(&self, address: &str) -> FarEnd {
        let mut far_end = self.lock().carrier.target(address).clone();
        if far_end.one_line && self.exchange().is_engaged(address) {
            far_end.answer = FarEndAnswer::Busy;
        }
        far_end
    }

    pub(crate) fn receipt(&self, phone: &str) -> Receipt {
        self.lock().carrier.receipt(phone)
    }

    pub(crate) fn text_sent(&self, repeated: bool) {
        let mut inner = self.lock();
        inner.ledger.counters.messages_sent += 1;
        inner.ledger.counters.messages_duplicate += u64::from(repeated);
    }

    pub(crate) fn text_delivered(&self, to: &str, words: &str) {
        let mut inner = self.lock();
        inner.ledger.counters.messages_delivered += 1;
        if let Some(caller) = inner.phones.owner(to, words) {
            inner.ledger.texted(caller);
            inner.tell_caller(caller, CallerEvent::Texted(words.to_owned()));
        }
    }

    /// What follows from a change of a conference.
    pub(crate) fn aftermath(self: &Arc<Self>, after: Aftermath) {
        {
            let mut inner = self.lock();
            let counters = &mut inner.ledger.counters;
            counters.conferences_created += u64::from(after.created);
            counters.conferences_ended += u64::from(after.ended);
            counters.conferences_duplicate += u64::from(after.split);
            for caller in after.heard {
                inner.tell_caller(caller, CallerEvent::Heard);
            }
            for (caller, address) in after.joined {
                inner.tell_caller(caller, CallerEvent::Bridged(address));
            }
        }
        for (url, method, form) in after.callbacks {
            webhook::tell(self, &url, &method, form);
        }
        self.changed();
    }

    /// Draws what happens to a request to the program, and books what is done to it. A callback may be lost, doubled or
    /// overtaken; a question is at most late, or its first connection fails.
    pub(crate) fn twilio_webhook_fate(&self, form: &Form, callback: bool) -> WebhookFate {
        let field = |name: &str| form.get(name).unwrap_or_default();
        let key = format!(
            "{}{}{}",
            field("CallSid"),
            field("ConferenceSid"),
            field("MessageSid")
        );
        let (caller, dialled) = self.whose(field("CallSid"));
        let mut inner = self.lock();
        let caller = caller.or_else(|| {
            let phone = if field("SmsStatus") == "received" {
                "From"
            } else {
                "To"
            };
            inner.phones.owner(field(phone), field("Body"))
        });
        let count = inner
            .requests
            .entry((key.clone(), "webhook".to_owned()))
            .or_default();
        let index = *count;
        *count += 1;
        let fate = self.settings.profile.rates().webhook(self.dice, &key, index);
        let fate = WebhookFate {
            never: fate.never && callback,
            drop: fate.drop && !callback,
            duplicate_after: fate.duplicate_after.filter(|_| callback),
            hold_back: fate.hold_back.filter(|_| callback),
            ..fate
        };
        let touched = Touched {
            caller,
            rooms: inner.room_behind(dialled.as_deref()).into_iter().collect(),
        };
        for (injected, fault) in [
            (fate.never, Fault::WebhookNever),
            (fate.drop, Fault::WebhookDrop),
            (fate.duplicate_after.is_some(), Fault::WebhookDuplicate),
            (fate.hold_back.is_some(), Fault::WebhookReorder),
        ] {
            if injected {
                inner.ledger.fault(fault, &touched);
            }
        }
        fate
    }

    /// The caller whom a leg serves; of a leg that was dialled for nobody in particular, its address: whoever waits behind
    /// that is concerned.
    fn whose(&self, sid: &str) -> (Option<CallerNo>, Option<String>) {
        let exchange = self.exchange();
        let call = exchange.call_by_sid(sid);
        let caller = call.and_then(|call| call.caller);
        let dialled = call
            .filter(|call| call.caller.is_none())
            .map(|call| call.to.clone());
        (caller, dialled)
    }

    /// Draws what happens to a REST request, and books it.
    pub(crate) fn twilio_fate(&self, about: &str, verb: &str, form: &Form, command: bool) -> RequestFate {
        let (caller, dialled) = self.whose(about);
        let dialled = dialled.or_else(|| form.get("To").filter(|_| verb == "POST Calls").map(str::to_owned));
        let mut inner = self.lock();
        let texted = || inner.phones.owner(form.get("To")?, form.get("Body")?);
        let touched = Touched {
            caller: caller.or_else(texted),
            rooms: inner.room_behind(dialled.as_deref()).into_iter().collect(),
        };
        let count = inner
            .requests
            .entry((about.to_owned(), verb.to_owned()))
            .or_default();
        let index = *count;
        *count += 1;
        let out = self.is_out();
        let fate = if out {
            RequestFate::ServerError { effect: false }
        } else {
            self.settings
                .profile
                .rates()
                .request(self.dice, about, verb, index)
        };
        let fault = if out {
            Some(Fault::OutageRequest)
        } else {
            fate.fault()
        };
        if let Some(fault) = fault {
            inner.ledger.fault(fault, &touched);
        }
        if command {
            inner.ledger.counters.commands += 1;
            inner.ledger.counters.commands_failed += u64::from(fate != RequestFate::Normal);
        }
        fate
    }
}
