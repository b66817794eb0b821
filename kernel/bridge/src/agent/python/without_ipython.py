# Licensed under the Apache License, Version 2.0: http://www.apache.org/licenses/LICENSE-2.0
"""Says how to get IPython, to those who ask for what a session without it lacks."""

from .errors import name_of
from .events import events
from .threads import threads

HOW = '`%pip install ipython` brings it'
# Magics of IPython that nothing stands for here. Others, such as `%debug`, have an answer of their own.
NAMES = (
    'SVG alias alias_magic bookmark code_wrap dhist dirs doctest_mode edit gui hist history killbgscripts loadpy '
    'logoff logon logstart logstate logstop macro magic man mamba micromamba more notebook page pastebin pdef pdoc '
    'perl pfile pinfo pinfo2 popd pprint prun psearch psource pushd pycat pylab pypy python python2 python3 quickref '
    'recall rehashx rep rerun reset_selective rmdir ruby save sc script store subshell tb unalias xdel'
)
MAGICS = frozenset(NAMES.split())


class Hint:
    """What is told once in a session, as soon as a cell has asked for IPython."""

    TEXT = "The session's Python has no IPython: %s.\n" % HOW

    def __init__(self):
        self.is_told = False

    def tell(self):
        if not self.is_told and not threads.is_beside():
            self.is_told = True
            events.stream('stderr', self.TEXT)

    def tell_if_asked(self, error):
        """Tells it if the error is that there is no IPython."""
        lacks_module = isinstance(error, ImportError) and (error.name or '').split('.')[0] == 'IPython'
        lacks_name = name_of(error) == 'NameError' and "'get_ipython'" in str(error)
        if lacks_module or lacks_name:
            self.tell()


hint = Hint()
