"""Undoes what powercut.so noted: the disk after a power cut."""

import os
import random
import struct

# As in test/fault/powercut.c.
HEAD = struct.Struct("=IIqqqq")
CREATED, CHANGED, REMOVED, SYNCED = b"CWUS"


def read_log(path):
    """Records as (kind, path, offset, wrote, size, bytes), oldest first. The
    last one may be cut short: its change was not made."""
    with open(path, "rb") as f:
        data = f.read()
    at = 0
    while at + HEAD.size <= len(data):
        kind, path_len, offset, wrote, size, length = HEAD.unpack_from(
            data, at)
        at += HEAD.size
        name = data[at:at + path_len].decode()
        at += path_len
        if at + length > len(data):
            return
        yield kind, name, offset, wrote, size, data[at:at + length]
        at += length


def unsynced(records):
    """The changes that no sync came after, newest first. What is in a file is
    kept by a sync of the file, its name by one of the folder."""
    safe_files = set()
    safe_folders = set()
    for record in reversed(list(records)):
        kind, path = record[:2]
        if kind == SYNCED:
            (safe_folders if os.path.isdir(path) else safe_files).add(path)
        elif kind == CHANGED:
            if path not in safe_files:
                yield record
        elif os.path.dirname(path) not in safe_folders:
            yield record


def write_back(path, offset, data):
    with open(path, "r+b") as f:
        f.seek(offset)
        f.write(data)


def undo(record):
    kind, path, offset, _, size, data = record
    if kind == REMOVED:
        with open(path, "wb") as f:
            f.write(data)
    elif not os.path.exists(path):
        return  # its making is undone, too
    elif kind == CREATED:
        os.remove(path)
    else:
        write_back(path, offset, data)
        os.truncate(path, size)


def undo_some(records, chance):
    """As if the disk had got round to some of the writes, in any order: of
    each place either all changes stay or none. What was to be written behind
    a file's end and was not reads as zeros. Names stay."""
    stays = {}
    ends = {}
    for kind, path, offset, wrote, size, data in records:
        if kind != CHANGED or not os.path.exists(path):
            continue
        if stays.setdefault((path, offset), chance.random() < 0.5):
            end = offset + wrote
        else:
            write_back(path, offset,
                       data + bytes(max(0, wrote - len(data))))
            end = 0 if wrote else size
        # The oldest record comes last: its size was synced.
        ends[path] = max(ends.get(path, (0, 0))[0], end), size
    for path, (end, size) in ends.items():
        os.truncate(path, max(end, size))


def cut_power(log, folder, chance=None):
    """Takes from the database in folder what was not synced when its server
    was killed, or with chance (a random.Random) some of it, and removes the
    log. Returns the number of changes that were not synced."""
    lost = list(unsynced(read_log(log)))
    if chance is None:
        for record in lost:
            undo(record)
    else:
        undo_some(lost, chance)
    os.remove(log)
    try:
        os.remove(os.path.join(folder, "stat.db-shm"))
    except FileNotFoundError:
        pass
    return len(lost)
