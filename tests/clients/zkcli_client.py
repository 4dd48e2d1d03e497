#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Java's zkCli against the server at HOST:PORT: zkcli_client.py HOST:PORT."""
import glob
import sys

from talk import Talk

JARS = ["zookeeper", "slf4j-simple", "commons-cli", "netty-handler", "netty-transport", "netty-common", "netty-buffer",
        "netty-codec", "netty-resolver", "netty-transport-native-unix-common"]


def cli():
    path = ":".join(jar for name in JARS for jar in glob.glob("/usr/share/java/%s.jar" % name))
    talk = Talk(["java", "-XX:TieredStopAtLevel=1", "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn", "-cp", path,
                 "org.apache.zookeeper.ZooKeeperMain", "-server", sys.argv[1], "-timeout", "10000"],
                {"JLINE_DISABLED": "1"})
    talk.wait("state:SyncConnected type:None")
    return talk


def nodes(t):
    t.ask("create /j one", "Created /j")
    t.ask("create /j one", "Node already exists: /j")
    t.ask("get -s /j", "^one$", "dataVersion = 0", "ephemeralOwner = 0x0", "dataLength = 3")
    t.ask("set -v 0 /j two")
    t.ask("set -v 0 /j three", "version No is not valid : /j")
    t.ask("set -s /j three", "dataVersion = 2")
    t.ask("create -s /j/q- x", "Created /j/q-0000000000")
    t.ask("create -s /j/q- y", "Created /j/q-0000000001")
    t.ask("create -s -e /j/q- y", "Created /j/q-0000000002")
    t.ask("create -e /j/e z", "Created /j/e")
    t.ask("create /j/e/c z", "Ephemerals cannot have children: /j/e/c")
    t.ask("create -c /jc", "Created /jc")
    t.ask("create /jc/x", "Created /jc/x")
    t.ask("create -t 100000 /jt ttl", "Created /jt")
    t.ask("create -s -t 100000 /jt- ttl", r"Created /jt-\d{10}")
    t.ask("stat /jt", "ephemeralOwner = 0x0")
    t.ask("ls /j", r"\[e, q-0000000000, q-0000000001, q-0000000002\]")
    t.ask("ls -s /j", "cversion = 4", "numChildren = 4")
    t.ask("ls -R /j", "^/j$", "^/j/e$", "^/j/q-0000000002$")
    t.ask("getAllChildrenNumber /j", "^4$")
    t.ask("getEphemerals /j", r"\[/j/[eq0-9-]+, /j/[eq0-9-]+\]")
    t.ask("sync /j", "Sync is OK")
    t.ask("get /none", "Node does not exist: /none")
    t.ask("delete /j", "Node not empty: /j")
    t.ask("delete -v 7 /j/q-0000000000", "version No is not valid : /j/q-0000000000")
    t.ask("delete /zookeeper", "Arguments are not valid : /zookeeper")
    t.ask("deleteall /jc")
    t.ask("ls /jc", "Node does not exist: /jc")
    t.ask("config")
    t.ask("reconfig -remove 3", "[Rr]econfig is disabled")


def watches(t, other):
    t.ask("create /w", "Created /w")
    t.ask("get -w /w")
    t.ask("ls -w /w")
    t.ask("sync /w", "Sync is OK")
    other.ask("set /w news")
    t.wait("type:NodeDataChanged path:/w")
    other.ask("create /w/c", "Created /w/c")
    t.wait("type:NodeChildrenChanged path:/w")
    t.ask("stat -w /w", "numChildren = 1")
    t.ask("removewatches /w -d", "DataWatchRemoved path:/w")
    t.ask("addWatch -m PERSISTENT_RECURSIVE /w")
    t.ask("sync /w", "Sync is OK")
    other.ask("create /w/c/d", "Created /w/c/d")
    t.wait("type:NodeCreated path:/w/c/d")
    other.ask("deleteall /w")
    t.wait("type:NodeDeleted path:/w/c/d")
    t.wait("type:NodeDeleted path:/w/c")
    t.wait("type:NodeDeleted path:/w")
    t.ask("removewatches /w", "PersistentWatchRemoved path:/w")
    t.ask("addWatch -m PERSISTENT /v")
    t.ask("sync /v", "Sync is OK")
    other.ask("create /v", "Created /v")
    t.wait("type:NodeCreated path:/v")
    other.ask("create /v/c", "Created /v/c")
    t.wait("type:NodeChildrenChanged path:/v")


def acls(t, other):
    t.ask("addauth digest ann:pw")
    t.ask("whoami", "digest: ann")
    t.ask("create /acl secret auth::cdrwa", "Created /acl")
    t.ask("getAcl /acl", "'digest,'ann:", ": cdrwa")
    other.ask("get /acl", "Insufficient permission : /acl|NoAuth for /acl")
    other.ask("addauth digest ann:pw")
    other.ask("get /acl", "^secret$")
    t.ask("setAcl -s /acl ip:127.0.0.1:r,world:anyone:c", "aclVersion = 1")
    t.ask("getAcl -s /acl", "'ip,'127.0.0.1", ": r", "'world,'anyone", ": c", "aclVersion = 1")
    t.ask("set /acl x", "Insufficient permission : /acl|NoAuth for /acl")
    t.ask("setAcl /j nosuch:x:r", "InvalidACL|Acl is not valid : /j")


def quotas(t):
    t.ask("create /quota", "Created /quota")
    t.ask("setquota -n 2 /quota")
    t.ask("setquota -b 100 /quota")
    t.ask("listquota /quota", "Output quota for /quota count=2,bytes=100", "Output stat for /quota count=1,bytes=0")
    t.ask("create /quota/a 12345", "Created /quota/a")
    t.ask("create /quota/b 12345", "Created /quota/b") # beyond, which a soft quota allows
    t.ask("listquota /quota", "Output stat for /quota count=3,bytes=10")
    t.ask("setquota -n 5 /quota/a", "/quota has a parent|has a parent")
    t.ask("delquota /quota")
    t.ask("listquota /quota", "does not exist")


def main():
    t, other = cli(), cli()
    nodes(t)
    watches(t, other)
    acls(t, other)
    quotas(t)
    other.ask("stat -w /j/e", "ephemeralOwner = 0x[1-9a-f]")
    t.end("quit")
    other.wait("type:NodeDeleted path:/j/e")
    other.end("quit")
    print("zkcli: all ok")


main()
