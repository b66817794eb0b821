# Licensed under the Apache License, Version 2.0: http://www.apache.org/licenses/LICENSE-2.0
"""Runs SQL statements, and answers in the JSON of Livy's SQL interpreter."""

import datetime
import decimal
import json
import math


class SqlError(Exception):
    """A statement failed. The arguments are the error's name, value and traceback."""


class Sql:
    def __init__(self, spark, rows):
        self.spark, self.rows = spark, rows

    def execute(self, code):
        """Returns the statement's data by media type."""
        try:
            frame = self.spark.sql(code)
            schema = json.loads(frame._jdf.schema().json())
            types = [field['type'] for field in schema['fields']]
            data = [[sql_value(*cell) for cell in zip(row, types)] for row in frame.take(self.rows)]
        except Exception as error:
            raise SqlError('Error', *message_and_frames(error)) from error
        return {'application/json': {'schema': schema, 'data': data}}


def message_and_frames(error):
    """Returns the message of the Java exception, as Livy does: pyspark's is another text."""
    java = getattr(error, 'java_exception', None) or getattr(error, '_origin', None)
    if java is None:
        return str(error), []
    frames = [frame.toString() for frame in java.getStackTrace()]
    return java.getMessage() or java.toString(), frames


def sql_value(value, sql_type=None):
    """Returns a value as Livy's SQL interpreter writes it in JSON: timestamps in UTC, binary as signed bytes.

    Livy fails for some types and writes internals of Java for others. These get a readable form: a struct is an object
    by field name, an interval a string.
    """
    if isinstance(value, float):
        return value if math.isfinite(value) else {'nan': 'NaN', 'inf': 'Infinity', '-inf': '-Infinity'}[str(value)]
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, decimal.Decimal):
        return int(value) if value.as_tuple().exponent >= 0 else float(value)
    if isinstance(value, datetime.datetime):
        return value.isoformat() if sql_type == 'timestamp_ntz' else utc(value)
    if isinstance(value, (bytes, bytearray)):
        return [byte - 256 if byte > 127 else byte for byte in value]
    if isinstance(value, dict):
        return {str(key): sql_value(item) for key, item in value.items()}
    if hasattr(value, '__fields__'):
        return {name: sql_value(item) for name, item in zip(value.__fields__, value)}
    if isinstance(value, (list, tuple)):
        return [sql_value(item) for item in value]
    return str(value)


def utc(timestamp):
    return timestamp.astimezone(datetime.timezone.utc).strftime('%Y-%m-%dT%H:%M:%SZ')
