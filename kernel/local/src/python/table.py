# Licensed under the Apache License, Version 2.0: http://www.apache.org/licenses/LICENSE-2.0
"""Makes the table that `%table` answers, with Livy's rules for the types of columns."""

import datetime
import decimal


def bundle(value):
    headers, data = {}, []
    for row in value if isinstance(value, (list, tuple)) else [value]:
        cells = [(name, *table_cell(cell)) for name, cell in named_cells(row)]
        for name, cell_type, _ in cells:
            header = headers.setdefault(name, {'name': str(name), 'type': cell_type})
            header['type'] = common_type(header['type'], cell_type, 'table rows have different types')
        data.append([cell for _, _, cell in cells])
    headers = [header for _, header in sorted(headers.items())]
    return {'application/vnd.livy.table.v1+json': {'headers': headers, 'data': data}}


def named_cells(row):
    if hasattr(row, 'asDict'):
        row = row.asDict()
    if isinstance(row, dict):
        return sorted(row.items())
    return enumerate(row if isinstance(row, (list, tuple)) else [row])


def common_type(one, other, problem):
    if 'NULL_TYPE' in (one, other):
        return other if one == 'NULL_TYPE' else one
    if one != other:
        raise ValueError(problem)
    return one


def table_cell(value):
    """Returns Livy's name for the type of a value, and the value as JSON has it."""
    if isinstance(value, (list, tuple)):
        return 'ARRAY_TYPE', one_type(value)
    if isinstance(value, dict):
        return 'MAP_TYPE', dict(zip(one_type(value.keys()), one_type(value.values())))
    name, convert = table_types.get(type(value), ('STRING_TYPE', str))
    return name, convert(value)


def one_type(values):
    cells = [table_cell(value) for value in values]
    if len({cell_type for cell_type, _ in cells}) > 1:
        raise ValueError('value has inconsistent types')
    return [cell for _, cell in cells]


table_types = {
    type(None): ('NULL_TYPE', lambda value: value),
    bool: ('BOOLEAN_TYPE', bool),
    int: ('INT_TYPE', int),
    float: ('DOUBLE_TYPE', float),
    datetime.date: ('DATE_TYPE', str),
    datetime.datetime: ('TIMESTAMP_TYPE', str),
    decimal.Decimal: ('DECIMAL_TYPE', str),
}
