"""Runs a notebook on Spark through the kernel and prints what each cell gave."""

import os
import sys

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError


def text_of(output):
    """Returns an output as a terminal shows it."""
    # Debian 11's Python, on which the wheel is tried, has no match.
    if output.output_type == "stream":
        return output.text
    if output.output_type == "error":
        return "\n".join(output.traceback)
    return output.data.get("text/plain", f"({', '.join(output.data)})")


def show(cell):
    print(f"\nIn [{cell.execution_count}]:")
    print("    " + cell.source.replace("\n", "\n    "))
    for output in cell.outputs:
        print(text_of(output).rstrip("\n"))


def main(path):
    # The demo uses the Spark that the kernel starts by itself.
    os.environ.pop("LIVY_URL", None)
    notebook = nbformat.read(path, as_version=4)
    client = NotebookClient(notebook, timeout=300, on_cell_executed=lambda cell, **_: show(cell))
    try:
        client.execute()
    except CellExecutionError:
        sys.exit("\ndemo: the cell above failed, and was not meant to")
    nbformat.validate(notebook)
    print("\ndemo: all cells ran on Spark, and Spark has been shut down")


if __name__ == "__main__":
    main(*sys.argv[1:])
