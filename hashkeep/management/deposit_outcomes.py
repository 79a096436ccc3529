"""Words the outcomes of many deposits, and sums them up for the end of a command."""

from collections import Counter

from archive.errors import PrivateTorrent, TakenDown, Unavailable
from archive.torrents.deposit import Receipt
from metainfo.errors import EmptyTorrent, NotATorrent, Refusal, TooComplex, TooLarge, Truncated

STORED, HELD = "stored", "held already"
_REFUSED: dict[type[Refusal], str] = {
    EmptyTorrent: "refused: an empty file",
    TooLarge: "refused: larger than MAX_TORRENT_BYTES",
    NotATorrent: "refused: not a torrent",
    Truncated: "refused: cut off in the middle",
    TooComplex: "refused: more complex than any honest torrent",
    PrivateTorrent: "refused: private (PRIVATE_TORRENTS=keep would take them)",
    TakenDown: "refused: taken down",
}


def describe_outcome(outcome: Receipt | Refusal) -> str:
    """Raises an outcome that is Unavailable: the same torrent may be stored a moment later."""
    if isinstance(outcome, Receipt):
        return STORED if outcome.new else HELD
    if isinstance(outcome, Unavailable):
        raise outcome
    return _REFUSED[type(outcome)]


def format_summary(counts: Counter[str]) -> str:
    """A line for each outcome with its count: stored and held always, then the refused ones, most frequent first."""
    refused = [outcome for outcome, _ in counts.most_common() if outcome not in (STORED, HELD)]
    return "\n".join(f"{counts[outcome]:>12,} {outcome}" for outcome in (STORED, HELD, *refused))
