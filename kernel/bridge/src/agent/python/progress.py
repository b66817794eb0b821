# Licensed under the Apache License, Version 2.0: http://www.apache.org/licenses/LICENSE-2.0
"""Counts the Spark jobs of a statement in any language: Livy names their job group after it."""

from .common import safely
from .events import events
from .interrupts import active_spark_context
from .stdlib import Condition, start_thread, time


class Progress:
    """Watches statements from a thread that rests while there are none. Quick statements cost no calls to Spark."""

    INTERVAL = 0.25  # Seconds.
    FIRST_DELAY = 0.4
    WATCH_TIMEOUT = 30  # Seconds for which a statement that does not run in this Python is watched.

    def __init__(self):
        self.changed = Condition()
        self.groups = {}  # The watched job groups, by statement.
        self.follows = False

    def watch(self, statement, seconds=float('inf')):
        if statement is None:
            return
        with self.changed:
            group = self.groups.setdefault(statement, Group(statement))
            group.until = time.monotonic() + seconds
            self.changed.notify_all()
            if not self.follows:
                self.follows = True
                start_thread(self.follow)

    def renew(self, statement):
        self.watch(str(statement), self.WATCH_TIMEOUT)

    def follow(self):
        while True:
            with self.changed:
                self.changed.wait_for(lambda: self.groups)
            time.sleep(self.INTERVAL)
            safely(self.look)

    def look(self):
        now = time.monotonic()
        for group in list(self.groups.values()):
            if now > group.until:
                self.end(group.name)
            elif now > group.since + self.FIRST_DELAY and safely(group.look) and group.name in self.groups:
                events.add_newest('progress', group.name, **group.counts)

    def end(self, statement):
        """Returns the last counts; Spark needs a moment to count the last task."""
        with self.changed:
            group = self.groups.pop(statement, None)
        if group is None or group.counts is None:
            return None
        for _ in range(10):
            safely(group.look)
            if group.counts['jobs_done'] == group.counts['jobs']:
                break
            time.sleep(0.01)
        return group.counts


class Group:
    """The jobs of a group; Spark is not asked again about those that have ended."""

    def __init__(self, name):
        self.name = name
        self.since = self.until = time.monotonic()
        self.ended = {}
        self.counts = None  # The sums over all jobs, once there are any.

    def look(self):
        """Updates the counts and returns whether anything has changed."""
        before, context = self.counts, active_spark_context()
        tracker = context and context.statusTracker()
        jobs = tracker.getJobIdsForGroup(self.name) if tracker else []
        counts = [self.ended.get(job) or self.of(tracker, job) for job in jobs]
        if counts:
            self.counts = {name: sum(count[name] for count in counts) for name in counts[0]}
        return self.counts != before

    def of(self, tracker, job):
        info = tracker.getJobInfo(job)
        status = info.status if info else 'UNKNOWN'
        stages = [tracker.getStageInfo(stage) for stage in info.stageIds] if info else []
        counts = counted(stages, status == 'SUCCEEDED')
        counts['jobs'] = 1
        counts['jobs_done'] = int(status in ('SUCCEEDED', 'FAILED'))
        if counts['jobs_done']:
            self.ended[job] = counts
        return counts


def counted(stages, all_done):
    """Counts a job's stages and tasks: stages that have not begun are unknown, skipped ones have no tasks."""
    known = [stage for stage in stages if stage and (stage.numCompletedTasks or not all_done)]
    done = [stage for stage in known if stage.numCompletedTasks >= stage.numTasks]
    return {
        'stages': len(stages),
        'stages_done': len(stages) if all_done else len(done),
        'tasks': sum(stage.numTasks for stage in known),
        'tasks_done': sum(stage.numCompletedTasks for stage in known),
        'tasks_active': sum(stage.numActiveTasks for stage in known),
        'tasks_failed': sum(stage.numFailedTasks for stage in known),
    }


progress = Progress()
