# Licensed under the Apache License, Version 2.0: http://www.apache.org/licenses/LICENSE-2.0
"""Shows a widget that cannot be one in this notebook as text, and says why."""

import sys

from .comms import comms
from .events import events

VIEW = 'application/vnd.jupyter.widget-view+json'
TOO_OLD = (
    "Widgets are only text here: they need ipywidgets 8 or newer, and the session's Python has %s. "
    'Run %%pip install -U ipywidgets, and restart the kernel.\n'
)
OTHERS = (
    'This widget is only text here: another notebook or program has made it, or a cell before the kernel '
    'was ready for widgets. Make it again in a cell of this notebook.\n'
)


class WidgetViews:
    def __init__(self):
        self.told = set()

    def without_dead(self, data):
        """Leaves out the view of a widget that the notebook has no comm to: it would show an error in its place."""
        view = data.get(VIEW)
        model = view.get('model_id') if isinstance(view, dict) else None
        kernel = comms.place()[0]
        if model is None or kernel is None or not comms.is_refused(kernel, model):
            return data
        self.tell(kernel)
        return {mime: content for mime, content in data.items() if mime != VIEW}

    def tell(self, kernel):
        """Says once in each notebook why widgets are only text."""
        version = getattr(sys.modules.get('ipywidgets'), '__version__', '')
        why = TOO_OLD % version if version.startswith(('5.', '6.', '7.')) else OTHERS
        if (kernel, why) not in self.told:
            self.told.add((kernel, why))
            events.stream('stderr', why)


widget_views = WidgetViews()
