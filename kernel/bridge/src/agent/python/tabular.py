# Licensed under the Apache License, Version 2.0: http://www.apache.org/licenses/LICENSE-2.0
"""Turns rows of Spark into JSON: exact values, the columns' types, the number of rows, and data for charts.

This module needs no other: a cell of `%%sql` brings it to sessions that have no agent.
"""

import datetime
import decimal
import json
import math
import re
import threading

ROWS_LIMIT = 10000  # A notebook cannot handle more.
POINTS_LIMIT = 5000
BARS_LIMIT = 100
SLICES_LIMIT = 20
HISTOGRAM_BINS = 30
JSON_LIMIT = 4000000  # Characters of all rows as JSON.
VALUE_LIMIT = 10000  # Characters of one value.
COUNT_TIMEOUT = 2  # Seconds.
CANCELLED = re.compile(r'[Jj]ob \d+ cancelled')

NUMBERS = ('tinyint', 'smallint', 'int', 'bigint', 'float', 'double')
TIMES = ('date', 'timestamp', 'timestamp_ntz')
# Spark writes these as text: Python has no such values (a year 10000, months), or others (a float of 32 bits).
WRITTEN_BY_SPARK = re.compile(r'(float|double|date|timestamp\w*|time|interval|array|map|struct|variant)\b')
NOT_IN_PANDAS = re.compile(r'date|timestamp|interval|(array|map|struct)<.*\b(date|timestamp|interval)')
TIME_FORMS = (
    ('%Y-%m-%d', datetime.datetime.date),
    ('%Y-%m-%d %H:%M:%S', lambda time: time),
    ('%Y-%m-%d %H:%M:%S.%f', lambda time: time),
)
HEX_OF_BINARY = "concat('[', substring(regexp_replace(hex(%s), '(..)', ' $1'), 2), ']')"  # As `show()` writes it.
MONTHS = re.compile(r'interval( year| month|$)')  # pandas has no such values.


class RequestError(Exception):
    """What was asked for cannot be done; the message says why."""


def answer(space, asked):
    """Returns what `%%sql` and `%chart` ask for, or the error, as one JSON value."""
    try:
        return dict(answered(space, asked), livy_kernel=1)
    except Exception as error:
        if CANCELLED.search(str(error)):  # Livy reports it itself.
            raise
        return {'livy_kernel': 1, 'error': described(error)}


def answered(space, asked):
    frame = asked_for(space, asked)
    if frame.isStreaming:
        raise RequestError(
            'a stream has no end, so its rows cannot be shown. Write it to a table or to memory, and query that.'
        )
    if asked.get('fraction') is not None:
        frame = frame.sample(False, asked['fraction'])
    if asked.get('chart'):
        return dict(chart(frame, asked['chart']), quiet=asked['quiet'])
    most = asked['rows']
    told = table(frame, ROWS_LIMIT if most < 0 else min(most, ROWS_LIMIT))
    if asked.get('output'):
        told['kept'] = keep(space, asked['output'], frame, most)
    return dict(told, quiet=asked['quiet'])


def asked_for(space, asked):
    spark = session(space)
    if 'variable' in asked:
        return frame_of(spark, variable(space, asked['variable']), asked['variable'])
    views = []
    try:
        parts = (
            part if at % 2 == 0 else literal(spark, variable(space, part), views)
            for at, part in enumerate(asked['query'])
        )
        return spark.sql(''.join(parts))
    finally:
        for view in views:
            spark.catalog.dropTempView(view)


def session(space):
    if hasattr(space.get('spark'), 'sql'):
        return space['spark']
    from pyspark.sql import SparkSession

    return SparkSession.builder.getOrCreate()


def variable(space, name):
    if name not in space:
        raise NameError("name '%s' is not defined: a variable of the session's Python is wanted" % name)
    return space[name]


def is_spark(value):
    """Returns whether it is a Spark DataFrame, classic or Connect."""
    return type(value).__name__ == 'DataFrame' and type(value).__module__.startswith('pyspark.sql.')


def is_pandas(value):
    # The module is `pandas` alone since pandas 3.
    return type(value).__name__ == 'DataFrame' and type(value).__module__.partition('.')[0] == 'pandas'


