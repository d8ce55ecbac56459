//! The ASCII twin of every glyph, for `--ascii`, `TERM=linux` and locales that are not UTF-8.

use ratatui::buffer::Buffer;

/// The ASCII character that stands for `glyph`: of the same width, `?` where there is no better one.
pub fn twin(glyph: char) -> char {
    match glyph {
        c if c.is_ascii() => c,
        '▌' | '▸' | '→' => '>',
        '◂' | '←' => '<',
        '▲' | '↑' => '^',
        '▼' | '↓' => 'v',
        '●' | '◆' => '#',
        '○' => 'o',
        '•' => '*',
        '·' | '▁' | '░' => '.',
        '…' => '~',
        '−' | '–' | '—' | '─' | '▔' => '-',
        '│' | '┤' | '├' => '|',
        '┌' | '┐' | '└' | '┘' => '+',
        '▂' | '▃' => '_',
        '▄' | '▒' => ':',
        '▅' | '▆' => '=',
        '▇' | '▓' => '%',
        '█' => '#',
        'Δ' => 'd',
        'Σ' => '=',
        '×' => 'x',
        '±' => '~',
        '⟳' => '@',
        '⟨' => '<',
        '⟩' => '>',
        '“' | '”' => '"',
        '‘' | '’' => '\'',
        '␛' => '^',
        _ => '?',
    }
}

/// Replaces whatever is not ASCII in a finished buffer. The only place that sets a cell's symbol.
#[allow(clippy::disallowed_methods, reason = "the one place that rewrites symbols, from a fixed table")]
pub fn to_ascii(buffer: &mut Buffer) {
    for cell in &mut buffer.content {
        if let Some(first) = cell.symbol().chars().next().filter(|_| !cell.symbol().is_ascii()) {
            cell.set_char(twin(first));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_glyph_the_console_draws_has_a_twin_of_its_own() {
        for glyph in "▌▸→▲▼●◆○•·…−–─│┤▁▂▃▄▅▆▇█░▒▓ΔΣ×⟳".chars()
        {
            assert!(twin(glyph).is_ascii() && twin(glyph) != '?', "{glyph}");
        }
        assert_eq!((twin('x'), twin('漢')), ('x', '?'));
    }
}
