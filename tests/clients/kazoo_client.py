#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Everyday work of kazoo's users against the server at HOST:PORT: kazoo_client.py HOST:PORT."""
import subprocess
import sys
import threading

from kazoo.client import KazooClient
from kazoo.exceptions import (BadVersionError, InvalidACLError, NoAuthError, NodeExistsError, NoNodeError,
                              NoChildrenForEphemeralsError, NotEmptyError, RolledBackError, RuntimeInconsistency)
from kazoo.protocol.states import EventType
from kazoo.security import OPEN_ACL_UNSAFE, make_acl, make_digest_acl

HOSTS = sys.argv[1]
WAIT = 20


def client(**kwargs):
    """A client of its own, started."""
    kwargs.setdefault("timeout", 4)
    zk = KazooClient(hosts=HOSTS, **kwargs)
    zk.start(timeout=WAIT)
    return zk


def refuses(error, fn, *args, **kwargs):
    try:
        fn(*args, **kwargs)
    except error:
        return
    raise AssertionError("no %s" % error.__name__)


class Events:
    """A watcher that keeps what it was told."""

    def __init__(self):
        self.items = []
        self.news = threading.Condition()

    def __call__(self, item):
        with self.news:
            self.items.append(item)
            self.news.notify_all()

    def wait(self, n):
        with self.news:
            assert self.news.wait_for(lambda: len(self.items) >= n, WAIT), "%d events of %d" % (len(self.items), n)
            return self.items[:n]


def test_nodes(zk):
    assert zk.create("/n", b"one") == "/n"
    data, stat = zk.get("/n")
    assert data == b"one" and stat.version == 0 and stat.numChildren == 0
    assert zk.set("/n", b"two", version=0).version == 1
    refuses(BadVersionError, zk.set, "/n", b"x", version=0)
    refuses(NodeExistsError, zk.create, "/n")
    refuses(NoNodeError, zk.create, "/no/parent")
    path, stat = zk.create("/n/c", b"abc", include_data=True)
    assert path == "/n/c" and stat.dataLength == 3
    assert zk.get_children("/n") == ["c"]
    children, stat = zk.get_children("/n", include_data=True)
    assert children == ["c"] and stat.cversion == 1
    refuses(NotEmptyError, zk.delete, "/n")
    assert zk.exists("/absent") is None
    zk.create("/e", ephemeral=True)
    refuses(NoChildrenForEphemeralsError, zk.create, "/e/c")
    assert zk.exists("/e").ephemeralOwner == zk.client_id[0]
    zk.ensure_path("/deep/er/still")
    zk.create("/\u00e4/\u65e5\u672c", "\u00fc".encode(), makepath=True)
    assert zk.get("/\u00e4/\u65e5\u672c")[0] == "\u00fc".encode()
    assert zk.get_children("/\u00e4") == ["\u65e5\u672c"]
    big = b"x" * 1000000
    zk.set("/n", big)
    assert zk.get("/n")[0] == big
    assert zk.sync("/n") == "/n"
    zk.delete("/n", recursive=True)
    zk.delete("/deep", recursive=True)
    refuses(NoNodeError, zk.get, "/n")


def test_sequence(zk):
    zk.ensure_path("/s")
    names = [zk.create("/s/q-", sequence=True) for _ in range(3)]
    assert names == ["/s/q-%010d" % i for i in range(3)], names
    zk.delete(names[2])
    assert zk.create("/s/q-", sequence=True) == "/s/q-0000000003"
    assert zk.create("/s/q-", sequence=True, ephemeral=True) == "/s/q-0000000004"


