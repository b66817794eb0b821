# Licensed under the Apache License, Version 2.0: http://www.apache.org/licenses/LICENSE-2.0
"""Writes values to files and reads them: what passes between the session's Python and the one of this machine.

Both use this module, which needs no other. Tables become streams of Arrow, arrays numpy's files, and other values JSON
that names their types. Nothing that is read is run: there is no pickle, and no name that the other side chooses.
"""

import base64
import datetime
import decimal
import importlib
import json
import os

BATCH_ROWS = 65536
JSON_TYPES = 'numbers, text, bytes, times, and lists, tuples, sets and dictionaries of these'
# Older versions ran code that a file brought: CVE-2023-47248.
SAFE_PYARROW = (14, 0, 1)


class Refusal(Exception):
    """The value cannot be passed on; the message says why and what to do."""


def library(name, where):
    try:
        return importlib.import_module(name)
    except ImportError:
        raise Refusal('%s is missing %s. Install it: %s' % (name, where, pip_command(name, where))) from None


def pip_command(name, where):
    return ('%%pip install %s' if where == IN_SESSION else 'python3 -m pip install %s') % name


IN_SESSION, HERE = 'in the Python of the session', 'in the Python of this machine'


def safe_pyarrow(where):
    """Returns pyarrow for reading what another machine has written."""
    pyarrow = library('pyarrow', where)
    if tuple(int(part) for part in pyarrow.__version__.split('.')[:3] if part.isdigit()) < SAFE_PYARROW:
        raise Refusal(
            'pyarrow %s %s may run code that a file of another machine brings. Install a newer one: %s'
            % (pyarrow.__version__, where, pip_command("'pyarrow>=14.0.1'", where))
        )
    return pyarrow


def package_of(value):
    return type(value).__module__.split('.')[0]


def is_pandas(value):
    return package_of(value) == 'pandas' and type(value).__name__ == 'DataFrame'


def read(path, described, where):
    """Returns the value that `write` has written; a table becomes a DataFrame of pandas."""
    if described['form'] == 'arrow':
        return read_pandas(path, described, where)
    if described['form'] == 'array':
        return read_array(path, described, where)
    return read_plain(path)


def is_table(value):
    """Returns whether it is a table of polars or pyarrow, or a DataFrame of pandas."""
    named = package_of(value), type(value).__name__
    return is_pandas(value) or named in (('polars', 'DataFrame'), ('pyarrow', 'Table'), ('pyarrow', 'RecordBatch'))


def write(value, path, where, limit=None, rows=None):
    """Writes a value to a file, and returns what is needed to read it."""
    if is_table(value):
        table, described = arrow_table(value, library('pyarrow', where), rows)
        batches = table.to_batches(max_chunksize=BATCH_ROWS)
        return dict(described, total=len(value), **write_batches(path, table.schema, batches, limit))
    if package_of(value) == 'numpy':
        return write_array(value, path, limit)
    return write_plain(value, path, limit)


# Tables


def arrow_table(value, pyarrow, rows=None):
    """Returns a table whose columns are named by their places, and what stands beside it: the labels, the index."""
    described = {}
    if is_pandas(value):
        value = value if rows is None else value.head(rows)
        labels = [plain(label) for label in value.columns]
        columns, described['index'] = index_of(value)
        value = value.set_axis(['c%d' % at for at in range(len(labels))], axis=1).reset_index(drop=True)
        for at, column in enumerate(columns):
            value['i%d' % at] = column
        table = from_pandas(pyarrow, value, labels)
    else:
        table = value.to_arrow() if package_of(value) == 'polars' else value
        table = pyarrow.Table.from_batches([table]) if type(table).__name__ == 'RecordBatch' else table
        table = table if rows is None else table.slice(0, rows)
        labels = list(table.column_names)
        table = table.rename_columns(['c%d' % at for at in range(len(labels))])
    return table.replace_schema_metadata(None), dict(described, form='arrow', labels=labels)


def from_pandas(pyarrow, frame, labels):
    arrays = []
    for name in frame.columns:
        try:
            arrays.append(pyarrow.Array.from_pandas(frame[name]))
        except (pyarrow.ArrowInvalid, pyarrow.ArrowTypeError, pyarrow.ArrowNotImplementedError) as error:
            label = labels[int(name[1:])] if name[0] == 'c' else 'the index'
            raise Refusal(
                'the column %s has values that Arrow cannot hold together: %s' % (label, one_line(error))
            ) from None
    arrays = [array if isinstance(array, pyarrow.ChunkedArray) else pyarrow.chunked_array([array]) for array in arrays]
    return pyarrow.Table.from_arrays(arrays, names=list(frame.columns))


