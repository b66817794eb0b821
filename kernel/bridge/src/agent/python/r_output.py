# Licensed under the Apache License, Version 2.0: http://www.apache.org/licenses/LICENSE-2.0
"""Reads what R prints beside Livy, which reads R's output in the JVM up to a mark: the JVM copies what it reads."""

from .interrupts import active_spark_context
from .jvm import class_of, declared, field
from .scala import Buffer
from .stdlib import re

MARK = '[1] "----LIVY_END_OF_COMMAND----"'
STRING = '[1] "'
END_OF_ERROR = '----LIVY_END_OF_ERROR----'
BEGUN_STRING = re.compile(r'(\[1?\]? ?|\x1b\[?[0-9]*)$')  # What may become a string or a colour.
COLOUR = re.compile(r'(\x1b\[[0-9]*)([^0-9])')
STREAM, TEE = 'java.io.FilterInputStream', 'org.apache.commons.io.input.TeeInputStream'


class Output:
    """What R has printed since the last mark, and how many marks there were."""

    LIMIT = 1 << 20  # Characters, or bytes.

    def __init__(self, process):
        self.process = process
        self.marks, self.text = 0, ''
        self.is_whole = False  # Whether nothing is missing since the last mark.
        jvm = active_spark_context()._jvm
        copy = jvm.java.io.ByteArrayOutputStream()
        self.below = declared(STREAM, 'in')
        stdout = process.getInputStream()
        self.below.set(stdout, jvm.org.apache.commons.io.input.TeeInputStream(self.below.get(stdout), copy))
        self.buffer = Buffer(copy, jvm.java.nio.charset.Charset.defaultCharset().name())

    def read(self):
        new = self.buffer.new_text()
        *ended, self.text = (self.text + new).split(MARK)
        self.marks += len(ended)
        self.is_whole = self.is_whole or bool(ended)
        if not new and self.buffer.read > self.LIMIT:
            self.buffer.stream.reset()
            self.buffer.forget()

    def bound(self):
        if len(self.text) > self.LIMIT:
            self.text, self.is_whole = '', False

    def shown(self):
        """Returns what Livy's answer will begin with: it has no colours, nor the line break behind the last mark.

        What may be the beginning of an error or of a mark is left out.
        """
        text = self.text
        string = text.rfind(STRING)
        if string >= 0 and ('\n' not in text[string:] or END_OF_ERROR in text[string:]):
            text = text[:string]
        text = BEGUN_STRING.sub('', text)
        return COLOUR.sub(lambda found: '' if found[2] in 'mG' else found[1], text[text.startswith('\n') :])

    def restore(self):
        stdout = self.process.getInputStream()
        tee = self.below.get(stdout)
        if class_of(tee) == TEE:
            self.below.set(stdout, field(tee, STREAM, 'in'))
