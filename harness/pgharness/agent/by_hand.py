"""Calls what people wrote in Python beside the chain for one revision, on the connection of env.py."""

from __future__ import annotations

import runpy
from typing import TYPE_CHECKING, Any

from .failures import describe
from .versions import commit, rollback

if TYPE_CHECKING:
    from .channel import Channel, Message
    from .environment import Environment


def call_by_hand(environment: Environment, channel: Channel, message: Message) -> None:
    """Call a function of a module, if it has one, commit what it did, and tell why it failed."""
    failure: dict[str, Any] | None = None
    try:
        function = runpy.run_path(message["path"]).get(message["function"])
        if function is not None:
            function(environment.connection)
            if environment.connection.in_transaction():
                commit(environment.connection)
    except Exception as error:  # it is anybody's code, and what it raises is the verdict
        rollback(environment.connection)
        failure = describe(error)
    channel.send("by_hand", failure=failure)
