"""HTTP interfaces for programs: downloads, uploads, feeds, REST, and the dialects of other archives."""
