"""The command `keys`: issues API keys, lists them, suspends, resumes and revokes them."""

from typing import Any

from django.core.management.base import CommandError, CommandParser

from archive.access import api_keys
from hashkeep.management.archive_command import ArchiveCommand
from metainfo.errors import Refusal

_STATE_CHANGES = {
    "suspend": (api_keys.suspend_key, "refuse it until it is resumed"),
    "resume": (api_keys.resume_key, "let it be used again"),
    "revoke": (api_keys.revoke_key, "refuse it for good"),
}


class Command(ArchiveCommand):
    help = """\
Keys let people and programs do what strangers may not: with UPLOADS=keys, only who has one may store torrents.

  keys issue "Anna's indexer"              prints a new key; write it down, nobody can show it again
  keys issue seedbox --client home         one that belongs to a torrent client of yours
  keys list                                every key by its beginning, which is no secret
  keys suspend hk_1a2b3c4d                 refuse it for now; resume undoes that
  keys revoke hk_1a2b3c4d                  refuse it for good

A caller sends the key in any of these ways, to every door:

  Authorization: Bearer hk_…               a header
  X-Api-Key: hk_…                          another
  ?apikey=hk_…                             in the query, which ends up in other people's logs
  curl -u hk_…: …                          HTTP Basic, as user or as password: PHP's SoapClient can do no other
"""

    def add_arguments(self, parser: CommandParser) -> None:
        actions = parser.add_subparsers(dest="act", required=True, metavar="ACT")
        issue = actions.add_parser("issue", help="make a new key and print it")
        issue.add_argument("name", help="whose it is, or what for")
        issue.add_argument(
            "--client", default="", metavar="NAME", help="the torrent client that it belongs to"
        )
        actions.add_parser("list", help="every key, the newest first")
        for act in _STATE_CHANGES:
            change = actions.add_parser(act, help=_STATE_CHANGES[act][1])
            change.add_argument(
                "prefix",
                metavar="KEY",
                help="its beginning: hk_ and eight hex digits, or six where no other key begins so",
            )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            match options["act"]:
                case "issue":
                    self._issue_key(options["name"], options["client"])
                case "list":
                    self._list_keys()
                case act:
                    key = _STATE_CHANGES[act][0](options["prefix"])
                    self.stdout.write(f"{key.prefix} ({key.name}) is {key.state}.")
        except Refusal as refusal:
            raise CommandError(str(refusal)) from refusal

    def _issue_key(self, name: str, client: str) -> None:
        if wrong := api_keys.find_key_problem(name, client):
            raise CommandError(wrong)
        _, text = api_keys.issue_key(name, client=client)
        self.stdout.write(text)
        self.stderr.write("Write it down now: it is shown this once.")

    def _list_keys(self) -> None:
        for key in api_keys.list_keys():
            client = f"  client {key.client}" if key.client else ""
            self.stdout.write(f"{key.prefix}  {key.state:9}  {key.issued_at:%Y-%m-%d}  {key.name}{client}")