def frame_of(spark, value, name):
    if is_spark(value):
        return value
    if is_pandas(value):
        return spark.createDataFrame(value.rename(columns=str))
    if isinstance(value, dict):
        return spark.createDataFrame([tuple(row) for row in zip(*value.values())], [str(key) for key in value])
    if isinstance(value, (list, tuple)) and value:
        rows = value if isinstance(value[0], (dict, tuple, list)) else [(each,) for each in value]
        return spark.createDataFrame(rows, None if isinstance(value[0], (dict, tuple, list)) else [name])
    raise RequestError('%s is neither a DataFrame nor rows: %s' % (name, type(value).__name__))


def literal(spark, value, views):
    """Returns a value as a literal of SQL."""
    if hasattr(value, 'item') and not hasattr(value, '__len__'):  # A number of numpy.
        value = value.item()
    if value is None:
        return 'NULL'
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return "double('%r')" % value
    if isinstance(value, decimal.Decimal):
        return format(value, 'f') + 'BD'
    if isinstance(value, str):
        return text(value)
    if isinstance(value, (bytes, bytearray)):
        return "X'%s'" % value.hex()
    if isinstance(value, datetime.datetime):
        return "TIMESTAMP'%s'" % value.isoformat(' ')
    if isinstance(value, datetime.date):
        return "DATE'%s'" % value.isoformat()
    if isinstance(value, (list, tuple, set, frozenset, range)):
        return '(%s)' % (', '.join(literal(spark, each, views) for each in value) or 'NULL')
    if is_spark(value) or is_pandas(value):
        view = 'livy_kernel_view_%d' % len(views)
        frame_of(spark, value, view).createOrReplaceTempView(view)
        views.append(view)
        return view
    raise RequestError(
        'a %s has no literal in SQL: use a number, text, a time, a list of such, or a DataFrame' % type(value).__name__
    )


def text(value):
    """Quotes a text; one with backslashes or `${...}`, whose meaning depends on Spark's settings, is sent as bytes."""
    if value.isprintable() and not set(value) & set("'\\$"):
        return "'%s'" % value
    return "decode(X'%s', 'UTF-8')" % value.encode('utf-8', 'replace').hex()


def table(frame, most):
    """Returns at most `most` rows, and the number of all rows if there are more."""
    named = columns(frame)
    rows = written(frame, [kind for _, kind in named]).take(most + 1)
    told = {'columns': named, 'rows': as_json(rows[:most])}
    shown = len(told['rows'])
    if len(rows) > shown:
        told['total'] = count(frame)
        told['more'] = True
    return told


def columns(frame):
    try:
        return [[field.name, field.dataType.simpleString()] for field in frame.schema.fields]
    except Exception:  # Python does not know all types of Java, such as intervals of months and seconds.
        return [[field.name(), field.dataType().catalogString()] for field in frame._jdf.schema().fields()]


def written(frame, kinds, pattern=WRITTEN_BY_SPARK):
    """Returns the rows with the values of these types as the text that Spark makes of them."""
    if not any(pattern.match(kind) for kind in kinds):
        return frame
    types = json.loads(schema_of(frame))['fields'] if any('binary' in kind for kind in kinds) else [{}] * len(kinds)
    names = ['c%d' % at for at in range(len(kinds))]  # Those of the columns may not be unique.
    texts = (
        'cast(%s as string) as %s' % (with_hex(name, field.get('type')), name) if pattern.match(kind) else name
        for name, kind, field in zip(names, kinds, types)
    )
    return frame.toDF(*names).selectExpr(*texts)


def schema_of(frame):
    try:
        return frame.schema.json()
    except Exception:
        return frame._jdf.schema().json()


def with_hex(value, kind, depth=0):
    """Returns SQL for a value in which all bytes, which would be read as letters, are written in hexadecimal."""
    if 'binary' not in json.dumps(kind):
        return value
    if kind == 'binary':
        return HEX_OF_BINARY % value
    each, depth = 'x%d' % depth, depth + 1
    if kind['type'] == 'array':
        return 'transform(%s, %s -> %s)' % (value, each, with_hex(each, kind['elementType'], depth))
    if kind['type'] == 'map':
        entry = [with_hex(each + '.' + part, kind[part + 'Type'], depth) for part in ('key', 'value')]
        return 'map_from_entries(transform(map_entries(%s), %s -> struct(%s)))' % (value, each, ', '.join(entry))
    if kind['type'] == 'struct':
        fields = [(quoted(field['name']), field['type']) for field in kind['fields']]
        parts = ['%s as %s' % (with_hex(value + '.' + name, type_, depth), name) for name, type_ in fields]
        return 'if(%s is null, null, struct(%s))' % (value, ', '.join(parts))
    return value


