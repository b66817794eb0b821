# Licensed under the Apache License, Version 2.0: http://www.apache.org/licenses/LICENSE-2.0
"""Reads and writes files of the driver for the kernel, in frames.

Each frame has its place and its hash, so any request may be made again. What is written goes to a file beside the
target, under a name of its own, until all of it is there: then it gets its name.
"""

import stat

from .common import Refused
from .stdlib import base64, contextlib, hashlib, os


class Files:
    def __init__(self):
        self.finished = {}  # Where each file has gone that was written, by the name that it had before.

    def look(self, path):
        """Describes a file that is to be read."""
        path = os.path.realpath(full(path))
        with explained(path):
            found = os.stat(path)
            if stat.S_ISDIR(found.st_mode):
                raise Refused('%s is a folder on the driver; pack it into one file first' % path)
            if not stat.S_ISREG(found.st_mode):
                raise Refused('%s on the driver is not a regular file' % path)
            os.close(os.open(path, os.O_RDONLY))
        return {'path': path, 'size': found.st_size, 'stamp': stamp(found)}

    def read(self, path, expected, offset, length):
        """Returns one frame of a file, which must not have changed since it was looked at."""
        with explained(path), opened(path, os.O_RDONLY) as file:
            if stamp(os.fstat(file)) != expected:
                raise Refused('%s has changed on the driver meanwhile' % path)
            body = read_at(file, offset, length)
        return {'body': base64.b64encode(body).decode('ascii'), 'sha256': digest(body)}

    def hashes(self, path, offset, length, count):
        """Returns the hashes of so many frames, or of those that are there."""
        with explained(path), opened(path, os.O_RDONLY | os.O_NOFOLLOW) as file:
            frames = (read_at(file, offset + number * length, length) for number in range(count))
            return [digest(frame) for frame in frames if frame]

    def begin(self, path, name, tag, replaces):
        """Says where a file is to go, and what of it is there already."""
        target = full(path)
        if os.path.isdir(target) or path.endswith('/'):
            target = os.path.join(target, name)
        folder = os.path.dirname(target)
        if not os.path.isdir(folder):
            raise Refused('there is no folder %s on the driver' % folder)
        refuse_existing(target, replaces)
        part = os.path.join(folder, '.livy-kernel-%s.part' % digest((tag + target).encode())[:32])
        with explained(part), opened(part, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW) as file:
            found = os.fstat(file)
            if not stat.S_ISREG(found.st_mode) or found.st_uid != os.geteuid() or found.st_nlink > 1:
                raise Refused('%s on the driver is not a file of this user alone' % part)
            self.finished.pop(part, None)
            return {'path': target, 'part': part, 'size': found.st_size}

    def write(self, part, offset, text, expected):
        """Takes one frame."""
        body = base64.b64decode(text)
        if digest(body) != expected:
            raise Refused('a part of the file has changed on its way to the driver')
        with explained(part), opened(part, os.O_WRONLY | os.O_NOFOLLOW) as file:
            while body:
                count = os.pwrite(file, body, offset)
                body, offset = body[count:], offset + count
        return {}

    def finish(self, part, target, size, replaces):
        """Gives the file its name, if it is not too short."""
        if self.finished.get(part) == target:
            return {}
        with explained(part):
            if os.stat(part).st_size < size:
                raise Refused('%s has not come whole' % target)
            os.truncate(part, size)
        with explained(target):
            rename(part, target, replaces)
        self.finished[part] = target
        return {}


@contextlib.contextmanager
def explained(path):
    """Turns the system's errors into reasons that a user understands."""
    try:
        yield
    except OSError as error:
        raise Refused('%s on the driver: %s' % (path, error.strerror or error)) from None


@contextlib.contextmanager
def opened(path, flags):
    file = os.open(path, flags | os.O_CLOEXEC, 0o600)
    try:
        yield file
    finally:
        os.close(file)


def full(path):
    return os.path.abspath(os.path.expanduser(path))


def stamp(found):
    """Returns what tells a file from what it is after a change."""
    return [found.st_size, found.st_mtime_ns, found.st_ino]


def read_at(file, offset, length):
    parts = []
    while length:
        part = os.pread(file, length, offset)
        if not part:
            break
        parts.append(part)
        offset, length = offset + len(part), length - len(part)
    return b''.join(parts)


def digest(body):
    return hashlib.sha256(body).hexdigest()


def refuse_existing(target, replaces):
    if os.path.lexists(target) and not replaces:
        raise Refused('%s is there already on the driver; -f replaces it' % target)


def rename(part, target, replaces):
    """Renames a file; one that is there is replaced only if that is wanted, also if it came just now."""
    if replaces:
        return os.replace(part, target)
    try:
        os.link(part, target)
    except FileExistsError:
        refuse_existing(target, replaces)
        raise
    except OSError:  # Some file systems have no such links.
        refuse_existing(target, replaces)
        return os.rename(part, target)
    os.unlink(part)


files = Files()
CALLS = {
    'look_at_file': files.look,
    'read_file': files.read,
    'hash_file': files.hashes,
    'begin_file': files.begin,
    'write_file': files.write,
    'finish_file': files.finish,
}
