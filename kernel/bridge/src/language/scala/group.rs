//! Definitions that only work together: the REPL must get them as one.

use std::ops::Range;

use crate::language::scala::{definition::Definition, statement::Statement};

/// Which statements the REPL must get as one: a class and its companion, functions of the same name, and a
/// definition that uses a later one. Statements that run something are never among them.
pub fn groups(statements: &[Statement<'_, '_>]) -> Vec<Range<usize>> {
    let definitions: Vec<_> = statements.iter().map(only_definition).collect();
    let mut groups: Vec<Range<usize>> = Vec::new();
    for first in 0..statements.len() {
        let last = last_needed(statements, &definitions, first);
        match groups.last_mut() {
            Some(group) if first < group.end && !repeats(&definitions[group.start..=last]) => {
                group.end = group.end.max(last + 1);
            }
            Some(group) if first < group.end => {}
            _ if last > first && !repeats(&definitions[first..=last]) => {
                groups.push(first..last + 1)
            }
            _ => {}
        }
    }
    groups
}

/// The definition that a statement is, if there is nothing else in its lines.
fn only_definition<'t, 'c>(statement: &Statement<'t, 'c>) -> Option<Definition<'t, 'c>> {
    let is_several = statement.tokens.iter().any(|token| token.depth == 0 && token.text == ";");
    Definition::of(statement.tokens).filter(|_| !is_several)
}

/// The last of the definitions directly below this one that it needs.
fn last_needed(
    statements: &[Statement<'_, '_>],
    definitions: &[Option<Definition<'_, '_>>],
    first: usize,
) -> usize {
    let Some(definition) = &definitions[first] else { return first };
    let mut last = first;
    for (at, later) in definitions.iter().enumerate().skip(first + 1) {
        let Some(later) = later else { break };
        let is_known =
            || definitions[..first].iter().flatten().any(|known| known.is_same_as(later));
        let needs = definition.is_companion_of(later)
            || definition.is_overload_of(later)
            || (later.is_used_in(statements[first].tokens) && !is_known());
        if needs {
            last = at;
        }
    }
    last
}

/// Whether two of the definitions cannot stand together, since they define the same.
fn repeats(definitions: &[Option<Definition<'_, '_>>]) -> bool {
    let known: Vec<_> = definitions.iter().flatten().collect();
    known.iter().enumerate().any(|(at, one)| known[..at].iter().any(|other| other.is_same_as(one)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::scala::{statement::statements, token::tokens};

    /// The first and the last statement of each group.
    fn grouped(code: &str) -> Vec<(usize, usize)> {
        let tokens = tokens(code);
        let groups = groups(&statements(code, &tokens));
        groups.iter().map(|group| (group.start, group.end - 1)).collect()
    }

    #[test]
    fn a_class_and_its_companion_belong_together_in_either_order() {
        for (one, other) in [
            ("case class A(x: Int)", "object A { }"),
            ("sealed trait A", "case object A"),
            ("@a.b(1) private[c] final class A", "implicit object A"),
        ] {
            assert_eq!(grouped(&format!("1\n{one}\n\n// x\n{other}\n2")), [(1, 2)], "{one}");
            assert_eq!(grouped(&format!("{other}\n{one}")), [(0, 1)], "{one}");
        }
        assert_eq!(grouped("class A\nclass B\nobject A\nobject B\nclass C"), [(0, 3)]);
        assert_eq!(grouped("class A\nimport b.c\nobject A"), [(0, 2)]);
    }

    #[test]
    fn a_definition_that_uses_a_later_one_belongs_to_it() {
        assert_eq!(grouped("def even = odd\ndef odd = even\ndef x = even"), [(0, 1)]);
        assert_eq!(grouped("object Main { f(s\"${g}\") }\ndef f = 1\ndef g = 2"), [(0, 2)]);
    }

    #[test]
    fn functions_of_the_same_name_belong_together() {
        assert_eq!(grouped("def f(x: Int) = 1\ndef f(x: String) = 2\nf(1)"), [(0, 1)]);
        assert_eq!(grouped("def f = 1\nimport a.b\ndef f[T](x: T)(y: T) = 2"), [(0, 2)]);
    }

    #[test]
    fn others_stay_apart() {
        for code in [
            "class A\nobject B",
            "class A\nclass A",
            "class A\nval x = 1\nobject A",
            "class A\nprintln(1)\nobject A",
            "class A; println(1)\nobject A",
            "def f = 1\ndef g = f\ndef f = 2",
            "def f(x: Int) = 1\ndef f(x: Int) = 2",
            "def f = x\nval x = 1",
            "class A\n%json x\nobject A",
        ] {
            assert!(grouped(code).is_empty(), "{code}");
        }
    }
}