def test_watches(zk):
    other = client()
    seen = Events()
    assert zk.exists("/w", watch=seen) is None
    other.create("/w", b"1")
    assert seen.wait(1)[0].type == EventType.CREATED
    zk.get("/w", watch=seen)
    other.set("/w", b"2")
    zk.get_children("/w", watch=seen)
    other.create("/w/c")
    zk.get("/w/c", watch=seen)
    other.delete("/w/c")
    types = [event.type for event in seen.wait(4)]
    assert types[1:] == [EventType.CHANGED, EventType.CHILD, EventType.DELETED], types
    values, lists = Events(), Events()
    zk.DataWatch("/w")(lambda data, stat: values(data))
    zk.ChildrenWatch("/w")(lists)
    values.wait(1)
    other.set("/w", b"3")
    values.wait(2)
    other.set("/w", b"4")
    assert values.wait(3)[-1] == b"4"
    other.create("/w/d")
    assert lists.wait(2)[-1] == ["d"]
    other.stop()
    other.close()


def test_sessions(zk):
    """A program that ends without a word leaves its session, which is taken up by id and password."""
    program = ("import os, sys; from kazoo.client import KazooClient; zk = KazooClient(%r, timeout=3); zk.start();"
               "zk.create('/left', ephemeral=True); print(zk.client_id[0], zk.client_id[1].hex(), flush=True);"
               "os._exit(0)") % HOSTS
    said = subprocess.run([sys.executable, "-c", program], stdout=subprocess.PIPE, check=True).stdout.split()
    session = int(said[0]), bytes.fromhex(said[1].decode())
    heir = client(client_id=session, timeout=3)
    assert heir.client_id[0] == session[0], "another session"
    assert heir.exists("/left").ephemeralOwner == session[0]
    heir.set("/left", b"mine")
    gone = Events()
    assert zk.exists("/left", watch=gone)
    heir.stop()
    heir.close()
    assert gone.wait(1)[0].type == EventType.DELETED
    assert zk.exists("/left") is None
    # and one that nobody takes up expires
    gone = Events()
    subprocess.run([sys.executable, "-c", program], stdout=subprocess.PIPE, check=True)
    assert zk.exists("/left", watch=gone)
    assert gone.wait(1)[0].type == EventType.DELETED
    # a session that is over, and a wrong password, are a new session for kazoo
    again = client(client_id=session)
    assert again.client_id[0] != session[0]
    again.stop()
    again.close()


def test_transactions(zk):
    zk.ensure_path("/t")
    t = zk.transaction()
    t.create("/t/a", b"1")
    t.set_data("/t/a", b"2", version=0)
    t.check("/t/a", version=1)
    t.create("/t/s-", sequence=True)
    t.delete("/t/a", version=1)
    results = t.commit()
    assert results[0] == "/t/a" and results[1].version == 1 and results[2] is True, results
    assert results[3] == "/t/s-0000000001" and results[4] is True, results
    t = zk.transaction()
    t.create("/t/b")
    t.check("/t", version=99)
    t.create("/t/c")
    results = t.commit()
    assert [type(r) for r in results] == [RolledBackError, BadVersionError, RuntimeInconsistency], results
    assert zk.exists("/t/b") is None
    assert zk.transaction().commit() == []


def test_acls(zk):
    zk.create("/acl", b"secret", acl=[make_digest_acl("ann", "pw", all=True)])
    refuses(NoAuthError, zk.get, "/acl")
    refuses(NoAuthError, zk.set_acls, "/acl", OPEN_ACL_UNSAFE)
    ann = client(auth_data=[("digest", "ann:pw")])
    assert ann.get("/acl")[0] == b"secret"
    acls, stat = ann.get_acls("/acl")
    assert acls == [make_digest_acl("ann", "pw", all=True)] and stat.aversion == 0, acls
    ann.set_acls("/acl", [make_acl("world", "anyone", read=True), make_acl("auth", "", all=True)])
    assert zk.get("/acl")[0] == b"secret"
    refuses(NoAuthError, zk.set, "/acl", b"x")
    ann.set("/acl", b"y")
    ann.create("/ip", acl=[make_acl("ip", "127.0.0.1", all=True)])
    zk.set("/ip", b"x")
    ann.create("/ip10", acl=[make_acl("ip", "10.0.0.0/8", all=True)])
    refuses(NoAuthError, zk.get, "/ip10")
    refuses(InvalidACLError, zk.create, "/bad", acl=[make_acl("nosuch", "x", all=True)])
    refuses(InvalidACLError, zk.create, "/bad", acl=[make_acl("auth", "", all=True)])
    later = client()
    refuses(NoAuthError, later.set, "/acl", b"z")
    later.add_auth("digest", "ann:pw")
    later.set("/acl", b"z")
    for each in (ann, later):
        each.stop()
        each.close()


