//! What the gate of one connection tried, as rows.

use crate::{
    desk::{Answer, view::ProbeView},
    tui::{
        panes::{Rows, Source},
        theme::Tone,
        widgets::{
            canvas::dim,
            gate,
            table::{Column, Content},
            words,
        },
    },
};
use rust_decimal::Decimal;

/// Probes as rows.
pub struct Probes;

impl Rows for Probes {
    type Row = ProbeView;

    fn rows<'a>(&self, source: &Source<'a>) -> &'a [ProbeView] {
        match source.answer {
            Some(Answer::Connection(view)) => &view.results,
            _ => &[],
        }
    }

    fn columns<'a>(&self, source: &Source<'a>) -> Vec<Column<'a, ProbeView>> {
        let to_do = self.rows(source).iter().any(|probe| probe.next_step.is_some());
        let mut out = vec![
            Column::text("ended", "ENDED", (gate::MARK, gate::MARK), |probe: &ProbeView, _| {
                Content::of(vec![gate::mark(probe.outcome)])
            }),
            Column::text("tried", "TRIED", (33, 33), |probe: &ProbeView, _| Content::text_of(probe.title, Tone::Plain)),
            Column {
                right: true,
                ..Column::text("age", "AGE", (6, 6), |probe: &ProbeView, look| {
                    Content::of(vec![dim(words::ago(look.now, probe.at))])
                })
                .sorted(|probe| Some(Decimal::from(probe.at.second())))
            },
            Column::text("seen", "SEEN", (20, 120), |probe: &ProbeView, _| Content::of(vec![gate::seen(probe)])),
        ];
        if to_do {
            let next = Column::text("next", "NEXT STEP", (30, 160), |probe: &ProbeView, _| match &probe.next_step {
                Some(next) => Content::text_of(next.clone(), Tone::Plain),
                None => Content::default(),
            });
            out.push(next.rank(1));
        }
        out
    }

    fn id(&self, probe: &ProbeView) -> String {
        probe.title.to_owned()
    }

    fn empty(&self, _source: &Source) -> String {
        "Its gate was not tried yet. T tests it now; the next sync does it by itself.".into()
    }
}
