"""A hundred everyday cells, each below a line that says what it is about."""

TEXT = r'''
# %% values
42
# %% values
3.14159265358979
# %% values
1e100, -0.0, float('nan'), float('inf')
# %% values
2 + 3j
# %% values
True, None, ...
# %% values
None
# %% values
'single \' and "double"'
# %% values
'line\nbreak\ttab'
# %% values
'é ü 漢字 🎉 \u200b'
# %% values
b'bytes \xff'
# %% values
10 ** 60
# %% values
x = 5
# %% values
x
# %% values
x; x + 1
# %% values
x + 1;
# %% values
(x
 + 1)
# %% values
type(x), int, len
# %% values
lambda a: a
# %% values
range(10), slice(1, 2)
# %% values
import datetime, decimal, fractions
datetime.datetime(2024, 1, 2, 3, 4, 5), datetime.timedelta(days=1), decimal.Decimal('1.10'), fractions.Fraction(1, 3)
# %% containers
[1, 2, 3]
# %% containers
list(range(100))
# %% containers
list(range(2000))
# %% containers
(1,), (), [[]], {}
# %% containers
{'b': 1, 'a': [1, 2, {'c': (3, 4)}]}
# %% containers
{str(i): list(range(i)) for i in range(12)}
# %% containers
{3, 1, 2}, frozenset([2, 1]), set()
# %% containers
['a long string that takes place number %d' % i for i in range(8)]
# %% containers
[{'name': 'n%d' % i, 'value': i / 7, 'tags': ['x', 'y']} for i in range(6)]
# %% containers
import collections
collections.OrderedDict(b=1, a=2), collections.Counter('abracadabra'), collections.deque([1, 2])
# %% containers
collections.defaultdict(list, {'k': [1]})
# %% containers
Point = collections.namedtuple('Point', 'x y')
Point(1, 2)
# %% containers
{'k': 'v' * 200}
# %% containers
['w' * 90, 'z' * 90]
# %% containers
nested = []
nested.append(nested)
nested
# %% containers
{1: {2: {3: {4: {5: {6: 'deep'}}}}}}
# %% containers
tuple('abc'), list('é漢'), dict(zip('ab', range(2)))
# %% containers
(i for i in range(3)).__class__.__name__, map(str, [1]).__class__
# %% containers
[None] * 30
# %% containers
{(1, 2): 'tuple key', None: 0, True: 'bool'}
# %% classes
class Plain:
    pass
Plain
# %% classes
class Named:
    def __repr__(self):
        return 'Named()'
Named()
# %% classes
[Named(), Named()]
# %% classes
class Lines:
    def __repr__(self):
        return 'first\nsecond'
Lines(), [Lines()]
# %% classes
class Html:
    def _repr_html_(self):
        return '<b>bold</b>'
    def __repr__(self):
        return 'Html'
Html()
# %% classes
class Many:
    def _repr_markdown_(self):
        return '**md**'
    def _repr_latex_(self):
        return '$x$'
    def _repr_svg_(self):
        return '<svg/>'
    def _repr_json_(self):
        return {'a': 1}
    def __repr__(self):
        return 'Many'
Many()
# %% classes
class Bundle:
    def _repr_mimebundle_(self, include=None, exclude=None):
        return {'text/plain': 'bundle', 'text/html': '<i>i</i>'}, {'text/html': {'isolated': True}}
Bundle()
# %% classes
import dataclasses
@dataclasses.dataclass
class Data:
    a: int
    b: list
Data(1, ['x'])
# %% classes
import enum
class Colour(enum.Enum):
    RED = 1
Colour.RED, list(Colour)
# %% classes
class Broken:
    def _repr_html_(self):
        raise ValueError('no html')
    def __repr__(self):
        return 'Broken'
Broken()
# %% classes
class Shows:
    def _ipython_display_(self):
        print('shown by itself')
Shows()
# %% prints
print('hello')
# %% prints
print('a', 'b', sep='-', end='!')
# %% prints
for i in range(3):
    print(i)
# %% prints
import sys
print('to stderr', file=sys.stderr)
# %% prints
print('out'); sys.stderr.write('err\n'); print('out again')
# %% prints
sys.stdout.write('no line break')
# %% prints
print('progress 1\rprogress 2\rdone')
# %% prints
print('x' * 5000)
# %% prints
import warnings
warnings.warn('mind the gap')
# %% prints
import logging
logging.warning('logged')
# %% prints
print('before'); 'value'
# %% prints
import pprint
pprint.pprint({'a': list(range(40))})
# %% prints
print('\x1b[31mred\x1b[0m')
# %% prints
import os
_ = os.system('true')
# %% display
from IPython.display import display, HTML, Markdown, Latex, JSON, Image, SVG
display('text', 42)
# %% display
display(HTML('<b>html</b>'))
# %% display
HTML('<i>result</i>')
# %% display
Markdown('# title')
# %% display
Latex('$x^2$')
# %% display
JSON({'a': [1, 2]})
# %% display
display({'text/plain': 'raw', 'text/html': '<p>raw</p>'}, raw=True)
# %% display
handle = display('first', display_id='one')
handle.update('second')
# %% display
from IPython.display import clear_output
print('gone')
clear_output()
print('stays')
# %% display
display(Named(), Html())
# %% errors
1 / 0
# %% errors
undefined_name
# %% errors
def f(n):
    return 1 / n
f(0)
# %% errors
{'a': 1}['b']
# %% errors
try:
    1 / 0
except ZeroDivisionError as error:
    raise ValueError('wrapped') from error
# %% errors
x = = 3
# %% errors
if True:
print('indent')
# %% errors
print('before the error')
raise RuntimeError('after a print')
# %% errors
class Custom(Exception):
    pass
raise Custom('one', 2)
# %% errors
import nonexistent_module
# %% errors
assert 1 == 2, 'not equal'
# %% errors
open('/nonexistent/file')
# %% errors
'abc' + 1
# %% numbers
import numpy as np
np.arange(12).reshape(3, 4)
# %% numbers
np.float64(1.5), np.int64(3), np.array([1.0, 2.5])
# %% numbers
np.zeros((50, 50))
# %% tables
import pandas as pd
frame = pd.DataFrame({'name': ['a', 'b', None], 'value': [1.5, float('nan'), 3.0]})
frame
# %% tables
frame['value']
# %% tables
frame.describe()
# %% tables
pd.DataFrame({'n': range(200)})
# %% tables
frame.dtypes, frame.shape
# %% figures
%matplotlib inline
import matplotlib.pyplot as plt
plt.plot([1, 2, 3])
# %% figures
fig, ax = plt.subplots()
ax.bar(['a', 'b'], [1, 2])
plt.show()
# %% magics
%time 6 * 7
# %% magics
%%time
total = sum(range(1000))
total
# %% magics
!echo from the shell
# %% magics
lines = !printf 'a\nb\n'
lines
# %% magics
%env PARITY=yes
# %% magics
%%bash
echo in bash
# %% magics
%timeit -n 2 -r 2 sum(range(10))
# %% earlier values
6 * 7
# %% earlier values
_ + 1
# %% progress
from tqdm import tqdm
for _i in tqdm(range(3), file=sys.stdout, ncols=40, bar_format='{desc}{n}/{total}'):
    pass
'''

CELLS = [tuple(part.split("\n", 1)) for part in TEXT.strip().removeprefix("# %% ").split("\n# %% ")]
