# Licensed under the Apache License, Version 2.0: http://www.apache.org/licenses/LICENSE-2.0
"""Writes the rows of Spark DataFrames to files of Arrow, and makes DataFrames of such files."""

import json
import os
import re

from . import tabular
from .value_files import IN_SESSION, Refusal, library, open_private, read_table, value_of, write_batches

# Arrow or Python has no such types, so Spark writes their values as text.
AS_TEXT = re.compile(r'.*\b(interval( year| month|$)|variant|geo)')
BATCH_ROWS = 10000  # As many as Spark itself puts into a batch.


def write(frame, path, limit, rows=None, fraction=None):
    """Writes the first rows, in their order, as many as the limit allows."""
    pyarrow = library('pyarrow', IN_SESSION)
    if frame.isStreaming:
        raise Refusal('a stream has no end. Write it to a table or to memory, and fetch that')
    frame = frame if fraction is None else frame.sample(False, fraction)
    frame = frame if rows is None else frame.limit(rows)
    named = tabular.columns(frame)
    frame = tabular.written(frame, [kind for _, kind in named], AS_TEXT)
    frame = frame.toDF(*['c%d' % at for at in range(len(named))])
    batches, is_whole = collected(pyarrow, frame, limit)
    if not is_whole:
        batches, _ = collected(pyarrow, frame.limit(fitting(pyarrow, batches, limit)), None)
    total = sum(batch.num_rows for batch in batches) if is_whole else tabular.count(frame)
    schema = batches[0].schema if batches else arrow_schema(pyarrow, frame)
    told = write_batches(path, schema.remove_metadata(), batches, limit)
    texts = [name for name, kind in named if AS_TEXT.match(kind)]
    told['cut'] = told['cut'] or not is_whole
    return dict(told, form='arrow', total=total, labels=[name for name, _ in named], texts=texts)


def collected(pyarrow, frame, limit):
    """Returns the batches in their order, and True; or those that came before they were more than the limit."""
    batches, size, order = [], 0, None
    for each in received(frame):
        if isinstance(each, list):
            order = each  # Behind it, Spark raises the error of a row, if there is one.
            continue
        batches.append(each)
        size += pyarrow.ipc.get_record_batch_size(each)
        if limit is not None and size > limit:
            return batches, False
    return batches if order is None else [batches[at] for at in order], True


def received(frame):
    """Yields batches as Spark finishes them, which need not be their order, and then the order, if there is one."""
    if is_connect(frame):
        yield from arrow_of_connect(frame).to_batches()
        return
    try:
        from pyspark.sql.pandas.conversion import ArrowCollectSerializer, _load_from_socket
    except ImportError:  # Spark's own functions, which have moved.
        yield from frame._collect_as_arrow()
        return
    *connection, server = frame._jdf.collectAsArrowToPython()
    stream = _load_from_socket(tuple(connection), ArrowCollectSerializer())
    if hasattr(stream, '__enter__'):  # Newer Sparks close it themselves.
        with stream as batches:
            yield from batches
    else:
        yield from stream
    server.getResult()


def is_connect(frame):
    return '.connect.' in type(frame).__module__


def arrow_of_connect(frame):
    if hasattr(frame, 'toArrow'):
        return frame.toArrow()
    client = frame._session.client
    table, _ = client.to_table(frame._plan.to_proto(client))
    return table


def fitting(pyarrow, batches, limit):
    """Returns how many rows of this size may fit."""
    rows = sum(batch.num_rows for batch in batches)
    size = sum(pyarrow.ipc.get_record_batch_size(batch) for batch in batches)
    return int(rows * limit / size) + 1


def arrow_schema(pyarrow, frame):
    from pyspark.sql.pandas.types import to_arrow_schema

    return to_arrow_schema(frame.schema)


# Reading


def read(spark, path, described):
    """Makes a DataFrame of a table's rows."""
    pyarrow = library('pyarrow', IN_SESSION)
    labels = [name_of(value_of(label)) for label in described['labels']]
    table = read_table(path, pyarrow).select(list(range(len(labels)))).rename_columns(labels)
    types = [in_spark(pyarrow, field) for field in table.schema]
    schema = pyarrow.schema([pyarrow.field(name, kind) for name, (kind, _) in zip(labels, types)])
    table = table.cast(schema, safe=False)
    fields = [spark_field(name, kind) for name, (_, kind) in zip(labels, types)]
    return made(spark, table, {'type': 'struct', 'fields': fields}, path)


def name_of(label):
    """Returns the name of a column as pandas shows it: Spark's names are texts."""
    return label if isinstance(label, str) else str(label)


