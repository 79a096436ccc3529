"""Template filters that format names, sizes and numbers."""

from django import template

from web.untrusted_text import add_line_breaks, make_printable

register = template.Library()
register.filter("visible", make_printable)
register.filter("breakable", add_line_breaks)

_THIN_SPACE = "\u202f"  # it does not break
_UNITS = ("bytes", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB")


@register.filter("number")
def format_number(value: int) -> str:
    """46490676 as 46 490 676."""
    return f"{value:,}".replace(",", _THIN_SPACE)


@register.filter("size")
def format_size(value: int) -> str:
    """1503238553 as 1.40 GiB: three significant digits, as BitTorrent clients show it."""
    amount, units = float(value), iter(_UNITS)
    unit = next(units)
    while amount >= 999.5 and (larger := next(units, None)):
        amount, unit = amount / 1024, larger
    if unit == "bytes":
        return f"{value} byte" + "s" * (value != 1)
    return f"{amount:.{max(0, 3 - len(str(int(amount))))}f} {unit}"
