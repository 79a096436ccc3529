"""The routes of REST, a module each."""
