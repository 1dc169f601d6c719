"""A TCP proxy in front of servers, as a virtual address or a network is: it leads elsewhere, falls silent, or is slow."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from typing import Any, Protocol

import pytest
from sqlalchemy.engine import URL


class Server(Protocol):
    """What the proxy needs of a server: the folder of its socket is the host of its URL."""

    url: URL


class Proxy:
    """Where clients connect to; each connection stays with the server that the proxy led to when it was made."""

    def __init__(self, server: Server) -> None:
        self.leads_to = server
        self.delay_s = 0.0
        """How long what a client sends is on its way; a request to cancel, a connection's first packet, is not held up."""
        self.answers = asyncio.Event()
        """Whether anything is passed on; what is not, is kept."""
        self.answers.set()
        self._server: asyncio.Server | None = None
        self._serving: set[asyncio.Task[Any]] = set()

    @property
    def url(self) -> URL:
        """Return the URL of the proxy."""
        assert self._server is not None
        port = self._server.sockets[0].getsockname()[1]
        return self.leads_to.url.set(host="127.0.0.1", port=port, query={})

    async def open(self) -> None:
        """Listen on a port that is free."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)

    async def close(self) -> None:
        """End all connections."""
        assert self._server is not None
        self._server.close()
        for task in self._serving:
            task.cancel()
        await asyncio.gather(*self._serving, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._serving.add(task)
        try:
            await self._connect(reader, writer)
        except (asyncio.CancelledError, OSError):
            pass  # the test is over, or the server is down: its machine refuses
        finally:
            await end(writer)
            self._serving.discard(task)

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await self.answers.wait()
        socket = f"{self.leads_to.url.query['host']}/.s.PGSQL.5432"
        server_reader, server_writer = await asyncio.open_unix_connection(socket)
        tasks = {
            asyncio.create_task(self._pass_on(reader, server_writer, is_request=True)),
            asyncio.create_task(self._pass_on(server_reader, writer)),
        }
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await end(server_writer)

    async def _pass_on(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, is_request: bool = False
    ) -> None:
        is_first = True
        with suppress(ConnectionError):
            while data := await reader.read(65_536):
                await self.answers.wait()
                if is_request and not is_first:
                    await asyncio.sleep(self.delay_s)
                is_first = False
                writer.write(data)
                await writer.drain()


async def end(writer: asyncio.StreamWriter) -> None:
    """Close a connection, whatever state it is in."""
    writer.close()
    with suppress(OSError):
        await writer.wait_closed()


@pytest.fixture
async def proxy_of() -> AsyncIterator[Callable[[Server], Awaitable[Proxy]]]:
    """Yield what puts a proxy in front of a server."""
    made: list[Proxy] = []

    async def make(server: Server) -> Proxy:
        made.append(Proxy(server))
        await made[-1].open()
        return made[-1]

    yield make
    for proxy in made:
        await proxy.close()
