"""The table of moves of a thing that has a state: (state, verb) → state.

Row buttons, batch actions, deadlines, import and tests are generated from it. `admin_app/services/
moves.py` makes the moves.
"""

from dataclasses import dataclass
from functools import cached_property


@dataclass(frozen=True, slots=True)
class State:
    """A state: what is stored, what people read, and its colour (a word of the theme)."""

    code: str
    label: str
    colour: str = "secondary"
    settled: bool = False  # nothing more is expected of anybody
    counted: bool = True  # else it should never have been registered: a list has it when it is asked for, or a word


@dataclass(frozen=True, slots=True)
class Only:
    """What a record must be to make a move: a column and its value; `why` is said where it is not."""

    column: str
    value: str
    why: str


@dataclass(frozen=True, slots=True)
class Move:
    """One verb. A `target` of '' leaves the state as it is: something is noted of it. `asks` are the columns that the
    verb wants filled in, `optional` may be; `evidence` asks for at least one attachment. `clears` are those that
    it empties; `only` limits it to some records; `ahead` are days that must not lie before today, nor years away."""

    verb: str
    label: str
    sources: tuple[str, ...]
    target: str
    act: str = "move"  # the second half of the permission: f"{model.__area__}.{act}"
    asks: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    evidence: bool = False
    reason: bool = False
    clears: tuple[str, ...] = ()
    only: Only | None = None
    ahead: tuple[str, ...] = ()


@dataclass(frozen=True)
class Moves:
    """All states and verbs of one column. The first state is the one a new record has. Of records that are alike in
    the columns of `single`, one alone may stand: one letter of a family in a year. `ends` are the ledgers, each with a
    verb of theirs, whose records end with the one that they hang on, when it is settled."""

    column: str
    states: tuple[State, ...]
    moves: tuple[Move, ...]
    single: tuple[str, ...] = ()
    ends: tuple[tuple[str, str], ...] = ()

    @property
    def initial(self) -> str:
        return self.states[0].code

    @cached_property
    def standing(self) -> tuple[str, ...]:
        """The states of what is not settled."""
        return tuple(state.code for state in self.states if not state.settled)

    @cached_property
    def uncounted(self) -> tuple[str, ...]:
        return tuple(state.code for state in self.states if not state.counted)

    @cached_property
    def labels(self) -> dict[str, str]:
        return {state.code: state.label for state in self.states}

    @cached_property
    def by_verb(self) -> dict[str, Move]:
        return {move.verb: move for move in self.moves}

    def state(self, code: str) -> State:
        """Raises KeyError for a state that is not in the table."""
        for state in self.states:
            if state.code == code:
                return state
        raise KeyError(code)

    def needed_in(self, code: str) -> frozenset[str]:
        """The columns that a state needs: what the moves into it ask for, and what those before asked where there is
        but one way; besides what the moves into it empty."""
        into = [move for move in self.moves if move.target == code]
        asked = {name for move in into for name in move.asks}
        for move in into:
            if len(move.sources) == 1 and move.sources[0] not in (code, self.initial):
                asked |= self.needed_in(move.sources[0]) if self._comes_before(move.sources[0], code) else set()
        return frozenset(asked - {name for move in into for name in move.clears})

    def _comes_before(self, source: str, code: str) -> bool:
        """Whether a state stands before another in the table: a move back is no way that led here."""
        codes = [state.code for state in self.states]
        return codes.index(source) < codes.index(code)

    def brings_back(self, move: Move) -> bool:
        """Whether what was settled stands again by this move."""
        return move.target in self.standing and any(source not in self.standing for source in move.sources)
