Three servers: each is asked for itself.

  $ echo "$(zobo config --client | tr , '\n' | sort)" | diff - <(echo "$server" | tr , '\n' | sort)
  $ zobo config -o json | mask | sed -E 's/"(spec)":"[^"]*"/"\1":"S"/'
  {"id":1,"role":"participant","peers":"CLIENT","client":"SERVER1","spec":"S","version":"0xID"}
  {"id":2,"role":"participant","peers":"CLIENT","client":"SERVER2","spec":"S","version":"0xID"}
  {"id":3,"role":"participant","peers":"CLIENT","client":"SERVER3","spec":"S","version":"0xID"}
  $ zobo config -o raw | grep -c '^server'
  3
  $ zobo 4lw ruok | mask
  ==> SERVER1 <==
  imok
  ==> SERVER2 <==
  imok
  ==> SERVER3 <==
  imok
  $ zobo admin --admin "$admin" is_read_only -o json | mask
  {"server":"SERVER1","command":"is_read_only","answer":{"read_only":false,"command":"is_read_only","error":null}}
  {"server":"SERVER2","command":"is_read_only","answer":{"read_only":false,"command":"is_read_only","error":null}}
  {"server":"SERVER3","command":"is_read_only","answer":{"read_only":false,"command":"is_read_only","error":null}}
  $ zobo top -o raw | cut -f2 | sort
  follower
  follower
  leader
  $ zobo top --admin "$admin" -o raw | cut -f2,3 | sort
  follower	3.8.0
  follower	3.8.0
  leader	3.8.0
  $ one=${server%%,*}
  $ zobo -H "$one" top -a -o raw | cut -f1 | mask
  SERVER1
  SERVER2
  SERVER3
  $ zobo -H "$one" top -o raw | cut -f1 | mask
  SERVER1
  $ zobo -H "$server,127.0.0.1:1" top -o raw | cut -f1,2 | tail -1
  127.0.0.1:1	down
  ! zobo: 127.0.0.1:1: connection refused (Refused -1041)
  ! hint: --wait makes it try until --connect-timeout

