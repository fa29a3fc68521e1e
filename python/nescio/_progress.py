"""How far a long loop is, on standard error: tqdm's bar where it is installed, otherwise one line that is rewritten."""

from __future__ import annotations

import sys
from typing import Any, Iterable, Iterator, Optional


def bar(items: Iterable[Any], what: str, wanted: bool) -> Iterator[Any]:
    """The items, shown as they come; silent unless wanted."""
    if not wanted:
        yield from items
        return
    try:
        from tqdm.auto import tqdm
    except ImportError:
        yield from _lines(items, what)
        return
    yield from tqdm(items, desc=what, unit="batch")


def _lines(items: Iterable[Any], what: str) -> Iterator[Any]:
    total: Optional[int] = len(items) if hasattr(items, "__len__") else None  # type: ignore[arg-type]
    end = "\r" if sys.stderr.isatty() else "\n"
    for i, item in enumerate(items, 1):
        yield item
        if end == "\r" or i == total or (i & (i - 1)) == 0:
            sys.stderr.write(f"{what}: {i}{f' of {total}' if total else ''} batches{end}")
            sys.stderr.flush()
    if end == "\r":
        sys.stderr.write("\n")
