#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""kazoo's recipes by commands: kazoo_peer.py HOSTS SESSION_MS. zobo_peer.c is the same with zobo's; README.md has the
commands. Each line "ID WORDS..." is carried out on a thread of its own and answered by "ID JSON" or "ID !ERROR"."""
import datetime
import json
import os
import sys
import threading

from kazoo.client import KazooClient
from kazoo.exceptions import LockTimeout

ZK = KazooClient(hosts=sys.argv[1], timeout=int(sys.argv[2]) / 1000.0)
OBJECTS = {}
OUT = threading.Lock()


def seconds(ms):
    return int(ms) / 1000.0 or None


def name(ident):
    """An identifier: "-" is the recipe's own default."""
    return None if ident == "-" else ident


def texts(items):
    return [item.decode() if isinstance(item, bytes) else item for item in items]


class Locks:
    """Lock, ReadLock, WriteLock, Semaphore."""

    def __init__(self, recipe):
        self.recipe = recipe

    def acquire(self, ms):
        try:
            return self.recipe.acquire(timeout=seconds(ms))
        except LockTimeout:
            return False

    def attempt(self):
        return self.recipe.acquire(blocking=False)

    def release(self):
        return bool(self.recipe.release())

    def contenders(self):
        if hasattr(self.recipe, "contenders"):
            return texts(self.recipe.contenders())
        return sorted(texts(self.recipe.lease_holders()))

    def crowd(self, path, rounds):
        """Adds one to the number in the file, so often, each time under the lock."""
        for _ in range(int(rounds)):
            with self.recipe:
                with open(path, encoding="ascii") as file:
                    value = int(file.read())
                with open(path, "w", encoding="ascii") as file:
                    file.write("%d" % (value + 1))
        return int(rounds)


class Election:
    def __init__(self, recipe):
        self.recipe, self.leads, self.enough = recipe, False, threading.Event()

    def lead(self):
        """Runs for it and leads until told to resign."""
        def leader():
            self.leads = True
            self.enough.wait()
            self.leads = False
        self.enough.clear()
        self.recipe.run(leader)
        return True

    def leading(self):
        return self.leads

    def resign(self):
        self.enough.set()
        return True

    def contenders(self):
        return texts(self.recipe.contenders())


class Counter:
    def __init__(self, recipe):
        self.recipe = recipe

    def add(self, number, times):
        for _ in range(int(times)):
            self.recipe += int(number)
        return True

    def value(self):
        return self.recipe.value


class Party:
    def __init__(self, recipe):
        self.recipe = recipe

    def join(self):
        self.recipe.join()
        return True

    def leave(self):
        self.recipe.leave()
        return True

    def members(self):
        return sorted(texts(self.recipe))

    def size(self):
        return len(self.recipe)


class Queue:
    def __init__(self, recipe):
        self.recipe = recipe

    def put(self, priority, *items):
        for item in items:
            self.recipe.put(item.encode(), int(priority))
        return True

    def get(self):
        item = self.recipe.get()
        return None if item is None else item.decode()

    def drain(self, n):
        """Gets until it is empty, at most n items."""
        items = []
        while len(items) < int(n):
            item = self.recipe.get()
            if item is None:
                break
            items.append(item.decode())
        return items

    def size(self):
        return len(self.recipe)


class LockingQueue:
    def __init__(self, recipe):
        self.recipe = recipe

    def put(self, priority, *items):
        self.recipe.put_all([item.encode() for item in items], int(priority))
        return True

    def get(self, ms):
        item = self.recipe.get(seconds(ms))
        return None if item is None else item.decode()

    def holds(self):
        return self.recipe.holds_lock()

    def consume(self):
        return self.recipe.consume()

    def release(self):
        return self.recipe.release()

    def drain(self, n):
        """Gets and consumes until nothing comes for a while, at most n items."""
        items = []
        while len(items) < int(n):
            item = self.recipe.get(1)
            if item is None:
                break
            if self.recipe.consume():
                items.append(item.decode())
        return items


