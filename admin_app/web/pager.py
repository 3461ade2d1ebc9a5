"""The numbers under a list that has pages."""

from collections.abc import Callable
from typing import Any


def page_links(number: int, pages: int, to: Callable[[int], str]) -> list[dict[str, Any]]:
    """The first page, the last, and those around `number` (0 is the first), with a sign where some are left out."""
    near = sorted({1, pages, *range(max(1, number - 1), min(pages, number + 3) + 1)})
    links: list[dict[str, Any]] = []
    for before, page in zip([0, *near], near, strict=False):
        if page - before > 1:
            links.append({"label": "…", "url": None, "active": False})
        links.append({"label": str(page), "url": to(page), "active": page == number + 1})
    return links
