#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""capture.py writes down what Apache ZooKeeper and its clients say to each other: tests/data/golden/*.hex.

Needs Debian's zookeeper, a JDK and python3-kazoo; see the README beside it.
    tests/golden/capture.py [FILE...]      FILE: java, kazoo, raw, paths, sasl, reconfig (default: all)
"""
import os
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
TREE = os.path.dirname(os.path.dirname(HERE))
OUT = os.path.join(TREE, 'tests', 'data', 'golden')
SERVER = os.path.join(TREE, 'scripts', 'zk-server')

OPS = {1: 'CREATE', 2: 'DELETE', 3: 'EXISTS', 4: 'GET_DATA', 5: 'SET_DATA', 6: 'GET_ACL', 7: 'SET_ACL',
       8: 'GET_CHILDREN', 9: 'SYNC', 11: 'PING', 12: 'GET_CHILDREN2', 13: 'CHECK', 14: 'MULTI', 15: 'CREATE2',
       16: 'RECONFIG', 17: 'CHECK_WATCHES', 18: 'REMOVE_WATCHES', 19: 'CREATE_CONTAINER', 20: 'DELETE_CONTAINER',
       21: 'CREATE_TTL', 22: 'MULTI_READ', 100: 'AUTH', 101: 'SET_WATCHES', 102: 'SASL', 103: 'GET_EPHEMERALS',
       104: 'GET_ALL_CHILDREN_NUMBER', 105: 'SET_WATCHES2', 106: 'ADD_WATCH', 107: 'WHO_AM_I', -11: 'CLOSE_SESSION'}


def read_exactly(sock, n):
    data = b''
    while len(data) < n:
        part = sock.recv(n - len(data))
        if not part:
            return None
        data += part
    return data


def read_frame(sock):
    head = read_exactly(sock, 4)
    return head and read_exactly(sock, struct.unpack('>i', head)[0])


class Recorder:
    """A relay in front of a server that writes down each frame with its direction and the step it belongs to."""

    def __init__(self, server):
        host, port = server.rsplit(':', 1)
        self.server = (host, int(port))
        self.lines = []
        self.label = 'start'
        self.seen = threading.Condition()
        self.answered = set()
        self.pairs = []
        self.listener = socket.create_server(('127.0.0.1', 0))
        self.address = '127.0.0.1:%d' % self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            server = socket.create_connection(self.server)
            self.pairs.append((client, server))
            state = {'xids': {}}
            with self.seen:
                self.lines.append('= connection\n')
            threading.Thread(target=self.pump, args=(client, server, '>', state), daemon=True).start()
            threading.Thread(target=self.pump, args=(server, client, '<', state), daemon=True).start()

    def pump(self, source, target, direction, state):
        first = True
        try:
            while True:
                frame = read_frame(source)
                if frame is None:
                    break
                self.record(frame, direction, first, state)
                target.sendall(struct.pack('>i', len(frame)) + frame)
                first = False
        except OSError:
            pass
        for s in (source, target):
            try:
                s.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def record(self, frame, direction, first, state):
        with self.seen:
            if first:
                what = 'CONNECT'
            elif direction == '>':
                xid, op = struct.unpack('>ii', frame[:8])
                state['xids'].setdefault(xid, []).append(op)
                what = OPS.get(op, 'OP %d' % op)
            else:
                xid, _, err = struct.unpack('>iqi', frame[:16])
                if xid == -1:
                    what = 'EVENT'
                else:
                    op = state['xids'][xid].pop(0)
                    what = OPS.get(op, 'OP %d' % op)
                self.answered.add(what)
                if err:
                    what += ' error %d' % err
            text = frame.hex()
            self.lines.append('%s %s: %s\n' % (direction, self.label, what))
            self.lines += ['%s\n' % text[i:i + 96] for i in range(0, len(text), 96)] or ['\n']
            self.seen.notify_all()

    def step(self, label):
        """Begins a step, or carries out CUT (end the connections) or WAIT (for a reply to that operation)."""
        with self.seen:
            if label == 'CUT':
                for pair in self.pairs:
                    for s in pair:
                        try:
                            s.shutdown(socket.SHUT_RDWR)
                        except OSError:
                            pass
                self.pairs = []
                self.answered = set()
            elif label.startswith('WAIT '):
                if not self.seen.wait_for(lambda: label[5:] in self.answered, 20):
                    raise SystemExit('%s: no reply to %s' % (self.label, label[5:]))
            else:
                self.label = label
                self.answered = set()

    def write(self, name, title):
        self.listener.close()
        with self.seen, open(os.path.join(OUT, name + '.hex'), 'w') as f:
            f.write('# %s\n# Captured by tests/golden/capture.py. ">" is to the server, "<" from it; each frame is '
                    'without its length word.\n# "direction step: operation", then the bytes.\n' % title)
            f.writelines(self.lines)


class Server:
    """A real server for a while: `with Server(...) as address`."""

    def __init__(self, cfg='', jvm=''):
        self.cfg, self.jvm = cfg, jvm

    def __enter__(self):
        self.dir = tempfile.mkdtemp(prefix='zobo-golden-')
        env = dict(os.environ, ZK_CFG=self.cfg, ZK_HEAP='256m', ZK_OWNER=str(os.getpid()),
                   ZK_JVM='-XX:TieredStopAtLevel=1 ' + self.jvm)
        out = subprocess.run([SERVER, 'start', self.dir], env=env, check=True, stdout=subprocess.PIPE)
        return out.stdout.decode().split()[-1]

    def __exit__(self, *_):
        subprocess.run([SERVER, 'stop', self.dir], check=True, stdout=subprocess.DEVNULL)


def class_path():
    jars = ('zookeeper', 'slf4j-simple', 'servlet-api', 'jetty9-util-ajax', 'netty-codec', 'netty-resolver',
            'netty-transport-native-unix-common')
    return ':'.join('/usr/share/java/%s.jar' % jar for jar in jars)


def java_command(*args):
    return ['java', '-XX:TieredStopAtLevel=1', '-Dorg.slf4j.simpleLogger.defaultLogLevel=error', *args[1:], '-cp',
            class_path(), os.path.join(HERE, 'Capture.java'), *args[0]]


def free_ports(n):
    sockets = [socket.create_server(('127.0.0.1', 0)) for _ in range(n)]
    ports = [s.getsockname()[1] for s in sockets]
    for s in sockets:
        s.close()
    return ports


class DynamicEnsemble:
    """Three servers that may be reconfigured: their client ports stand in the members' lines, else the first
    reconfiguration takes them away. `with DynamicEnsemble() as hosts`."""

    def __enter__(self):
        self.dir = tempfile.mkdtemp(prefix='zobo-golden-')
        self.processes = []
        ports = free_ports(9)
        members = ''.join('server.%d=127.0.0.1:%d:%d;127.0.0.1:%d\n' % (i + 1, ports[i], ports[3 + i], ports[6 + i])
                          for i in range(3))
        for i in range(3):
            home = os.path.join(self.dir, str(i + 1))
            os.makedirs(home + '/data')
            with open(home + '/data/myid', 'w') as f:
                f.write('%d\n' % (i + 1))
            with open(home + '/members', 'w') as f:
                f.write(members)
            with open(home + '/zoo.cfg', 'w') as f:
                f.write('tickTime=2000\ninitLimit=10\nsyncLimit=5\ndataDir=%s/data\nreconfigEnabled=true\nskipACL=yes\n'
                        '4lw.commands.whitelist=*\nadmin.enableServer=false\ndynamicConfigFile=%s/members\n' % (home, home))
            with open(home + '/log', 'w') as log:
                self.processes.append(subprocess.Popen(
                    ['java', '-Xmx256m', '-XX:TieredStopAtLevel=1', '-cp', class_path(),
                     'org.apache.zookeeper.server.quorum.QuorumPeerMain', home + '/zoo.cfg'], stdout=log, stderr=log))
        modes = [self.mode(port) for port in ports[6:]]
        leader = modes.index('leader')
        return '127.0.0.1:%d' % ports[6 + leader], str(1 + modes.index('follower'))

    def mode(self, port):
        """The mode of a server, once it has one."""
        for _ in range(300):
            try:
                with socket.create_connection(('127.0.0.1', port), 5) as s:
                    s.sendall(b'srvr')
                    for line in s.makefile().readlines():
                        if line.startswith('Mode: '):
                            return line.split()[1]
            except OSError:
                pass
            time.sleep(0.1)
        raise SystemExit('no ensemble: see %s/*/log' % self.dir)

    def __exit__(self, *_):
        for process in self.processes:
            process.kill()
            process.wait()
        shutil.rmtree(self.dir)


def run_java(recorder, mode, jvm=(), args=()):
    process = subprocess.Popen(java_command([mode, recorder.address, *args], *jvm), stdin=subprocess.PIPE,
                               stdout=subprocess.PIPE, text=True)
    for line in process.stdout:
        recorder.step(line.strip())
        process.stdin.write('\n')
        process.stdin.flush()
    if process.wait() != 0:
        raise SystemExit('Capture.java %s failed at "%s"' % (mode, recorder.label))


def capture_java():
    with Server() as hosts:
        recorder = Recorder(hosts)
        run_java(recorder, 'all')
        recorder.write('java', "ZooKeeper's Java client 3.8.0 and a standalone server 3.8.0")


def capture_sasl():
    with tempfile.NamedTemporaryFile('w', suffix='.jaas') as jaas:
        jaas.write('Server { org.apache.zookeeper.server.auth.DigestLoginModule required user_bob="bobsecret"; };\n'
                   'Client { org.apache.zookeeper.server.auth.DigestLoginModule required username="bob" '
                   'password="bobsecret"; };\n')
        jaas.flush()
        option = '-Djava.security.auth.login.config=' + jaas.name
        provider = '-Dzookeeper.authProvider.1=org.apache.zookeeper.server.auth.SASLAuthenticationProvider'
        with Server(jvm=option + ' ' + provider) as hosts:
            recorder = Recorder(hosts)
            run_java(recorder, 'sasl', [option])
            recorder.write('sasl', "A DIGEST-MD5 login by ZooKeeper's Java client 3.8.0")


def capture_reconfig():
    with DynamicEnsemble() as (leader, follower):  # connections to a leader that leaves would end
        recorder = Recorder(leader)
        run_java(recorder, 'reconfig', args=[follower])
        recorder.write('reconfig', "Reconfigurations of an ensemble 3.8.0 by ZooKeeper's Java client")


def capture_kazoo():
    from kazoo.client import KazooClient
    from kazoo.security import make_digest_acl

    with Server() as hosts:
        recorder = Recorder(hosts)
        step = recorder.step
        step('connect')
        zk = KazooClient(hosts=recorder.address, timeout=20, auth_data=[('digest', 'user:password')], read_only=True)
        zk.start()
        step('ensure-path')
        zk.ensure_path('/k/a')
        step('create')
        zk.create('/k/x', b'data')
        step('create-ephemeral-sequential')
        zk.create('/k/lock-', b'', ephemeral=True, sequence=True)
        step('create2')
        zk.create('/k/y', b'data', include_data=True)
        step('create-acl')
        zk.create('/k/acl', b'', acl=[make_digest_acl('user', 'password', read=True, write=True, admin=True)])
        step('exists')
        zk.exists('/k/x')
        zk.exists('/k/none')
        step('get')
        zk.get('/k/x', watch=lambda event: None)
        step('set')
        zk.set('/k/x', b'more', version=0)
        step('get-children')
        zk.get_children('/k')
        zk.get_children('/k', include_data=True)
        step('acls')
        zk.get_acls('/k/acl')
        zk.set_acls('/k/x', [make_digest_acl('user', 'password', all=True)])
        step('sync')
        zk.sync('/k')
        step('delete')
        zk.delete('/k/y', version=0)
        step('multi')
        tx = zk.transaction()
        tx.check('/k', 0)
        tx.create('/k/t', b't')
        tx.set_data('/k/t', b'tt')
        tx.delete('/k/t')
        tx.commit()
        step('multi-failure')
        tx = zk.transaction()
        tx.create('/k/t', b't')
        tx.delete('/k/none')
        tx.create('/k/u', b't')
        tx.commit()
        step('stop')
        zk.stop()
        zk.close()
        recorder.write('kazoo', 'kazoo 2.8.0 and a standalone server 3.8.0')


# --- frames made by hand, and how the real server answers them ---

def text(s):
    data = s if isinstance(s, bytes) else s.encode()
    return struct.pack('>i', len(data)) + data


def vector(*items):
    return struct.pack('>i', len(items)) + b''.join(items)


OPEN = vector(struct.pack('>i', 31) + text('world') + text('anyone'))
END = struct.pack('>ibi', -1, 1, -1)


def one(op, body):
    return struct.pack('>ibi', op, 0, -1) + body


class Raw:
    def __init__(self, recorder, label, read_only=b'\0', session=0, password=b'\0' * 16, last_zxid=0):
        host, port = recorder.address.rsplit(':', 1)
        recorder.step(label)
        self.recorder = recorder
        self.sock = socket.create_connection((host, int(port)), 20)
        self.xid = 0
        self.send(struct.pack('>iqiqi', 0, last_zxid, 20000, session, len(password)) + password + read_only)
        self.welcome = read_frame(self.sock)

    def send(self, frame):
        self.sock.sendall(struct.pack('>i', len(frame)) + frame)

    def ask(self, label, op, body=b'', xid=None):
        """Sends a request and reads up to its reply, or the end."""
        self.recorder.step(label)
        self.xid += 1
        xid = self.xid if xid is None else xid
        self.send(struct.pack('>ii', xid, op) + body)
        while True:
            frame = read_frame(self.sock)
            if frame is None or struct.unpack('>i', frame[:4])[0] == xid:
                return frame


def create(path, data=b'd', acl=OPEN, flags=0):
    return text(path) + text(data) + acl + struct.pack('>i', flags)


def capture_raw():
    with Server(cfg='enforceQuota=true') as hosts:
        recorder = Recorder(hosts)
        Raw(recorder, 'connect-44', read_only=b'').ask('close-44', -11)
        Raw(recorder, 'connect-bad-password', session=0x12345678)
        Raw(recorder, 'connect-44-bad-password', session=0x12345678, read_only=b'')
        zk = Raw(recorder, 'connect-read-only', read_only=b'\1')
        session, password = struct.unpack('>q', zk.welcome[8:16])[0], zk.welcome[20:36]
        zk.ask('create', 1, create('/r'))
        zk.ask('create-bad-flags', 1, create('/r/x', flags=99))
        zk.ask('create-null-acl', 1, create('/r/x', acl=struct.pack('>i', -1)))
        zk.ask('create2-ephemeral', 15, create('/r/e', flags=1))
        zk.ask('check-watches-none', 17, text('/r') + struct.pack('>i', 3))
        zk.ask('get-watch', 4, text('/r') + b'\1')
        zk.ask('get-children-watch', 12, text('/r') + b'\1')
        for kind in (1, 2, 3):
            zk.ask('check-watches', 17, text('/r') + struct.pack('>i', kind))
        zk.ask('remove-watches', 18, text('/r') + struct.pack('>i', 3))
        zk.ask('remove-watches-none', 18, text('/r') + struct.pack('>i', 1))
        zk.ask('add-watch', 106, text('/r') + struct.pack('>i', 0))
        zk.ask('add-watch-bad-mode', 106, text('/r') + struct.pack('>i', 7))
        zk.ask('multi-create2', 14,
               one(15, create('/r/m')) + one(19, create('/r/c', flags=4)) +
               one(21, create('/r/t', flags=5) + struct.pack('>q', 60000)) + one(13, text('/r') + b'\xff' * 4) + END)
        zk.ask('multi-bad-path', 14, one(1, create('/r/m2')) + one(1, create('/r/..')) + one(2, text('/r/m') + b'\xff' * 4)
               + END)
        zk.ask('multi-unknown-op', 14, one(77, b'') + END)
        zk.ask('multi-empty', 14, END)
        zk.ask('multi-garbage', 14, b'\0\0')
        zk.ask('multi-read-of-nothing', 22, END)
        zk.ask('create-child-event', 1, create('/r/child'))
        zk.ask('delete-container', 20, text('/r/c'))
        zk.ask('garbled', 4, b'\0\0\0\x10/r')
        zk.ask('sync-empty', 9, text(''))
        zk.ask('set-watches-all-branches', 101,
               struct.pack('>q', 0) + vector(text('/r'), text('/none')) + vector(text('/r'), text('/none')) +
               vector(text('/r'), text('/none')), xid=-8)
        zk.ask('set-watches2', 105,
               struct.pack('>q', 0x7fffffff) + vector(text('/r')) + vector() + vector(text('/r')) + vector(text('/r/p')) +
               vector(text('/r/q'), text('/r/s')), xid=-8)
        quota = '/zookeeper/quota/q'
        zk.ask('quota', 1, create('/q'))
        zk.ask('quota', 1, create(quota))
        zk.ask('quota', 1, create(quota + '/zookeeper_limits', b'count=1,bytes=-1=;byteHardLimit=-1;countHardLimit=1'))
        zk.ask('quota', 1, create(quota + '/zookeeper_stats', b'count=1,bytes=1'))
        zk.ask('quota-exceeded', 1, create('/q/x'))
        zk.ask('ping', 11, xid=-2)
        again = Raw(recorder, 'connect-again', session=session, password=password)
        again.ask('get-ephemerals', 103, text('/r'))
        again.ask('unknown-op', 88)
        other = Raw(recorder, 'connect-ahead', last_zxid=0x7fffffffffff)
        assert other.welcome is None
        recorder.write('raw', 'Frames made by hand and what a standalone server 3.8.0 answers them')


# --- paths ---

def path_cases():
    """Structured paths, characters at the ends of the ranges, and bytes that are no UTF-8."""
    paths = [b'', b'/', b'//', b'a', b'a/b', b'/a', b'/a/', b'/a//', b'/a//b', b'//a', b'/.', b'/..', b'/...', b'/./a', b'/a/.',
             b'/a/./b', b'/a/../b', b'/a/..', b'/a/../', b'/.a', b'/a.', b'/..a', b'/a..', b'/a/.../b', b'/ ', b'/a b', b'/~',
             b'/a/b/c/d/e', b'/-', b'/a/./', b'/./', b'/a/b//']
    for lead in (0x1, 0x1f, 0x20, 0x7e, 0x7f, 0x80, 0x9f, 0xa0, 0x7ff, 0x800, 0xd7ff, 0xe000, 0xf8ff, 0xf900, 0xffef,
                 0xfff0, 0xfffd, 0xffff, 0x10000, 0x1f600, 0x10ffff):
        paths.append(b'/p' + chr(lead).encode('utf-8', 'surrogatepass') + b'q')
    for raw in ('80', 'bf', 'c3', 'c0af', 'c1bf', 'c2', 'e282', 'e2', 'e2c280', 'e080af', 'e09fbf', 'eda080', 'edbfbf', 'f09f98',
                'f09f', 'f0', 'f08fbfbf', 'f4908080', 'f5808080', 'ff', 'fe', 'c328', 'e28228', 'f0908028'):
        paths.append(b'/p' + bytes.fromhex(raw))
        paths.append(b'/p' + bytes.fromhex(raw) + b'q')
    return paths


def capture_paths():
    lines = ''.join('%s %d\n' % (path.hex(), sequential) for path in path_cases() for sequential in (0, 1))
    verdicts = subprocess.run(java_command(['paths']), input=lines, text=True, stdout=subprocess.PIPE, check=True).stdout
    with open(os.path.join(OUT, 'paths.txt'), 'w') as f:
        f.write("# What PathUtils.validatePath of ZooKeeper 3.8.0 says. Captured by tests/golden/capture.py.\n"
                '# "refused FROM TO": code points that may not stand in a path\n'
                '# "good|bad SEQUENTIAL PATH": a path, the bytes in hex\n')
        f.write(verdicts)
    with Server() as hosts:
        recorder = Recorder(hosts)
        zk = Raw(recorder, 'connect')
        for path in path_cases():
            # The server looks for the parent first: only paths right below the root tell what it thinks of them.
            if path.rfind(b'/') == 0:
                zk.ask('path', 1, create(path))
                zk.ask('path', 1, create(path, flags=2))
        zk.ask('close', -11)
        recorder.write('paths', 'Creations of paths good and bad on a standalone server 3.8.0')


def main():
    os.makedirs(OUT, exist_ok=True)
    if shutil.which('java') is None:
        raise SystemExit('capture: there is no java here')
    for name in sys.argv[1:] or ['java', 'kazoo', 'raw', 'paths', 'sasl', 'reconfig']:
        globals()['capture_' + name]()
        print('captured', name)


main()
