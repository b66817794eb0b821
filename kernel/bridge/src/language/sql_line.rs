//! Finds the query on the line of a magic: `%%sql -n 5 SELECT 1`. Pure.

/// Options of `%%sql` that have a value, which may look like a word of SQL.
const WITH_VALUE: [&str; 14] = [
    "-o",
    "--output",
    "-n",
    "--maxrows",
    "-m",
    "--samplemethod",
    "-r",
    "--samplefraction",
    "-x",
    "-y",
    "--color",
    "--agg",
    "-s",
    "--session",
];
/// Words that begin a statement of Spark's SQL.
const FIRST_WORDS: [&str; 43] = [
    "ADD", "ALTER", "ANALYZE", "BEGIN", "CACHE", "CALL", "CLEAR", "COMMENT", "CREATE", "DECLARE",
    "DELETE", "DESC", "DESCRIBE", "DFS", "DROP", "EXECUTE", "EXPLAIN", "EXPORT", "FROM", "GRANT",
    "IMPORT", "INSERT", "LIST", "LOAD", "MERGE", "MSCK", "OPTIMIZE", "REFRESH", "REPAIR",
    "REPLACE", "RESET", "REVOKE", "SELECT", "SET", "SHOW", "TABLE", "TRUNCATE", "UNCACHE",
    "UPDATE", "USE", "VACUUM", "VALUES", "WITH",
];

/// Where the query begins on the line of a magic of SQL, if there is one.
pub fn query_start(line: &str) -> Option<usize> {
    let mut before = "";
    for (at, word) in words(line).skip(1) {
        let is_value = WITH_VALUE.iter().any(|option| option.eq_ignore_ascii_case(before));
        if !is_value && begins_query(word) {
            return Some(at);
        }
        before = word;
    }
    None
}

fn begins_query(word: &str) -> bool {
    let name = word.trim_start_matches('(');
    let name = name.split(|c: char| !c.is_ascii_alphabetic()).next().unwrap_or_default();
    word == "--"
        || word.starts_with("/*")
        || FIRST_WORDS.iter().any(|first| first.eq_ignore_ascii_case(name))
}

/// The words of a line and where each begins; what stands in quotes is one word.
fn words(line: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut at = 0;
    std::iter::from_fn(move || {
        at += line[at..].len() - line[at..].trim_start().len();
        let start = at;
        let mut quote = None;
        for c in line[start..].chars() {
            match quote {
                None if c.is_whitespace() => break,
                None if matches!(c, '\'' | '"') => quote = Some(c),
                Some(open) if open == c => quote = None,
                _ => {}
            }
            at += c.len_utf8();
        }
        (at > start).then(|| (start, &line[start..at]))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(line: &str, query: Option<&str>) {
        assert_eq!(query_start(line).map(|at| &line[at..]), query, "{line}");
    }

    #[test]
    fn the_query_follows_the_options() {
        check("%%sql SELECT 1", Some("SELECT 1"));
        check(
            "%sql   with x as (select 1) select * from x",
            Some("with x as (select 1) select * from x"),
        );
        check("%%sql -n 5 -q -o rows select 'a'", Some("select 'a'"));
        check("%%sql --chart line -x \"from day\" SHOW TABLES", Some("SHOW TABLES"));
        check("%%sql (SELECT 1)", Some("(SELECT 1)"));
        check("%%sql -- all of it", Some("-- all of it"));
        check("%%sql SELECT*", Some("SELECT*"));
    }

    #[test]
    fn values_of_options_are_no_queries() {
        for line in ["%%sql", "%%sql -o values", "%%sql -x list -y \"set\"", "%%sql --chart donut"]
        {
            check(line, None);
        }
    }
}
