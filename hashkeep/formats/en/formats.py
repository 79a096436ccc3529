"""Date formats of the admin, the same as on the pages. Django prescribes this module's path and names."""

DATE_FORMAT = "j F Y"
DATETIME_FORMAT = r"j F Y, H:i \U\T\C"