def as_json(rows):
    """Returns as many rows as fit into `JSON_LIMIT`."""
    told, size = [], 0
    for row in rows:
        row = [plain(value) for value in row]
        size += len(json.dumps(row))
        if told and size > JSON_LIMIT:
            break
        told.append(row)
    return told


def plain(value):
    """Returns a value in a form that JSON can represent without loss; text is as `show()` writes it."""
    if value is None or isinstance(value, (bool, int)):
        return value
    if isinstance(value, str):
        return value if len(value) <= VALUE_LIMIT else '%s… (%d letters)' % (value[:VALUE_LIMIT], len(value))
    if isinstance(value, (bytes, bytearray)):
        return plain('[%s]' % ' '.join('%02X' % byte for byte in bytes(value)))
    if isinstance(value, decimal.Decimal):
        return format(value, 'f')
    return plain(str(value))


def count(frame):
    """Returns the number of rows, or None if counting takes long."""
    counted = []
    group = 'livy-kernel-count-%d' % id(counted)

    def work():
        try:
            context_of(frame).setJobGroup(group, 'How many rows there are', True)
            counted.append(frame.count())
        except Exception:
            pass

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    thread.join(COUNT_TIMEOUT)
    if thread.is_alive():
        context_of(frame).cancelJobGroup(group)
    return counted[0] if counted else None


def context_of(frame):
    return frame.sparkSession.sparkContext if hasattr(frame, 'sparkSession') else frame.rdd.context


def keep(space, name, frame, most):
    """Stores the rows in a variable as sparkmagic does: as a pandas DataFrame, if pandas is installed."""
    frame = frame if most < 0 else frame.limit(most)
    try:
        import pandas
    except ImportError:
        space[name] = frame
        return 'Spark'
    space[name] = as_pandas(pandas, frame)
    return 'pandas'


def as_pandas(pandas, frame):
    named = columns(frame)
    names, kinds = [name for name, _ in named], [kind for _, kind in named]
    frame = written(frame, kinds, MONTHS).toDF(*names)
    try:
        return frame.toPandas()
    except (ValueError, OverflowError):  # Python or pandas has no such time.
        kept = written(frame, kinds, NOT_IN_PANDAS).toDF(*names).toPandas()
    values = [
        pandas.Series([as_time(each) for each in kept.iloc[:, at]], dtype=object) if kind in TIMES else kept.iloc[:, at]
        for at, kind in enumerate(kinds)
    ]
    kept = pandas.concat(values, axis=1)
    kept.columns = names
    return kept


def as_time(text):
    """Returns the time that Spark has written, which stays text if Python has none."""
    for form, kind in TIME_FORMS:
        try:
            return kind(datetime.datetime.strptime(text, form))
        except (TypeError, ValueError):
            pass
    return text


def is_number(type_name):
    return type_name in NUMBERS or type_name.startswith('decimal')


def is_time(type_name):
    return type_name in TIMES


def chart(frame, wish):
    """Returns the rows to draw, and which column is which axis."""
    named_types = columns(frame)
    types = dict(named_types)
    if len(types) < len(named_types):
        raise RequestError(
            'two columns have one name, so a chart cannot tell them apart. Give them names of their own: AS name'
        )
    given = {axis: named(wish.get(axis), types) for axis in ('x', 'y', 'color')}
    kind, x, y = choice(wish['kind'], given, types)
    color = given['color']
    agg = wish.get('agg') or ('count' if y is None and kind != 'hist' else 'sum' if kind in ('bar', 'pie') else None)
    is_grouped = agg not in (None, 'none')
    drawn = {'kind': kind, 'x': x, 'y': y, 'color': color}
    if kind == 'hist':
        frame, step = binned(frame, x, color)
        drawn.update(y='count', step=step)
    elif is_grouped:
        frame, drawn['y'] = grouped(frame, x, y, color, agg)
        agg_order = frame[quoted(drawn['y'])].desc() if discrete(types[x]) else frame[quoted(x)]
        frame = frame.orderBy(agg_order)
    wanted = [drawn[axis] for axis in ('x', 'y', 'color') if drawn[axis]]
    frame = frame.select([frame[quoted(each)] for each in wanted])
    few = discrete(types[x]) and is_grouped
    told = table(frame, {'bar': BARS_LIMIT, 'pie': SLICES_LIMIT}.get(kind, POINTS_LIMIT) if few else POINTS_LIMIT)
    return dict(told, chart=drawn)


