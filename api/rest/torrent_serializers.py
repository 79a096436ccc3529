"""What a torrent looks like in answers: serializers for the description, and functions that fill their fields."""

from typing import Any

from django.urls import reverse
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request

from archive.browse.describe import Description
from archive.census.liveness import Liveness
from archive.torrents.index_entries import TorrentEntry
from metainfo.magnet import format_magnet

INFOHASH_SCHEMA = {
    "type": "string",
    "pattern": "^([0-9A-Fa-f]{40}|[0-9A-Fa-f]{64}|[A-Za-z2-7]{32})$",
    "description": "v1, v2 or truncated v2, in hex or base32, in any letter case.",
}
_HEX_SCHEMA = {"type": "string", "pattern": "^([0-9A-F]{40}|[0-9A-F]{64})$"}


@extend_schema_field(_HEX_SCHEMA)
class InfohashField(serializers.CharField):
    """An infohash in an answer: upper-case hex."""


class LinksSerializer(serializers.Serializer[Any]):
    url = serializers.URLField(help_text="This torrent here.")
    torrent = serializers.URLField(help_text="Its bytes.")
    page = serializers.URLField(help_text="For people.")


class SwarmSerializer(serializers.Serializer[Any]):
    alive = serializers.BooleanField(help_text="One of the last two looks found a peer.")
    looked_at = serializers.DateTimeField(help_text="The last look.")
    peers = serializers.IntegerField(help_text="That it found.")
    seeders = serializers.IntegerField(
        allow_null=True, help_text="By a tracker's word; null where none said."
    )
    leechers = serializers.IntegerField(allow_null=True, help_text="As `seeders`.")
    completed = serializers.IntegerField(allow_null=True, help_text="Downloads, as `seeders`.")


class TorrentSerializer(LinksSerializer):
    infohash = InfohashField(help_text="The one that it is stored under: v1 where it has one.")
    v1 = InfohashField(allow_null=True)
    v2 = InfohashField(allow_null=True)
    name = serializers.CharField(help_text="May hold anything, and nothing.")
    size = serializers.IntegerField(help_text="Bytes of content.")
    files = serializers.IntegerField(help_text="How many, pad files not counted.")
    length = serializers.IntegerField(help_text="Bytes of the torrent itself.")
    complete = serializers.BooleanField(help_text="Has the piece layers that its v2 files need (BEP 52).")
    stored_at = serializers.DateTimeField()
    swarm = SwarmSerializer(allow_null=True, help_text="Null where nobody has counted its peers yet.")


class DescriptionSerializer(TorrentSerializer):
    files_url = serializers.URLField()
    magnet = serializers.CharField()
    comment = serializers.CharField()
    created_by = serializers.CharField()
    created = serializers.DateTimeField(allow_null=True)
    piece_length = serializers.IntegerField()
    pieces = serializers.IntegerField()
    private = serializers.BooleanField(help_text="BEP 27.")
    trackers = serializers.ListField(child=serializers.CharField(), help_text="Also those of later copies.")
    web_seeds = serializers.ListField(child=serializers.CharField())


def link_fields(request: Request, infohash: str) -> dict[str, Any]:
    """The fields of LinksSerializer."""
    return {
        "url": request.build_absolute_uri(reverse("rest-torrent", args=[infohash])),
        "torrent": request.build_absolute_uri(f"/torrent/{infohash}.torrent"),
        "page": request.build_absolute_uri(reverse("torrent", args=[infohash])),
    }


def swarm_fields(liveness: Liveness | None) -> dict[str, Any] | None:
    """The fields of SwarmSerializer."""
    return liveness._asdict() if liveness else None


def torrent_fields(request: Request, entry: TorrentEntry) -> dict[str, Any]:
    """The fields of TorrentSerializer."""
    return {
        **link_fields(request, entry.infohash),
        "infohash": entry.infohash,
        "v1": entry.v1,
        "v2": entry.v2,
        "name": entry.name,
        "size": entry.size,
        "files": entry.files,
        "length": entry.length,
        "complete": entry.complete,
        "stored_at": entry.stored_at,
        "swarm": swarm_fields(entry.liveness),
    }


def description_fields(request: Request, description: Description) -> dict[str, Any]:
    """The fields of DescriptionSerializer."""
    meta, details = description.metainfo, description.details
    return {
        **link_fields(request, description.infohash),
        "files_url": request.build_absolute_uri(reverse("rest-files", args=[description.infohash])),
        "infohash": description.infohash,
        "v1": description.v1,
        "v2": description.v2,
        "name": meta.name,
        "size": meta.size,
        "files": meta.file_count,
        "length": description.length,
        "complete": meta.complete,
        "stored_at": description.stored_at,
        "swarm": swarm_fields(description.liveness),
        "magnet": format_magnet(description.v1, description.v2, meta.name, description.trackers),
        "comment": details.comment,
        "created_by": details.created_by,
        "created": details.created_at,
        "piece_length": meta.piece_length,
        "pieces": details.piece_count,
        "private": meta.private,
        "trackers": description.trackers,
        "web_seeds": details.web_seeds,
    }
