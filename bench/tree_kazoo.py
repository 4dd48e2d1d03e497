#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What zobo's du, find and rm -r do, as one writes it with kazoo: node after node, one request after another.

  tree_kazoo.py HOSTS PATH du|find|rm      prints how many seconds it took, and how many nodes it saw
"""
import sys
import time

from kazoo.client import KazooClient


def du(client, path):
    """(bytes, nodes) of a subtree."""
    children, stat = client.get_children(path, include_data=True)
    size, nodes = stat.dataLength, 1
    for child in sorted(children):
        below = du(client, f"{path}/{child}")
        size, nodes = size + below[0], nodes + below[1]
    return size, nodes


def find(client, path, name):
    """How many nodes there are, and how many have a name that ends so."""
    nodes, found = 1, path.endswith(name)
    for child in sorted(client.get_children(path)):
        below = find(client, f"{path}/{child}", name)
        nodes, found = nodes + below[0], found + below[1]
    return nodes, found


def main():
    hosts, path, work = sys.argv[1:4]
    client = KazooClient(hosts=hosts)
    client.start()
    began = time.monotonic()
    if work == "du":
        seen = du(client, path)[1]
    elif work == "find":
        seen = find(client, path, "7")[0]
    else:
        seen = 0
        client.delete(path, recursive=True)
    print(f"{time.monotonic() - began:.3f} {seen}")
    client.stop()


if __name__ == "__main__":
    main()
