"""Clients of every kind: quick and slow, patient and not, proper and not, one at a time and in floods."""

import asyncio
import json
import random
import socket
from collections.abc import Iterator
from dataclasses import dataclass, replace

import msgspec

from ops.soak.contract import PROTOCOL_STATUSES, Answer, Expectation, documented_statuses
from ops.soak.engine import Fault, Script

MODEL = "stand-in"
ADDRESS_HEADER = "x-client-address"
"""In which the gateway is told to find a client's address, as an edge would pass it."""

ADDRESSES = 20_000
"""More than the gateway's rate limit remembers."""

CLIENT_TIMEOUT_SECONDS = 2.0
"""How long the gateway waits for a whole request."""

MAX_HEADER_BYTES = 32_768
"""The gateway's default."""

LEAVES_SECONDS = 0.01
"""After which a client leaves that does not wait for the answer to begin."""

FLOOD = 150
"""Requests that one address sends at once, above the limit of a minute."""

COMPLETIONS, CHAT = "/v1/completions", "/v1/chat/completions"

OUT_OF_TURN = frozenset({429, 503})
"""What any completion may get: too many from its address, or the host is not ready or full."""

KINDS = {
    "plain": 400,
    "chat": 147,
    "stream": 200,
    "chat stream": 60,
    "leaves early": 60,
    "malformed": 80,
    "health": 20,
    "models": 10,
    "slow writer": 8,
    "stalled writer": 4,
    "slow reader": 3,
    "engine resets": 2,
    "engine sends half": 2,
    "engine sends garbage": 2,
    "engine fails": 1,
    "flood": 1,
}
"""How many there are of each kind; a flood is FLOOD requests."""


@dataclass(frozen=True, kw_only=True)
class Request:
    """A request, and how its client behaves.

    Attributes:
        kind: One of KINDS.
        head: Request line and headers, with the empty line.
        body: What follows.
        expected: What may become of it.
        write_pause_seconds: Time between the pieces in which it is written; 0 writes all at once.
        stalls: Whether the last piece is never written.
        read_pause_seconds: Time between two reads.
        leaves_after: Pieces of the answer after which the client leaves, if it does.
    """

    kind: str
    head: bytes
    body: bytes
    expected: Expectation
    write_pause_seconds: float = 0.0
    stalls: bool = False
    read_pause_seconds: float = 0.0
    leaves_after: int | None = None


def _head(method: str, path: str, address: str, length: int | None = None) -> bytes:
    lines = [f"{method} {path} HTTP/1.1", "Host: soak", f"{ADDRESS_HEADER}: {address}"]
    if length is not None:
        lines += ["Content-Type: application/json", f"Content-Length: {length}"]
    return "\r\n".join([*lines, "", ""]).encode()


def _completion(
    kind: str,
    script: Script,
    address: str,
    *,
    chat: bool = False,
    stream: bool = False,
    slow_writer: bool = False,
    slow_reader: bool = False,
) -> Request:
    text = msgspec.json.encode(script).decode()
    asked = {"messages": [{"role": "user", "content": text}]} if chat else {"prompt": text}
    body = json.dumps({**asked, "model": MODEL, "max_tokens": 64, "stream": stream}).encode()
    path = CHAT if chat else COMPLETIONS
    statuses = OUT_OF_TURN | {504}
    if stream or script.fault is Fault.NONE:
        statuses |= {200}
    if slow_writer:
        statuses |= {408}
    if not statuses <= documented_statuses("POST", path):
        raise ValueError(f"{path} has no status of {statuses}")
    expected = Expectation(statuses=statuses, script=script, chat=chat, may_be_cut=slow_reader)
    return Request(kind=kind, head=_head("POST", path, address, len(body)), body=body, expected=expected)


def _malformed(address: str, chance: random.Random) -> Request:
    bodies: list[tuple[bytes, int]] = [
        (b"{", 400),
        (b"\xff\xfe", 400),
        (b"[]", 400),
        (b'{"prompt": 1}', 400),
        (b'{"prompt": ""}', 400),
        (b'{"prompt": "a", "max_tokens": 100000}', 400),
        (b'{"prompt": "a", "n": 9}', 400),
        (b'{"prompt": "a", "unknown": 1}', 400),
        (b'{"prompt": "a", "model": "unknown"}', 404),
    ]
    raw: list[tuple[bytes, int]] = [
        (_head("GET", "/unknown", address), 404),
        (_head("GET", COMPLETIONS, address), 405),
        (_head("POST", COMPLETIONS, address, 10_000_000), 413),
        (b"GET / HTTP/1.1\r\nx: " + b"a" * MAX_HEADER_BYTES, 431),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400),
        (b"POST /v1/completions HTTP/1.1\r\nContent-Length: x\r\n\r\n", 400),
    ]
    choice = chance.randrange(len(bodies) + len(raw))
    if choice < len(bodies):
        body, status = bodies[choice]
        head = _head("POST", COMPLETIONS, address, len(body))
    else:
        (head, status), body = raw[choice - len(bodies)], b""
    if not {status} <= PROTOCOL_STATUSES:
        raise ValueError(f"no status {status}")
    return Request(
        kind="malformed", head=head, body=body, expected=Expectation(statuses=frozenset({status}) | OUT_OF_TURN)
    )


