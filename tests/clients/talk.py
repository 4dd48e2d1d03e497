# SPDX-License-Identifier: Apache-2.0
"""A program driven line by line: what it is told goes to its stdin, what it says is waited for, never slept for."""
import os
import pty
import re
import select
import subprocess
import sys
import time

WAIT = 15


class Talk:
    def __init__(self, argv, env=None):
        master, slave = pty.openpty()  # stdio flushes lines to a terminal only
        self.process = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=slave, stderr=slave,
                                        env=dict(os.environ, **(env or {})))
        os.close(slave)
        self.out, self.text, self.all = master, "", ""

    def wait(self, pattern):
        """Waits until the pattern has come; what is before it is spent. Returns the match."""
        deadline = time.monotonic() + WAIT
        while True:
            match = re.search(pattern, self.text, re.M)
            if match:
                self.text = self.text[match.end():]
                return match
            ready, _, _ = select.select([self.out], [], [], max(0, deadline - time.monotonic()))
            if not ready or not self._read():
                self.fail("nothing like %r came" % pattern)

    def _read(self):
        try:
            data = os.read(self.out, 65536)
        except OSError:  # the other end is gone
            data = b""
        text = data.decode(errors="replace").replace("\r\n", "\n")
        self.text += text
        self.all += text
        return bool(data)

    def ask(self, line, *patterns):
        """Says a line and waits for what it should bring, in this order. Returns the last match."""
        self.process.stdin.write((line + "\n").encode())
        self.process.stdin.flush()
        match = None
        for pattern in patterns:
            match = self.wait(pattern)
        return match

    def end(self, line):
        """Says its last line and waits for its end."""
        self.ask(line)
        while self._read():
            pass
        self.process.wait(WAIT)

    def fail(self, why):
        self.process.kill()
        sys.exit("%s\n--- the whole talk:\n%s" % (why, self.all))
