"""The SOAP dialects of the old caches: storeTorrent and cacheTorrent.

The code here makes spyne 2.14 importable from Python 3.12 on, and must run before spyne is imported. spyne vendors
six 1.14, whose importer has only find_module(), which Python 3.12 no longer calls; entries in sys.modules are found
without any importer. (Python 3.13 also lost cgi: requirements.txt has legacy-cgi.)
"""

import collections.abc
import http.cookies
import sys
import urllib.parse
import warnings

for _name, _module in [
    ("collections_abc", collections.abc),
    ("http_cookies", http.cookies),
    ("urllib.parse", urllib.parse),
]:
    sys.modules.setdefault(f"spyne.util.six.moves.{_name}", _module)

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    import cgi as cgi  # spyne imports it again, and Python warns of it only once