A client at each.

  $ exec 4< <(exec zobo -H "$one/views" create -e --hold /e); first=$!; next_line 4
  /e
  $ third=${server##*,}
  $ exec 5< <(exec zobo -H "$third/views" watch --initial /e); second=$!; next_line 5
  INITIAL /e
  $ zobo sync; zobo owner -o table /e | mask
  PATH  SESSION  CLIENT  SERVER  TIMEOUT  SINCE
  /e  0xID CLIENT  SERVER1  10000  TIME
  $ zobo owner --admin "$admin" -o table /e | mask
  PATH  SESSION  CLIENT  SERVER  TIMEOUT  SINCE
  /e  0xID CLIENT  SERVER1  10000  TIME
  $ zobo -H "$third/views" owner /e 2>&1 | mask
  /e  0xID -  -  -  -
  zobo: an owner without a client is not connected at present, or to another server: --all asks all of the ensemble
  $ zobo -H "$third/views" owner -a /e | mask
  /e  0xID CLIENT  SERVER1  10000  TIME
  $ zobo watches -o table /e | mask
  PATH  CLIENT  SERVER  SESSION
  /views/e  CLIENT  SERVER3  0xID
  $ zobo watches --admin "$admin" -o table /e | mask
  PATH  CLIENT  SERVER  SESSION
  /views/e  CLIENT  SERVER3  0xID
  $ zobo sessions -e -o json | sed -E 's/"(received|last_op)":[^,]*/"\1":X/g' | mask
  {"session":"0xID","client":"CLIENT","server":"SERVER1","timeout_ms":10000,"since":"TIME","last_op":X,"received":X,"queued":0,"ephemerals":1,"watches":0}
  $ zobo sessions -e --admin "$admin" -o json | sed -E 's/"(received|last_op)":[^,]*/"\1":X/g' | mask
  {"session":"0xID","client":"CLIENT","server":"SERVER1","timeout_ms":10000,"since":"TIME","last_op":X,"received":X,"queued":0,"ephemerals":1,"watches":0}
  $ zobo top --clients -o raw | cut -f1,3 | mask | grep -c SERVER
  2
  $ kill $first; wait $first; next_line 5; kill $second; wait $second
  DELETED /e
  [143]

Their health.

  $ health() { zobo check "$@" >c; code=$?; sed -E 's/ [0-9]+%/ N%/; s/(nodes|ephemerals|outstanding) .*/\1/' c | grep -v -e latency -e 'longest sync' -e 'slow syncs' -e zxid -e connections | mask | sed 's/SERVER./SERVER/'; return $code; }
  $ health
  PASS  answers  3 of 3 servers
  PASS  leader  SERVER
  PASS  writable  no server only reads
  PASS  followers  2 of 2 keep up
  PASS  config  3 members, equal at 3 servers
  PASS  version  3.8.0
  PASS  nodes
  PASS  ephemerals
  PASS  outstanding
  PASS  descriptors  at most N% used
  $ health --admin "$admin"
  PASS  answers  3 of 3 servers
  PASS  leader  SERVER
  PASS  writable  no server only reads
  PASS  followers  2 of 2 keep up
  PASS  config  3 members, equal at 3 servers
  PASS  version  3.8.0
  PASS  nodes
  PASS  ephemerals
  PASS  outstanding
  PASS  descriptors  at most N% used
  $ health -H "$one" | grep -v PASS
  FAIL  leader  none of 1 leads; perhaps one that was not asked, or did not answer
  WARN  members  1 of its 3 members were asked: --all asks all, or name them with --hosts
  $ zobo create -p /n/a >/dev/null; zobo check --max-nodes-apart 10 | grep -c 'PASS  nodes'
  1

  $ zobo check smoke | mask
  PASS  session  at 3 servers, in N ms
  PASS  create  a node through each, in N ms
  PASS  read  each node through each server, after sync, in N ms
  PASS  set  by version, and read through another, in N ms
  PASS  watch  each has seen a change made through another, in N ms
  PASS  transaction  all or nothing, through each, in N ms
  PASS  ephemeral  seen through another, and gone with its session, in N ms
  PASS  delete  nothing is left, in N ms
  $ zobo ls / | grep smoke
  [1]

A paused server fails its line, not the others'.

  $ i=$(zobo top -o raw | awk '$2 == "follower" { print NR; exit }')
  $ "$src/scripts/zk-server" kill "$zk" "$i" STOP
  $ zobo --connect-timeout 3s check | grep FAIL | mask | sed 's/SERVER./SERVER/'
  FAIL  answers  SERVER: no answer in time
  $ zobo --connect-timeout 3s top -o raw 2>&1 | grep -c -e leader -e follower
  2
  $ "$src/scripts/zk-server" kill "$zk" "$i" CONT

Other members: asked at the leader, of which one follower goes and comes back.

  $ well() { local end=$((SECONDS + 60)); until zobo check "$@" >c; do [ $SECONDS -lt $end ] || return 1; sleep 0.1; done; }
  $ well
  $ leader=$(zobo top -o raw | awk '$2 == "leader" { print $1 }')
  $ export ZOBO_HOSTS=$leader
  $ gone=$(zobo config -o raw | grep '^server' | grep -v "$leader" | head -1 | sed 's/^server.//')
  $ zobo reconfig -n --remove "${gone%%=*}" -o json | grep -c '"version":null'
  2
  $ zobo reconfig --remove "${gone%%=*}" </dev/null
  ! zobo: reconfig would ask, but stdin is no terminal: --yes answers, --dry-run shows
  [2]
  $ zobo reconfig --remove "${gone%%=*}" --if-version 1 --yes
  ! zobo: /zookeeper/config: the node has another version (BadVersion -103)
  ! hint: `zobo config` shows the version it has now
  [5]
  $ zobo reconfig --remove "${gone%%=*}" --yes -o raw | grep -c '^server'
  2
  $ zobo check -a | grep -e answers -e config | mask
  PASS  answers  2 of 2 servers
  PASS  config  2 members, equal at 2 servers
  $ zobo reconfig --add "$gone" --yes -o json | mask | sed -E 's/"(spec)":"[^"]*"/"\1":"S"/' | sort
  {"id":1,"role":"participant","peers":"CLIENT","client":"SERVER1","spec":"S","version":"0xID"}
  {"id":2,"role":"participant","peers":"CLIENT","client":"SERVER2","spec":"S","version":"0xID"}
  {"id":3,"role":"participant","peers":"CLIENT","client":"SERVER3","spec":"S","version":"0xID"}
  $ zobo reconfig --remove 1,2,3 --yes
  ! zobo: /zookeeper/config: the server refused the arguments (BadArguments -8)
  ! hint: servers are like 5=host:2888:3888:participant;2181, and an id or port is not there twice
  [3]
  $ zobo reconfig --add "9=127.0.0.1:1:2" --yes
  ! zobo: /zookeeper/config: the server refused the arguments (BadArguments -8)
  ! hint: servers are like 5=host:2888:3888:participant;2181, and an id or port is not there twice
  [3]
  $ zobo config -o raw >members; zobo reconfig --file members --yes -o raw | cut -c1-8 | sort
  server.1
  server.2
  server.3
  version=
  $ well -a
