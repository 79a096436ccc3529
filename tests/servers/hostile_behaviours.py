"""How a hostile peer may behave on a connection that was just accepted (BEP 3, 9, 10, 11, 52).

METADATA_BEHAVIOURS never send the right info dictionary, LAYER_BEHAVIOURS never all true piece layers. The others are
slow or honest ones for single tests.
"""

import os
import socket
import struct
import time
from collections.abc import Callable, Iterable
from ipaddress import ip_address

import bencodepy

from tests.servers.hostile_peer import PeerBehaviour
from tests.servers.libtorrent_peers import Address
from tests.servers.peer_wire import (
    EXTENDED,
    HANDSHAKE,
    HASH_REJECT,
    HASHES,
    METADATA,
    PIECE,
    greet,
    read_piece_request,
    send_extension,
    send_metadata_piece,
    serve_torrent,
    shake_hands,
)

_SMALL, _LARGE = 100_000, 31_000_000  # bytes of metadata; the larger is within the limit that is accepted


def stay_silent(connection: socket.socket) -> None:
    while connection.recv(4096):
        pass


def send_garbage(connection: socket.socket) -> None:
    while True:
        connection.sendall(os.urandom(4096))


def disconnect(connection: socket.socket) -> None:
    """Immediately: the connection is closed when a behaviour returns."""


def disconnect_after_handshake(connection: socket.socket) -> None:
    shake_hands(connection, _SMALL)


def promise_metadata(connection: socket.socket) -> None:
    """Claim to have the metadata, and never send it."""
    shake_hands(connection, _LARGE)
    stay_silent(connection)


def claim_huge_metadata(connection: socket.socket) -> None:
    shake_hands(connection, 2_000_000_000)
    stay_silent(connection)


def send_wrong_metadata(connection: socket.socket) -> None:
    serve_torrent(
        connection, bencodepy.encode({b"name": b"something else", b"piece length": PIECE, b"pieces": b""})
    )


def send_large_wrong_metadata(connection: socket.socket) -> None:
    """As large as is accepted, and of another hash."""
    serve_torrent(connection, bytes(_LARGE))


def send_metadata_without_end(connection: socket.socket) -> None:
    """Send pieces whether they are requested or not."""
    extension = shake_hands(connection, _LARGE)
    piece = 0
    while True:
        send_metadata_piece(connection, extension, piece, _LARGE, bytes(PIECE))
        piece += 1


def send_metadata_slowly(connection: socket.socket) -> None:
    """A piece a second."""
    extension = shake_hands(connection, _LARGE)
    for piece in range(1900):
        send_metadata_piece(connection, extension, piece, _LARGE, bytes(PIECE))
        time.sleep(1)


def send_handshake_slowly(connection: socket.socket) -> None:
    """A correct handshake, one byte a second."""
    for byte in b"\x13BitTorrent protocol" + bytes(48):
        connection.sendall(bytes([byte]))
        time.sleep(1)


def answer_for_another_torrent(connection: socket.socket) -> None:
    """Shake hands for a hash that was not asked for."""
    connection.sendall(connection.recv(20) + bytes(8) + os.urandom(40))
    stay_silent(connection)


def send_huge_message(connection: socket.socket) -> None:
    shake_hands(connection, _LARGE)
    connection.sendall(b"\xff" * 4 + bytes([EXTENDED, METADATA]))
    while True:
        connection.sendall(bytes(PIECE))


def send_invalid_bencoding(connection: socket.socket) -> None:
    greet(connection)
    send_extension(connection, HANDSHAKE, b"l" * 100_000)
    stay_silent(connection)


def claim_empty_metadata(connection: socket.socket) -> None:
    shake_hands(connection, 0)
    stay_silent(connection)


def claim_negative_size(connection: socket.socket) -> None:
    shake_hands(connection, -PIECE)
    stay_silent(connection)


def send_slightly_too_large_metadata(connection: socket.socket) -> None:
    """Above the limit by 1 MB, and really sent."""
    serve_torrent(connection, bytes(33_000_000))


def claim_different_sizes(connection: socket.socket) -> None:
    """Claim one size in the handshake, and another with each piece."""
    _send_zero_pieces(connection, lambda piece: 1_000_000 + piece, PIECE)


def send_too_large_pieces(connection: socket.socket) -> None:
    _send_zero_pieces(connection, lambda piece: _SMALL, 3 * PIECE)


def send_slightly_too_large_pieces(connection: socket.socket) -> None:
    """By 900 bytes: libtorrent does not read a message of more than 17 KiB."""
    _send_zero_pieces(connection, lambda piece: _SMALL, PIECE + 900)


