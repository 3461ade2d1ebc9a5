"""The rows of a list as HTML.

The one piece of HTML that is written in Python: two hundred cells in a template's words were half of what a
page cost (docs/benchmarks.md). Whatever comes from a record goes through `escape`.
"""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, cast

from markupsafe import Markup, escape

from admin_app.display import Display, Shown, names_region, recurring
from admin_app.web.context import display
from admin_app.web.list_address import PLACE, query_of
from models.base import Base, declared
from models.region import spoken_name

if TYPE_CHECKING:
    from views.base import RegisterView

_LONGEST = 7  # characters that never wrap
_MOST_CELLS = 10_000  # that are kept of one column


def rows_as_html(view: "RegisterView", columns: list[str], rows: Sequence[Any], first: int, ticks: bool) -> Markup:
    """`<tr>` for each row; `first` is the place of the first one in the list, `ticks` whether rows can be ticked."""
    shown = display()
    called = shown.reader(view.model, columns[0])
    cells = [_cells(shown, view.model, name).__getitem__ for name in columns[1:]]
    query = query_of(view, page=None)
    tail = escape(f"&{query}" if query else "")
    details, edit = view.get_url(".details_view"), view.get_url(".edit_view")
    may_edit, with_id = view.can_change and view.may("edit"), "id" in columns
    lines = []
    for place, row in enumerate(rows, first):
        # `id` comes first in a row, and is a column of the list only where a view asks for it.
        own, *values = row[1:] if not with_id else [getattr(row, c) for c in columns]
        text = called(own).text
        name, record = escape(text), f"?id={row[0]}&amp;{PLACE}={place}{tail}"
        tick = ('<td class="tick"><input type="checkbox" class="form-check-input" name="pk" '
                f'value="{row[0]}" form="batch" aria-label="选中{name}"></td>') if ticks else ""
        change = f'<a href="{edit}{record}">修改</a>' if may_edit else ""
        lines.append(
            f'<tr>{tick}<td class="no">{place + 1}</td>'
            f'<th scope="row"{_wraps(text)}><a href="{details}{record}">{name or "（空）"}</a></th>'
            f"{''.join([cell(value) for cell, value in zip(cells, values, strict=True)])}"
            f'<td class="row-actions"><a href="{details}{record}">查看</a>{change}</td></tr>\n')
    return Markup("".join(lines))  # noqa: S704  (every text of a record was escaped above)


def _cells(shown: Display, model: type[Base], name: str) -> "_Cells":
    if not recurring(model, name):
        return _Cells(model, name, shown.reader(model, name))
    # These outlive the request: a new value is read through the display of whoever meets it first.
    return cast(_Cells, shown.cells(model, name, lambda: _Cells(
        model, name, lambda value: display().value(model, name, value))))


class _Cells(dict[Any, str]):
    """The cells of one column by their values, each written once."""

    def __init__(self, model: type[Base], name: str, read: Callable[[Any], Shown]) -> None:
        super().__init__()
        self._read = read
        self._place = names_region(model, name)  # as people say it: the row stays one line
        self._start = f'<td data-label="{escape(declared(model, name).label)}"'

    def __missing__(self, value: Any) -> str:
        text, colour = self._read(value)
        if len(self) >= _MOST_CELLS:
            self.clear()
        cell = self[value] = self._written(spoken_name(text) if self._place else text, colour)
        return cell

    def _written(self, text: str, colour: str | None) -> str:
        if not text:
            return f'{self._start} class="none">—</td>'
        said = f'<span class="pill c-{escape(colour)}">{escape(text)}</span>' if colour else escape(text)
        return f"{self._start}{_wraps(text)}>{said}</td>"


def _wraps(text: str) -> str:
    """Long texts may wrap; numbers and days never do."""
    return ' class="long"' if len(text) > _LONGEST and not text[0].isdigit() else ""
