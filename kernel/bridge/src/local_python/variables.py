# Licensed under the Apache License, Version 2.0: http://www.apache.org/licenses/LICENSE-2.0
"""Reads a file into a variable of the notebook's Python on this machine, or writes one to a file.

It runs below `value_files.py`, whose names it uses.
"""

# ruff: noqa: F821


def answer(asked):
    asked = json.loads(asked)
    names = get_ipython().user_ns
    try:
        told = (read_variable if asked["call"] == "read" else write_variable)(names, asked)
    except Refusal as refusal:
        told = {"refused": str(refusal)}
    with open_private(asked["answer"]) as file:
        file.write(json.dumps(told).encode())


def read_variable(names, asked):
    try:
        value = read(asked["path"], asked["described"], HERE)
    except (ArithmeticError, LookupError, TypeError, ValueError, OSError) as error:  # Arrow's own errors are such, too.
        reason = f"{type(error).__name__}: {one_line(error)}"
        raise Refusal(f"what has come cannot be read here ({reason}). Run the cell again") from error
    names[asked["name"]] = value
    return {"type": type_of(value)}


def type_of(value):
    if is_pandas(value):
        return f"a pandas DataFrame, {len(value):,} rows × {len(value.columns)} columns"
    return type(value).__name__


def write_variable(names, asked):
    if asked["name"] not in names:
        raise Refusal("the Python of this machine has no variable of this name. A cell of %%local makes one")
    value = names[asked["name"]]
    refuse_other_type(value, asked.get("only"))
    return write(value, asked["path"], HERE, rows=asked.get("rows"))


def refuse_other_type(value, wanted):
    """Refuses what is not of the type that `%%send_to_spark` names."""
    if wanted == "str" and not isinstance(value, str):
        raise Refusal(f"it is no str but a {type(value).__name__}. For a DataFrame write -t df, for all else %put")
    if wanted == "df" and not is_table(value):
        raise Refusal(f"it is no DataFrame but a {type(value).__name__}. For a text write -t str, for all else %put")