def index_of(frame):
    """Returns the columns of an index, and what describes it."""
    index = frame.index
    if type(index).__name__ == 'RangeIndex':
        return [], {'range': [index.start, index.stop, index.step], 'names': [plain(index.name)]}
    levels = [index.get_level_values(at).to_series().array for at in range(index.nlevels)]
    return levels, {'names': [plain(name) for name in index.names]}


def write_batches(path, schema, batches, limit):
    """Writes as many rows as the limit allows; returns how many these are, and whether they are not all."""
    import pyarrow

    written, size, is_cut = 0, 0, False
    with open_private(path) as file, pyarrow.ipc.new_stream(file, schema, options=options(pyarrow)) as stream:
        for batch in batches:
            fits = fitting_rows(pyarrow, batch, None if limit is None else limit - size)
            if fits:
                part = batch if fits == batch.num_rows else batch.slice(0, fits)
                stream.write_batch(part)
                written, size = written + fits, size + pyarrow.ipc.get_record_batch_size(part)
            is_cut = fits < batch.num_rows
            if is_cut:
                break
    return {'rows': written, 'cut': is_cut, 'bytes': os.path.getsize(path)}


def fitting_rows(pyarrow, batch, left):
    size = pyarrow.ipc.get_record_batch_size(batch)
    if left is None or size <= left:
        return batch.num_rows
    return max(0, int(batch.num_rows * left / size) - 1)


def options(pyarrow):
    """Compressed tables pass through a slow network sooner; the codec costs next to nothing."""
    codec = 'zstd' if pyarrow.Codec.is_available('zstd') else None
    return pyarrow.ipc.IpcWriteOptions(compression=codec)


def open_private(path):
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), 'wb')


def read_table(path, pyarrow):
    with pyarrow.OSFile(path) as file, pyarrow.ipc.open_stream(file) as stream:
        return pyarrow.Table.from_batches(list(stream), stream.schema)


def read_pandas(path, described, where):
    pandas, pyarrow = library('pandas', where), safe_pyarrow(where) if where == HERE else library('pyarrow', where)
    table = read_table(path, pyarrow)
    if where == HERE:
        table.validate(full=True)  # Arrow does not check what it reads, and what it computes with trusts that.
    columns = {at: series(pandas, pyarrow, table.column(at)) for at in range(table.num_columns)}
    frame = pandas.DataFrame(columns, index=None if columns else range(table.num_rows))
    labels = [value_of(label) for label in described['labels']]
    return with_index(pandas, frame, len(labels), described.get('index')).set_axis(labels, axis=1)


def with_index(pandas, frame, count, index):
    """Takes the columns after the first `count` as the index."""
    names = [value_of(name) for name in index['names']] if index else []
    if index and 'range' in index:
        if index['range'][:1] + index['range'][2:] != [0, 1] or names != [None]:
            start, _, step = index['range']
            stop = start + step * len(frame)
            frame.index = pandas.RangeIndex(start, stop, step, name=names[0])
    elif index:
        frame = frame.set_index(list(range(count, count + len(names))))
        frame.index.names = names
    return frame


def series(pandas, pyarrow, column):
    """Returns a column with numpy's type if that holds each of its values, and with Arrow's if not."""
    if numpy_holds(pyarrow, column) or not hasattr(pandas, 'ArrowDtype'):
        try:
            return column.to_pandas()
        except pyarrow.ArrowInvalid:  # Before pandas 2, times had to be in the years 1677 to 2262.
            pass
    return pandas.Series(pandas.arrays.ArrowExtensionArray(column))


def numpy_holds(pyarrow, column):
    types, kind = pyarrow.types, column.type
    if types.is_boolean(kind) or types.is_integer(kind):
        return column.null_count == 0
    if types.is_floating(kind):  # Where nothing is NaN, NaN is null, as everywhere in pandas.
        import pyarrow.compute as compute

        return not compute.any(compute.is_nan(column)).as_py()
    if types.is_string(kind) or types.is_large_string(kind):
        return column.null_count < len(column)  # Without a value, the type would not be known.
    return types.is_timestamp(kind) or types.is_duration(kind) or types.is_dictionary(kind)


# Arrays


