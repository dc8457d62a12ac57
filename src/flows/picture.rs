//! A flow as a picture: its steps one below the other in the order in which a call may come by, each with its outcomes and
//! where they lead. Beside them every step that is led to has one line, which gathers all that lead there.
//!
//! Called by `draw`. General layouts of graphs draw flows wide and tangled: half of the edges of a typical flow lead to
//! two or three goodbyes. Here they share a line, and the name of the target stands beside the outcome as well.

use std::collections::BTreeMap;
use std::fmt::Write;

use cordboard_core::flow::{END, Flow, Step};

use super::graph;

/// Widths and heights in pixels; a monospaced letter of the size used is 7.3 wide.
const LETTER: f64 = 7.3;
const LINE: f64 = 19.0;
const HEAD: f64 = 26.0;
const GAP: f64 = 16.0;
const MARGIN: f64 = 20.0;
const LANE: f64 = 13.0;

/// Lines are told apart by colour; dark enough to be read on white.
const COLOURS: [&str; 8] = [
    "#1f5fa8", "#b3541e", "#2c7a4b", "#8a3d8f", "#a8323e", "#5a6b1f", "#3d6f7a", "#6b4fb0",
];

/// A step on the page.
struct Card<'f> {
    name: &'f str,
    kind: &'static str,
    top: f64,
    /// Outcomes, and where they lead.
    rows: Vec<(String, &'f str)>,
}

impl Card<'_> {
    fn middle(&self) -> f64 {
        self.top + HEAD / 2.0
    }

    fn row(&self, at: usize) -> f64 {
        self.top + HEAD + LINE * (at as f64 + 0.5)
    }

    fn bottom(&self) -> f64 {
        self.top + HEAD + LINE * self.rows.len() as f64
    }

    fn letters(&self) -> usize {
        let rows = self
            .rows
            .iter()
            .map(|(outcomes, target)| outcomes.len() + target.len() + 5);
        rows.chain([self.name.len() + self.kind.len() + 5])
            .max()
            .unwrap_or(0)
    }
}

/// Everything that leads to one step: a line from the uppermost to the lowest of it.
struct Bus<'f> {
    target: &'f str,
    sources: Vec<f64>,
    /// The middle of the step that they lead to.
    to: f64,
    lane: usize,
}

impl Bus<'_> {
    fn ends(&self) -> (f64, f64) {
        let all = self.sources.iter().chain([&self.to]);
        all.fold((f64::MAX, f64::MIN), |(top, bottom), at| {
            (top.min(*at), bottom.max(*at))
        })
    }
}

/// The picture as SVG.
pub(super) fn svg(flow: &Flow) -> String {
    let cards = cards(flow);
    let letters = cards
        .iter()
        .map(Card::letters)
        .max()
        .unwrap_or(0)
        .max(flow.flow.len() + 8);
    let right = (LETTER * letters as f64).ceil() + MARGIN * 2.0;
    let buses = buses(&cards);
    let lanes = buses.iter().map(|bus| bus.lane + 1).max().unwrap_or(0);
    let width = right + LANE * (lanes as f64 + 1.0) + MARGIN;
    let height = cards.last().map_or(0.0, Card::bottom) + MARGIN;
    let mut out = String::new();
    let _ = writeln!(
        out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\" \
         font-family=\"ui-monospace, Menlo, Consolas, 'DejaVu Sans Mono', monospace\" font-size=\"12\">"
    );
    let _ = writeln!(out, "<title>{}</title>", escaped(&flow.flow));
    let _ = writeln!(
        out,
        "<rect width=\"{width}\" height=\"{height}\" fill=\"#ffffff\"/>"
    );
    for bus in &buses {
        draw_bus(&mut out, bus, right);
    }
    for card in &cards {
        draw_card(&mut out, card, right, &buses);
    }
    out.push_str("</svg>\n");
    out
}

/// The steps in the order in which a call may come by; steps that end it come after those that lead on.
fn cards(flow: &Flow) -> Vec<Card<'_>> {
    let mut order = Vec::new();
    let mut todo = std::collections::VecDeque::from([flow.start.as_str()]);
    while let Some(name) = todo.pop_front() {
        let Some((name, step)) = flow.step.get_key_value(name) else {
            continue;
        };
        if !order.contains(&name.as_str()) {
            order.push(name.as_str());
            todo.extend(rows(step).into_iter().map(|(_, target)| target));
        }
    }
    let ends = |name: &&str| {
        flow.step
            .get(*name)
            .is_some_and(|step| step.kind.facts().outcomes.is_empty())
    };
    let (last, first): (Vec<&str>, Vec<&str>) = order.into_iter().partition(ends);
    let mut top = MARGIN;
    let mut cards = Vec::new();
    for name in first.into_iter().chain(last) {
        let Some(step) = flow.step.get(name) else { continue };
        let card = Card {
            name,
            kind: step.kind.facts().name,
            top,
            rows: rows(step),
        };
        top = card.bottom() + GAP;
        cards.push(card);
    }
    cards
}

