"""HTTP interfaces for programs: downloads, uploads, feeds, REST, and the dialects of other archives.

A module or a folder a dialect. A view parses its request, calls the archive once, and formats the answer.
"""
