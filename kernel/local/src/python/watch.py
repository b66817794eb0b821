# Licensed under the Apache License, Version 2.0: http://www.apache.org/licenses/LICENSE-2.0
"""Watches the Spark jobs of the running statement."""

from _thread import start_new_thread
from queue import Empty, SimpleQueue
from time import monotonic

POLL_SECONDS = 0.1  # Between two looks at the jobs, and more if a look takes long.


class Watch:
    """Reports the progress of the running statement, and cancels its Spark jobs when asked."""

    def __init__(self, send):
        self.send = send
        self.sc = None
        self.statement = None
        self.cancelled = None
        self.wake = SimpleQueue()

    def start(self, sc):
        self.sc = sc
        start_new_thread(self.run, ())

    def begin(self, statement):
        self.statement = statement
        self.wake.put(None)

    def end(self):
        self.statement = None

    def cancel(self, statement):
        self.cancelled = statement
        self.wake.put(None)

    def run(self):
        last, pause = None, POLL_SECONDS
        while True:
            statement = self.statement
            self.rest(None if statement is None else pause)
            if statement is None or statement != self.statement:
                last, pause = None, POLL_SECONDS
                continue
            began = monotonic()
            try:
                if statement == self.cancelled:  # Repeated, since the statement may start another job.
                    self.sc.cancelJobGroup(str(statement))
                progress = self.progress_of(statement)
            except BaseException:
                continue  # The user's code has stopped Spark.
            if progress != last:
                self.send({'progress': {'statement': statement, 'progress': progress}})
            last = progress
            # Asking about a statement of many stages takes long, and must not take more than a tenth of the time.
            pause = max(POLL_SECONDS, 10 * (monotonic() - began))

    def rest(self, seconds):
        try:
            self.wake.get(timeout=seconds)
        except Empty:
            pass

    def progress_of(self, statement):
        tracker = self.sc.statusTracker()
        jobs = [tracker.getJobInfo(job) for job in tracker.getJobIdsForGroup(str(statement))]
        stages = [tracker.getStageInfo(stage) for job in jobs if job for stage in job.stageIds]
        tasks = sum(stage.numTasks for stage in stages if stage)
        return sum(stage.numCompletedTasks for stage in stages if stage) / tasks if tasks else 0.0
