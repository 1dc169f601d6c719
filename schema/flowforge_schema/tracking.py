"""JSON values and lists that notice a change inside of them, at any depth, so that the next flush stores it.

`workflow.settings["retries"]["count"] = 2` is such a change; SQLAlchemy's own MutableDict sees none below the first level. What is put into a value is copied into it, so what an object shows is
what is stored; the dict that was handed in stays the caller's own.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Self, SupportsIndex
from weakref import ref

from sqlalchemy import event
from sqlalchemy.orm.attributes import AttributeEventToken, flag_modified

from flowforge_schema.errors import InvalidDataError
from flowforge_schema.storable import JSON_DEPTH_MAX, NotStorableError

Changed = Callable[[], None]

CONTAINERS = (dict, list, tuple)
# What is nearly everything in a document, told sooner than by isinstance.
LEAVES = frozenset({str, int, float, bool, type(None)})


def track_changes(model: type[Any], keys: Sequence[str]) -> None:
    """Make the values of these attributes notice changes inside of them, however they come into an object."""

    def load(row: Any, *_about: object) -> None:
        values = row.__dict__
        for key in keys:
            if isinstance(values.get(key), dict | list):
                values[key] = _tracked(values[key], _Owner(row, key))

    # The last one is that of `session.merge(row, load=False)`, which has no event of a public name.
    for name in ("load", "refresh", "refresh_flush", "unpickle", "_sa_event_merge_wo_load"):
        event.listen(model, name, load, propagate=True)
    for key in keys:
        event.listen(getattr(model, key), "set", _copy_into_row, retval=True, propagate=True)


class TrackedList(list[Any]):
    """A list inside a tracked value."""

    __slots__ = ("_changed",)

    def __init__(self, elements: Iterable[Any], changed: Changed) -> None:
        """Take elements that are tracked; `changed` is called after each change."""
        super().__init__(elements)
        self._changed = changed

    def __setitem__(self, place: Any, value: Any) -> None:
        """Replace one element, or a slice."""
        tracked = _tracked(list(value) if isinstance(place, slice) else value, self._changed)
        super().__setitem__(place, tracked)
        self._changed()

    def __delitem__(self, place: SupportsIndex | slice) -> None:
        """Take one element out, or a slice."""
        super().__delitem__(place)
        self._changed()

    def __iadd__(self, elements: Iterable[Any]) -> Self:  # type: ignore[misc]  # typeshed's own differs likewise
        """Add elements at the end."""
        self.extend(elements)
        return self

    def __imul__(self, times: SupportsIndex) -> Self:
        """Repeat the elements, each a value of its own."""
        self[:] = list(self) * int(times)
        return self

    def append(self, element: Any) -> None:
        """Add an element at the end."""
        super().append(_tracked(element, self._changed))
        self._changed()

    def extend(self, elements: Iterable[Any]) -> None:
        """Add elements at the end."""
        super().extend([_tracked(element, self._changed) for element in elements])
        self._changed()

    def insert(self, place: SupportsIndex, element: Any) -> None:
        """Add an element before a place."""
        super().insert(place, _tracked(element, self._changed))
        self._changed()

    def pop(self, place: SupportsIndex = -1) -> Any:
        """Take an element out and return it."""
        taken = super().pop(place)
        self._changed()
        return taken

    def remove(self, element: Any) -> None:
        """Take the first such element out."""
        super().remove(element)
        self._changed()

    def clear(self) -> None:
        """Take all elements out."""
        super().clear()
        self._changed()

    def reverse(self) -> None:
        """Turn the order round."""
        super().reverse()
        self._changed()

    def sort(self, **options: Any) -> None:
        """Put the elements in order."""
        super().sort(**options)
        self._changed()

    def __reduce__(self) -> tuple[Any, ...]:
        """Copy and pickle as a plain list."""
        return (list, (list(self),))


class TrackedObject(dict[str, Any]):
    """A JSON object that tells of every change."""

    __slots__ = ("_changed",)

    def __init__(self, pairs: Mapping[str, Any], changed: Changed) -> None:
        """Take pairs whose values are tracked; `changed` is called after each change."""
        self._changed = changed
        dict.update(self, pairs)

    def __setitem__(self, key: str, value: Any) -> None:
        super().__setitem__(key, _tracked(value, self._changed))
        self._changed()

    def __delitem__(self, key: str) -> None:
        super().__delitem__(key)
        self._changed()

    def __ior__(self, other: Any) -> Self:  # type: ignore[override,misc]  # as dict's own
        self.update(other)
        return self

    def update(self, *others: Any, **more: Any) -> None:
        """Take over pairs, as dict does."""
        given = {key: _tracked(value, self._changed) for key, value in dict(*others, **more).items()}
        super().update(given)
        self._changed()

    def setdefault(self, key: str, default: Any = None) -> Any:
        """Return the value of a key, which is set where it is not there."""
        if key not in self:
            self[key] = default
        return self[key]

    def pop(self, *arguments: Any) -> Any:
        """Take a key out and return its value."""
        taken = super().pop(*arguments)
        self._changed()
        return taken

    def popitem(self) -> tuple[str, Any]:
        """Take the last pair out and return it."""
        taken = super().popitem()
        self._changed()
        return taken

    def clear(self) -> None:
        """Take all pairs out."""
        super().clear()
        self._changed()

    def __reduce__(self) -> tuple[Any, ...]:
        """Copy and pickle as a plain dict."""
        return (dict, (dict(self),))


def _copy_into_row(row: Any, value: Any, before: Any, attribute: AttributeEventToken) -> Any:
    if value is before:
        return value
    try:
        # A container that holds itself would be copied for ever.
        return _tracked(value, _Owner(row, attribute.key), deepest=JSON_DEPTH_MAX)
    except NotStorableError as error:
        raise InvalidDataError(f"A value cannot be stored: {error}.", field=attribute.key) from None


class _Owner:
    """Tells a row that the value which it holds under a key has changed, as long as it still holds it."""

    __slots__ = ("_key", "_row")

    def __init__(self, row: Any, key: str) -> None:
        self._row = ref(row)
        self._key = key

    def __call__(self) -> None:
        row = self._row()
        if row is not None and getattr(row.__dict__.get(self._key), "_changed", None) is self:
            flag_modified(row, self._key)


def _tracked(value: Any, changed: Changed, *, deepest: int = sys.maxsize) -> Any:
    """Copy containers into tracked ones, without recursion: what can be read at all is tracked."""
    if not isinstance(value, CONTAINERS):
        return value
    top = _shallow(value, changed)
    pending = [(top, 1)]
    while pending:
        copied, depth = pending.pop()
        if depth > deepest:
            raise NotStorableError(f"a document cannot nest deeper than {deepest} levels")
        put = dict.__setitem__ if isinstance(copied, dict) else list.__setitem__  # which tell nobody
        for key, inner in _elements(copied):
            if type(inner) not in LEAVES and isinstance(inner, CONTAINERS):
                made = _shallow(inner, changed)
                put(copied, key, made)  # type: ignore[index]  # the method of its own kind
                pending.append((made, depth + 1))
    return top


def _elements(copied: TrackedObject | TrackedList) -> Iterable[tuple[Any, Any]]:
    """Return keys and values, or places and elements; the values may be replaced meanwhile, no key comes or goes."""
    return copied.items() if isinstance(copied, dict) else enumerate(copied)


def _shallow(value: Any, changed: Changed) -> TrackedObject | TrackedList:
    return TrackedObject(value, changed) if isinstance(value, dict) else TrackedList(value, changed)
