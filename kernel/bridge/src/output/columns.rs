//! Text in columns, aligned by what a terminal shows of it: an East Asian letter takes two places.

use unicode_width::UnicodeWidthStr;

/// The side of its column at which a text stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// Where most texts stand.
    Left,
    /// Where numbers stand, so that their digits are below each other.
    Right,
}

/// The widths of a table's columns, and the side that each aligns its texts to.
pub struct Columns(Vec<(usize, Side)>);

impl Columns {
    /// Measures rows, all of which have a text for each of the sides.
    pub fn fit(rows: &[Vec<String>], sides: impl IntoIterator<Item = Side>) -> Self {
        let width = |at: usize| {
            let texts = rows.iter().filter_map(|row| row.get(at));
            texts.map(|text| text.width()).max().unwrap_or_default()
        };
        Self(sides.into_iter().enumerate().map(|(at, side)| (width(at), side)).collect())
    }

    /// One row, without blanks at its end.
    pub fn line(&self, row: &[String]) -> String {
        let padded = row.iter().zip(&self.0).map(|(text, (width, side))| {
            let blanks = " ".repeat(width.saturating_sub(text.width()));
            match side {
                Side::Left => text.clone() + &blanks,
                Side::Right => blanks + text,
            }
        });
        padded.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    }

    /// A rule of dashes below each column's heading.
    pub fn rule(&self) -> String {
        self.0.iter().map(|(width, _)| "-".repeat(*width)).collect::<Vec<_>>().join("  ")
    }
}

/// Rows whose columns all stand to the left.
pub fn align(rows: &[Vec<String>]) -> String {
    let count = rows.first().map_or(0, Vec::len);
    let columns = Columns::fit(rows, std::iter::repeat_n(Side::Left, count));
    rows.iter().map(|row| columns.line(row)).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::*;

    #[test]
    fn columns_stand_at_their_sides_by_the_width_that_a_terminal_shows() {
        let rows = [["name", "n"], ["日本", "5"], ["é", "1234"]]
            .map(|row| row.map(str::to_owned).to_vec());
        let columns = Columns::fit(&rows, [Side::Left, Side::Right]);
        let lines = [columns.line(&rows[0]), columns.rule(), columns.line(&rows[1])];
        assert_snapshot!(lines.join("\n"), @"
        name     n
        ----  ----
        日本     5
        ");
        assert_snapshot!(align(&rows), @"
        name  n
        日本  5
        é     1234
        ");
        assert_eq!(align(&[]), "");
    }
}