/// Outcomes with one target stand in one row; rows in the order of their first outcome.
fn rows(step: &Step) -> Vec<(String, &str)> {
    let mut rows: Vec<(String, &str)> = graph::edges(step)
        .into_iter()
        .map(|(target, outcomes)| (outcomes.join(", "), target))
        .collect();
    rows.sort();
    rows
}

fn buses<'f>(cards: &[Card<'f>]) -> Vec<Bus<'f>> {
    let mut sources: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
    for card in cards {
        for (at, (_, target)) in card.rows.iter().enumerate() {
            sources.entry(target).or_default().push(card.row(at));
        }
    }
    let mut buses: Vec<Bus<'f>> = Vec::new();
    for card in cards {
        if let Some(sources) = sources.remove(card.name) {
            buses.push(Bus {
                target: card.name,
                sources,
                to: card.middle(),
                lane: 0,
            });
        }
    }
    // Short lines stand next to the steps, so that long ones go round them.
    buses.sort_by(|one, other| {
        let length = |bus: &Bus<'_>| bus.ends().1 - bus.ends().0;
        length(one).total_cmp(&length(other))
    });
    for at in 0..buses.len() {
        let (top, bottom) = buses[at].ends();
        let beside =
            |other: &&Bus<'_>| other.ends().0 <= bottom + GAP / 2.0 && top <= other.ends().1 + GAP / 2.0;
        let taken: Vec<usize> = buses[..at]
            .iter()
            .filter(beside)
            .map(|other| other.lane)
            .collect();
        buses[at].lane = (0..).find(|lane| !taken.contains(lane)).unwrap_or(0);
    }
    buses
}

fn colour(lane: usize) -> &'static str {
    COLOURS[lane % COLOURS.len()]
}

fn draw_bus(out: &mut String, bus: &Bus<'_>, right: f64) {
    let x = right + LANE * (bus.lane as f64 + 1.0);
    let (top, bottom) = bus.ends();
    let colour = colour(bus.lane);
    let _ = write!(
        out,
        "<g stroke=\"{colour}\" fill=\"none\" stroke-width=\"1.3\"><path d=\"M{x} {top}V{bottom}"
    );
    for from in &bus.sources {
        let _ = write!(out, "M{right} {from}H{x}");
    }
    let (to, tip, wing) = (bus.to, right + 1.0, right + 7.0);
    let _ = writeln!(
        out,
        "M{x} {to}H{tip}\"/><path fill=\"{colour}\" d=\"M{tip} {to}L{wing} {} {wing} {}Z\"/></g>",
        to - 3.5,
        to + 3.5
    );
}

fn draw_card(out: &mut String, card: &Card<'_>, right: f64, buses: &[Bus<'_>]) {
    let fill = match card.kind {
        "branch" | "gather" => "#fff6d6",
        "hangup" | "reject" => "#fde3e1",
        "transfer" | "dial" | "conference" | "queue" => "#dcebfa",
        _ => "#eef0f2",
    };
    let (top, width, height) = (card.top, right - MARGIN, card.bottom() - card.top);
    let (left, end) = (MARGIN + 8.0, right - 8.0);
    let _ = writeln!(
        out,
        "<rect x=\"{MARGIN}\" y=\"{top}\" width=\"{width}\" height=\"{height}\" rx=\"5\" fill=\"#ffffff\" stroke=\"#8a929b\"/>\
         <rect x=\"{MARGIN}\" y=\"{top}\" width=\"{width}\" height=\"{HEAD}\" rx=\"5\" fill=\"{fill}\" stroke=\"#8a929b\"/>"
    );
    let base = card.middle() + 4.0;
    let _ = writeln!(
        out,
        "<text x=\"{left}\" y=\"{base}\" font-weight=\"bold\">{}</text>\
         <text x=\"{end}\" y=\"{base}\" text-anchor=\"end\" fill=\"#59636e\">{}</text>",
        escaped(card.name),
        card.kind
    );
    for (at, (outcomes, target)) in card.rows.iter().enumerate() {
        let base = card.row(at) + 4.0;
        let lane = buses
            .iter()
            .find(|bus| bus.target == *target)
            .map(|bus| colour(bus.lane));
        let shown = if *target == END { "the call ends" } else { target };
        let _ = writeln!(
            out,
            "<text x=\"{left}\" y=\"{base}\">{}</text><text x=\"{end}\" y=\"{base}\" text-anchor=\"end\" fill=\"{}\">→ {}</text>",
            escaped(outcomes),
            lane.unwrap_or("#59636e"),
            escaped(shown)
        );
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}
