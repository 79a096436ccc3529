"""How dates are written: Django's FORMAT_MODULE_PATH, with a folder for each language."""
