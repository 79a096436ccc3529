"""Looks up the country of an address, in any country database in MaxMind's format."""

from contextlib import suppress
from pathlib import Path

import maxminddb

UNKNOWN = "ZZ"  # a code that ISO 3166-1 leaves to its users


class CountryDatabase:
    def __init__(self, path: Path | None) -> None:
        """Without a path every country is UNKNOWN. Raises ValueError if the file cannot be read."""
        try:
            self._reader = maxminddb.open_database(path) if path else None
        except (OSError, maxminddb.InvalidDatabaseError) as error:
            raise ValueError(f"{path} is no country database: {error}") from error

    def country_of(self, address: str) -> str:
        """Two capital letters (ISO 3166-1 alpha-2), or UNKNOWN."""
        match self._find_record(address):
            case {"country_code": str(code)} if len(code) == 2:  # DB-IP's, as packed by ip-location-db
                return code.upper()
            case {"country": {"iso_code": str(code)}}:  # MaxMind's own, and DB-IP's
                return code.upper()
        return UNKNOWN

    def _find_record(self, address: str) -> object:
        """None also where the database has no IPv6 or is damaged: maxminddb's error would name the address."""
        with suppress(ValueError, maxminddb.InvalidDatabaseError):
            return self._reader.get(address) if self._reader else None
        return None
