"""Runs the cells of notebooks in livy-pyspark and in ipykernel, with the same libraries, and compares what is seen.

The notebooks are those of this folder and those of some packages; `python -m parity` prints what differs.
"""
