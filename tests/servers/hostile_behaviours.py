"""What a peer may say that is not so: each lie begins at a connection that was just made (BEP 3, 9, 10, 11, 52)."""

import os
import socket
import struct
import time
from collections.abc import Callable, Iterable
from ipaddress import ip_address

import bencodepy

from tests.servers.hostile_peer import PeerBehaviour
from tests.servers.libtorrent_peers import Address

_PIECE = 16_384
_HAVE_ALL, _EXTENDED, _HASH_REQUEST, _HASHES, _HASH_REJECT = 14, 20, 21, 22, 23
_HANDSHAKE, _METADATA, _PEX = 0, 3, 4  # of extensions; the last two are our own choice
_SMALL, _LARGE = 100_000, 31_000_000  # the latter is as large as metadata may be


def silence(connection: socket.socket) -> None:
    while connection.recv(4096):
        pass


def garbage(connection: socket.socket) -> None:
    while True:
        connection.sendall(os.urandom(4096))


def disconnect(connection: socket.socket) -> None:
    """At once."""


def disconnect_later(connection: socket.socket) -> None:
    _shake_hands(connection, 100_000)


def mute(connection: socket.socket) -> None:
    """Says that it has the metadata, and never sends it."""
    _shake_hands(connection, _LARGE)
    silence(connection)


def too_large(connection: socket.socket) -> None:
    _shake_hands(connection, 2_000_000_000)
    silence(connection)


def wrong_metadata(connection: socket.socket) -> None:
    _serve(
        connection, bencodepy.encode({b"name": b"something else", b"piece length": _PIECE, b"pieces": b""})
    )


def large_metadata(connection: socket.socket) -> None:
    """As large as may be, and wrong in the end."""
    _serve(connection, bytes(_LARGE))


def endless_metadata(connection: socket.socket) -> None:
    """Goes on sending pieces, asked or not."""
    theirs = _shake_hands(connection, _LARGE)
    piece = 0
    while True:
        _send_piece(connection, theirs, piece, _LARGE, bytes(_PIECE))
        piece += 1


def slow_metadata(connection: socket.socket) -> None:
    """A piece a second."""
    theirs = _shake_hands(connection, _LARGE)
    for piece in range(1900):
        _send_piece(connection, theirs, piece, _LARGE, bytes(_PIECE))
        time.sleep(1)


def drip(connection: socket.socket) -> None:
    """A good beginning, a byte a second."""
    for byte in b"\x13BitTorrent protocol" + bytes(48):
        connection.sendall(bytes([byte]))
        time.sleep(1)


def another_torrent(connection: socket.socket) -> None:
    """Answers for a hash that nobody named."""
    connection.sendall(connection.recv(20) + bytes(8) + os.urandom(40))
    silence(connection)


def huge_message(connection: socket.socket) -> None:
    _shake_hands(connection, _LARGE)
    connection.sendall(b"\xff" * 4 + bytes([_EXTENDED, _METADATA]))
    while True:
        connection.sendall(bytes(_PIECE))


def no_bencoding(connection: socket.socket) -> None:
    _greet(connection)
    _send(connection, _HANDSHAKE, b"l" * 100_000)
    silence(connection)


def size_of_nothing(connection: socket.socket) -> None:
    _shake_hands(connection, 0)
    silence(connection)


def negative_size(connection: socket.socket) -> None:
    _shake_hands(connection, -_PIECE)
    silence(connection)


def too_large_by_little(connection: socket.socket) -> None:
    """And sends it too."""
    _serve(connection, bytes(33_000_000))


def sizes_that_disagree(connection: socket.socket) -> None:
    """Says one size in the handshake, and another with each piece."""
    _answer(connection, lambda piece: 1_000_000 + piece, _PIECE)


def pieces_too_large(connection: socket.socket) -> None:
    _answer(connection, lambda piece: _SMALL, 3 * _PIECE)


def pieces_too_large_by_little(connection: socket.socket) -> None:
    """What is larger than 17 KiB libtorrent does not even read."""
    _answer(connection, lambda piece: _SMALL, _PIECE + 900)


def pieces_too_small(connection: socket.socket) -> None:
    _answer(connection, lambda piece: _SMALL, _PIECE - 1)


def _answer(connection: socket.socket, total: Callable[[int], int], length: int) -> None:
    theirs = _shake_hands(connection, _SMALL)
    while True:
        piece = _asked(connection)
        _send_piece(connection, theirs, piece, total(piece), bytes(length))


def piece_of_its_own(connection: socket.socket) -> None:
    """Asked for one, it sends one that does not exist."""
    theirs = _shake_hands(connection, 100_000)
    while True:
        for piece in (_asked(connection) + 1_000_000, -1, 2**63):
            _send_piece(connection, theirs, piece, 100_000, bytes(_PIECE))


def refusal(connection: socket.socket) -> None:
    """Has it, but gives none of it away (BEP 9: reject)."""
    theirs = _shake_hands(connection, 100_000)
    while True:
        _send(connection, theirs, bencodepy.encode({b"msg_type": 2, b"piece": _asked(connection)}))


METADATA_BEHAVIOURS: tuple[PeerBehaviour, ...] = (
    silence,
    garbage,
    disconnect,
    disconnect_later,
    drip,
    another_torrent,
    huge_message,
    no_bencoding,
    mute,
    refusal,
    size_of_nothing,
    negative_size,
    too_large,
    too_large_by_little,
    sizes_that_disagree,
    pieces_too_large,
    pieces_too_large_by_little,
    pieces_too_small,
    piece_of_its_own,
    wrong_metadata,
    large_metadata,
    endless_metadata,
    slow_metadata,
)


