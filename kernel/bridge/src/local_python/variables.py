# Licensed under the Apache License, Version 2.0: http://www.apache.org/licenses/LICENSE-2.0
"""Reads a file into a variable of the notebook's Python on this machine, or writes one to a file.

It runs below `value_files.py`, whose names it uses.
"""

# ruff: noqa: F821


def answer(asked):
    asked = json.loads(asked)
    names = get_ipython().user_ns
    try:
        told = (read_variable if asked['call'] == 'read' else write_variable)(names, asked)
    except Refusal as refusal:
        told = {'refused': str(refusal)}
    with open_private(asked['answer']) as file:
        file.write(json.dumps(told).encode())


def read_variable(names, asked):
    names[asked['name']] = value = read(asked['path'], asked['described'], HERE)
    return {'type': type_of(value)}


def type_of(value):
    if is_pandas(value):
        return 'a pandas DataFrame, %s rows × %d columns' % (format(len(value), ','), len(value.columns))
    return type(value).__name__


def write_variable(names, asked):
    if asked['name'] not in names:
        raise Refusal('the Python of this machine has no variable of this name. A cell of %%local makes one')
    value = names[asked['name']]
    refuse_other_type(value, asked.get('only'))
    return write(value, asked['path'], HERE, rows=asked.get('rows'))


def refuse_other_type(value, wanted):
    """Refuses what is not of the type that `%%send_to_spark` names."""
    if wanted == 'str' and not isinstance(value, str):
        raise Refusal('it is no str but a %s. For a DataFrame write -t df, for all else %%put' % type(value).__name__)
    if wanted == 'df' and not is_table(value):
        raise Refusal('it is no DataFrame but a %s. For a text write -t str, for all else %%put' % type(value).__name__)
