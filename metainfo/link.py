"""Split a link that a person copied: a magnet link into its parameters, any other into its path."""

import re
from urllib.parse import parse_qsl, unquote, urlsplit

from metainfo.errors import NotAnInfohash

_MAGNET = re.compile(r"magnet:/{0,2}\??", re.IGNORECASE)
_PERCENT_ENCODED = re.compile(r"magnet(?:%3a:?|:)(?:%3f|\?)[^&]*xt%3d", re.IGNORECASE)
_HTML_AMPERSAND = re.compile(r"&(?:(?:amp|#0{0,5}38|#x0{0,5}26);)+", re.IGNORECASE)
_AROUND = "\ufeff\u200b<>\"'` \t\r\n\f\v\xa0"

Parameters = list[tuple[str, str]]


def strip_link(text: str) -> str:
    """The text without what people and programs put around a link: spaces, quotes, <>, a byte order mark."""
    return text.strip(_AROUND).strip()


def is_magnet(text: str) -> bool:
    link = strip_link(text)
    return bool(_MAGNET.match(link) or _PERCENT_ENCODED.match(link))


def magnet_parameters(text: str) -> Parameters | None:
    """The parameters of a magnet link, with their names in lower case; None for any other text.

    A magnet link has no fragment: `#` is a letter of it, as in `dn=Song #1` (libtorrent). `&amp;`, as links have it
    that were copied out of HTML, separates parameters too. Raises NotAnInfohash where there are far too many.
    """
    link = strip_link(text)
    if _PERCENT_ENCODED.match(link):
        link = unquote(link)
    if not (start := _MAGNET.match(link)):
        return None
    try:
        pairs = parse_qsl(_HTML_AMPERSAND.sub("&", link[start.end() :]))
    except ValueError as error:
        raise NotAnInfohash(f"This is neither an infohash nor a link: {error}.") from None
    return clean_names(pairs)


def clean_names(pairs: Parameters) -> Parameters:
    """Each parameter by its one name: `XT`, `xt.1` and `xt` are `xt`."""
    return [(_parameter_name(name), value) for name, value in pairs]


def url_path(text: str) -> str:
    """The path of a URL, or the text itself if it is none. Raises NotAnInfohash."""
    try:
        return urlsplit(strip_link(text)).path
    except ValueError as error:
        raise NotAnInfohash(f"This is neither an infohash nor a link: {error}.") from None


def _parameter_name(name: str) -> str:
    lower = name.strip().lower()
    return "x.pe" if lower == "x.pe" or lower.startswith("x.pe.") else lower.partition(".")[0]
