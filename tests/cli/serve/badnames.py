# SPDX-License-Identifier: Apache-2.0
# badnames NAME: a server on a free port, which it prints, whose every node has one child of that name.
import socket
import struct
import sys
import threading

STAT = struct.pack(">qqqqiiiqiiq", 5, 5, 1, 1, 0, 0, 0, 0, 0, 1, 5)


def text(data):
    return struct.pack(">i", len(data)) + data


def serve(conn):
    stream = conn.makefile("rb")

    def request():
        size = stream.read(4)
        return stream.read(struct.unpack(">i", size)[0]) if len(size) == 4 else b""

    request()
    conn.sendall(text(struct.pack(">iiq", 0, 10000, 1) + text(b"0" * 16) + b"\0"))
    while len(packet := request()) >= 8:
        xid, op = struct.unpack(">ii", packet[:8])
        names = struct.pack(">i", 1) + text(sys.argv[1].encode())
        acl = struct.pack(">ii", 1, 31) + text(b"world") + text(b"anyone")
        body = {3: STAT, 4: text(b"data") + STAT, 6: acl + STAT, 8: names, 12: names + STAT}.get(op, b"")
        conn.sendall(text(struct.pack(">iqi", xid, 5, 0) + body))


def serve_quietly(conn):
    try:
        serve(conn)
    except ConnectionError:
        pass  # a client that has had enough


listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)
while True:
    threading.Thread(target=serve_quietly, args=(listener.accept()[0],), daemon=True).start()
