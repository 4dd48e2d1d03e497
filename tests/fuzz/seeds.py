#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""seeds.py makes the seeds in corpus/frame, corpus/record, corpus/hosts, corpus/engine_feed and corpus/exec, the first
two from the golden frames."""
import os
import struct

HERE = os.path.dirname(os.path.abspath(__file__))
GOLDEN = os.path.join(os.path.dirname(HERE), 'data', 'golden')

HOSTS = ['127.0.0.1:2181', 'zk1,zk2:2182,zk3:2183/app/x', '[::1]:2181,[fe80::1%eth0]', 'unix:/run/zk.sock:/app',
         ' A.example.com , unix:/s ,b:65535//c//', 'a:0', 'a,,b', 'user@h', 'h/../x', '[::1', '/', '/a/b', '/a//b', '/a/./b',
         '/gr\u00fc\u00df/\u20ac', '/\u007f', '/\ue000', '/\uffff', '/\U0001f600', '/a/']

# Steps of engine_feed_fuzz.c: both connections get a session first.
SHAKE = [5 + 12 * 3, 5 + 12 * 11, 6]
PATH = [0, 0, 0, 2, 47, 97]  # "/a"
ENGINE = {
    'create-get-set-delete': SHAKE + [11, 0, 0, 11, 0, 15, 11, 0, 1, 11, 0, 2, 6],
    'watches': SHAKE + [11, 0, 0, 6, 143, 0, 15, 143, 0, 11, 11, 0, 1, 7, 11, 0, 2, 7, 6],
    'add-watch': SHAKE + [3, 27, 1, 4, 0, 0, 0, 1, 11, 0, 0, 11, 1, 0, 6, 3, 16, 1, 4, 0, 0, 0, 3],
    'set-watches': SHAKE + [2, 22, 26] + [0] * 8 + [0, 0, 0, 1] + PATH + [0, 0, 0, 0, 0, 0, 0, 0, 6],
    'come-back': SHAKE + [11, 2, 4, 6, 225, 129, 101, 6, 8, 255, 8, 255, 6],
    'auth': SHAKE + [2, 21, 20, 0, 0, 0, 0, 0, 0, 0, 6] + list(b'digest') + [0, 0, 0, 2, 97, 58, 2, 28, 0, 6],
    'multi': SHAKE + [2, 12, 30, 0, 0, 0, 13, 0, 255, 255, 255, 255] + PATH + [255] * 4 + [255] * 4 + [1] + [255] * 4 +
             [6],
    'close': SHAKE + [11, 2, 4, 2, 30, 0, 11, 0, 0, 6],
    'unknown': SHAKE + [2, 32, 0, 11, 0, 0, 6],
    'deaf': SHAKE + [94] + [11, 0, 0, 6] + [11, 0, 15] * 40 + [10, 6],
    'bytes': [0, 10, 0, 0, 0, 44, 0, 0, 0, 0, 0, 0, 0, 200] + [0] * 60 + [6],
    'word': [0, 4, 114, 117, 111, 107],
}


def frames(name):
    """Yields (direction, step, operation, bytes, is the first in its direction of a connection)."""
    current, first = None, {}
    with open(os.path.join(GOLDEN, name + '.hex')) as f:
        for line in list(f) + ['=']:
            if line[0] in '<>=':
                if current:
                    yield current[0], current[1], current[2], bytes.fromhex(current[3]), current[4]
                current = None
                if line[0] == '=':
                    first = {'<': True, '>': True}
                else:
                    step, what = line[2:].strip().split(': ')
                    current = [line[0], step, what, '', first[line[0]]]
                    first[line[0]] = False
            elif current:
                current[3] += line.strip()


def write(corpus, name, data):
    folder = os.path.join(HERE, 'corpus', corpus)
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, name), 'wb') as f:
        f.write(data)


def number(v):
    return struct.pack('>i', v)


def string(v):
    return number(-1) if v is None else number(len(v)) + v.encode()


def header(op, done=0):
    return number(op) + bytes([done]) + number(-1)


def create(path, data='', flags=0):
    return string(path) + string(data) + number(1) + number(31) + string('world') + string('anyone') + number(flags)


def requests():
    """Yields rows of requests for exec_fuzz.c: (index in its table, body)."""
    end = header(-1, 1)
    quota = '/zookeeper/quota/a'
    yield 'nodes', [(0, create('/a', 'x')), (1, create('/a/n', None, 3)), (2, create('/c', '', 4)),
                    (3, create('/t', '', 5) + bytes(7) + b'\x64'), (5, string('/a') + string('y') + number(0)),
                    (6, string('/a') + create('', '')[8:-4] + number(-1)), (4, string('/c') + number(-1)),
                    (10, string('/a') + b'\1'), (12, string('/') + b'\0'), (13, string('/a')), (17, string('/')),
                    (18, string('/a')), (9, b'')]
    yield 'multi', [(7, header(1) + create('/a') + header(1) + create('/a/b', '', 1) + header(13) + string('/a') +
                     number(0) + header(5) + string('/a') + string('z') + number(0) + end),
                    (7, header(1) + create('/x') + header(2) + string('/a/b') + number(0) + header(13) +
                     string('/none') + number(0) + end),
                    (16, header(4) + string('/a') + b'\0' + header(8) + string('/none') + b'\0' + end)]
    yield 'quota', [(0, create('/a', 'x')), (0, create(quota)),
                    (0, create(quota + '/zookeeper_limits', 'count=2,bytes=9=;byteHardLimit=4;countHardLimit=3')),
                    (0, create(quota + '/zookeeper_stats', 'count=0,bytes=0')), (0, create('/a/b', 'xy')),
                    (0, create('/a/c', 'xyz')), (7, header(2) + string('/a/b') + number(0) + header(2) +
                     string(quota + '/zookeeper_limits') + number(0) + header(13) + string('/no') + number(0) + end)]


def main():
    seen = set()
    for name, row in requests():
        write('exec', name, b''.join(bytes([op]) + struct.pack('>H', len(body)) + body for op, body in row))
    for name in ('java', 'kazoo', 'raw', 'sasl', 'reconfig'):
        for direction, step, what, data, first in frames(name):
            kind = what.split()[0].lower()
            seed = '%s-%s' % (step, kind.replace('_', '-'))
            if direction == '<':
                size = (kind, len(data))
                if size not in seen:
                    write('frame', '%s-%s' % (name, seed), data)
                body = data if first else data[16:]
            else:
                size = ('>' + kind, len(data))
                body = data if first else data[8:]
            if size not in seen and body:
                write('record', '%s-%s-%s' % (name, 'reply' if direction == '<' else 'request', seed), body)
            seen.add(size)
    for name, steps in ENGINE.items():
        write('engine_feed', name, bytes(steps))
    for i, text in enumerate(HOSTS):
        write('hosts', '%02d' % i, text.encode())


main()
