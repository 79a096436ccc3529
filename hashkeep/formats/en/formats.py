"""Dates in the admin, as the pages show them; where Django looks for them, and by its names."""

DATE_FORMAT = "j F Y"
DATETIME_FORMAT = r"j F Y, H:i \U\T\C"