def write_array(value, path, limit):
    import numpy

    if not isinstance(value, (numpy.ndarray, numpy.generic)) or numpy.asarray(value).dtype.hasobject:
        raise Refusal('an array of Python objects cannot be passed on: give it a type of numpy, or make it a list')
    refuse_larger(numpy.asarray(value).nbytes, limit)
    with open_private(path) as file:
        numpy.save(file, value, allow_pickle=False)
    return {'form': 'array', 'scalar': isinstance(value, numpy.generic), 'bytes': os.path.getsize(path)}


def read_array(path, described, where):
    array = library('numpy', where).load(path, allow_pickle=False)
    return array[()] if described.get('scalar') else array


def refuse_larger(size, limit):
    if limit is not None and size > limit:
        raise Refusal(
            'it has %s bytes, more than the setting local.max_bytes allows (%s). Pass a part of it on, or raise that'
            % (format(size, ','), format(limit, ','))
        )


# Other values


def write_plain(value, path, limit):
    try:
        text = json.dumps(plain(value))
    except RecursionError:
        raise Refusal('it contains itself, or is nested too deeply. Pass its parts on') from None
    refuse_larger(len(text), limit)
    with open_private(path) as file:
        file.write(text.encode())
    return {'form': 'json', 'bytes': os.path.getsize(path)}


def read_plain(path):
    with open(path, encoding='utf-8') as file:
        try:
            return value_of(json.load(file))
        except RecursionError:
            raise Refusal('it is nested too deeply. Pass its parts on') from None


def tagged(kind, text):
    return {kind: text}


def plain(value):
    """Returns what JSON represents; a value that JSON does not have becomes an object with its type's name."""
    kind = type(value)
    if value is None or kind in (bool, int, str):
        return value
    if kind is float:
        return value if value - value == 0 else tagged('float', repr(value))
    if kind is list:
        return [plain(each) for each in value]
    if kind in (tuple, set, frozenset):
        return tagged(kind.__name__, [plain(each) for each in value])
    if kind is dict:
        return tagged('dict', [[plain(key), plain(each)] for key, each in value.items()])
    if kind in (bytes, bytearray):
        return tagged(kind.__name__, base64.b64encode(value).decode())
    if kind is complex:
        return tagged('complex', [plain(value.real), plain(value.imag)])
    if kind is decimal.Decimal:
        return tagged('Decimal', str(value))
    if kind is datetime.timedelta:
        return tagged('timedelta', [value.days, value.seconds, value.microseconds])
    if kind in (datetime.date, datetime.time, datetime.datetime):
        return tagged(kind.__name__, plain_time(value))
    if hasattr(value, 'item') and package_of(value) in ('numpy', 'pandas') and not hasattr(value, '__len__'):
        return plain(value.item())
    raise Refusal(
        'a %s cannot be passed on. What can: tables (of Spark, pandas, polars or pyarrow), arrays of numpy, and %s'
        % (kind.__name__, JSON_TYPES)
    )


def plain_time(value):
    zone = getattr(value, 'tzinfo', None)
    name = getattr(zone, 'key', None) or getattr(zone, 'zone', None)
    return [value.isoformat(), getattr(value, 'fold', 0), name]


def time_of(kind, told):
    text, fold, name = told
    value = kind.fromisoformat(text)
    if kind is datetime.date:
        return value
    value = value.replace(fold=fold)
    if name is None:
        return value
    try:
        return value.replace(tzinfo=importlib.import_module('zoneinfo').ZoneInfo(name))
    except (ImportError, ValueError, KeyError, OSError):
        return value  # Its offset is the same.


READERS = {
    'float': float,
    'tuple': lambda told: tuple(map(value_of, told)),
    'set': lambda told: set(map(value_of, told)),
    'frozenset': lambda told: frozenset(map(value_of, told)),
    'dict': lambda told: {value_of(key): value_of(each) for key, each in told},
    'bytes': base64.b64decode,
    'bytearray': lambda told: bytearray(base64.b64decode(told)),
    'complex': lambda told: complex(*map(value_of, told)),
    'Decimal': decimal.Decimal,
    'timedelta': lambda told: datetime.timedelta(*told),
    'date': lambda told: time_of(datetime.date, told),
    'time': lambda told: time_of(datetime.time, told),
    'datetime': lambda told: time_of(datetime.datetime, told),
}


def value_of(told):
    """Returns the value of what `plain` has made."""
    if isinstance(told, list):
        return [value_of(each) for each in told]
    if isinstance(told, dict):
        [(kind, told)] = told.items()
        return READERS[kind](told)
    return told


def one_line(error):
    return ' '.join(str(error).split())
