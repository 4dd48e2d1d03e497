The operator's views of one server: whose nodes, whose watches, which sessions.

  $ exec 5< <(exec zobo create -e --hold /e); holder=$!; next_line 5
  /e
  $ exec 6< <(exec zobo watch --initial /e); watcher=$!; next_line 6
  INITIAL /e
  $ zobo owner -o table /e | mask
  PATH  SESSION  CLIENT  SERVER  TIMEOUT  SINCE
  /e  0xID CLIENT  SERVER1  10000  TIME
  $ zobo owner -o json /e | mask
  {"path":"/e","session":"0xID","client":"CLIENT","server":"SERVER1","timeout_ms":10000,"since":"TIME"}
  $ zobo owner -o raw /e /none /e/none >o; code=$?; mask <o; (exit $code)
  /e	0xID	CLIENT	SERVER1	10000	TIME
  ! zobo: /none: no such node (NoNode -101)
  ! zobo: /e/none: no such node (NoNode -101)
  [8]
  $ zobo create /p
  /p
  $ zobo owner /p
  ! zobo: /p: not an ephemeral node: nobody owns it
  [1]
  $ session=$(zobo owner -o raw /e | cut -f2)
  $ zobo owner --session "$session" -o raw | cut -f1
  /views/e
  $ zobo owner --session 123
  ! zobo: 0xID: no such session
  [1]
  $ zobo owner --session x
  ! zobo: x: a session is a number like 0xID
  ! hint: `zobo help owner` tells how it is used
  [2]
  $ zobo owner
  ! zobo: whose? name a PATH, or a --session
  ! hint: `zobo help owner` tells how it is used
  [2]
  $ zobo sessions -o json "$session" | sed -E 's/"(received|last_op)":[^,]*/"\1":X/g' | mask
  {"session":"0xID","client":"CLIENT","server":"SERVER1","timeout_ms":10000,"since":"TIME","last_op":X,"received":X,"queued":0,"ephemerals":1,"watches":0}
  $ zobo sessions -o raw -e | cut -f 1,2,3,9,10 | mask
  0xID	CLIENT	SERVER1	1	0
  $ zobo sessions --no-watches -o raw "$session" | cut -f 1,9,10
  0xID	1	-
  $ zobo sessions -c 10.1. "$session"
  [1]
  $ zobo sessions xyz
  ! zobo: xyz: a session is a number like 0xID
  ! hint: `zobo help sessions` tells how it is used
  [2]
  $ zobo watches -o table /e | mask
  PATH  CLIENT  SERVER  SESSION
  /views/e  CLIENT  SERVER1  0xID
  $ zobo watches /e -o json | mask
  {"path":"/views/e","client":"CLIENT","server":"SERVER1","session":"0xID"}
  $ zobo watches -r / -o raw | cut -f1
  /views/e
  $ zobo watches /p
  [1]
  $ kill $holder; wait $holder; next_line 6
  DELETED /e
  $ zobo owner --session "$session" -o raw
  ! zobo: 0xID: no such session
  [1]
  $ kill $watcher; wait $watcher
  [143]
  $ zobo watches /e
  [1]

Words and JSON.

  $ zobo 4lw ruok
  imok
  (no newline)
  $ zobo 4lw -o json isro
  {"server":"SERVER","command":"isro","data":"rw","encoding":"utf8"}
  $ zobo 4lw srvr "$server" | grep Mode
  Mode: standalone
  $ zobo 4lw ruok "$server" 127.0.0.1:1
  ==> SERVER <==
  imok
  ! zobo: 127.0.0.1:1: connection refused (Refused -1041)
  ! hint: --wait makes it try until --connect-timeout
  [8]
  $ zobo cmd mntr | grep server_state
  zk_server_state	standalone
  $ zobo admin --admin 1 monitor
  ! zobo: SERVER: AdminServer at http://127.0.0.1:1: nobody listens there
  [7]
  $ zobo admin --admin 127.0.0.1:1,127.0.0.1:2 monitor
  ! zobo: --admin names 2 addresses, and the servers are 1: one port for all, or one address for each
  ! hint: `zobo help admin` tells how it is used
  [2]
  $ zobo admin ../x
  ! zobo: ../x: commands are monitor, server_stats, connections, ...
  ! hint: `zobo help admin` tells how it is used
  [2]