def requests_of(kind: str, number: int, chance: random.Random) -> Iterator[Request]:
    """Yield the requests of one client of a kind, which it sends at once; more than one only for a flood.

    Args:
        kind: One of KINDS.
        number: The client's own.
        chance: Where its choices come from.
    """
    address = _address(ADDRESSES + number if kind == "flood" else chance.randrange(ADDRESSES))
    gap = chance.choice((0.0, 0.0, 0.002, 0.02))
    script = Script(id=f"r{number}", tokens=chance.randint(1, 30), gap_seconds=gap)
    match kind:
        case "plain" | "chat" | "stream" | "chat stream":
            yield _completion(kind, script, address, chat="chat" in kind, stream="stream" in kind)
        case "leaves early":
            stays = _completion(kind, script, address, stream=chance.random() < 0.7)
            yield replace(stays, leaves_after=chance.choice((0, 0, 1, 3)))
        case "malformed":
            yield _malformed(address, chance)
        case "health" | "models":
            path = "/health" if kind == "health" else "/v1/models"
            expected = Expectation(statuses=documented_statuses("GET", path))
            yield Request(kind=kind, head=_head("GET", path, address), body=b"", expected=expected)
        case "slow writer" | "stalled writer":
            quick = _completion(kind, script, address, slow_writer=True)
            yield replace(quick, write_pause_seconds=CLIENT_TIMEOUT_SECONDS / 20, stalls=kind == "stalled writer")
        case "slow reader":
            large = msgspec.structs.replace(script, tokens=200, token_bytes=4096, gap_seconds=0.0)
            quick = _completion(kind, large, address, stream=True, slow_reader=True)
            yield replace(quick, read_pause_seconds=chance.choice((0.01, 0.05)))
        case "engine resets" | "engine sends half" | "engine sends garbage":
            fault = {"resets": Fault.RESET, "half": Fault.HALF, "garbage": Fault.GARBAGE}[kind.split()[-1]]
            broken = msgspec.structs.replace(script, fault=fault)
            yield _completion(kind, broken, address, stream=chance.random() < 0.5)
        case "engine fails":
            fault = chance.choice((Fault.ERROR, Fault.SILENT))
            yield _completion(kind, msgspec.structs.replace(script, fault=fault), address)
        case "flood":
            for part in range(FLOOD):
                short = Script(id=f"r{number}p{part}", tokens=5, gap_seconds=0.002)
                yield _completion(kind, short, address)
        case _:
            raise ValueError(f"no kind {kind!r}")


def _address(number: int) -> str:
    return f"10.{number // 65536 % 256}.{number // 256 % 256}.{number % 256}"


class Connections:
    """Connections to the gateway that stay open, for clients that send all at once and read to the end."""

    def __init__(self, port: int) -> None:
        self.port = port
        self._idle: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []

    async def send(self, request: Request) -> Answer:
        """Send a request as its client does, and return what came of the answer.

        Raises:
            OSError: there is no connection.
        """
        if request.write_pause_seconds or request.read_pause_seconds or request.leaves_after is not None:
            return await self._send_alone(request)
        while self._idle and request.kind != "malformed":
            reader, writer = self._idle.pop()
            answer = await self._exchange(request, reader, writer)
            if answer.status:
                return answer
            # it was closed as the request went out: any HTTP client tries again on a new one
        return await self._exchange(request, *await asyncio.open_connection("127.0.0.1", self.port))

    async def _exchange(self, request: Request, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Answer:
        answer = Answer()
        try:
            answer.asked = asyncio.get_running_loop().time()
            writer.write(request.head + request.body)
            await _read(reader, answer, request)
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            if answer.complete and answer.headers.get("connection") != "close" and request.kind != "malformed":
                self._idle.append((reader, writer))
            else:
                writer.close()
        return answer

    async def _send_alone(self, request: Request) -> Answer:
        own = socket.create_connection(("127.0.0.1", self.port))
        own.setblocking(False)
        if request.read_pause_seconds:
            own.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        reader, writer = await asyncio.open_connection(sock=own, limit=8192)
        answer = Answer(asked=asyncio.get_running_loop().time())
        writing = asyncio.create_task(_write(writer, request))
        try:
            if request.leaves_after == 0:
                await asyncio.sleep(LEAVES_SECONDS)
                return answer
            await _read(reader, answer, request)
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writing.cancel()
            writer.close()
        return answer

    def close(self) -> None:
        """Close those that are idle."""
        while self._idle:
            self._idle.pop()[1].close()


async def _write(writer: asyncio.StreamWriter, request: Request) -> None:
    whole = request.head + request.body
    size = len(whole) // 4 + 1 if request.write_pause_seconds else len(whole)
    pieces = [whole[start : start + size] for start in range(0, len(whole), size)]
    for piece in pieces[:-1] if request.stalls else pieces:
        writer.write(piece)
        await asyncio.sleep(request.write_pause_seconds)


async def _read(reader: asyncio.StreamReader, answer: Answer, request: Request) -> None:
    """Read an answer, or as much of it as the client waits for.

    Raises:
        asyncio.IncompleteReadError: it breaks off.
    """
    first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    answer.status = int(first.split()[1])
    answer.headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    if "content-length" in answer.headers:
        answer.body += await reader.readexactly(int(answer.headers["content-length"]))
        answer.complete = True
        return
    pieces = 0
    while size := int(await reader.readuntil(b"\r\n"), 16):
        answer.body += (await reader.readexactly(size + 2))[:-2]
        pieces += 1
        if pieces == request.leaves_after:
            return
        if request.read_pause_seconds:
            await asyncio.sleep(request.read_pause_seconds)
    await reader.readexactly(2)
    answer.complete = True