def spark_field(name, kind):
    return {'name': name, 'type': kind, 'nullable': True, 'metadata': {}}


def made(spark, table, schema, path):
    import pyspark
    from pyspark.sql.types import StructType

    if is_connect(spark) and pyspark.__version__ < '4':
        return spark.createDataFrame(table.to_pandas(), StructType.fromJson(schema))
    if pyspark.__version__ >= '4':
        return spark.createDataFrame(table, StructType.fromJson(schema))
    return made_by_java(spark, table, json.dumps(schema), path + '.spark')


def made_by_java(spark, table, schema, path):
    """Has the JVM read the batches, as `createDataFrame` of Spark 3 has it read those of pandas."""
    import pyarrow
    from pyspark.sql.dataframe import DataFrame

    try:
        with open_private(path) as file, pyarrow.ipc.new_stream(file, table.schema) as stream:
            stream.write_table(table, BATCH_ROWS)
        functions = spark._jvm.org.apache.spark.sql.api.python.PythonSQLUtils
        batches = functions.readArrowStreamFromFile(path)
        return DataFrame(functions.toDataFrame(batches, schema, spark._jsparkSession), spark)
    finally:
        os.remove(path)


PLAIN = {
    'bool': ('bool_', 'boolean'),
    'int8': ('int8', 'byte'),
    'int16': ('int16', 'short'),
    'int32': ('int32', 'integer'),
    'int64': ('int64', 'long'),
    'uint8': ('int16', 'short'),
    'uint16': ('int32', 'integer'),
    'uint32': ('int64', 'long'),
    'halffloat': ('float32', 'float'),
    'float': ('float32', 'float'),
    'double': ('float64', 'double'),
    'string': ('string', 'string'),
    'large_string': ('string', 'string'),
    'string_view': ('string', 'string'),
    'binary': ('binary', 'binary'),
    'large_binary': ('binary', 'binary'),
    'binary_view': ('binary', 'binary'),
    'date32[day]': ('date32', 'date'),
    'date64[ms]': ('date32', 'date'),
    'null': ('null', 'void'),
}


def in_spark(pyarrow, field):
    """Returns the type of Arrow that Spark reads for a field's type, and Spark's own type as JSON."""
    kind, types = field.type, pyarrow.types
    if str(kind) in PLAIN:
        name, spark = PLAIN[str(kind)]
        return getattr(pyarrow, name)(), spark
    if types.is_dictionary(kind):
        return in_spark(pyarrow, pyarrow.field(field.name, kind.value_type))
    if types.is_decimal(kind) and kind.precision <= 38 and 0 <= kind.scale <= kind.precision:
        return pyarrow.decimal128(kind.precision, kind.scale), 'decimal(%d,%d)' % (kind.precision, kind.scale)
    if types.is_uint64(kind):
        return pyarrow.decimal128(20, 0), 'decimal(20,0)'
    if types.is_timestamp(kind):
        return pyarrow.timestamp('us', 'UTC' if kind.tz else None), 'timestamp' if kind.tz else 'timestamp_ntz'
    if types.is_duration(kind):
        return pyarrow.duration('us'), 'interval day to second'
    if types.is_fixed_size_binary(kind):
        return pyarrow.binary(), 'binary'
    nested = in_spark_nested(pyarrow, kind)
    if nested is None:
        raise Refusal('Spark has no type for the column %s (%s). Make it text or a number' % (field.name, kind))
    return nested


def in_spark_nested(pyarrow, kind):
    types = pyarrow.types
    if types.is_list(kind) or types.is_large_list(kind) or types.is_fixed_size_list(kind):
        inner, spark = in_spark(pyarrow, kind.value_field)
        return pyarrow.list_(inner), {'type': 'array', 'elementType': spark, 'containsNull': True}
    if types.is_map(kind):
        key, value = in_spark(pyarrow, kind.key_field), in_spark(pyarrow, kind.item_field)
        spark = {'type': 'map', 'keyType': key[1], 'valueType': value[1], 'valueContainsNull': True}
        return pyarrow.map_(key[0], value[0]), spark
    if types.is_struct(kind):
        inner = [kind.field(at) if hasattr(kind, 'field') else kind[at] for at in range(kind.num_fields)]
        kinds = [in_spark(pyarrow, field) for field in inner]
        fields = [pyarrow.field(field.name, made) for field, (made, _) in zip(inner, kinds)]
        spark = [spark_field(field.name, spark) for field, (_, spark) in zip(inner, kinds)]
        return pyarrow.struct(fields), {'type': 'struct', 'fields': spark}
    return None