The health of one that stands alone.

  $ zobo top -o json | sed -E 's/:[0-9.]+([,}])/:N\1/g; s/"version":"[^"]*"/"version":"V"/'
  {"time":"TIME","server":"SERVER","mode":"standalone","version":"V","latency_min_ms":N,"latency_avg_ms":N,"latency_max_ms":N,"outstanding":N,"connections":N,"zxid":"0xID","lag":N,"nodes":N,"watches":N,"ephemerals":N,"data_bytes":N,"received_per_s":null,"sent_per_s":null}
  $ zobo top -n 2 -i 100ms -o raw | cut -f 1,2
  SERVER	standalone
  SERVER	standalone
  $ zobo top -o table --clients -l 1 | sed -n '1s/ .*//p'
  CLIENT
  $ zobo check | grep -v -e longest -e latency -e ^WARN | sed -E 's/(version|nodes|ephemerals|connections|at most) +[0-9].*/\1 .../' | mask
  PASS  answers  1 of 1 servers
  PASS  leader  it stands alone
  PASS  writable  no server only reads
  PASS  config  0 members, equal at 1 servers
  PASS  version ...
  PASS  zxid  0xID, none is behind by more than 0
  PASS  nodes ...
  PASS  ephemerals ...
  PASS  connections ...
  PASS  outstanding  waiting requests: at most ...
  PASS  descriptors  at most ...
  $ zobo check ensemble -o json | head -2
  {"result":"PASS","test":"answers","detail":"1 of 1 servers"}
  {"result":"PASS","test":"leader","detail":"it stands alone"}
  $ zobo -H "$server,127.0.0.1:1" check | head -2 | mask
  FAIL  answers  CLIENT: connection refused
  FAIL  leader  1 of 2 servers stand alone, and are no ensemble
  $ zobo -H 127.0.0.1:1 check
  FAIL  answers  127.0.0.1:1: connection refused
  [7]

Quotas.

  $ zobo create -p /q/a xyz
  /q/a
  $ zobo quota get /q
  ! zobo: /views/q: it has no quota
  [1]
  $ zobo quota set -n 2 -B 1k --dry-run /q
  /views/q  -  2  -  -  -  1024
  $ zobo quota get /q
  ! zobo: /views/q: it has no quota
  [1]
  $ zobo quota set -n 2 -B 1k /q
  $ zobo quota get -o table /q
  PATH      NODES  SOFT  HARD  BYTES  SOFT  HARD
  /views/q      2     2     -      3     -  1024
  $ zobo quota get -o json /q
  {"path":"/views/q","nodes":2,"nodes_soft":2,"nodes_hard":null,"bytes":3,"bytes_soft":null,"bytes_hard":1024}
  $ zobo create /q/b
  /q/b
  $ zobo setquota -N 9 /q
  $ zobo listquota /q
  /views/q  3  2  9  3  -  1024
  $ zobo -H "$server" get /zookeeper/quota/views/q/zookeeper_limits
  count=2,bytes=-1=;byteHardLimit=1024;countHardLimit=9
  (no newline)
  $ zobo -H "$server" quota get | grep views
  /views/q  3  2  9  3  -  1024
  $ zobo quota set -n 1 /q/a
  ! zobo: /views/q/a: /views/q above it has a quota
  [5]
  $ zobo quota set -n 1 /
  ! zobo: /views: /views/q below it has a quota
  [5]
  $ zobo quota set -n 1 /nope
  ! zobo: /views/nope: no such node (NoNode -101)
  [4]
  $ zobo quota set /q
  ! zobo: which limit? -n and -b are soft, -N and -B hard
  ! hint: `zobo help quota set` tells how it is used
  [2]
  $ zobo -H "$server" quota set -n 1 /zookeeper
  ! zobo: /zookeeper: it can have no quota
  [2]
  $ zobo quota rm -n --dry-run /q
  ! zobo: would remove limits
  $ zobo delquota -n /q
  $ zobo quota get /q
  /views/q  3  -  9  3  -  1024
  $ zobo quota rm /q
  $ zobo quota get /q
  ! zobo: /views/q: it has no quota
  [1]
  $ zobo quota rm /q
  ! zobo: /views/q: no such node (NoNode -101)
  ! hint: it has no quota
  [4]
  $ zobo -H "$server" ls /zookeeper/quota
  $ zobo -c 'create /s; quota set -n 3 /s; quota get /s; cd /s; quota rm .; quota get /s; rm /s'
  /s
  /views/s  1  3  -  0  -  -
  ! zobo: -c:1: /views/s: it has no quota
  [1]

