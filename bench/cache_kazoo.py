#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The load of bench-cache (cache.c) by kazoo's TreeCache: cache_kazoo.py HOSTS PATH. The nodes must be there."""
import sys
import threading
import time

from kazoo.client import KazooClient
from kazoo.recipe.cache import TreeCache, TreeEvent

HOSTS, PATH = sys.argv[1], sys.argv[2]

client = KazooClient(hosts=HOSTS, timeout=30)
client.start()
cache, loaded, nodes = TreeCache(client, PATH), threading.Event(), [0]


def heard(event):
    if event.event_type == TreeEvent.NODE_ADDED:
        nodes[0] += 1
    elif event.event_type == TreeEvent.INITIALIZED:
        loaded.set()


cache.listen(heard)
begin = time.perf_counter()
cache.start()
loaded.wait()
took = time.perf_counter() - begin
print("cache_nodes %d\ncache_load_ms %.1f\ncache_load_per_s %.0f" % (nodes[0], took * 1e3, nodes[0] / took))
cache.close()
client.stop()
