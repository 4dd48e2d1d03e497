#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""seeds_export.py makes the seeds in corpus/export: exports of zobo's and of other tools', whole and damaged. That of
zstd comes from the program of that name."""
import gzip
import os
import subprocess

HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'corpus', 'export')
ACL = '"acl":[{"scheme":"world","id":"anyone","perms":"cdrwa"}]'
HEADER = '{"format":"zobo-export","version":1,"root":"/app","zobo":"1.0.0","time":"2026-11-22T18:40:23.100Z","zxid":"0x1"}'
END = '{"end":true,"nodes":3,"bytes":4,"left_out":0,"unreadable":0,"changed":0,"zxid":"0x1f"}'
NODES = [
    '{"path":"/","data":null,"encoding":"utf8",%s,"type":"persistent","children":3}' % ACL,
    '{"path":"/a","data":"AP8B","encoding":"base64","acl":null,"type":"ephemeral"}',
    '{"path":"/a/b","data":"a\\u0000\\n\\u00e9","encoding":"utf8",%s,"type":"ttl","ttl":1000}' % ACL,
    '{"path":"/a-b","data":"","acl":[{"scheme":"digest","id":"joe:x=","perms":"-"}],"type":"container"}',
]
ZK_SHELL = '{"/z": {"content": "aGk=", "acls": [{"perms": 31, "id": {"scheme": "world", "id": "anyone"}}]}, ' \
           '"/z/k/l": {"content": null, "acls": []}, "/z/t": {"content": "not base64!"}}'
ZOOCREEPER = '{"/": {"ephemeralOwner": 0, "data": null, "acls": []}, "/c": {"ephemeralOwner": 9, "data": "aGk=", ' \
             '"acls": [{"id": "anyone", "scheme": "world", "perms": 1}]}}'
NAVIGATOR = '[{"h": {"path": "/n", "data": "aGk=", "acl": [{"scheme": "world", "id": "anyone", "permissions": ' \
            '["read", "admin"]}]}, "t": [{"h": {"path": "/n/m", "data": "", "acl": []}, "t": []}]}]'


def lines(*all_lines):
    return ('\n'.join(all_lines) + '\n').encode()


ours = lines(HEADER, *NODES, END)
seeds = {
    'ours': ours,
    'unsorted': lines(HEADER, *reversed(NODES), END),
    'gaps': lines(HEADER, NODES[2], END),
    'twice': lines(HEADER, NODES[1], NODES[2], NODES[1], END),
    'cut': ours[:-20],
    'no-end': lines(HEADER, *NODES),
    'gzip': gzip.compress(ours, mtime=0),
    'gzip-two': gzip.compress(ours[:100], mtime=0) + gzip.compress(ours[100:], mtime=0),
    'gzip-cut': gzip.compress(ours, mtime=0)[:-9],
    'zstd': subprocess.run(['zstd', '-cq'], input=ours, stdout=subprocess.PIPE, check=True).stdout,
    'zk-shell': ZK_SHELL.encode(),
    'zoocreeper': ZOOCREEPER.encode(),
    'zoonavigator': NAVIGATOR.encode(),
}
os.makedirs(HERE, exist_ok=True)
for name, data in seeds.items():
    with open(os.path.join(HERE, name), 'wb') as f:
        f.write(data)
