"""Scala cells with the agent in their session: live output and interrupts, on real Spark."""

import threading
import time

import pytest
from conftest import SPARK_START, printed, running_kernel


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
    assert "defined class P" in text
    [result] = [m for m in shown if m["msg_type"] == "execute_result"]
    assert result["content"]["data"]["text/plain"].endswith("P = P(5)")


def test_an_error_keeps_what_was_printed_before(spark):
    reply, shown = spark.run('println("before"); Thread.sleep(800); throw new RuntimeException("ärger")')
    assert printed(shown) == "before\n"
    assert reply["status"] == "error" and "ärger" in reply["evalue"]


@pytest.mark.parametrize(
    "code",
    ["while (true) {}", "Thread.sleep(60000)", "sc.parallelize(1 to 2, 2).foreach(_ => Thread.sleep(60000))"],
)
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


def test_the_agent_comes_to_stop_a_loop(livy_url):
    with running_kernel("livy-spark", livy_url) as kernel:
        kernel.run("val kept = 42", timeout=SPARK_START)
        reply, _, seconds = interrupted(kernel, "while (true) {}", after=0.5)
        assert reply["ename"] == "KeyboardInterrupt" and seconds < 30
        assert kernel.value("kept").endswith("= 42")


def test_scala_in_a_python_notebook_is_overheard_too(pyspark):
    pyspark.run("%%spark\n1")
    heard = timed(pyspark, "%%spark\nfor (i <- 1 to 3) { println(i); Thread.sleep(900) }")
    assert "".join(text for _, text in heard) == "1\n2\n3\n"


def test_without_an_agent_text_comes_at_the_end(livy_url):
    with running_kernel("livy-spark", livy_url, LIVY_AGENT="never") as kernel:
        kernel.run("1", timeout=SPARK_START)
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
    assert "defined class Pair\n" in printed(shown) and "defined object Pair\n" in printed(shown)
    assert scala.value("Pair.get(Pair(3))").endswith("= 3")
    assert scala.value("List(Pair(3), Pair(1))\n  .sorted").endswith("= List(Pair(1), Pair(3))")


def test_definitions_that_use_each_other_work(scala):
    code = "def even(n: Int): Boolean = n == 0 || odd(n - 1)\ndef odd(n: Int): Boolean = n != 0 && even(n - 1)\neven(4)"
    assert scala.value(code).endswith("= true")


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


def test_an_error_keeps_its_line(scala):
    def line(code):
        reply, _ = scala.run(code)
        return int(reply["evalue"].split("<console>:")[1].split(":")[0])

    within_braces = line("{\nList(1)\n  .map(_ + 1)\n\n  .foo(3)\n}")
    assert line("List(1)\n  .map(_ + 1)\n\n  .foo(3)") == within_braces - 1


@pytest.mark.parametrize(
    "code",
    [
        "%table made",
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
