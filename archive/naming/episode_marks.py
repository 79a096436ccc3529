"""Finds the seasons and episodes that a release name gives, in whatever usual spelling, and spells them "s01e05".

    S01E05  s1e5  S01.E05  S01EP05  [1x05]  01x05  Season 1 Episode 5  1 сезон 5 серия  第1季第5集     s01 s01e05
    S01E05E06  S01E05-E06  S01E05-06  1x05-06  1x05-1x06  S01E05.S01E06     s01 s01e05 s01e06
    S2012E03  2012x03     s2012 s2012e03
    S01  Season 1  Seasons 1-3  S01-S03  2nd Season     s01, and s02 s03 of a range

Names are read after `fold_letters`: lower case, single spaces, the signs - (range) and & (list). What is a mark and
what is not follows Sonarr's parser. Where a name has no such mark, a few that may mean something else count as
guesses: "E05", "5of9", "Part 2" and "Episode 5" of season 1, and "105.HDTV".
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

from archive.naming.fold_letters import fold_letters

_MAX_NAME = 500  # characters that are looked at
_MAX_RANGE = 300  # episodes or seasons; of a longer range the first and the last are taken
_MAX_BARE_RANGE = 100  # "S01E05-10" is a range, and "S01E05-720" is not


def _one_of(words: str) -> str:
    return "|".join(sorted(fold_letters(words).split(), key=len, reverse=True))


_SEASON_WORDS = _one_of(
    "season seasons saison saisons staffel stagione stagioni temporada temporadas temp sezon sezona sezonul seizoen "
    "säsong sæson sesong kausi évad série сезон сезоны сезона сезони"
)
_EPISODE_WORDS = _one_of(
    "e ep eps episode episodes épisode épisodes episodio episodios episodi epizod epizoda folge folgen "
    "bölüm odcinek odcinki avsnitt afsnit jakso aflevering cap capitulo capítulo capitulos rész серия серии серій "
    "серія эпизод выпуск выпуски"
)
_START, _END = r"(?<!\w)", r"(?![^\W_])"
_GAP = r"[ &-]{0,3}"
_TO = " ?[-&] ?| to "
_VERSION = r"(?:v\d)?"
_AFTER = rf"{_START}(?:{_SEASON_WORDS}|series(?= \d{{1,2}}\b)) ?-? ?(?P<season>\d{{1,4}})"
_ORDINAL = rf"{_START}(?P<season>\d{{1,2}})(?:st|nd|rd|th|a|o|-?(?:и|ыи|ои))? ?(?:{_SEASON_WORDS})"
_NUMBER_FIRST = rf"(?P<episode>\d{{1,4}})(?:-(?P<last>\d{{1,4}}))? ?(?:{_EPISODE_WORDS}){_END}"
_WORD_FIRST = rf"{_GAP}(?:{_EPISODE_WORDS}) ?-? ?(?P<episode>\d{{1,5}})(?!\d)"
_ANIME = rf" - (?P<episode>\d{{2,3}}){_VERSION}{_END}"
# For each sign that a name may have a mark: the patterns to try, in this order. What an earlier one has matched, a
# later one leaves alone. Without the signs a name without marks would take ten times as long.
_SURE = {
    r"(?<!\w)[st] ?\d": [
        rf"{_START}[st](?P<season>\d{{1,4}}){_GAP}(?:ep?|episode) ?-? ?(?P<episode>\d{{1,5}})(?!\d)",
        rf"{_START}[st](?P<season>\d{{1,4}})xe?p?(?!26[45])(?P<episode>\d{{2,3}})(?!\d)",
        rf"{_START}s(?P<season>\d{{1,2}}){_ANIME}",
        rf"{_START}s ?(?P<season>\d{{1,2}})(?:(?P<sign>{_TO})s ?(?P<last>\d{{1,2}})|-(?P<bare>\d{{1,2}}))?{_END}",
        rf"{_START}s(?P<season>(?:19|20)\d\d){_END}",
    ],
    r"\dxe?p?\d": [
        rf"{_START}(?P<season>(?!1920|2048)(?:19|20)\d\d|\d{{1,2}})xe?p?(?!26[45])(?P<episode>\d{{2,3}}){_VERSION}"
        rf"(?:{_END}|(?=x))",
        rf"{_START}(?P<season>\d{{1,2}})x(?P<episode>\d)(?=-\d{{1,2}}x\d)",
    ],
    _SEASON_WORDS + "|series": [
        _ORDINAL + _WORD_FIRST,
        rf"{_ORDINAL}(?: | - ){_NUMBER_FIRST}",
        _ORDINAL + _ANIME,
        _AFTER + _WORD_FIRST,
        _AFTER + _ANIME,
        rf"{_AFTER}(?: | - ){_NUMBER_FIRST}",
        rf"{_AFTER}(?:(?P<sign>{_TO})(?P<last>\d{{1,2}}))?{_END}",
        _ORDINAL + _END,
    ],
    r"cap ?\d": [rf"{_START}cap ?(?P<season>\d{{1,2}})(?P<episode>\d\d){_END}"],
    "第": [
        r"第 (?P<season>\d{1,2}) 季 (?:第 )?(?P<episode>\d{1,4})(?:-(?P<last>\d{1,4}))? [集話话回]",
        r"第 (?P<season>\d{1,2}) 季",
    ],
}
_UNSURE = {
    r"\dx\d": [rf"{_START}(?P<season>\d{{1,2}})x(?P<episode>\d)(?=$| |-\d)"],
    "e|ра|по|се": [rf"{_START}(?:{_EPISODE_WORDS}) ?(?P<episode>\d{{1,3}}){_VERSION}{_END}"],
    r"\d ?of": [rf"{_START}(?P<episode>\d{{1,2}}) ?of ?\d{{1,2}}{_END}"],
    "part": [rf"{_START}part ?(?P<episode>\d{{1,2}}){_END}"],
    "hdtv|pdtv|dsr|rip": [
        r"(?<![\w-])(?!480|576|720|19\d\d|20\d\d)(?P<season>[1-9]\d?)(?P<episode>[0-3]\d) "
        r"(?:\d{3,4}[pi] )?(?:hdtv|pdtv|dsr|dsrip|tvrip|webrip|dvdrip)"
    ],
}
_Patterns = list[tuple[re.Pattern[str], list[re.Pattern[str]]]]


def _compile(patterns: dict[str, list[str]]) -> _Patterns:
    return [(re.compile(sign), [re.compile(one) for one in several]) for sign, several in patterns.items()]


_SURE_PATTERNS, _UNSURE_PATTERNS = _compile(_SURE), _compile(_UNSURE)
# What may follow an episode: another one with its own mark, or a bare number after a hyphen.
_NEXT = re.compile(
    rf"(?P<sign>{_TO}| ?)(?:s(?P<s>\d{{1,4}}) ?(?:ep?|x)|(?:{_EPISODE_WORDS}) ?)(?P<marked>\d{{1,5}})(?!\d)"
    rf"|(?P<x_sign>{_TO}| |)(?:(?P<x>\d{{1,4}})x|(?<=\d)x|(?<=-)x|(?<=- )x)(?!26[45])"
    rf"(?P<crossed>\d{{1,3}})(?:{_END}|(?=x))"
    rf"|(?P<bare_sign>[-&])(?P<bare>\d{{1,4}}){_END}"
)
_CHINESE_NUMBERS = re.compile(r"第 ([一二三四五六七八九]) 季")
_DIGIT = re.compile(r"\d")


class EpisodeMark(NamedTuple):
    """What a part of a name, from `start` to `end`, says: a season, and its episodes if it names some."""

    start: int
    end: int
    words: tuple[str, ...]
    """The seasons, "s01", then the episodes, "s01e05"."""


def find_episode_marks(folded: str) -> list[EpisodeMark]:
    """The marks in a folded name, in their order; they do not overlap."""
    return sorted(_find_marks(folded, _SURE_PATTERNS))


def guess_episodes(folded: str) -> list[EpisodeMark]:
    """What may be marks, for a name that has none: "5of9" of season 1."""
    return sorted(_find_marks(folded, _UNSURE_PATTERNS))


def _find_marks(folded: str, patterns: _Patterns) -> list[EpisodeMark]:
    text = folded[:_MAX_NAME]
    if "第" in text:
        text = _CHINESE_NUMBERS.sub(lambda found: f"第 {'零一二三四五六七八九'.index(found[1])} 季", text)
    marks: list[EpisodeMark] = []
    if not _DIGIT.search(text):
        return marks
    for sign, several in patterns:
        if not sign.search(text):
            continue
        for pattern in several:
            for match in pattern.finditer(text):
                if not any(mark.start < match.end() and match.start() < mark.end for mark in marks):
                    marks.append(_read_mark(match, text))
    return marks


def _read_mark(match: re.Match[str], text: str) -> EpisodeMark:
    groups = {name: value for name, value in match.groupdict().items() if value is not None}
    season = int(groups.get("season", 1))
    last = groups.get("last") or groups.get("bare")
    if "episode" not in groups:
        is_list = "&" in groups.get("sign", "-")
        seasons = [season, int(last)] if last and is_list else _fill_range(season, int(last or season))
        return EpisodeMark(match.start(), match.end(), tuple(map(_season_word, seasons)))
    first = int(groups["episode"])
    episodes = _fill_range(first, int(last or first))
    end = match.end()
    for place, more in _read_tail(text, match.end(), season, episodes[-1]):
        end = place
        episodes += more
    words = [_season_word(season), *(_episode_word(season, episode) for episode in episodes)]
    return EpisodeMark(match.start(), end, tuple(dict.fromkeys(words)))


def _read_tail(text: str, end: int, season: int, last: int) -> Iterator[tuple[int, list[int]]]:
    """The further episodes that follow an episode directly, each with the place where it ends."""
    while match := _NEXT.match(text, end):
        other_season = match["s"] or match["x"]
        number = int(match["marked"] or match["crossed"] or match["bare"])
        limit = _MAX_BARE_RANGE if match["bare"] else 10_000
        if (other_season and int(other_season) != season) or not last < number <= last + limit:
            return
        sign = match["sign"] or match["x_sign"] or match["bare_sign"] or ""
        end = match.end()
        yield end, [number] if "&" in sign else _fill_range(last, number)
        last = number


def _fill_range(first: int, last: int) -> list[int]:
    if last <= first:
        return [first]
    return list(range(first, last + 1)) if last - first <= _MAX_RANGE else [first, last]


def _season_word(season: int) -> str:
    return f"s{season:02d}"


def _episode_word(season: int, episode: int) -> str:
    return f"s{season:02d}e{episode:02d}"
