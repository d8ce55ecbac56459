//! The key table as the README shows it.

use super::{ACTIONS, Place};
use crate::tui::panes::PANES;

/// A Markdown table of all keys; a test of the README compares against it.
pub fn key_table() -> String {
    let mut out = String::from("| key | does | where |\n| --- | --- | --- |\n");
    for action in ACTIONS {
        let keys: Vec<String> = action.keys.iter().map(|k| format!("`{}`", k.replace('|', "\\|"))).collect();
        let place = match action.place {
            Place::Everywhere => "everywhere".to_owned(),
            Place::Panes => "every pane".to_owned(),
            Place::In(ids) => {
                let titles = PANES.iter().filter(|p| ids.contains(&p.id())).map(|p| p.title());
                titles.collect::<Vec<_>>().join(", ")
            }
        };
        out += &format!("| {} | {} | {place} |\n", keys.join(" "), action.title);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_table_names_every_action() {
        let table = key_table();
        assert_eq!(table.lines().count(), 2 + ACTIONS.len());
        insta::assert_snapshot!(table);
    }
}
