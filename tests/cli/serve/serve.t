A server of one's own: it says when it serves, keeps the data, ends in good order.

  $ export XDG_STATE_HOME=$PWD/state
  $ exec 3< <(exec zobo serve -l 127.0.0.1:0 2>log); pid=$!
  > next_line 3 | sed 's/:[0-9]* /:PORT /'
  serving 127.0.0.1:PORT from WORK/serve/state/zobo
  $ export ZOBO_HOSTS=unix:$PWD/state/zobo/zobo.sock
  $ zobo create /a one
  /a
  $ zobo get /a
  one
  (no newline)
  $ zobo serve --data state/zobo -l 127.0.0.1:0 2>&1 | sed "s/$pid/PID/"
  zobo: state/zobo: is in use by process PID: stop it, or name another directory (BadFile -1084)
  $ kill -TERM $pid; wait $pid
  $ sed 's/:[0-9]\{2,\}/:PORT/' log
  zobo info serving 127.0.0.1:PORT and unix:WORK/serve/state/zobo/zobo.sock from WORK/serve/state/zobo
  zobo info stopped serving 127.0.0.1:PORT
  $ zobo get /a 2>/dev/null
  [7]
  $ exec 3< <(exec zobo serve -l 127.0.0.1:0 -o json 2>log); pid=$!
  > next_line 3 | sed 's/:[0-9][0-9]*"/:PORT"/'
  {"hosts":"127.0.0.1:PORT","data":"WORK/serve/state/zobo"}
  $ zobo get /a
  one
  (no newline)
  $ kill -INT $pid; wait $pid

It tells where HTTP is, of a free port, too; and does not begin to serve when its address cannot be.

  $ exec 3< <(exec zobo serve --memory -l 127.0.0.1:0 --http 127.0.0.1:0 -o json 2>log); pid=$!
  > next_line 3 | sed 's/:[0-9][0-9]*"/:PORT"/; s/:[0-9][0-9]*}/:PORT}/'
  {"hosts":"127.0.0.1:PORT","http_port":PORT}
  $ kill -TERM $pid; wait $pid; sed 's/:[0-9]\{2,\}/:PORT/g' log
  zobo info serving 127.0.0.1:PORT from memory, HTTP on 127.0.0.1:PORT
  zobo info stopped serving 127.0.0.1:PORT
  $ zobo serve --memory -l 127.0.0.1:0 --http 8080
  ! zobo: HTTP: cannot listen on "8080": host:port is needed, such as 127.0.0.1:2181 or [::1]:2181 (BadOption -1004)
  [2]

An empty tree is not put beside ZooKeeper's data.

  $ mkdir -p zk/version-2; zobo serve --data zk -l 127.0.0.1:0
  ! zobo: zk: holds Apache ZooKeeper's data (version-2): `zobo snapshot import` makes a new directory of it (BadFile -1084)
  [3]

--local names the directory here as it does everywhere.

  $ exec 3< <(exec zobo --local own serve -l 127.0.0.1:0 2>log); pid=$!
  > next_line 3 | sed 's/:[0-9]* /:PORT /'
  serving 127.0.0.1:PORT from own
  $ kill -TERM $pid; wait $pid
  $ zobo serve /data
  ! zobo: too many arguments: zobo serve
  ! hint: `zobo help serve` tells how it is used
  [2]

A service manager is told.

  $ cat >manager.py <<'END'
  > import os, socket, subprocess, sys
  > for name in ("\0zobo-test-%d" % os.getpid(), os.getcwd() + "/notify"):
  >     s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
  >     s.bind(name)
  >     s.settimeout(20)
  >     env = dict(os.environ, NOTIFY_SOCKET=name.replace("\0", "@"))
  >     p = subprocess.Popen(["zobo", "serve", "--memory", "-l", "127.0.0.1:0", "--log-level", "error"], env=env,
  >                          stdout=subprocess.DEVNULL)
  >     print(s.recv(100).decode())
  >     p.terminate()
  >     print(s.recv(100).decode(), p.wait())
  > END
  $ python3 manager.py
  READY=1
  STOPPING=1 0
  READY=1
  STOPPING=1 0

Out of descriptors it serves those it has, and the others when there is room.

  $ cat >many.py <<'END'
  > import socket, struct, subprocess
  > p = subprocess.Popen(["bash", "-c", "ulimit -n 40; exec zobo serve --memory -l 127.0.0.1:0 --log-level error"],
  >                      stdout=subprocess.PIPE, stderr=subprocess.PIPE)
  > port = int(p.stdout.readline().decode().split()[1].split(":")[1])
  > hello = struct.pack(">iiqiqi", 44, 0, 0, 30000, 0, 16) + bytes(16)
  > clients = [socket.create_connection(("127.0.0.1", port), 20) for i in range(60)]
  > for c in clients: c.sendall(hello)
  > print(len(clients[0].recv(100)), p.stderr.readline().decode(), end="")
  > for c in clients[:40]: c.close()
  > print(sum(len(c.recv(100)) == 40 for c in clients[40:]))
  > p.terminate()
  > print(p.wait())
  > END
  $ python3 many.py
  40 zobo error cannot accept connections at present: Too many open files (see ulimit -n)
  20
  0
