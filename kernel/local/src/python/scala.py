# Licensed under the Apache License, Version 2.0: http://www.apache.org/licenses/LICENSE-2.0
"""Runs Scala in the session's own JVM: Spark's REPL gets the code line by line, as Livy feeds it.

The output of a statement is Livy's to the letter, oddities included, since clients rely on them.
"""

import json
import os
import re
import sys
import threading
import traceback

from py4j.protocol import Py4JJavaError


class ScalaError(Exception):
    """A statement failed. The arguments are the error's name, value and traceback."""


class Scala:
    """The Scala interpreter, made before Spark starts, since Spark's threads must find the classes of statements."""

    def __init__(self, gateway, folder):
        os.mkdir(folder, 0o700)
        self.gateway, self.folder = gateway, folder
        self.classes = share_classes(gateway, folder)
        self.spark = None
        self.starting = threading.Lock()
        self.repl = None

    def start(self):
        """Starts the REPL, which takes seconds, when the session gets its first Scala."""
        with self.starting:
            if self.repl is None:
                self.repl = repl_of(self.gateway)(self.gateway, self.folder, self.classes, self.spark)
            return self.repl

    def execute(self, code):
        """Returns the statement's data by media type."""
        try:
            repl = self.start()
        except Exception:
            traceback.print_exc(file=sys.__stderr__)  # To the session's log.
            raise ScalaError('InterpreterError', 'Fail to start interpreter', []) from None
        try:
            return Statement(repl).run(code.strip().split('\n'))
        except Py4JJavaError as error:
            java = error.java_exception
            raise ScalaError('Internal Error: ' + java.getClass().getName(), java.getMessage(), []) from None

    def complete(self, code, cursor):
        return self.start().complete(code, cursor)


# Java


def scala_object(package, name):
    return getattr(getattr(package, name + '$'), 'MODULE$')


def share_classes(gateway, folder):
    """Makes the folder's classes known to all threads, also to later ones: a thread starts with its parent's loader.

    All get the same loader, because a class from two loaders is two classes, and the REPL, the driver and an executor
    all handle a case class in a Dataset.
    """
    thread = gateway.jvm.java.lang.Thread
    parent = thread.currentThread().getContextClassLoader()
    urls = gateway.new_array(gateway.jvm.java.net.URL, 1)
    urls[0] = gateway.jvm.java.io.File(folder).toURI().toURL()
    classes = gateway.jvm.java.net.URLClassLoader(urls, parent)
    for other in thread.getAllStackTraces().keySet():
        if parent.equals(other.getContextClassLoader()):
            set_loader(other, classes)
    return classes


def set_loader(thread, loader):
    try:
        thread.setContextClassLoader(loader)
    except Py4JJavaError:
        pass  # Some of Java's own threads refuse. They run no user code.


def jars(loader):
    """Returns the URLs of the session's jars, which Spark knows and Java's own class path does not have."""
    while loader is not None and loader.getClass().getName() != 'org.apache.spark.util.MutableURLClassLoader':
        loader = loader.getParent()
    urls = list(loader.getURLs()) if loader is not None else []
    return [url for url in urls if url.getProtocol() == 'file' and os.path.isfile(url.getPath())]


# The REPL

# Runs a line under the name of Livy's own class. Code that looks for the thread of a running statement finds this class
# on the thread's stack, and where the thread prints among its locals. As in Livy, its loader is the compiler's;
# it finds the same classes as the loader of the other threads.
INTERPRETER = """
package org.apache.livy.repl
class AbstractSparkInterpreter(
    intp: scala.tools.nsc.interpreter.IMain, in: java.io.Reader, out: java.io.PrintStream) {
  def execute(code: String): String = {
    Thread.interrupted()  // Clears an interrupt that came too late for the line before.
    Thread.currentThread.setContextClassLoader(intp.classLoader)
    Console.withIn(in) { Console.withOut(out) { intp.interpret(code).toString } }
  }
}
"""


