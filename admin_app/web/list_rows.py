"""The rows of a list as HTML.

The one piece of HTML that is written in Python: two hundred cells in a template's words were half of what a
page cost (docs/benchmarks.md). Whatever comes from a record goes through `escape`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self, cast

from markupsafe import Markup, escape

from admin_app.access.keepers import may_keep
from admin_app.display import Display, Shown, recurring
from admin_app.web.context import actor, display, session
from admin_app.web.list_address import PLACE, query_of
from models.base import Base, Wall, declared, names_region
from models.region import prefix_of, spoken_name

if TYPE_CHECKING:
    from views.base import RegisterView

_LONGEST = 7  # characters that never wrap
_MOST_CELLS = 10_000  # that are kept of one column


@dataclass(frozen=True, slots=True)
class RowWriter:
    """Writes the rows of one list. Kept with its frame: what it holds depends on the role and the address alone,
    and on no record."""

    model: type[Base]
    called: str  # the column that says what a record is called, and leads to it
    columns: "tuple[_Column, ...]"  # the others, in their order
    details: str
    edit: str | None
    tail: Markup  # of every record's address: the list that it stands in
    with_id: bool
    ticks: bool
    own: tuple[str, str] | None  # of a public table: the column of the place, and what begins the codes of one's own
    state: str | None  # the column of the state, where ticked rows can be moved: it says which moves there are

    @classmethod
    def of(cls, view: "RegisterView", columns: list[str], state: str | None, *, ticks: bool) -> Self:
        query, place = query_of(view, page=None), view.model.__region__
        public = view.model.__wall__ is Wall.REFERENCE and place in columns
        changes = view.can_change and view.may("edit") and may_keep(session(), actor(), view.model)
        return cls(
            view.model, columns[0], tuple(_Column.of(view.model, name) for name in columns[1:]),
            _from_here(view, ".details_view"), _from_here(view, ".edit_view") if changes else None,
            escape(f"&{query}" if query else ""), "id" in columns, ticks,
            (place, prefix_of(actor().region_code)) if public and place else None, state)

    def rows(self, rows: Sequence[Any], first: int) -> Markup:
        """`<tr>` for each row; `first` is the place of the first one in the list."""
        shown = display()
        called = shown.reader(self.model, self.called)
        cells = [self._cells_of(shown, column).__getitem__ for column in self.columns]
        names = (self.called, *[column.name for column in self.columns])
        lines = []
        for place, row in enumerate(rows, first):
            # `id` comes first in a row, and is a column of the list only where a view asks for it.
            own, *values = [getattr(row, n) for n in names] if self.with_id else row[1:len(names) + 1]
            text = called(own).text
            name, record = escape(text), f"?id={row[0]}&amp;{PLACE}={place}{self.tail}"
            state = f' data-state="{escape(getattr(row, self.state))}"' if self.state else ""
            tick = ('<td class="tick"><input type="checkbox" name="pk" '
                    f'value="{row[0]}" form="batch"{state} aria-label="选中{name}"></td>'
                    ) if self.ticks else ""
            mine = not self.own or getattr(row, self.own[0]).startswith(self.own[1])
            change = f'<a href="{self.edit}{record}">修改</a>' if self.edit and mine else ""
            lines.append(
                f'<tr>{tick}<td class="no">{place + 1}</td>'
                f'<th scope="row"{_wraps(text)}><a href="{self.details}{record}">{name or "（空）"}</a></th>'
                f"{''.join([cell(value) for cell, value in zip(cells, values, strict=True)])}"
                f'<td class="row-actions"><a href="{self.details}{record}">查看</a>{change}</td></tr>\n')
        return Markup("".join(lines))  # noqa: S704  (every text of a record was escaped above)

    def _cells_of(self, shown: Display, column: "_Column") -> "_Cells":
        if column.kept is not None:
            return column.kept
        return _Cells(column.start, column.place, shown.reader(self.model, column.name))


@dataclass(frozen=True, slots=True)
class _Column:
    """How the cells of a column begin, and those that are kept, where its values come again and again."""

    name: str
    start: str
    place: bool  # a division, as people say it: the row stays one line
    kept: "_Cells | None"

    @classmethod
    def of(cls, model: type[Base], name: str) -> Self:
        start, place = f'<td data-label="{escape(declared(model, name).label)}"', names_region(model, name)
        # These outlive the request: a new value is read through the display of whoever meets it first.
        kept = display().of_role((model, name), lambda: _Cells(
            start, place, lambda value: display().value(model, name, value))) if recurring(model, name) else None
        return cls(name, start, place, cast("_Cells | None", kept))


class _Cells(dict[Any, str]):
    """The cells of one column by their values, each written once."""

    def __init__(self, start: str, place: bool, read: Callable[[Any], Shown]) -> None:
        super().__init__()
        self._start, self._place, self._read = start, place, read

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


def _from_here(view: "RegisterView", endpoint: str) -> str:
    """The address of a page of one record, from the list that its rows stand in: it is said three times in each."""
    return view.get_url(endpoint).removeprefix(view.get_url(".index_view"))


def _wraps(text: str) -> str:
    """Long texts may wrap; numbers and days never do."""
    return ' class="long"' if len(text) > _LONGEST and not text[0].isdigit() else ""