No ensemble.

  $ zobo config --client
  ! zobo: the configuration names no ports of clients
  [1]
  $ zobo reconfig
  ! zobo: what is to change? --add, --remove, --members or --file
  ! hint: `zobo help reconfig` tells how it is used
  [2]
  $ zobo reconfig --add 1 --yes
  ! zobo: 1: a server is like 5=host:2888:3888;2181, or server.5=...
  ! hint: `zobo help reconfig` tells how it is used
  [2]
  $ zobo reconfig --remove one --yes
  ! zobo: one: what is removed are numbers, as in server.N
  ! hint: `zobo help reconfig` tells how it is used
  [2]
  $ zobo reconfig --remove 1 --members 1=a:1:2
  ! zobo: --add and --remove do not go with all members (--members, --file)
  ! hint: `zobo help reconfig` tells how it is used
  [2]

Doing what clients do.

  $ zobo check smoke | mask
  PASS  session  at 1 servers, in N ms
  PASS  create  a node through each, in N ms
  PASS  read  each node through each server, after sync, in N ms
  PASS  set  by version, and read through another, in N ms
  PASS  watch  each has seen a change made through another, in N ms
  PASS  transaction  all or nothing, through each, in N ms
  PASS  ephemeral  seen through another, and gone with its session, in N ms
  PASS  delete  nothing is left, in N ms
  $ zobo check smoke -o json --below /p | head -1
  {"result":"PASS","test":"session","detail":"at 1 servers, in N ms"}
  $ zobo check smoke --below /none | mask | sed "s/smoke-[0-9a-f]*/smoke-ID/"
  PASS  session  at 1 servers, in N ms
  FAIL  create  SERVER1: /none/zobo-smoke-ID: no such node
  $ zobo -H 127.0.0.1:1 check smoke
  FAIL  session  no server can be used; 127.0.0.1:1: connection refused
  [7]
  $ zobo ls /p
  $ zobo ls / | grep smoke
  [1]

How fast that is: the machine's, so only what is told is looked at.

  $ zobo check perf -t 300ms | sed -E 's/^(PASS|FAIL)/ANY/; s/[0-9]+(\.[0-9]+)?/N/g' | mask
  ANY  throughput  N of N writes a second; N % are well
  ANY  slowest  N ms; up to N are well
  ANY  N of N  within N ms; up to N are well
  ANY  errors  none in N writes
  $ zobo ls / | grep perf
  [1]
  $ zobo check perf z
  ! zobo: z: loads are s, m, l and xl
  ! hint: `zobo help check perf` tells how it is used
  [2]
  $ zobo -H 127.0.0.1:1 --connect-timeout 200ms check perf
  ! zobo: no connection within 200 ms; 127.0.0.1:1: connection refused (NoConnection -1021)
  ! hint: --connect-timeout makes it try longer, --trace shows what happens
  [7]
