# Licensed under the Apache License, Version 2.0: http://www.apache.org/licenses/LICENSE-2.0
"""Keeps lines with a certain text out of the log of the session's JVM."""

from .common import safely
from .interrupts import active_spark_context


class QuietLog:
    def __init__(self, text):
        self.text = text
        self.undo = []

    def install(self):
        context = active_spark_context()
        if context is not None and not self.undo:
            safely(self.filter_log4j_2, context._jvm.org.apache)
            if not self.undo:
                safely(self.filter_log4j_1, context._jvm.org.apache.log4j)

    def filter_log4j_2(self, apache):
        result = apache.logging.log4j.core.Filter.Result
        create = apache.logging.log4j.core.filter.RegexFilter.createFilter
        made = create('.*%s.*' % self.text, None, False, result.DENY, result.NEUTRAL)
        root = apache.logging.log4j.LogManager.getContext(False).getConfiguration().getRootLogger()
        root.addFilter(made)
        self.undo.append(lambda: root.removeFilter(made))

    def filter_log4j_1(self, log4j):
        made = log4j.varia.StringMatchFilter()
        made.setStringToMatch(self.text)
        made.setAcceptOnMatch(False)
        appenders = log4j.LogManager.getRootLogger().getAllAppenders()
        while appenders.hasMoreElements():
            appenders.nextElement().addFilter(made)
        self.undo.append(lambda: made.setStringToMatch(None))

    def uninstall(self):
        undo, self.undo = self.undo, []
        for step in undo:
            safely(step)
