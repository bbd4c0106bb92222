# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""ssh's ProxyCommand (with ProxyUseFdpass): connect inside a testbed, hand the connection to ssh, end.

Run by path as `python -ISE proxy_command.py SUPERVISOR_SOCKET ADDRESS PORT`. Every ssh connection waits for it,
so it imports nothing but what sockets are made of.
"""

import _socket
import sys


def connect(supervisor: str, address: str, port: int, timeout: float = 10) -> _socket.socket:
    """A TCP connection on the testbed's network: the supervisor gives the socket, we connect it."""
    connection = _socket.socket(_socket.AF_UNIX, _socket.SOCK_SEQPACKET)
    connection.connect(supervisor)
    connection.send(b"socket 6" if ":" in address else b"socket")
    _data, rights, _flags, _address = connection.recvmsg(1, _socket.CMSG_SPACE(4))
    connection.close()
    made = _socket.socket(fileno=int.from_bytes(rights[0][2], sys.byteorder))
    made.settimeout(timeout)
    made.connect((address, port))
    made.setblocking(True)
    return made


def hand_over(connection: _socket.socket, to: int) -> None:
    rights = connection.fileno().to_bytes(4, sys.byteorder)
    ssh = _socket.socket(fileno=to)
    ssh.sendmsg([b"."], [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, rights)])


if __name__ == "__main__":
    try:
        hand_over(connect(sys.argv[1], sys.argv[2], int(sys.argv[3])), to=1)
    except OSError as error:
        sys.exit(f"cannot reach {sys.argv[2]} port {sys.argv[3]}: {error}")