class Repl:
    def __init__(self, gateway, folder, classes, spark):
        self.gateway, self.jvm = gateway, gateway.jvm
        self.output = self.jvm.java.io.ByteArrayOutputStream()
        self.printed = self.jvm.java.io.PrintStream(self.output, True, 'UTF-8')
        self.intp = self.interpreter(folder, classes)
        self.executor = self.compiled(classes)
        self.intp.addUrlsToClassPath(self.seq(jars(classes)))
        context = spark._jsparkSession
        self.bind('spark', 'org.apache.spark.sql.SparkSession', context)
        self.bind('sc', 'org.apache.spark.SparkContext', context.sparkContext())
        for names in (
            'org.apache.spark.SparkContext._',
            'spark.implicits._',
            'spark.sql',
            'org.apache.spark.sql.functions._',
        ):
            self.intp.interpret('import ' + names)
        self.read()

    def interpreter(self, folder, classes):
        settings = self.jvm.scala.tools.nsc.Settings()
        settings.processArguments(self.list(['-Yrepl-class-based', '-Yrepl-outdir', folder, '-usejavacp']), True)
        settings.embeddedDefaults(classes)
        intp = self.initialized(settings, self.jvm.java.io.PrintWriter(self.printed, True))
        intp.ensureClassLoader()
        return intp

    def initialized(self, settings, writer):
        loop = self.jvm.org.apache.spark.repl.SparkILoop(self.jvm.scala.Option.empty(), writer)
        getattr(loop, 'settings_$eq')(settings)
        loop.createInterpreter()
        loop.intp().initializeSynchronous()
        return loop.intp()

    def compiled(self, classes):
        self.intp.compileString(INTERPRETER)
        [constructor] = classes.loadClass('org.apache.livy.repl.AbstractSparkInterpreter').getConstructors()
        return constructor.newInstance(self.array([self.intp, self.jvm.java.io.StringReader(''), self.printed]))

    def array(self, items):
        array = self.gateway.new_array(self.jvm.java.lang.Object, len(items))
        for place, item in enumerate(items):
            array[place] = item
        return array

    def list(self, items):
        return self.jvm.org.apache.spark.api.python.PythonUtils.toList(items)

    def seq(self, items):
        return self.jvm.org.apache.spark.api.python.PythonUtils.toSeq(items)

    def bind(self, name, type_name, value):
        self.intp.bind(name, type_name, value, self.list(['@transient']))

    def interpret(self, code):
        """Returns `Success`, `Incomplete` or `Error`. `read` returns what the code printed."""
        return self.executor.execute(code)

    def read(self):
        text = self.output.toString('UTF-8')
        self.output.reset()
        return text

    def complete(self, code, cursor):
        completer = self.jvm.scala.tools.nsc.interpreter.PresentationCompilerCompleter(self.intp)
        return texts(completer.complete(code, cursor).candidates())

    def json(self, value, nulls):
        """Returns a value as JSON text. Without `nulls`, missing values are left out."""
        rdd = self.jvm.java.lang.Class.forName('org.apache.spark.rdd.RDD')
        formats = scala_object(self.jvm.org.json4s, 'DefaultFormats')
        formats = formats.preservingEmptyValues() if nulls else formats
        value = value.take(10) if rdd.isInstance(value) else value
        tree = scala_object(self.jvm.org.json4s, 'Extraction').decompose(value, formats)
        tree = formats.emptyValueStrategy().replaceEmpty(tree)
        return scala_object(self.jvm.org.json4s.jackson, 'JsonMethods').compact(tree) or 'null'


class Repl213(Repl):
    """The REPL of Scala 2.13, whose parts have other names."""

    def initialized(self, settings, writer):
        loop = self.jvm.org.apache.spark.repl.SparkILoop(None, writer)
        loop.createInterpreter(settings)
        loop.intp().initializeCompiler()
        return loop.intp()

    def interpret(self, code):
        """Takes no code for what it is to the REPL of Scala 2.12: this one calls it an error."""
        return super().interpret(code) if code.strip() else 'Success'

    def complete(self, code, cursor):
        compiled = self.intp.presentationCompile(cursor, code)
        if compiled.isLeft():
            return []
        return texts(compiled.value().candidates(1)._2().distinct())  # Each overload is one.