def send_too_small_pieces(connection: socket.socket) -> None:
    _send_zero_pieces(connection, lambda piece: _SMALL, PIECE - 1)


def _send_zero_pieces(connection: socket.socket, total: Callable[[int], int], length: int) -> None:
    extension = shake_hands(connection, _SMALL)
    while True:
        piece = read_piece_request(connection)
        send_metadata_piece(connection, extension, piece, total(piece), bytes(length))


def send_pieces_that_do_not_exist(connection: socket.socket) -> None:
    """Answer each request with pieces of impossible numbers."""
    extension = shake_hands(connection, _SMALL)
    while True:
        for piece in (read_piece_request(connection) + 1_000_000, -1, 2**63):
            send_metadata_piece(connection, extension, piece, _SMALL, bytes(PIECE))


def reject_piece_requests(connection: socket.socket) -> None:
    """Claim to have the metadata, and reject each request for it (BEP 9)."""
    extension = shake_hands(connection, _SMALL)
    while True:
        rejection = {b"msg_type": 2, b"piece": read_piece_request(connection)}
        send_extension(connection, extension, bencodepy.encode(rejection))


METADATA_BEHAVIOURS: tuple[PeerBehaviour, ...] = (
    stay_silent,
    send_garbage,
    disconnect,
    disconnect_after_handshake,
    send_handshake_slowly,
    answer_for_another_torrent,
    send_huge_message,
    send_invalid_bencoding,
    promise_metadata,
    reject_piece_requests,
    claim_empty_metadata,
    claim_negative_size,
    claim_huge_metadata,
    send_slightly_too_large_metadata,
    claim_different_sizes,
    send_too_large_pieces,
    send_slightly_too_large_pieces,
    send_too_small_pieces,
    send_pieces_that_do_not_exist,
    send_wrong_metadata,
    send_large_wrong_metadata,
    send_metadata_without_end,
    send_metadata_slowly,
)


def send_peer_exchange(peers: Iterable[Address]) -> PeerBehaviour:
    """Name these peers on each connection, whether they are asked for or not (BEP 11)."""
    endpoints = [(ip_address(host), struct.pack("!H", port)) for host, port in peers]
    message: dict[bytes, bytes] = {}
    for key, version in ((b"added", 4), (b"added6", 6)):
        added = [host.packed + port for host, port in endpoints if host.version == version]
        # libtorrent reads no peers without a byte of flags for each.
        message |= {key: b"".join(added), key + b".f": bytes(len(added))}

    def behave(connection: socket.socket) -> None:
        shake_hands(connection, 0)
        for number in range(1, 10):  # the other side's number of the extension is one of these
            send_extension(connection, number, bencodepy.encode(message))
        stay_silent(connection)

    return behave


def serve_torrent_after_delay(info: bytes) -> PeerBehaviour:
    """Wait 3.5 s before the handshake, then send the right metadata."""

    def behave(connection: socket.socket) -> None:
        time.sleep(3.5)
        serve_torrent(connection, info)

    return behave


def serve_metadata_only(info: bytes) -> PeerBehaviour:
    """Send the right metadata, and no answer to requests for piece layers."""
    return lambda connection: serve_torrent(connection, info)


def serve_false_layers(info: bytes) -> PeerBehaviour:
    return lambda connection: serve_torrent(
        connection, info, lambda request: (HASHES, request + os.urandom(32 * _requested_hashes(request)))
    )


def reject_layer_requests(info: bytes) -> PeerBehaviour:
    return lambda connection: serve_torrent(connection, info, lambda request: (HASH_REJECT, request))


def serve_short_layers(info: bytes) -> PeerBehaviour:
    return lambda connection: serve_torrent(connection, info, lambda request: (HASHES, request + bytes(32)))


def serve_layers_later(info: bytes, layers: dict[bytes, bytes], seconds: float) -> PeerBehaviour:
    """Reject requests for so many seconds, then send the true layers. `layers`: by pieces root."""
    until = time.monotonic() + seconds

    def answer(request: bytes) -> tuple[int, bytes]:
        if time.monotonic() < until:
            return HASH_REJECT, request
        return HASHES, request + layers[request[:32]].ljust(32 * _requested_hashes(request), b"\0")

    return lambda connection: serve_torrent(connection, info, answer)


LAYER_BEHAVIOURS = (serve_metadata_only, serve_false_layers, reject_layer_requests, serve_short_layers)


def _requested_hashes(request: bytes) -> int:
    """The field `length` of pieces root, base layer, index, length, proof layers (BEP 52).

    The whole layer needs no proof.
    """
    return int.from_bytes(request[40:44], "big")
