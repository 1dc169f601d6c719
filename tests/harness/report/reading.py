"""Reads a page as a browser does: its elements in order, each closed where it has to be."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Any

from typing_extensions import override

VOID = {"meta"}
OWN_TEXT = {"style", "script"}


class Page(HTMLParser):
    """A page that was read: `elements` with their attributes, and the `words` that are shown. Raises AssertionError for one that is not whole."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(text)
        assert self.open == []

    @override
    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    @override
    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    @override
    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] not in OWN_TEXT:
            self.words.append(data)

    @property
    def text(self) -> str:
        """All words."""
        return " ".join(self.words)

    def values(self, attribute: str) -> list[Any]:
        """Return what all elements have in this attribute."""
        return [attributes[attribute] for _, attributes in self.elements if attribute in attributes]

    def count(self, tag: str) -> int:
        """Return how many elements there are of a name."""
        return sum(name == tag for name, _ in self.elements)
