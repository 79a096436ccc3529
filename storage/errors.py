"""What a store can answer instead of an object."""


class ObjectNotFound(Exception):
    """There is nothing under this key."""


class ObjectTooLarge(Exception):
    """The object has more bytes than the caller accepts."""


class StorageUnavailable(Exception):
    """The store is down, full, or refuses the request; the text says how."""
