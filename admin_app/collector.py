"""Python's garbage collector, in a process that lives long."""

import gc

_NEW_OBJECTS = 50_000  # before it looks again; Python's 700 is for small programs
_YOUNG, _OLD = 20, 100  # rounds before it looks through what is older


def settle() -> None:
    """To be called once a process has loaded what it works with: what stands by then is never looked through
    again, and the rest more seldom. Rows hold no circles; looking for them was a fifth of a check of an import
    and a tenth of an export (docs/benchmarks.md)."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(_NEW_OBJECTS, _YOUNG, _OLD)
