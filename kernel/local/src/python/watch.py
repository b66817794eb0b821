# Licensed under the Apache License, Version 2.0: http://www.apache.org/licenses/LICENSE-2.0
"""An eye on the running statement's Spark jobs."""

import threading
import time


class Watch:
    """Reports the progress of the running statement, and cancels its Spark jobs when asked."""

    def __init__(self, send):
        self.send = send
        self.sc = None
        self.statement = None
        self.cancelled = None
        self.wake = threading.Event()

    def start(self, sc):
        self.sc = sc
        threading.Thread(target=self.run, daemon=True).start()

    def begin(self, statement):
        self.statement = statement
        self.wake.set()

    def end(self):
        self.statement = None

    def cancel(self, statement):
        self.cancelled = statement
        self.wake.set()

    def run(self):
        last, pause = None, 0.1
        while True:
            statement = self.statement
            self.wake.wait(None if statement is None else pause)
            self.wake.clear()
            if statement is None or statement != self.statement:
                last, pause = None, 0.1
                continue
            began = time.monotonic()
            try:
                if statement == self.cancelled:  # Again and again: the statement may start another job.
                    self.sc.cancelJobGroup(str(statement))
                progress = self.progress_of(statement)
            except Exception:
                continue  # The user's code stopped Spark: there is nothing to tell.
            if progress != last:
                self.send({'progress': {'statement': statement, 'progress': progress}})
            last = progress
            # A statement of many stages takes long to ask about: never more than a tenth of the time.
            pause = max(0.1, 10 * (time.monotonic() - began))

    def progress_of(self, statement):
        tracker = self.sc.statusTracker()
        jobs = [tracker.getJobInfo(job) for job in tracker.getJobIdsForGroup(str(statement))]
        stages = [tracker.getStageInfo(stage) for job in jobs if job for stage in job.stageIds]
        tasks = sum(stage.numTasks for stage in stages if stage)
        return sum(stage.numCompletedTasks for stage in stages if stage) / tasks if tasks else 0.0
