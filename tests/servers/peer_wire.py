"""The peer wire protocol for hostile peers: handshake, extension messages, metadata pieces (BEP 3, 9, 10)."""

import os
import socket
import struct
from collections.abc import Callable

import bencodepy

PIECE = 16_384  # bytes of a metadata piece (BEP 9)
HAVE_ALL, EXTENDED, HASH_REQUEST, HASHES, HASH_REJECT = 14, 20, 21, 22, 23  # messages
HANDSHAKE, METADATA, PEER_EXCHANGE = 0, 3, 4  # extension messages; the last two numbers are our own choice


def greet(connection: socket.socket) -> None:
    """Answer the handshake: claim every feature that the other side has, and the whole torrent."""
    protocol = read_bytes(connection, 20)
    reserved, infohash = read_bytes(connection, 8), read_bytes(connection, 20)
    read_bytes(connection, 20)
    connection.sendall(protocol + reserved + infohash + b"-XX0000-" + os.urandom(12))
    connection.sendall(struct.pack("!IB", 1, HAVE_ALL))


def shake_hands(connection: socket.socket, metadata_size: int) -> int:
    """Both handshakes. Returns the number of the extension by which the other side wants to receive metadata."""
    greet(connection)
    extensions = {b"m": {b"ut_metadata": METADATA, b"ut_pex": PEER_EXCHANGE}, b"metadata_size": metadata_size}
    send_extension(connection, HANDSHAKE, bencodepy.encode(extensions))
    while (message := read_message(connection))[:2] != bytes((EXTENDED, HANDSHAKE)):
        pass
    return int(bencodepy.decode(message[2:])[b"m"][b"ut_metadata"])


def serve_torrent(
    connection: socket.socket,
    metadata: bytes,
    answer_hash_request: Callable[[bytes], tuple[int, bytes]] | None = None,
) -> None:
    """Send the pieces of the metadata that are requested.

    `answer_hash_request`: from a request for hashes (BEP 52) to the kind and the payload of the answer.
    """
    extension = shake_hands(connection, len(metadata))
    while True:
        message = read_message(connection)
        if message[:2] == bytes((EXTENDED, METADATA)):
            piece = int(bencodepy.decode(message[2:])[b"piece"])
            data = metadata[piece * PIECE : (piece + 1) * PIECE]
            send_metadata_piece(connection, extension, piece, len(metadata), data)
        elif message[:1] == bytes((HASH_REQUEST,)) and answer_hash_request:
            kind, payload = answer_hash_request(message[1:])
            connection.sendall(struct.pack("!IB", len(payload) + 1, kind) + payload)


def read_piece_request(connection: socket.socket) -> int:
    """The metadata piece that is requested next."""
    while (message := read_message(connection))[:2] != bytes((EXTENDED, METADATA)):
        pass
    return int(bencodepy.decode(message[2:])[b"piece"])


def send_metadata_piece(
    connection: socket.socket, extension: int, piece: int, size: int, data: bytes
) -> None:
    head = bencodepy.encode({b"msg_type": 1, b"piece": piece, b"total_size": size})
    send_extension(connection, extension, head + data)


def send_extension(connection: socket.socket, extension: int, payload: bytes) -> None:
    connection.sendall(struct.pack("!IBB", len(payload) + 2, EXTENDED, extension) + payload)


def read_message(connection: socket.socket) -> bytes:
    return read_bytes(connection, int.from_bytes(read_bytes(connection, 4), "big"))


def read_bytes(connection: socket.socket, length: int) -> bytes:
    """Raises EOFError if the connection is closed first."""
    data = b""
    while len(data) < length:
        if not (more := connection.recv(length - len(data))):
            raise EOFError
        data += more
    return data
