//! The code as the REPL takes it. Pure.
//!
//! Livy gives the REPL one line, and adds the next one only while the REPL says that the code is
//! incomplete. So a statement would end before a line that begins with `.` or `else`, and a class and
//! its companion would be strangers. Where code has to go on, the line break is put into a comment,
//! because the REPL waits for the end of a comment. All other code is sent as it is written.

use std::ops::Range;

use crate::language::scala::{group, mark, remarks, statement, token};

/// The code as the REPL takes it: the same text, on the same lines, with marks between them.
pub fn for_the_repl(code: &str) -> String {
    let mut sent = String::new();
    let mut at = 0;
    for joint in joints(code) {
        sent += &code[at..joint.start];
        sent += &mark::comment(&code[joint.clone()]);
        at = joint.end;
    }
    sent + &code[at..]
}

/// What stands between two lines that must reach the REPL as one, in bytes and in order.
fn joints(code: &str) -> Vec<Range<usize>> {
    let tokens = token::tokens(code);
    let statements = statement::statements(code, &tokens);
    let mut joints: Vec<_> = statements.iter().flat_map(|one| one.joints.clone()).collect();
    for group in group::groups(&statements) {
        let grouped = &statements[group];
        let between = grouped
            .windows(2)
            .filter_map(|pair| Some(pair[0].tokens.last()?.end()..pair[1].tokens.first()?.start));
        joints.extend(between);
    }
    let mut remarks = remarks::joints(code, &statements);
    remarks.retain(|remark| !joints.iter().any(|joint| overlap(joint, remark)));
    joints.extend(remarks);
    joints.sort_by_key(|joint| joint.start);
    joints
}

fn overlap(one: &Range<usize>, other: &Range<usize>) -> bool {
    one.start < other.end && other.start < one.end
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Cells as people write them, in the style of Spark's own examples.
    const CELLS: [&str; 12] = [
        "val spark = SparkSession\n  .builder()\n  .appName(\"x\") // a /* b\n  .getOrCreate()",
        "val t = \"\"\"a\n  .b // {\n  else\"\"\"\nt\n  .size",
        "val u = s\"\"\"a ${xs\n  .map { x => s\"${x}}\" }\n  .size} \"\n  .b\"\"\".trim",
        "if (a) {\n  b\n}\n// else\nelse {\n  c\n}",
        "try {\n  a\n} // */\ncatch {\n  case e: Exception => b\n}\n/* c */ finally d",
        "for {\n  a <- b\n  if a > 1\n} yield a",
        "x match {\n  case 'a' => '\"'\n  case '\\'' => 'b\n  case _ => `c \"`\n}",
        "case class P(\n  name: String,\n  age: Int)\n\n/** The companion. */\nobject P {\n  def f = 1\n}",
        "implicit class Q(val s: String)\n  extends AnyVal {\n  def f = s\n}",
        "val x = 1 +\n  2\nval html = <b class=\"c\">it's {x}</b>\nhtml",
        "df.select($\"a\", $\"b\" + 1)\r\n  .filter($\"a\" > 2)\r\n  .show()",
        "object M {\n  def main() = f\n}\n\ndef f = 1\nM.main()\n%json x",
    ];

    fn without_marks_and_space(text: &str) -> String {
        let text = text.replace("/*\\", "").replace("\\*/", "");
        text.split_whitespace().collect()
    }

    /// Asserts what must hold for any code.
    #[track_caller]
    fn check(code: &str) {
        let sent = for_the_repl(code);
        assert_eq!(sent.replace(" /*\\", "").replace("\\*/", ""), code);
        assert_eq!(sent.lines().count(), code.lines().count(), "{code:?}");
        assert_eq!(without_marks_and_space(&sent), without_marks_and_space(code));
        // The compiler reads the same tokens.
        let texts = |code: &str| -> Vec<String> {
            token::tokens(code).iter().map(|token| token.text.to_owned()).collect()
        };
        assert_eq!(texts(&sent), texts(code), "{code:?}");
    }

    #[test]
    fn the_text_and_its_lines_stay_as_they_are() {
        for cell in CELLS {
            check(cell);
            for other in CELLS {
                check(&format!("{cell}\n\n// between */ them\n{other}"));
            }
        }
    }

    #[test]
    fn the_text_stays_also_where_code_is_cut_anywhere() {
        for cell in CELLS {
            for (at, _) in cell.char_indices() {
                check(&cell[..at]);
                check(&cell[at..]);
                check(&format!("{}\n.é\n{}", &cell[..at], &cell[at..]));
            }
        }
    }

    #[test]
    fn code_that_the_repl_takes_is_sent_as_it_is() {
        for code in
            ["", "1", "val x = 1\nx", "def f = {\n  a\n    .b\n}", "f(\n  a\n    .b)", "a // b\nc"]
        {
            assert_eq!(for_the_repl(code), code);
        }
    }

    #[test]
    fn a_line_break_where_code_goes_on_is_in_a_comment() {
        assert_eq!(for_the_repl("x // a\n  .y\nz"), "x /*\\ // a\n  \\*/.y\nz");
        assert_eq!(for_the_repl("class A\n\nobject A"), "class A /*\\\n\n\\*/object A");
        assert_eq!(for_the_repl("// a\nval x = 1"), " /*\\// a\n\\*/val x = 1");
    }

    #[test]
    fn long_code_takes_no_time() {
        for line in [
            "x\n.y\n",
            "a b c\n",
            "class A\nobject A\n",
            "def f = g\ndef g = f\n",
            "(\n",
            "<a>\n",
            "/*\n",
        ] {
            check(&line.repeat(500));
        }
    }
}
