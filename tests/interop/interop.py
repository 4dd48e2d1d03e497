#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""kazoo's recipes and zobo's on the same nodes, in processes of their own: interop.py HOSTS ZOBO_PEER [TEXT]
With TEXT only the scenarios that have it in their names. Each scenario runs in both directions."""
import concurrent.futures
import os
import re
import sys
import tempfile
import time
import traceback

from kazoo.client import KazooClient

from peers import WAIT, Crew, Refused, until

CREW = Crew(sys.argv[1], sys.argv[2])
ZK = KazooClient(hosts=sys.argv[1])
SHORT_MS = 1500  # the session of a peer that is to die


# --- what is in the tree --------------------------------------------------------------------------------------------

def children(path):
    return sorted(ZK.get_children(path)) if ZK.exists(path) else []


def plain(text):
    """Without what differs from run to run."""
    text = re.sub(r"[0-9a-f]{32}", "UUID", text)
    text = re.sub(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", "TIME", text)
    return re.sub(r"-\d{10}\b|(?<=_)\d{10}$", lambda m: m.group()[:-10] + "SEQ", text)


def shape(path, name=""):
    """All below a node as text: names, data, ephemeral or not, ACL. Without what zobo has beside kazoo."""
    data, stat = ZK.get(path + name)
    acls = ["%s:%s:%d" % (acl.id.scheme, acl.id.id, acl.perms) for acl in ZK.get_acls(path + name)[0]]
    lines = ["%s %r %s %s" % (plain(name) or ".", plain((data or b"").decode("latin-1")) if data is not None else None,
                              "ephemeral" if stat.ephemeralOwner else "persistent", ",".join(acls))]
    for child in (child for child in children(path + name) if not re.search("__(witness|session)__", child)):
        lines += shape(path, name + "/" + child)
    return sorted(lines)


def same_shape(path, a, b, do, *want):
    """What `do(peer, path)` leaves in the tree is the same by both peers, and as `want` says."""
    shapes = []
    for peer in (a, b):
        home = "%s/%s/x" % (path, peer.name.replace(" ", ""))
        undo = do(peer, home)
        # kazoo asks the resolver for the host's full name, zobo does not
        shapes.append([re.sub(r"'[\w.-]+-%d'" % peer.process.pid, "'HOST-PID'", line)
                       for line in shape(os.path.dirname(home))])
        undo()
    assert shapes[0] == shapes[1], "%s made\n  %s\n%s made\n  %s" % (
        a.name, "\n  ".join(shapes[0]), b.name, "\n  ".join(shapes[1]))
    for line in want:
        assert any(line in each for each in shapes[0]), "%r is not in %s" % (line, shapes[0])


# --- scenarios: a and b are peers of the two kinds, in either order --------------------------------------------------

def lock_nodes(path, a, b):
    def hold(kind):
        def do(peer, home):
            recipe = peer.new(kind, home, "me")
            assert recipe.acquire(0) is True
            return recipe.release
        return do
    same_shape(path + "/l", a, b, hold("lock"), "/x/UUID__lock__SEQ 'me' ephemeral world:anyone:31")
    same_shape(path + "/r", a, b, hold("rlock"), "/x/UUID__rlock__SEQ 'me' ephemeral")
    same_shape(path + "/w", a, b, hold("wlock"), "/x/UUID__lock__SEQ 'me' ephemeral")


def lock_is_handed_over(path, a, b):
    one, two, three = a.new("lock", path, "one"), b.new("lock", path, "two"), a.new("lock", path, "three")
    assert one.acquire(0) is True
    assert two.attempt() is False and three.attempt() is False
    until(lambda: len(children(path)) == 1, "an attempt leaves nothing")
    waits = two.start("acquire", 0)
    until(lambda: len(children(path)) == 2, "two contends")
    later = three.start("acquire", 0)
    until(lambda: len(children(path)) == 3, "three contends")
    for each in (one, two, three):
        assert each.contenders() == ["one", "two", "three"], each.contenders()
    assert not waits.done() and not later.done()
    one.release()
    assert waits.get() is True and not later.done()
    assert three.contenders() == ["two", "three"]
    two.release()
    assert later.get() is True
    three.release()
    assert children(path) == []


def lock_waits_no_longer_than_told(path, a, b):
    one, two = a.new("lock", path, "one"), b.new("lock", path, "two")
    assert one.acquire(0) is True
    begin = time.monotonic()
    assert two.acquire(300) is False
    assert time.monotonic() - begin >= 0.3
    until(lambda: len(children(path)) == 1, "the one that gave up leaves nothing")
    one.release()
    assert two.acquire(300) is True
    two.release()


def lock_of_the_dead(path, a, b):
    dies = CREW.make(a.kind, SHORT_MS)
    one, two = dies.new("lock", path, "one"), b.new("lock", path, "two")
    assert one.acquire(0) is True
    waits = two.start("acquire", 0)
    until(lambda: len(children(path)) == 2, "two contends")
    dies.kill()
    assert not waits.done()
    assert waits.get() is True
    assert two.contenders() == ["two"]
    two.release()


def readers_and_writers(path, a, b):
    read1, read2, read3 = a.new("rlock", path, "r1"), b.new("rlock", path, "r2"), a.new("rlock", path, "r3")
    write1, write2 = b.new("wlock", path, "w1"), a.new("wlock", path, "w2")
    assert read1.acquire(0) is True and read2.acquire(0) is True
    assert write1.attempt() is False and write2.attempt() is False
    until(lambda: len(children(path)) == 2, "an attempt leaves nothing")
    writes = write1.start("acquire", 0)
    until(lambda: len(children(path)) == 3, "the writer contends")
    reads = read3.start("acquire", 0)
    until(lambda: len(children(path)) == 4, "the third reader contends")
    read1.release()
    assert not writes.done() and not reads.done()
    read2.release()
    assert writes.get() is True and not reads.done()
    assert write2.attempt() is False
    write1.release()
    assert reads.get() is True
    assert write2.attempt() is False
    read3.release()
    assert write2.attempt() is True
    write2.release()


def semaphore(path, a, b):
    def do(peer, home):
        recipe = peer.new("semaphore", home, "me", 3)
        assert recipe.acquire(0) is True
        return recipe.release
    same_shape(path + "/s", a, b, do, "/x '3' persistent", "/x/UUID 'me' ephemeral", "/x-__lock__ '' persistent")
    path += "/t"
    one, two, three = (peer.new("semaphore", path, ident, 2) for peer, ident in ((a, "1"), (b, "2"), (a, "3")))
    four = b.new("semaphore", path, "4", 2)
    assert one.acquire(0) is True and two.acquire(0) is True
    for each in (one, two, three, four):
        assert each.contenders() == ["1", "2"], each.contenders()
    assert three.attempt() is False and four.attempt() is False
    waits, also = three.start("acquire", 0), four.start("acquire", 0)
    until(lambda: len(children(path + "-__lock__")) == 2, "both contend for the guard")
    assert not waits.done() and not also.done()
    two.release()
    until(lambda: waits.done() or also.done(), "one of them is let in")
    one.release()
    assert waits.get() is True and also.get() is True
    assert one.contenders() == ["3", "4"]
    three.release()
    four.release()
    try:
        b.new("semaphore", path, "5", 7).acquire(1000)
        raise AssertionError("seven leases where there are two")
    except Refused:
        pass


def semaphore_of_the_dead(path, a, b):
    dies = CREW.make(a.kind, SHORT_MS)
    one, two = dies.new("semaphore", path, "1", 1), b.new("semaphore", path, "2", 1)
    assert one.acquire(0) is True and two.attempt() is False
    waits = two.start("acquire", 0)
    dies.kill()
    assert waits.get() is True
    two.release()


def counters(path, a, b):
    def add(kind, number):
        def do(peer, home):
            recipe = peer.new(kind, home)
            assert recipe.value() == 0
            recipe.add(number, 1)
            assert recipe.value() == number
            return lambda: None
        return do
    same_shape(path + "/d", a, b, add("counter", 12), "/x '12' persistent")
    same_shape(path + "/n", a, b, add("counter", -3), "/x '-3' persistent")
    same_shape(path + "/c", a, b, add("count32", 258), r"/x '\x00\x00\x01\x02' persistent")
    same_shape(path + "/m", a, b, add("count32", -2), r"/x 'ÿÿÿþ' persistent")
    for kind in ("counter", "count32"):
        home = "%s/%s" % (path, kind)
        one, two = a.new(kind, home), b.new(kind, home)
        adds = [one.start("add", 3, 40), two.start("add", -1, 40), one.start("add", 10, 1), two.start("add", 100, 2)]
        if kind == "counter":  # kazoo's counter is not for two threads at a time
            adds[0].get()
        for each in adds:
            each.get()
        assert one.value() == two.value() == 290, one.value()


def parties(path, a, b):
    def join(kind):
        def do(peer, home):
            recipe = peer.new(kind, home, "me-too")
            recipe.join()
            return recipe.leave
        return do
    same_shape(path + "/p", a, b, join("party"), "/x/UUID__party__ 'me-too' ephemeral")
    same_shape(path + "/s", a, b, join("shallow"), "/x/UUID-me-too 'me-too' ephemeral")
    for kind in ("party", "shallow"):
        home = "%s/%s" % (path, kind)
        dies = CREW.make(b.kind, SHORT_MS)
        one, two, three = a.new(kind, home, "one"), b.new(kind, home, "two"), dies.new(kind, home, "three-3")
        for each in (one, two, three):
            each.join()
        for each in (one, two, three):
            assert each.members() == ["one", "three-3", "two"] and each.size() == 3, each.members()
        dies.kill()
        until(lambda: one.members() == two.members() == ["one", "two"], "the dead one goes")  # noqa: B023
        two.leave()
        assert one.members() == ["one"]
        one.leave()
        assert two.size() == 0


def queue(path, a, b):
    def do(peer, home):
        peer.new("queue", home).put(7, "item")
        peer.new("queue", home).put(100, "other")
        return lambda: None
    same_shape(path + "/n", a, b, do, "/x/entry-007-SEQ 'item' persistent", "/x/entry-100-SEQ 'other' persistent")
    path += "/q"
    one, two = a.new("queue", path), b.new("queue", path)
    one.put(100, "later", "latest")
    two.put(5, "first")
    assert one.size() == two.size() == 3
    assert two.get() == "first" and a.new("queue", path).get() == "later"
    assert b.new("queue", path).get() == "latest" and a.new("queue", path).get() is None
    assert two.get() is None
    items = ["%s%03d" % (side, i) for side in "ab" for i in range(100)]
    puts = one.start("put", 100, *items[:100]), two.start("put", 100, *items[100:])
    for each in puts:
        each.get()
    takes = [side.new("queue", path).start("drain", 1000) for side in (a, b, a, b)]
    taken = [each.get() for each in takes]
    assert sorted(sum(taken, [])) == sorted(items), "%d items" % len(sum(taken, []))
    assert children(path) == []


def locking_queue(path, a, b):
    def do(peer, home):
        recipe = peer.new("lqueue", home)
        recipe.put(7, "item", "next")
        assert recipe.get(0) == "item"
        return recipe.consume
    same_shape(path + "/n", a, b, do, "/x/entries/entry-007-SEQ 'item' persistent",
               "/x/taken/entry-007-SEQ 'UUID' ephemeral")
    path += "/q"
    one, two = a.new("lqueue", path), b.new("lqueue", path)
    one.put(100, "1", "2")
    two.put(50, "0")
    assert two.get(0) == "0" and two.get(0) == "0" and one.get(0) == "1"
    assert one.holds() is True and two.holds() is True
    assert two.consume() is True and one.release() is True
    assert two.get(0) == "1" and two.consume() is True
    assert one.get(0) == "2" and one.consume() is True and one.holds() is False
    assert one.get(300) is None and two.consume() is False
    waits = two.start("get", 20000)
    one.put(100, "late")
    assert waits.get() == "late" and two.consume() is True
    dies = CREW.make(a.kind, SHORT_MS)
    two.put(100, "again")
    assert dies.new("lqueue", path).get(0) == "again"
    waits = two.start("get", 20000)
    dies.kill()
    assert waits.get() == "again" and two.consume() is True
    items = ["%s%03d" % (side, i) for side in "ab" for i in range(60)]
    one.put(100, *items[:60])
    two.put(100, *items[60:])
    takes = [side.new("lqueue", path).start("drain", 1000) for side in (a, b, a, b)]
    taken = sum((each.get() for each in takes), [])
    assert sorted(taken) == sorted(items), "%d items" % len(taken)
    assert children(path + "/entries") == [] and children(path + "/taken") == []


def barrier(path, a, b):
    def do(peer, home):
        peer.new("barrier", home).create()
        return lambda: None
    same_shape(path + "/n", a, b, do, "/x '' persistent")
    path += "/b"
    one, two = a.new("barrier", path), b.new("barrier", path)
    assert two.wait(0) is True
    one.create()
    assert two.wait(200) is False
    waits = [each.start("wait", 0) for each in (one, two)]
    assert not waits[1].done()
    assert two.remove() is True and one.remove() is False
    assert all(each.get() is True for each in waits)


def double_barrier(path, a, b):
    names = ("one", "two", "three", "four")
    members = [peer.new("dbarrier", path, 4, name) for peer, name in zip((a, b, CREW.make(a.kind), CREW.make(b.kind)),
                                                                         names)]
    for _ in range(3):
        enters = [each.start("enter") for each in members[:3]]
        until(lambda: len(children(path)) == 3, "three are there")
        assert not any(each.done() for each in enters)  # noqa: B023
        want = ["/UUID '%s' ephemeral world:anyone:31" % name for name in ("one", "three", "two")]
        assert shape(path)[1:] == want, shape(path)
        members[3].enter()
        assert all(each.get() is True for each in enters)
        assert "/ready '' persistent world:anyone:31" in shape(path), shape(path)
        leaves = [each.start("leave") for each in members[:3]]
        until(lambda: "ready" not in children(path), "leaving begins")
        members[3].leave()
        assert all(each.get() is True for each in leaves)
        until(lambda: children(path) == [], "nothing is left")


def lease(path, a, b):
    def do(peer, home):
        assert peer.new("lease", home, 0, "me").obtain(60000) is True
        until(lambda: children(home) == ["lease_holder"], "the lock is released")
        return lambda: None
    same_shape(path + "/n", a, b, do,
               """/x/lease_holder '{"version": 1, "holder": "me", "end": "TIME"}' persistent""")
    path += "/l"
    one, two = a.new("lease", path, 0, "one"), b.new("lease", path, 0, "two")
    assert one.obtain(60000) is True and two.obtain(60000) is False
    assert one.obtain(2000) is True and two.obtain(60000) is False
    assert b.new("lease", path, 0, "one").obtain(2000) is True
    until(lambda: two.obtain(60000), "the lease runs out")
    assert one.obtain(60000) is False
    until(lambda: children(path) == ["lease_holder"], "the lock is released")


def multi_lease(path, a, b):
    holders = [peer.new("lease", path, 2, ident) for peer, ident in ((a, "one"), (b, "two"), (a, "three"), (b, "four"))]
    assert [each.obtain(60000) for each in holders] == [True, True, False, False]
    assert [each.obtain(60000) for each in holders] == [True, True, False, False]
    assert children(path) == ["0", "1"]


def election(path, a, b):
    def do(peer, home):
        recipe = peer.new("election", home, "me")
        leads = recipe.start("lead")
        until(recipe.leading, "alone he leads")

        def undo():
            recipe.resign()
            leads.get()
        return undo
    same_shape(path + "/n", a, b, do, "/x/UUID__lock__SEQ 'me' ephemeral")
    path += "/e"
    one, two = a.new("election", path, "one"), b.new("election", path, "two")
    first = one.start("lead")
    until(one.leading, "the first leads")
    second = two.start("lead")
    until(lambda: len(children(path)) == 2, "the second runs")
    assert one.contenders() == two.contenders() == ["one", "two"]
    assert two.leading() is False
    one.resign()
    first.get()
    until(two.leading, "the second leads")
    two.resign()
    second.get()


def partitioner(path, a, b):
    items = ["i%d" % i for i in range(7)]
    members = [peer.new("partitioner", path, ident, *items) for peer, ident in ((a, "m-1"), (b, "m-2"))]

    def shared():
        parts = [each.items() for each in members]
        return None not in parts and sorted(sum(parts, [])) == items and min(len(each) for each in parts) >= 1
    until(shared, "two share the items")
    assert [each.items() for each in members] == [items[0::2], items[1::2]], [each.items() for each in members]
    for side, ident in ((b, "m-3"), (a, "m-4")):
        members.append(CREW.make(side.kind).new("partitioner", path, ident, *items))
    until(shared, "four share the items")
    assert [each.items() for each in members] == [items[i::4] for i in range(4)], [each.items() for each in members]
    held = sum((["/locks/%s/UUID__lock__SEQ '' ephemeral world:anyone:31" % item] for item in items), [])
    lines = [line for line in shape(path) if "__lock__" in line]
    assert lines == held, lines
    assert sorted(line.split(" ")[0] for line in shape(path) if line.startswith("/party/")) == [
        "/party/UUID-m-%d" % i for i in range(1, 5)]
    members.pop().finish()
    until(shared, "three share the items")
    members.pop().peer.kill()
    until(shared, "the dead one's items are shared")
    for each in members:
        each.finish()


def default_identifiers(path, a, b):
    def do(kind, verb, *words):
        def one(peer, home):
            recipe = peer.new(kind, home, *words)
            getattr(recipe, verb)(*((60000,) if verb in ("acquire", "obtain") else ()))
            until(lambda: kind != "lease" or children(home) == ["lease_holder"], "the lock is released")
            return getattr(recipe, "release" if verb == "acquire" else "leave") if verb != "obtain" else lambda: None
        return one
    same_shape(path + "/l", a, b, do("lock", "acquire", "-"), "/x/UUID__lock__SEQ '' ephemeral")
    same_shape(path + "/s", a, b, do("semaphore", "acquire", "-", 1), "/x/UUID '' ephemeral")
    same_shape(path + "/p", a, b, do("party", "join", "-"), "/x/UUID__party__ '' ephemeral")
    same_shape(path + "/sp", a, b, do("shallow", "join", "-"), "/x/UUID- '' ephemeral")
    same_shape(path + "/d", a, b, do("dbarrier", "enter", 1, "-"), "/x/UUID 'HOST-PID' ephemeral", "/x/ready '' persistent")
    same_shape(path + "/e", a, b, do("lease", "obtain", 0, "-"), "/x/lease_holder")


def crowd(path, a, b):
    """Six processes, one number in a file. Twice as many rounds of one direction are not needed."""
    if a.kind != "kazoo":
        return
    peers = [a, b] + [CREW.make(kind) for kind in ("kazoo", "zobo") * 2]
    for kind, args in (("lock", ("c",)), ("wlock", ("c",)), ("semaphore", ("c", 1))):
        with tempfile.NamedTemporaryFile("w+") as file:
            file.write("0")
            file.flush()
            crowds = [peer.new(kind, path + "/" + kind, *args).start("crowd", file.name, 100) for peer in peers]
            assert all(each.get(2 * WAIT) == 100 for each in crowds)
            file.seek(0)
            assert file.read() == "600", file.read()


# --------------------------------------------------------------------------------------------------------------------

SCENARIOS = [lock_nodes, lock_is_handed_over, lock_waits_no_longer_than_told, lock_of_the_dead, readers_and_writers,
             partitioner, semaphore, semaphore_of_the_dead,
             election, counters, queue, locking_queue, barrier, double_barrier, parties, lease, multi_lease,
             default_identifiers, crowd]


def run(scenario, a, b):
    """Returns the scenario's name if it failed."""
    name = "%s (%s, %s)" % (scenario.__name__, a.kind, b.kind)
    if len(sys.argv) > 3 and sys.argv[3] not in name:
        return None
    begin = time.monotonic()
    try:
        scenario("/%s-%s" % (scenario.__name__, a.name.replace(" ", "")), a, b)
        print("interop: %s ok, %.1f s" % (name, time.monotonic() - begin), flush=True)
    except Exception:  # pylint: disable=broad-except
        print("interop: %s FAILED\n%s" % (name, traceback.format_exc()), flush=True)
        return name
    return None


def main():
    ZK.start(timeout=WAIT)
    kazoo, zobo = CREW.make("kazoo"), CREW.make("zobo")
    with concurrent.futures.ThreadPoolExecutor(4) as pool:  # most of the time sessions are waited for
        runs = [pool.submit(run, scenario, a, b) for scenario in SCENARIOS for a, b in ((kazoo, zobo), (zobo, kazoo))]
    failed = [each.result() for each in runs if each.result()]
    CREW.end()
    ZK.stop()
    sys.exit("interop: failed: %s" % ", ".join(failed) if failed else 0)


main()
