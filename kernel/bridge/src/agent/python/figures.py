# Licensed under the Apache License, Version 2.0: http://www.apache.org/licenses/LICENSE-2.0
"""The figures that matplotlib has open."""

import base64
import io
import sys

from .base import safely
from .events import events


class Figures:
    """Open matplotlib figures are shown when a statement ends, and closed when the next one begins.

    Not at once, and not by a statement that says so: Livy's `%matplot` shows what an earlier statement drew.
    """

    BACKENDS = ('agg', 'inline', 'module://matplotlib_inline.backend_inline')

    def __init__(self):
        self.shown = []

    def pyplot(self):
        plot = sys.modules.get('matplotlib.pyplot')
        drawn_here = plot and str(safely(plot.get_backend)).lower() in self.BACKENDS
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
            plot.figure(current.number)  # What the user goes on drawing in.

    def draw(self, figure):
        image = io.BytesIO()
        figure.savefig(image, format='png', bbox_inches='tight')
        width, height = figure.get_size_inches()
        text = '<Figure size %dx%d with %d Axes>' % (width * figure.dpi, height * figure.dpi, len(figure.axes))
        png = base64.b64encode(image.getvalue()).decode()
        events.add('display', data={'image/png': png, 'text/plain': text}, metadata={}, id=None)


figures = Figures()


def show(*_, **__):
    """Shows the open figures."""  # A function: matplotlib writes a signature onto it.
    for figure in figures.new_ones():
        figures.draw(figure)