def quoted(name):
    return '`%s`' % name.replace('`', '``')


def named(name, types):
    """Returns the column of this name, which may differ in case."""
    if name is None:
        return None
    found = [each for each in types if each == name] or [each for each in types if each.lower() == name.lower()]
    if not found:
        raise RequestError('there is no column %s to draw. There are: %s' % (name, ', '.join(types)))
    return found[0]


def discrete(type_name):
    return not is_number(type_name) and not is_time(type_name)


def choice(kind, given, types):
    """Chooses the chart and the axes that were not given: times and names along x, numbers along y."""
    free = [each for each in types if each not in given.values()]
    numbers = [each for each in free if is_number(types[each])]
    times = [each for each in free if is_time(types[each])]
    names = [each for each in free if discrete(types[each])]
    numeric_x = kind in ('hist', 'scatter')
    x = given['x'] or ((numbers + times + names) if numeric_x else (times + names + numbers) or [None])[0]
    if x is None:
        raise RequestError('there is no column to draw')
    if kind == 'hist' or (kind == 'auto' and len(types) == 1 and is_number(types[x])):
        if not is_number(types[x]):
            raise RequestError(
                'a histogram is of numbers, and %s is %s. Name a column of numbers: -x COLUMN' % (x, types[x])
            )
        return 'hist', x, None
    y = given['y'] or next((each for each in numbers if each != x), None)
    if kind == 'auto':
        kind = 'line' if is_time(types[x]) else 'bar' if discrete(types[x]) or y is None else 'scatter'
    if kind == 'scatter' and y is None:
        raise RequestError('a scatter chart is of two columns of numbers. Name them: -x COLUMN -y COLUMN')
    return kind, x, y


def grouped(frame, x, y, color, agg):
    from pyspark.sql import functions

    by = [frame[quoted(each)] for each in (x, color) if each]
    if agg == 'count':
        label, what = 'count', functions.count(functions.lit(1))
    elif y is None:
        raise RequestError('there is no column of numbers for --agg %s. Name one: -y COLUMN' % agg)
    else:
        label = '%s(%s)' % (agg, y)
        what = {'sum': functions.sum, 'avg': functions.avg, 'min': functions.min, 'max': functions.max}[agg](
            frame[quoted(y)]
        )
    return frame.groupBy(*by).agg(what.alias(label)), label


def binned(frame, x, color):
    """Counts the rows in each range of x."""
    from pyspark.sql import functions

    value = frame[quoted(x)].cast('double')
    frame = frame.where(value.isNotNull() & ~functions.isnan(value))
    low, high = frame.agg(functions.min(value), functions.max(value)).first()
    step = nice_step((high - low) / HISTOGRAM_BINS) if low is not None and high > low else 1.0
    start = (functions.floor(value / step) * step).alias(x)
    by = [start] + ([frame[quoted(color)]] if color else [])
    return frame.groupBy(*by).agg(functions.count(functions.lit(1)).alias('count')).orderBy(quoted(x)), step


def nice_step(step):
    """Rounds a step up to 1, 2, 5 or 10 times a power of ten."""
    unit = 10.0 ** math.floor(math.log10(step))
    return next(each * unit for each in (1, 2, 5, 10) if each * unit >= step * 0.999)


def described(error):
    """Returns the error's name and message; of a Java exception those of its innermost cause."""
    java = getattr(error, 'java_exception', None)
    if java is None:
        return [type(error).__name__ if not isinstance(error, RequestError) else 'UsageError', str(error)]
    while java.getCause() is not None:
        java = java.getCause()
    return [java.getClass().getSimpleName(), java.getMessage() or java.toString()]
