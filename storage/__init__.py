"""Bytes under a key, in a folder or in an S3 bucket: the store of the torrents.

    storage = open_storage("file:///var/lib/torrents")
    storage.put(key, data)        True if the object is new
    storage.get(key).data         raises ObjectNotFound
    storage.delete(key)
    storage.keys()                every torrent's key, in order

storage/contract.py says what each method promises; filesystem.py and s3.py keep the promises.
"""

from storage.contract import LocalFile, Storage, StoredObject
from storage.errors import ObjectNotFound, ObjectTooLarge, StorageUnavailable
from storage.factory import open_storage

__all__ = [
    "LocalFile",
    "ObjectNotFound",
    "ObjectTooLarge",
    "Storage",
    "StorageUnavailable",
    "StoredObject",
    "open_storage",
]
