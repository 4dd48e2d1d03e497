# SPDX-License-Identifier: Apache-2.0
"""A program on a terminal of its own: what is typed, and waiting for what it shows. Nothing sleeps: each wait has a
condition and a deadline."""
import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time

SOON = float(os.environ.get("ZOBO_TERMINAL_SECONDS", "30"))
ESCAPES = re.compile(rb'\x1b\[[0-9;?]*[ -/]*[@-~]|\x1b[()][A-Z0-9]|\x1b[=>]|\x1b\][^\x07]*\x07')


class Lost(Exception):
    """What should have come did not."""


class Terminal:
    def __init__(self, argv, env=None, columns=100, rows=40):
        self.seen = b''  # all that came, escapes taken out
        self.raw = b''
        self.at = 0  # what has been waited for
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.execvpe(argv[0], argv, env or os.environ)
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack('HHHH', rows, columns, 0, 0))

    def read(self, timeout):
        """Reads what there is; False: nothing came, or the program has ended."""
        if not select.select([self.fd], [], [], timeout)[0]:
            return False
        try:
            data = os.read(self.fd, 65536)
        except OSError:
            data = b''
        self.raw += data
        self.seen = re.sub(rb'\r+(\n?)', lambda m: b'\r\n' if m[1] else b'', ESCAPES.sub(b'', self.raw))
        return data != b''

    def wait(self, pattern, why=''):
        """Waits for a regular expression behind what was waited for last. Returns the match."""
        wanted = re.compile(pattern.encode(), re.M)
        end = time.monotonic() + SOON
        while True:
            match = wanted.search(self.seen, self.at)
            if match:
                self.at = match.end()
                return match
            if not self.read(max(0.0, end - time.monotonic())):
                match = wanted.search(self.seen, self.at)
                if match:
                    continue
                raise Lost('%s: waited for %r, and saw %r' % (why, pattern, self.seen[self.at:][-2000:]))

    def type(self, text):
        os.write(self.fd, text.encode())

    def run(self, line, pattern, why=''):
        """Types a line and waits for what it should show behind its echo."""
        self.type(line + '\r')
        return self.wait(pattern, why or line)

    def echoes(self):
        return bool(termios.tcgetattr(self.fd)[3] & termios.ECHO)

    def wait_for_command(self):
        """Waits until the line editor has given the terminal back: a command runs."""
        end = time.monotonic() + SOON
        while not self.echoes():
            self.read(0.01)
            if time.monotonic() > end:
                raise Lost('no command runs; it showed %r' % self.seen[-500:])

    def ends(self, code):
        """Waits for the end, and checks the exit code, or minus the signal."""
        got = self.end()
        if got != code:
            raise Lost('exit code %d, not %d; it showed %r' % (got, code, self.seen[-3000:]))

    def end(self):
        deadline = time.monotonic() + SOON
        while time.monotonic() < deadline:
            self.read(0.02)
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                os.close(self.fd)
                return os.waitstatus_to_exitcode(status)
        os.kill(self.pid, signal.SIGKILL)
        raise Lost('it does not end; it showed %r' % self.seen[-2000:])


class Server:
    """`zobo serve` on a data directory."""

    def __init__(self, data, listen='127.0.0.1:0'):
        self.data = data
        self.process = subprocess.Popen(['zobo', 'serve', '--data', data, '-l', listen], stdout=subprocess.PIPE,
                                        stderr=subprocess.DEVNULL, text=True)
        line = self.process.stdout.readline()
        self.hosts = re.search(r'127\.0\.0\.1:\d+', line).group()

    def signal(self, number):
        self.process.send_signal(number)
        tasks = '/proc/%d/task' % self.process.pid
        while number == signal.SIGSTOP and any(
                open(tasks + '/' + task + '/stat').read().rsplit(')', 1)[1].split()[0] != 'T' for task in os.listdir(tasks)):
            time.sleep(0.001)  # each thread stops for itself

    def kill(self):
        self.process.kill()
        self.process.wait()


def zobo(*arguments, check=True):
    return subprocess.run(['zobo', *arguments], check=check, capture_output=True, text=True).stdout


def play(tests, *arguments):
    """Runs functions named test_...; exits with 1 if one failed."""
    failed = 0
    wanted = sys.argv[1:]
    for name, test in tests.items():
        if not name.startswith('test_') or (wanted and name not in wanted):
            continue
        try:
            why = test(*arguments)
            print('skipped' if why else 'ok', name, '(%s)' % why if why else '', flush=True)
        except (Lost, AssertionError) as lost:
            failed += 1
            print('FAILED', name, '\n   ', repr(lost), 'line', lost.__traceback__.tb_next.tb_lineno, flush=True)
    sys.exit(1 if failed else 0)
