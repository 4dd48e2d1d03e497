# SPDX-License-Identifier: Apache-2.0
"""Peers: processes that carry out recipes by commands, kazoo's and zobo's alike. README.md has the commands."""
import itertools
import json
import os
import subprocess
import sys
import threading
import time

WAIT = 30
HERE = os.path.dirname(os.path.realpath(__file__))


def until(condition, what, wait=WAIT):
    """Looks until the condition holds; returns what it gave."""
    end = time.monotonic() + wait
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < end, "not within %d s: %s" % (wait, what)
        time.sleep(0.002)


class Refused(Exception):
    """What a peer answered with an error."""


class Call:
    """A command under way."""

    def __init__(self, peer, text):
        self.peer, self.text, self.ended, self.answer = peer, text, threading.Event(), None

    def done(self):
        return self.ended.is_set()

    def get(self, wait=WAIT):
        assert self.ended.wait(wait), "%s: no answer within %d s: %s" % (self.peer.name, wait, self.text)
        if self.answer.startswith("!"):
            raise Refused("%s: %s: %s" % (self.peer.name, self.text, self.answer[1:]))
        return json.loads(self.answer)


class Peer:
    """A process with a session."""

    def __init__(self, kind, argv, hosts, session_ms):
        self.kind, self.calls, self.number, self.lock = kind, {}, 0, threading.Lock()
        self.names = itertools.count()
        started = self.calls["0"] = Call(self, "start")
        self.process = subprocess.Popen(argv + [hosts, str(session_ms)], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True)
        self.name = "%s %d" % (kind, self.process.pid)
        threading.Thread(target=self.listen, daemon=True).start()
        started.get()

    def listen(self):
        for line in self.process.stdout:
            number, _, answer = line.strip().partition(" ")
            call = self.calls.pop(number)
            call.answer = answer
            call.ended.set()

    def start(self, *words):
        """Sends a command; returns without waiting for its answer."""
        text = " ".join(str(word) for word in words)
        with self.lock:
            self.number += 1
            call = self.calls[str(self.number)] = Call(self, text)
            self.process.stdin.write("%d %s\n" % (self.number, text))
            self.process.stdin.flush()
        return call

    def new(self, kind, path, *words):
        """A recipe of this peer: its commands are methods, with _start of it those that are not waited for."""
        name = "o%d" % next(self.names)
        self.start("new", name, kind, path, *words).get()
        return Recipe(self, name)

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self):
        self.process.stdin.close()
        try:
            assert self.process.wait(WAIT) == 0, "%s ended with %d" % (self.name, self.process.returncode)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError("%s does not end" % self.name) from None


class Recipe:
    def __init__(self, peer, name):
        self.peer, self.name = peer, name

    def start(self, verb, *words):
        return self.peer.start("do", self.name, verb, *words)

    def __getattr__(self, verb):
        return lambda *words: self.start(verb, *words).get()


class Crew:
    """Makes peers, and sees to their end."""

    def __init__(self, hosts, zobo_peer):
        self.hosts, self.all = hosts, []
        self.argv = {"kazoo": [sys.executable, os.path.join(HERE, "kazoo_peer.py")], "zobo": [zobo_peer]}
        if zobo_peer.endswith(".py"):  # kazoo against itself: are the scenarios right?
            self.argv["zobo"] = [sys.executable, zobo_peer]

    def make(self, kind, session_ms=4000):
        peer = Peer(kind, self.argv[kind], self.hosts, session_ms)
        self.all.append(peer)
        return peer

    def end(self):
        for peer in self.all:
            if peer.process.poll() is None:
                peer.stop()