def texts(names):
    """Returns the items of a Scala list, by one call."""
    return names.mkString('\n').split('\n') if names.nonEmpty() else []


def repl_of(gateway):
    """Returns the class for the Scala that this Spark was built with."""
    version = gateway.jvm.scala.util.Properties.versionNumberString()
    return Repl if version.startswith('2.12.') else Repl213


# Statements


class Statement:
    def __init__(self, repl):
        self.repl = repl
        self.data = {'text/plain': ''}
        self.before = repl.intp.lastRequest()

    def run(self, lines):
        """Runs each line by itself, or with the lines after it for as long as it is incomplete."""
        code = None
        for line in lines:
            code = line if code is None else code + '\n' + line
            if self.step(code):
                code = None
        if code is not None:
            self.comment(code)
        return self.data

    def comment(self, code):
        """Checks that incomplete code is only a comment: that is complete in braces, and no other code is."""
        outcome = self.repl.interpret('{\n%s\n}' % code)
        self.repl.read()
        if outcome != 'Success':
            raise ScalaError('Error', 'incomplete statement', [])

    def step(self, code):
        """Runs code, and returns whether it was complete."""
        magic = re.fullmatch(r'%(\w+)\W*(.*)', code, re.ASCII)
        if magic:
            self.data = self.magic(*magic.groups())
            return True
        outcome = self.repl.interpret(code)
        if outcome == 'Incomplete':
            return False
        text = self.repl.read()
        if outcome == 'Error':
            first, *others = re.findall(r'[^\n]*\n|[^\n]+', text) or ['']
            raise ScalaError('Error', first.strip(), others)
        self.data = {'text/plain': self.data.get('text/plain', '') + text}
        return True

    def magic(self, name, variable):
        if name == 'json':
            return {'application/json': self.json(variable)}
        if name == 'table':
            return {'application/vnd.livy.table.v1+json': table(self.json(variable, nulls=True))}
        raise ScalaError('UnknownMagic', 'Unknown magic command ' + name, [])

    def json(self, variable, nulls=False):
        """Returns the last value of this statement as JSON. Livy ignores the variable, too."""
        try:
            value = self.value()
            if value is not None:
                return json.loads(self.repl.json(value, nulls))
        except Exception:
            raise ScalaError('ValueError', 'Failed to convert value into a JSON value', []) from None
        raise ScalaError('NameError', 'Value %s does not exist' % variable, [])

    def value(self):
        request = self.repl.intp.lastRequest()
        return None if request == self.before else request.lineRep().call('$result', self.repl.seq([]))


# Tables


def table(value):
    """Makes a table. A missing value fits any type; in Livy its row gets shorter, or the table fails."""
    types, data = {}, []
    for row in value if isinstance(value, list) else [value]:
        cells = named_cells(row)
        for name, cell in cells:
            types[name] = common_type([types.get(name, NULL), cell_type(cell)])
        data.append([cell for _, cell in cells])
    return {'headers': [{'type': type_name, 'name': name} for name, type_name in types.items()], 'data': data}


def named_cells(row):
    if isinstance(row, dict):
        return sorted(row.items())
    return [(str(index), cell) for index, cell in enumerate(row if isinstance(row, list) else [row])]


def cell_type(value):
    if isinstance(value, (list, dict)):
        common_type([cell_type(item) for item in (value.values() if isinstance(value, dict) else value)])
    return CELL_TYPES[type(value)]


def common_type(types):
    known = {name for name in types if name != NULL}
    if len(known) > 1:
        raise ScalaError('TypeError', 'table rows have different types', [])
    return known.pop() if known else NULL


NULL = 'NULL_TYPE'

CELL_TYPES = {
    type(None): NULL,
    bool: 'BOOLEAN_TYPE',
    str: 'STRING_TYPE',
    int: 'BIGINT_TYPE',
    float: 'DOUBLE_TYPE',
    list: 'ARRAY_TYPE',
    dict: 'MAP_TYPE',
}