class Barrier:
    def __init__(self, recipe):
        self.recipe = recipe

    def create(self):
        self.recipe.create()
        return True

    def remove(self):
        return bool(self.recipe.remove())

    def wait(self, ms):
        return self.recipe.wait(seconds(ms))


class DoubleBarrier:
    def __init__(self, recipe):
        self.recipe = recipe

    def enter(self):
        self.recipe.enter()
        return True

    def leave(self):
        self.recipe.leave()
        return True


class Lease:
    """A NonBlockingLease (count 0) or a MultiNonBlockingLease."""

    def __init__(self, path, count, ident):
        self.path, self.count, self.ident = path, int(count), name(ident)

    def obtain(self, ms):
        duration = datetime.timedelta(milliseconds=int(ms))
        if self.count:
            return bool(ZK.MultiNonBlockingLease(self.count, self.path, duration, self.ident))
        return bool(ZK.NonBlockingLease(self.path, duration, self.ident))


class Partitioner:
    """A member, and the loop that kazoo's user writes around it."""

    def __init__(self, path, ident, *items):
        self.done = threading.Event()
        self.recipe = ZK.SetPartitioner(path, set(items), identifier=name(ident), time_boundary=0.3)
        self.loop = threading.Thread(target=self.run, daemon=True)
        self.loop.start()

    def run(self):
        while not self.done.is_set() and not self.recipe.failed:
            if self.recipe.release:
                self.recipe.release_set()
            elif self.recipe.allocating:
                self.recipe.wait_for_acquire(0.1)
            else:
                self.done.wait(0.02)

    def items(self):
        return sorted(self.recipe) if self.recipe.acquired else None

    def finish(self):
        self.done.set()
        self.loop.join()
        self.recipe.finish()
        return True


MAKERS = {
    "lock": lambda path, ident: Locks(ZK.Lock(path, name(ident))),
    "rlock": lambda path, ident: Locks(ZK.ReadLock(path, name(ident))),
    "wlock": lambda path, ident: Locks(ZK.WriteLock(path, name(ident))),
    "semaphore": lambda path, ident, n: Locks(ZK.Semaphore(path, name(ident), int(n))),
    "election": lambda path, ident: Election(ZK.Election(path, name(ident))),
    "counter": lambda path: Counter(ZK.Counter(path)),
    "count32": lambda path: Counter(ZK.Counter(path, support_curator=True)),
    "party": lambda path, ident: Party(ZK.Party(path, name(ident))),
    "shallow": lambda path, ident: Party(ZK.ShallowParty(path, name(ident))),
    "queue": lambda path: Queue(ZK.Queue(path)),
    "lqueue": lambda path: LockingQueue(ZK.LockingQueue(path)),
    "barrier": lambda path: Barrier(ZK.Barrier(path)),
    "dbarrier": lambda path, n, ident: DoubleBarrier(ZK.DoubleBarrier(path, int(n), name(ident))),
    "lease": Lease,
    "partitioner": Partitioner,
}


def carry_out(words):
    if words[0] == "new":
        OBJECTS[words[1]] = MAKERS[words[2]](*words[3:])
        return True
    if words[0] == "do":
        return getattr(OBJECTS[words[1]], words[2])(*words[3:])
    raise ValueError("unknown: %s" % words)


def answer(number, words):
    try:
        text = json.dumps(carry_out(words))
    except Exception as error:  # pylint: disable=broad-except
        text = "!%s %s" % (type(error).__name__, str(error).replace("\n", " "))
    with OUT:
        print(number, text, flush=True)


def main():
    ZK.start(timeout=20)
    print("0 true", flush=True)
    for line in sys.stdin:
        number, *words = line.split()
        threading.Thread(target=answer, args=(number, words), daemon=True).start()
    ZK.stop()
    os._exit(0)  # threads that wait for ever do not hold it up


main()