def gossip(peers: Iterable[Address]) -> PeerBehaviour:
    """Names peers to whoever connects, asked or not (BEP 11)."""
    named = [(ip_address(host), struct.pack("!H", port)) for host, port in peers]
    message: dict[bytes, bytes] = {}
    for key, version in ((b"added", 4), (b"added6", 6)):
        added = [host.packed + port for host, port in named if host.version == version]
        # Without a byte of flags for each libtorrent does not read the peers.
        message |= {key: b"".join(added), key + b".f": bytes(len(added))}

    def lie(connection: socket.socket) -> None:
        _shake_hands(connection, 0)
        for number in range(1, 10):  # by whatever number the other calls it
            _send(connection, number, bencodepy.encode(message))
        silence(connection)

    return lie


def hesitation(info: bytes) -> PeerBehaviour:
    """Thinks for a while before it shakes hands, but then tells the truth."""

    def lie(connection: socket.socket) -> None:
        time.sleep(3.5)
        _serve(connection, info)

    return lie


def bare(info: bytes) -> PeerBehaviour:
    """The right metadata, but no piece layer: it does not answer."""
    return lambda connection: _serve(connection, info)


def false_layers(info: bytes) -> PeerBehaviour:
    return lambda connection: _serve(
        connection, info, lambda asked: (_HASHES, asked + os.urandom(32 * _hashes(asked)))
    )


def refused_layers(info: bytes) -> PeerBehaviour:
    return lambda connection: _serve(connection, info, lambda asked: (_HASH_REJECT, asked))


def short_layers(info: bytes) -> PeerBehaviour:
    return lambda connection: _serve(connection, info, lambda asked: (_HASHES, asked + bytes(32)))


def late_layers(info: bytes, layers: dict[bytes, bytes], seconds: float) -> PeerBehaviour:
    """True ones in the end. `layers`: by pieces root, for pieces of 16 KiB."""
    until = time.monotonic() + seconds

    def answer(asked: bytes) -> tuple[int, bytes]:
        if time.monotonic() < until:
            return _HASH_REJECT, asked
        return _HASHES, asked + layers[asked[:32]].ljust(32 * _hashes(asked), b"\0")

    return lambda connection: _serve(connection, info, answer)


LAYER_BEHAVIOURS = (bare, false_layers, refused_layers, short_layers)


def _hashes(asked: bytes) -> int:
    """BEP 52: pieces root, base layer, index, length, proof layers. The whole layer needs no proof."""
    return int.from_bytes(asked[40:44], "big")


def _greet(connection: socket.socket) -> None:
    """Claims to be able to do whatever the other can, and to have the whole torrent."""
    protocol, reserved, infohash = _read(connection, 20), _read(connection, 8), _read(connection, 20)
    _read(connection, 20)
    connection.sendall(protocol + reserved + infohash + b"-XX0000-" + os.urandom(12))
    connection.sendall(struct.pack("!IB", 1, _HAVE_ALL))


def _shake_hands(connection: socket.socket, metadata_size: int) -> int:
    """The number by which the other wants to be sent metadata."""
    _greet(connection)
    extensions = {b"m": {b"ut_metadata": _METADATA, b"ut_pex": _PEX}, b"metadata_size": metadata_size}
    _send(connection, _HANDSHAKE, bencodepy.encode(extensions))
    while (message := _receive(connection))[:2] != bytes((_EXTENDED, _HANDSHAKE)):
        pass
    return int(bencodepy.decode(message[2:])[b"m"][b"ut_metadata"])


def _serve(
    connection: socket.socket,
    metadata: bytes,
    layers: Callable[[bytes], tuple[int, bytes]] | None = None,
) -> None:
    theirs = _shake_hands(connection, len(metadata))
    while True:
        message = _receive(connection)
        if message[:2] == bytes((_EXTENDED, _METADATA)):
            piece = int(bencodepy.decode(message[2:])[b"piece"])
            data = metadata[piece * _PIECE : (piece + 1) * _PIECE]
            _send_piece(connection, theirs, piece, len(metadata), data)
        elif message[:1] == bytes((_HASH_REQUEST,)) and layers:
            kind, answer = layers(message[1:])
            connection.sendall(struct.pack("!IB", len(answer) + 1, kind) + answer)


def _asked(connection: socket.socket) -> int:
    """The piece of the metadata that is asked for next."""
    while (message := _receive(connection))[:2] != bytes((_EXTENDED, _METADATA)):
        pass
    return int(bencodepy.decode(message[2:])[b"piece"])


def _send_piece(connection: socket.socket, theirs: int, piece: int, size: int, data: bytes) -> None:
    head = bencodepy.encode({b"msg_type": 1, b"piece": piece, b"total_size": size})
    _send(connection, theirs, head + data)


def _send(connection: socket.socket, extension: int, payload: bytes) -> None:
    connection.sendall(struct.pack("!IBB", len(payload) + 2, _EXTENDED, extension) + payload)


def _receive(connection: socket.socket) -> bytes:
    return _read(connection, int.from_bytes(_read(connection, 4), "big"))


def _read(connection: socket.socket, length: int) -> bytes:
    data = b""
    while len(data) < length:
        if not (more := connection.recv(length - len(data))):
            raise EOFError
        data += more
    return data
