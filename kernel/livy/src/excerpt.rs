//! Shortens texts of servers and libraries to what a user reads. Pure.

/// Joins the lines of a text into one, cut after 500 characters.
pub(crate) fn excerpt(text: &str) -> String {
    const MAX_CHARS: usize = 500;
    let mut line = String::new();
    let mut letters = 0_usize;
    for word in text.split_whitespace() {
        let gap = if line.is_empty() { "" } else { " " };
        for letter in gap.chars().chain(word.chars()) {
            if letters == MAX_CHARS {
                return line + "…";
            }
            line.push(letter);
            letters = letters.saturating_add(1);
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_become_one_that_has_an_end() {
        assert_eq!(excerpt("  one\n\ttwo "), "one two");
        assert_eq!(excerpt(&"é".repeat(500)).chars().count(), 500);
        assert_eq!(excerpt(&"a b ".repeat(1000)).chars().count(), 501);
        assert_eq!(excerpt(" "), "");
    }
}
