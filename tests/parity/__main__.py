"""Prints what differs. `python -m parity`"""

import sys
from contextlib import ExitStack

from jupyter_client.manager import run_kernel

from . import KNOWN, compare


def main():
    with ExitStack() as stack:
        ours, theirs = (stack.enter_context(run_kernel(kernel_name=name)) for name in ("livy-pyspark", "python3"))
        ours.execute_interactive("1", timeout=180, output_hook=lambda _: None)
        cells = compare(ours, theirs)
    bad = [cell for cell in cells if not cell.agrees and not cell.why]
    for cell in cells:
        if not cell.agrees:
            print(f"{cell.about:10} {cell.code.splitlines()[0][:50]:50} {cell.why or 'NOT EXPLAINED'}")
    for cell in bad:
        print(f"\n{cell.code}\n  ours:   {cell.ours}\n  theirs: {cell.theirs}")
    print(f"{len(cells)} cells: {sum(cell.agrees for cell in cells)} agree, {len(KNOWN)} differences are explained")
    sys.exit(bool(bad))


if __name__ == "__main__":
    main()
