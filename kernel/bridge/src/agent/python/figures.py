# Licensed under the Apache License, Version 2.0: http://www.apache.org/licenses/LICENSE-2.0
"""Shows the figures that matplotlib has open."""

import sys

from .common import SHELL, safely, state
from .events import events
from .stdlib import base64, io


class Figures:
    """Shows open figures when a statement ends, and closes them when the next one begins.

    They stay open in between, and are left alone by a statement with `%matplot`, which shows what an earlier one drew.
    """

    BACKENDS = ('agg', 'inline', 'module://matplotlib_inline.backend_inline')

    def __init__(self):
        self.shown = []

    def backends(self):
        # IPython's inline backend shows the figures of the cells that IPython runs.
        return self.BACKENDS[:1] if state.statement and state.statement.by_ipython else self.BACKENDS

    def pyplot(self):
        plot = sys.modules.get('matplotlib.pyplot')
        drawn_here = plot and str(safely(plot.get_backend)).lower() in self.backends()
        return plot if drawn_here else None

    def begin(self, statement):
        if not statement.asks('matplot'):
            shown, self.shown = self.shown, []
            plot = self.pyplot()
            for figure in shown if plot else []:
                plot.close(figure)

    def end(self, statement):
        for figure in self.new_ones():
            if not statement.asks('matplot'):
                self.draw(figure)

    def new_ones(self):
        plot = self.pyplot()
        current = plot and plot.get_fignums() and plot.gcf()
        for number in plot.get_fignums() if plot else []:
            figure = plot.figure(number)
            if not any(figure is other for other in self.shown):
                self.shown.append(figure)
                yield figure
        if current:
            plot.figure(current.number)  # The figure that the user goes on drawing in.

    def draw(self, figure):
        data = {'image/png': png_of(figure, bbox_inches='tight')} if figure.axes else {}
        events.add('display', data=dict(data, **{'text/plain': repr(figure)}), metadata={}, id=None)


def is_figure(value):
    module = sys.modules.get('matplotlib.figure')
    return module is not None and isinstance(value, module.Figure)


def png_of(figure, **options):
    """Returns the picture in Base64."""
    image = io.BytesIO()
    figure.savefig(image, format='png', **options)
    return base64.b64encode(image.getvalue()).decode()


figures = Figures()


class Matplot:
    """Replaces Livy's `%matplot`, which would not find the figure that IPython closed at the end of its cell."""

    def __init__(self):
        self.last = None

    def install(self):
        self.livys = SHELL.magic_router['matplot']
        SHELL.magic_router['matplot'] = self.matplot

    def uninstall(self):
        if SHELL.magic_router.get('matplot') == self.matplot:
            SHELL.magic_router['matplot'] = self.livys

    def note(self):
        """Remembers the current figure, before IPython closes it."""
        plot = sys.modules.get('matplotlib.pyplot')
        if plot and plot.get_fignums():
            self.last = plot.gcf()

    def matplot(self, name):
        plot = SHELL.global_dict.get(name)
        if self.last is None or plot is not sys.modules.get('matplotlib.pyplot') or plot.get_fignums():
            return self.livys(name)
        return {'image/png': png_of(self.last), 'text/plain': ''}


matplot = Matplot()


def show(*_, **__):
    """Shows the open figures, and closes them."""  # A function, since matplotlib sets its `__signature__`.
    matplot.note()
    for figure in list(figures.new_ones()):
        figures.draw(figure)
        figures.pyplot().close(figure)