def test_recipes(zk):
    """Lock, Election, Queue and others with two clients."""
    other = client()
    order = []
    mine, theirs = zk.Lock("/lock", "mine"), other.Lock("/lock", "theirs")
    mine.acquire(timeout=WAIT)
    waits = threading.Thread(target=lambda: (theirs.acquire(timeout=WAIT), order.append("theirs"), theirs.release()))
    waits.start()
    while len(zk.get_children("/lock")) < 2:
        pass
    assert mine.contenders() == ["mine", "theirs"]
    order.append("mine")
    mine.release()
    waits.join(WAIT)
    assert order == ["mine", "theirs"], order

    led = []
    elections = [threading.Thread(target=each.Election("/election", name).run, args=(led.append, name))
                 for each, name in ((zk, "one"), (other, "two"))]
    for each in elections:
        each.start()
    for each in elections:
        each.join(WAIT)
    assert sorted(led) == ["one", "two"], led

    queue = zk.Queue("/queue")
    for item in (b"a", b"b", b"c"):
        queue.put(item)
    assert len(queue) == 3
    assert [other.Queue("/queue").get() for _ in range(4)] == [b"a", b"b", b"c", None]
    locking = zk.LockingQueue("/lqueue")
    locking.put_all([b"1", b"2"])
    assert locking.get(WAIT) == b"1" and locking.consume() and locking.get(WAIT) == b"2" and locking.consume()

    counter = zk.Counter("/counter")
    counter += 5
    counter -= 2
    assert other.Counter("/counter").value == 3
    barrier = zk.Barrier("/barrier")
    barrier.create()
    passed = threading.Thread(target=other.Barrier("/barrier").wait, args=(WAIT,))
    passed.start()
    barrier.remove()
    passed.join(WAIT)
    assert not passed.is_alive()
    zk.Party("/party", "x").join()
    assert set(other.Party("/party")) == {"x"}
    semaphore = zk.Semaphore("/semaphore", max_leases=1)
    assert semaphore.acquire(timeout=WAIT) and not other.Semaphore("/semaphore").acquire(blocking=False)
    semaphore.release()
    other.stop()
    other.close()


def test_server(zk):
    """What kazoo asks of the server itself."""
    version = zk.server_version()
    assert len(version) >= 2 and version[0] >= 3, version
    assert zk.command(b"ruok") == "imok"
    assert "Mode: standalone" in zk.command(b"srvr")
    assert zk.command(b"isro") == "rw"
    assert "zk_server_state\tstandalone" in zk.command(b"mntr")


def test_chroot(zk):
    zk.ensure_path("/chroot")
    inside = KazooClient(hosts=HOSTS + "/chroot")
    inside.start(timeout=WAIT)
    inside.create("/x", b"in")
    assert zk.get("/chroot/x")[0] == b"in"
    assert inside.get_children("/") == ["x"]
    inside.stop()
    inside.close()


def test_pipeline(zk):
    """Thousands of requests on the way at once, answered in order."""
    zk.ensure_path("/p")
    calls = [zk.create_async("/p/n%d" % i, b"%d" % i) for i in range(2000)]
    calls += [zk.get_async("/p/n%d" % i) for i in range(2000)]
    results = [call.get(timeout=WAIT) for call in calls]
    assert results[1999] == "/p/n1999" and all(r[0] == b"%d" % i for i, r in enumerate(results[2000:]))
    assert len(zk.get_children("/p")) == 2000


def main():
    zk = client()
    for name, test in list(globals().items()):
        if name.startswith("test_"):
            test(zk)
            print("kazoo:", name[5:], "ok", flush=True)
    zk.stop()
    zk.close()
    print("kazoo: all ok")


main()
