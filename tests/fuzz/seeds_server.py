#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""seeds_server.py makes the seeds in corpus/words, corpus/stored and corpus/snapshot."""
import os
from struct import pack

HERE = os.path.dirname(os.path.abspath(__file__))

WORDS = ['conf', 'cons', 'crst', 'dirs', 'dump', 'envi', 'gtmk', 'hash', 'isro', 'mntr', 'ruok', 'srst', 'srvr', 'stat',
         'stmk', 'wchc', 'wchp', 'wchs']
COMMANDS = ['configuration', 'connections', 'stats', 'watches_by_path', 'monitor', 'voting_view', 'zabstate', 'no"such\\']


def write(corpus, name, data):
    folder = os.path.join(HERE, 'corpus', corpus)
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, name), 'wb') as f:
        f.write(data)


def text(s):
    return pack('>i', -1) if s is None else pack('>i', len(s.encode())) + s.encode()


def node(path, data='', acl=-1, created=0, owner=0):
    return text(path) + text(data) + pack('>qqqqqiiiqq', acl, 1, 1, 1000, 1000, 0, created, 0, owner, 1)


def snapshot(*nodes):
    return (pack('>iiq', 0x5a4b534e, 2, -1) + pack('>iqi', 1, 5, 9000) +
            pack('>iqii', 1, 1, 1, 31) + text('world') + text('anyone') + b''.join(nodes) + text('/'))


TREE = snapshot(node('', created=2), node('/zookeeper'), node('/zookeeper/quota'), node('/a', 'x', 1, 1),
                node('/a/e', None, 1, 0, 5), node('/a/dead', '', 1, 0, 6), node('/t', '', -1, 0, -(1 << 56) + 5),
                node('/zookeeper/quota/a'), node('/zookeeper/quota/a/zookeeper_limits', 'count=1,bytes=2'),
                node('/zookeeper/quota/a/zookeeper_stats', 'count=9,bytes=9'))
ACL = pack('>ii', 1, 31) + text('world') + text('anyone')


def txn(zxid, kind, body, session=5):
    return pack('>qiqqi', session, 1, zxid, 2000, kind) + body


def part(kind, body):
    return pack('>i', kind) + pack('>i', len(body)) + body


TXNS = {
    'create': [txn(1, 1, text('/b') + text('y') + ACL + b'\0' + pack('>i', 3))],
    'ephemeral': [txn(1, 1, text('/b') + text('y') + ACL + b'\1' + pack('>i', 3)), txn(2, -11, pack('>i', 1) + text('/b'))],
    'container': [txn(1, 19, text('/c') + text('') + ACL + pack('>i', 3)),
                  txn(2, 21, text('/d') + text('') + ACL + pack('>iq', 4, 1000)), txn(3, 20, text('/c'))],
    'set': [txn(1, 5, text('/a') + text('long' * 400) + pack('>i', 1)), txn(2, 7, text('/a') + ACL + pack('>i', 1))],
    'delete': [txn(1, 2, text('/a/e')), txn(2, 2, text('/gone')), txn(3, 2, text('/a'))],
    'multi': [txn(1, 14, pack('>i', 2) + part(1, text('/b') + text('y') + ACL + b'\0' + pack('>i', 3)) +
                  part(2, text('/b'))), txn(2, 14, pack('>i', 2) + part(-1, pack('>i', 0)) + part(-1, pack('>i', -101)))],
    'session': [txn(1, -10, pack('>i', 4000), 7), txn(2, -11, pack('>i', 0)), txn(3, -1, pack('>i', -101))],
}


def main():
    for w in WORDS:
        write('words', w, w.encode() + bytes(8 if w == 'stmk' else 0))
    for c in COMMANDS:
        write('words', 'command-' + c.strip('"\\').replace('"', ''), c.encode())
    write('words', 'handshake', pack('>iiqiq', 44, 0, 0, 9000, 0) + pack('>i', 16) + bytes(16))
    write('words', 'split', b'\2uokruok')
    for kind in range(4):
        for table in range(8):
            write('stored', '%d-%d' % (table, kind), bytes((table, kind, kind, 0, 68, 4)) + b'\xff\0\0\1')
    write('stored', 'two', bytes((0, 1, 0, 0, 72, 2)) + b'\x7f\xff' + bytes((7, 8, 1, 0, 0, 3)) + b'abc')
    write('snapshot', 'tree', pack('>H', len(TREE)) + TREE)
    write('snapshot', 'empty', pack('>H', len(snapshot())) + snapshot())
    for name, txns in TXNS.items():
        log = b''.join(pack('>H', len(t)) + t for t in txns)
        write('snapshot', name, pack('>H', len(TREE)) + TREE + log)


main()
