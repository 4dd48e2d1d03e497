acl, whoami, and the other verbs about the server.

  $ zobo create /a
  /a
  $ zobo acl get /a
  world:anyone:cdrwa
  $ zobo getAcl -o json /a
  {"path":"/a","acl":[{"scheme":"world","id":"anyone","perms":"cdrwa"}],"stat":{"czxid":"0xID","mzxid":"0xID","pzxid":"0xID","ctime":"TIME","mtime":"TIME","version":0,"cversion":0,"aversion":0,"ephemeral_owner":"0x0","data_length":0,"num_children":0}}
  $ zobo whoami
  ip:127.0.0.1
  $ zobo whoami -o json
  {"scheme":"ip","id":"127.0.0.1"}
  $ printf 'digest:joe:s3cret\n# a comment\n\ndigest:ann:p:with:colons' > auth; chmod 600 auth
  $ zobo --auth-file auth whoami | sort # each server has its own order
  digest:ann
  digest:joe
  ip:127.0.0.1
  $ zobo --auth-file auth acl set /a auth::cdrwa
  $ zobo acl get /a
  ! zobo: /a: the node's ACL does not permit this (NoAuth -102)
  ! hint: give credentials with --auth-file or ZOBO_AUTH; `zobo acl get` shows who may
  [6]
  $ zobo --auth-file auth acl get /a
  digest:joe:2AMwmiG5+f38xz4TNt0nJnh71xw=:cdrwa
  digest:ann:ryz5UrpT3Q24qlmakFlpR5eAOOE=:cdrwa
  $ zobo get /a
  ! zobo: /a: the node's ACL does not permit this (NoAuth -102)
  ! hint: give credentials with --auth-file or ZOBO_AUTH; `zobo acl get` shows who may
  [6]
  $ ZOBO_AUTH=digest:joe:s3cret zobo set /a mine
  $ ZOBO_AUTH=digest:joe:s3cret zobo get /a
  mine
  (no newline)
  $ ZOBO_AUTH=digest:joe:other zobo get -o json /a
  ! {"error":{"code":-102,"name":"NoAuth","text":"the node's ACL does not permit this","path":"/a","hint":"`zobo acl get` shows who may, `zobo whoami` who you are"}}
  [6]
  $ ZOBO_AUTH=nonsense:x zobo get /a
  ! zobo: the server refused the credentials (AuthFailed -115)
  ! hint: credentials are scheme:credential, such as digest:user:password; does the server know the scheme?
  [6]
  $ export ZOBO_AUTH_FILE=auth
  $ zobo acl set /a "digest:$(echo s3cret | zobo acl digest joe):rwa,world:anyone:r" ip:127.0.0.1:cd
  $ zobo acl get /a
  digest:joe:2AMwmiG5+f38xz4TNt0nJnh71xw=:rwa
  world:anyone:r
  ip:127.0.0.1:cd
  $ zobo acl set -v 1 /a world:anyone:cdrwa
  ! zobo: /a: the node has another version (BadVersion -103)
  ! hint: somebody else changed it; `zobo stat` shows the version it has now
  [5]
  $ zobo acl set -n -v 2 /a world:anyone:cdrwa
  ! zobo: would set the ACL of /a, now at version 2
  $ zobo acl set -v 2 -o json /a world:anyone:cdrwa
  {"path":"/a","stat":{"czxid":"0xID","mzxid":"0xID","pzxid":"0xID","ctime":"TIME","mtime":"TIME","version":1,"cversion":0,"aversion":3,"ephemeral_owner":"0x0","data_length":4,"num_children":0}}
  $ unset ZOBO_AUTH_FILE
  $ zobo acl get /a
  world:anyone:cdrwa
  $ zobo acl add /a ip:10.1.0.0/16:r
  $ zobo acl add -n /a ip:10.2.0.0/16:r
  ! zobo: would set the ACL of /a, now at version 4
  $ zobo acl set --add /a ip:10.1.0.0/16:rw
  $ zobo acl get /a
  world:anyone:cdrwa
  ip:10.1.0.0/16:rw
  $ zobo acl add -v 1 /a ip:10.1.0.0/16:r
  ! zobo: /a: the node has another version (BadVersion -103)
  ! hint: somebody else changed it; `zobo stat` shows the version it has now
  [5]
  $ zobo acl add -r /a ip:10.1.0.0/16:r
  ! zobo: -r and --add do not go together
  ! hint: `zobo help acl set` tells how it is used
  [2]
  $ zobo acl add /nope world:anyone:r
  ! zobo: /nope: no such node (NoNode -101)
  [4]
  $ zobo acl set /a world:anyone:cdrwa
  $ zobo acl set /nope world:anyone:cdrwa
  ! zobo: /nope: no such node (NoNode -101)
  [4]
  $ zobo acl get /nope
  ! zobo: /nope: no such node (NoNode -101)
  [4]

  $ zobo ping
  SERVER: session in N ms
  $ zobo ping -o json
  {"server":"SERVER","read_only":false,"connect_us":N,"session_timeout_ms":10000}
  $ zobo sync
  $ zobo acl get -o table /
  SCHEME  ID      PERMISSIONS  NODE
  world   anyone  cdrwa        /
  $ zobo acl get -o raw /
  world	anyone	cdrwa	/
  $ zobo whoami -o table
  SCHEME  ID
  ip      127.0.0.1
  $ zobo whoami -o raw
  ip	127.0.0.1
  $ zobo ping -o table | sed -E 's/ +[0-9]+/ N/g'
  SERVER           READ ONLY  MICROSECONDS  TIMEOUT MS
  SERVER         no N N
  $ zobo sync /a
  $ zobo cmd ruok
  imok
  (no newline)
  $ zobo cmd -o json ruok
  {"server":"SERVER","command":"ruok","data":"imok","encoding":"utf8"}
  $ zobo -H "127.0.0.1:1,$ZOBO_HOSTS" cmd ruok # a chroot is no part of a server
  ==> SERVER <==
  imok
  ! zobo: 127.0.0.1:1: connection refused (Refused -1041)
  ! hint: --wait makes it try until --connect-timeout
  [8]
  $ zobo cmd what
  ! zobo: SERVER: the server closed the connection without an answer (ConnectionLoss -4)
  ! hint: perhaps it knows no such word
  [7]
  $ zobo 4lw srvr | sed -n 's/^Mode: //p'
  standalone
  $ zobo --trace ping 2>&1 >/dev/null | grep -q session

A credential may be asked for; where there is no terminal it is the first line of stdin.

  $ echo digest:joe:secret | zobo --auth-prompt whoami -o json | grep digest
  {"scheme":"digest","id":"joe"}
  $ zobo --auth-prompt whoami
  ! zobo: --auth-prompt: the credential is read from stdin, and there was none
  [2]
  $ echo nonsense | zobo --auth-prompt whoami
  ! zobo: credential 1 is not scheme:credential
  [2]
  $ echo digest:joe:secret | ZOBO_AUTH=digest:ann:other zobo --auth-prompt whoami | grep digest
  digest:joe
