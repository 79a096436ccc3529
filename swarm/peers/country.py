"""The country of an address, by any country database in MaxMind's format."""

from contextlib import suppress
from pathlib import Path

import maxminddb

UNKNOWN = "ZZ"  # ISO 3166-1 leaves it to users


class CountryDatabase:
    def __init__(self, path: Path | None) -> None:
        """Without a database every country is unknown. Raises ValueError where it cannot be read."""
        try:
            self._reader = maxminddb.open_database(path) if path else None
        except (OSError, maxminddb.InvalidDatabaseError) as error:
            raise ValueError(f"{path} is no country database: {error}") from error

    def country_of(self, address: str) -> str:
        """ISO 3166-1 alpha-2, upper case."""
        match self._known(address):
            case {"country_code": str(code)} if len(code) == 2:  # DB-IP's, as packed by ip-location-db
                return code.upper()
            case {"country": {"iso_code": str(code)}}:  # MaxMind's own, and DB-IP's
                return code.upper()
        return UNKNOWN

    def _known(self, address: str) -> object:
        """Of a database without IPv6, or a damaged one, nothing; maxminddb's own words would name the address."""
        with suppress(ValueError, maxminddb.InvalidDatabaseError):
            return self._reader.get(address) if self._reader else None
        return None
