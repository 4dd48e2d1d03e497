#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Apache's C client, cli_mt of Debian's zookeeper-bin, against the server at HOST:PORT: cli_mt_client.py HOST:PORT."""
import os
import sys
import tempfile

from talk import Talk

HOSTS = sys.argv[1]


def cli(*options):
    talk = Talk(["/usr/lib/zookeeper/bin/cli_mt", "-h", HOSTS, *options])
    talk.wait("CONNECTED_STATE")
    return talk


def nodes(t):
    t.ask("create /cm", r"\[/cm\]: rc = 0", "name = /cm")
    t.ask("create /cm", r"rc = -110")
    t.ask("create +s /cm/q-", "name = /cm/q-0000000000")
    t.ask("create +s /cm/q-", "name = /cm/q-0000000001")
    t.ask("create +es /cm/q-", "name = /cm/q-0000000002")
    t.ask("create +e /cm/e", "name = /cm/e")
    t.ask("create /cm/e/c", "rc = -108")
    t.ask("create +c /cc", "name = /cc")
    t.ask("create +t=100000 /ct", "name = /ct")
    t.ask("create2 /cm2", r"\[/cm2\]: rc = 0", "name = /cm2", "version=0")
    t.ask("set /cm hello", r"/cm: rc = 0", "version=1")
    t.ask("get /cm", "value_len = 5", "hello", "version=1")
    t.ask("ls /cm", r"/cm: rc = 0", "q-0000000001")
    t.ask("ls2 /cm", r"/cm: rc = 0", "version=1")
    t.ask("ls /nope", "rc = -101")
    t.ask("sync /cm", r"rc = 0")
    t.ask("get /zookeeper/config", r"/zookeeper/config: rc = 0")
    t.ask("delete /cm", "rc = -111")
    t.ask("delete /cm2", "rc = 0")
    t.ask("delete /nope", "rc = -101")


def watch(t, path):
    """wexists of a node that is there says nothing: it has come when what was asked behind it has."""
    t.ask("wexists " + path)
    t.ask("sync " + path, "rc = 0")


def watches(t, other):
    """wexists watches a node once; the other client's changes are told."""
    t.ask("wexists /cw", "Error -101")
    other.ask("create /cw", "name = /cw")
    t.wait("CREATED_EVENT")
    watch(t, "/cw")
    other.ask("set /cw news", "version=1")
    t.wait("CHANGED_EVENT")
    watch(t, "/cw")
    other.ask("delete /cw", "rc = 0")
    t.wait("DELETED_EVENT")


def sessions(other):
    """A session's id and password stand in the file of -m. Its client is killed, and another takes the session up."""
    with tempfile.TemporaryDirectory() as room:
        name = os.path.join(room, "id")
        first = cli("-m", name)
        first.wait("new session id: 0x")
        first.ask("create +e /held", "name = /held")
        first.process.kill()
        second = cli("-m", name)
        owner = second.ask("myid", "session Id = ([0-9a-f]+)").group(1)
        # (the C client prints no whole owner for ids of more than 32 bits in ls2, but a session that is over could not
        # have been taken up: a new one would not own the node)
        watch(other, "/held")
        second.ask("set /held still", "version=1")
        other.wait("CHANGED_EVENT")
        watch(other, "/held")
        second.end("quit")
        other.wait("DELETED_EVENT")
        print("cli_mt: session %s taken up" % owner)


def main():
    t, other = cli(), cli()
    nodes(t)
    watches(t, other)
    sessions(other)
    t.ask("addauth digest u:p")
    t.ask("get /cc", r"/cc: rc = 0")
    t.end("quit")
    other.ask("get /cm/e", "rc = -101")
    other.end("quit")
    print("cli_mt: all ok")


main()
