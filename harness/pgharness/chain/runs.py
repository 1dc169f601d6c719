"""The runs of one project's code: children of an agent, forked where its modules are imported already, ended together."""

from __future__ import annotations

import json
import socket
import threading
import weakref
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any

from pgharness.chain.agent import NURSERY, Agent
from pgharness.chain.child import Child
from pgharness.chain.messages import Message, Task
from pgharness.findings import CannotRun

MOST_NURSERIES = 3
"""What env.py imports is imported ahead, then what the first revisions import, and once more where later ones import more."""


class ProjectRuns:
    """Starts children for one project, also from several threads; the agent may serve others too."""

    def __init__(self, agent: Agent) -> None:
        self.agent = agent
        self._children: weakref.WeakSet[Child] = weakref.WeakSet()
        self._nurseries: list[Nursery] = []
        """Where runs are forked, the best one last; each is a copy of the one before it with more imported."""
        self._sockets: list[socket.socket] = []
        self._end = weakref.finalize(self, _close, self._sockets)
        self._lock = threading.Lock()
        self._asked: set[str] = set()
        """The modules that nurseries were asked to import."""
        self._left = MOST_NURSERIES
        self.hands_over = False
        """Whether env.py takes nothing but a connection in `config.attributes`."""
        self.names: str | None = None
        """A digest of the names that the models have where env.py imports them itself; None before any run has told."""
        self._is_closed = False

    def child(self, task: Task) -> Child:
        """Let a child do a task."""
        with self._lock:
            parent = self._best()
        (connected,) = self.agent.fork(parent=parent)
        return self._child(connected, task, imported_ahead=parent is not None)

    def read(self, task: Task, *, leaves_nursery: bool) -> Message:
        """Let a child read the chain, and leave the models imported for all that come.

        That is for models that the settings name, and where nothing that is read at import differs between runs.
        """
        sockets = self.agent.fork(others=int(leaves_nursery))
        self._sockets += sockets[1:]
        with self._child(sockets[0], task) as child:
            told = child.receive("chain")
        if told["nursery"]:
            self._nurseries.append(Nursery(sockets[1], is_ready=True))
        return told

    def import_ahead(self, surroundings: Mapping[str, Any], modules: Sequence[str]) -> None:
        """Import what runs of the project import, once for all that come.

        `surroundings` are `folder`, `path`, `environment`, `stand_in`, `changes`, `set_early`, `conventions`.
        What modules read of the database when they are imported is that of the stand-in, from which each run is led to its own.
        """
        with self._lock:
            new = [name for name in modules if name not in self._asked]
            if new and self._left > 0:
                self._left -= 1
                self._asked.update(new)
                (control,) = self.agent.fork(NURSERY, parent=self._best())
                self._sockets.append(control)
                nursery = Nursery(control)
                nursery.start({**surroundings, "modules": new})
                self._nurseries.append(nursery)

    def _best(self) -> socket.socket | None:
        """Return what leads to the nursery where most is imported; None where there is none, and the agent itself forks."""
        return next((one.control for one in reversed(self._nurseries) if one.is_ready), None)

    def _child(self, connected: socket.socket, task: Task, *, imported_ahead: bool = False) -> Child:
        if self._is_closed:
            connected.close()
            raise CannotRun("The run was ended.", seen="nothing more is started", mend="run again")
        child = Child(connected, replace(task, output=self.agent.new_output()), imported_ahead=imported_ahead)
        self._children.add(child)
        return child

    def import_nothing_ahead(self) -> bool:
        """Let every run import for itself from now on; say whether any did not."""
        with self._lock:
            had_nursery = bool(self._nurseries)
            self._nurseries.clear()
            self._left = 0
        return had_nursery

    def reopen(self) -> None:
        """Start runs again after all were ended."""
        self._is_closed = False

    def close(self) -> None:
        """End all that runs, and start nothing more; those who wait for a child get CannotRun. The agent itself goes on."""
        self._is_closed = True
        for child in list(self._children):
            child.kill()
        self._end()


class Nursery:
    """A process of the agent in which the project's modules are imported; children that it forks need not import them again."""

    def __init__(self, control: socket.socket, *, is_ready: bool = False) -> None:
        self.control = control
        self._has_said_so = is_ready

    def start(self, said: Mapping[str, Any]) -> None:
        """Let it begin to import; nobody waits for it yet."""
        self.control.sendall(json.dumps(dict(said)).encode() + b"\n")

    @cached_property
    def is_ready(self) -> bool:
        """Whether it can fork; waits until it has imported all. A process that has threads after its imports cannot."""
        if self._has_said_so:
            return True
        with self.control.makefile("rb") as told:
            line = told.readline()
        return bool(line) and bool(json.loads(line)["ready"])


def _close(sockets: list[socket.socket]) -> None:
    for connected in sockets:
        connected.close()
