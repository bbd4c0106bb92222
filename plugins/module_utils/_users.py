# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Users of the password database, and acting as one of them.

    user = find("@login")           # who logged in, whichever user runs this
    with acting_as(user):
        ...                         # the kernel grants what it grants that user, and no more

In a user's home that user decides what a name leads to, and can change it at any moment: no
check by root holds until the act. Acting as the user needs no check: a link planted toward
another's file is refused by the kernel, whenever it is planted.
"""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import contextlib
import os
import pwd
import stat

from ansible_collections.longlived.tcp.plugins.module_utils._errors import UserError

LOGIN = "@login"

# What sudo and doas leave behind about the one who called them.
CALLERS = ("SUDO_USER", "DOAS_USER")

# Where one of these is, the login may have been one of the host below, whose users are others.
CONTAINER_MARKS = ("/run/systemd/container", "/run/.containerenv", "/.dockerenv")

# What the kernel records for a process that no login has led to.
NO_LOGIN = 4294967295

# What Python 2 and 3 raise for names that are unknown, or that no user can have.
NO_SUCH_NAME = (KeyError, TypeError, ValueError)

# How many links the kernel follows for one path.
MOST_LINKS = 40


class UnknownUser(UserError):
    """What is wrong with a user and what to do, in one sentence for a person."""


class User:
    def __init__(self, name, uid, gid, home):
        self.name = name
        self.uid = uid
        self.gid = gid
        self.home = home


def find(name, environ=None):
    """The user of that name; `@login` is the one who logged in."""
    if name == LOGIN:
        return login(os.environ if environ is None else environ)
    try:
        return _user(pwd.getpwnam(name))
    except NO_SUCH_NAME:
        raise UnknownUser("There is no user named %s on this host: create the user or correct the name." % name)


def home_of(name):
    """The home of the user of that name, as `~name` has it; None where there is no such user."""
    try:
        return pwd.getpwnam(name if isinstance(name, str) else name.encode("utf-8")).pw_dir
    except NO_SUCH_NAME:
        return None


def name_of(name):
    """The user's own name, also of `@login`; the name itself where there is no such user."""
    try:
        return find(name).name
    except UnknownUser:
        return name


def login(environ):
    """The user whom sudo or doas came from, else the one whose login the kernel recorded, else the one who runs this."""
    for variable in CALLERS:
        if environ.get(variable):
            try:
                return _user(pwd.getpwnam(environ[variable]))
            except NO_SUCH_NAME:
                raise UnknownUser("%s names %s, whom this host does not know: name the users." % (variable, environ[variable]))
    recorded = recorded_login()
    return by_id(os.geteuid() if recorded is None or not _has_entry(recorded) else recorded)


def recorded_login(root=""):
    """The user id that the kernel keeps from the login on, whatever su does to the others; None where there is none."""
    try:
        # In a user namespace the number is translated, and in a container it is of another password database.
        if _text(root + "/proc/self/uid_map").split() == ["0", "0", "4294967295"] and not _in_container(root):
            uid = int(_text(root + "/proc/self/loginuid"))
            return None if uid == NO_LOGIN else uid
    except (IOError, OSError, ValueError):
        pass  # a kernel without audit keeps none
    return None


def _in_container(root):
    if any(os.path.exists(root + mark) for mark in CONTAINER_MARKS):
        return True
    try:
        environ = _text(root + "/proc/1/environ")
    except (IOError, OSError):
        return False  # not ours to read
    return any(variable.startswith("container=") for variable in environ.split("\0"))


def _text(path):
    with open(path, "rb") as stream:
        return stream.read().decode("latin-1")


def _has_entry(uid):
    try:
        pwd.getpwuid(uid)
    except KeyError:
        return False
    return True


def by_id(uid):
    try:
        return _user(pwd.getpwuid(uid))
    except KeyError:
        raise UnknownUser("The user id %d has no entry in the password database: name the users." % uid)


def _user(entry):
    return User(entry.pw_name, entry.pw_uid, entry.pw_gid, entry.pw_dir)


def in_charge_of(path):
    """The user who decides what `path` leads to: the owner of the first part that is not root's, links
    and what they lead through included. Root, for a path in directories of root's own."""
    reached, parts, links = os.sep, path.split(os.sep), 0
    while parts and links < MOST_LINKS:
        part = os.path.join(reached, parts.pop(0))
        try:
            status = os.lstat(part)
            target = os.readlink(part) if stat.S_ISLNK(status.st_mode) else None
        except (IOError, OSError):
            break
        if status.st_uid != 0:
            return _owner(status)
        if target is None:
            reached = part
        else:
            links += 1
            reached = os.sep if target.startswith(os.sep) else reached
            parts = target.split(os.sep) + parts
    return by_id(0)


def _owner(status):
    try:
        return by_id(status.st_uid)
    except UserError:
        return User("#%d" % status.st_uid, status.st_uid, status.st_gid, None)


@contextlib.contextmanager
def acting_as(user):
    """Have that user's rights for a while. Who is not root has his own rights only, and keeps them.

    The real and the saved user id stay root's: the user can neither stop nor trace this process.
    """
    if os.geteuid() != 0 or user.uid == 0:
        yield
        return
    groups, gid = os.getgroups(), os.getegid()
    try:
        _become(user)
        yield
    finally:
        # In this order: only root may change groups. A failure must not continue as another user.
        os.seteuid(0)
        os.setegid(gid)
        os.setgroups(groups)


def _become(user):
    try:
        if user.home is None:
            os.setgroups([user.gid])
        else:
            os.initgroups(user.name, user.gid)
        os.setegid(user.gid)
        os.seteuid(user.uid)
    except (IOError, OSError) as error:
        raise UnknownUser("Cannot act as %s: %s; run where root may change its user." % (user.name, error.strerror or error))
