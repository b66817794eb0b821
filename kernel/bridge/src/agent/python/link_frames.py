# Licensed under the Apache License, Version 2.0: http://www.apache.org/licenses/LICENSE-2.0
"""Packs what a message consists of into one run of bytes, and unpacks it: the bytes may go in several frames."""

import base64
import datetime
import math
import numbers
import pathlib

from .stdlib import json


def pack(parts):
    """Returns the lengths of the parts, and the parts one after the other."""
    return [len(part) for part in parts], b''.join(parts)


def unpack(sizes, body):
    """Returns the parts again."""
    if sum(sizes) != len(body):
        raise ValueError('a message of %d bytes has %d' % (sum(sizes), len(body)))
    ends = [sum(sizes[: count + 1]) for count in range(len(sizes))]
    return [body[end - size : end] for size, end in zip(sizes, ends)]


def json_bytes(value):
    """Writes JSON as ipykernel does, which clears what JSON cannot have: NaN becomes the text `nan`."""
    try:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False, default=plain)
    except (TypeError, ValueError):
        text = json.dumps(cleared(value), ensure_ascii=False, allow_nan=False)
    return text.encode('utf-8', 'surrogatepass').decode('utf-8', 'replace').encode('utf-8')


def plain(value):
    """Returns what stands in JSON for a value of a type that JSON does not have."""
    if isinstance(value, (datetime.datetime, datetime.date)):
        return value.isoformat()
    if isinstance(value, bytes):
        return base64.b64encode(value).decode('ascii')
    if isinstance(value, pathlib.Path):
        return str(value)
    if isinstance(value, numbers.Integral):
        return int(value)
    if isinstance(value, numbers.Real):
        return float(value)
    if isinstance(value, (set, tuple)) or hasattr(value, '__iter__'):
        return list(value)
    raise TypeError('%r is not JSON serializable' % (value,))


def cleared(value):
    if value is None or isinstance(value, (str, bool, int)):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else repr(value)
    if isinstance(value, dict):
        return {str(key): cleared(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [cleared(item) for item in value]
    return cleared(plain(value))
