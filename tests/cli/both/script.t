Several commands in one session: -c, -f, stdin.

  $ zobo -c 'create /a one; create /a/b "two  words"; get /a/b'
  /a
  /a/b
  two  words
  (no newline)
  $ zobo -c 'cd a; pwd; ls; get b; cd ..; pwd; stat a | x'
  /a
  b
  two  words/
  /a:
  czxid            0xID
  mzxid            0xID
  pzxid            0xID
  ctime            TIME
  mtime            TIME
  version          0
  cversion         1
  aversion         0
  ephemeral_owner  0x0
  data_length      3
  num_children     1
  ! zobo: -c:1: /|: no such node (NoNode -101)
  ! zobo: -c:1: /x: no such node (NoNode -101)
  [8]
  $ zobo -c 'cd a/b; ls ..; get ../../a; get .; cd -; pwd; cd -; pwd; cd; pwd'
  b
  onetwo  words/
  /a/b
  /
  $ zobo -c 'cd /a; create c 3; create -s seq-; ls; create -s ./; set ../a 1; get /a' | sort
  /a/0000000003
  /a/c
  /a/seq-0000000002
  1
  b
  c
  seq-0000000002
  $ zobo -c 'cd /nope; pwd'
  ! zobo: -c:1: /nope: no such node (NoNode -101)
  [4]

Without a path, what reads is about the node that cd went to.

  $ zobo -c 'cd /a/b; find; cd ..; grep -l two; count; du; tree' | sed 's/  */ /g'
  /a/b
  /a/b
  4
   0 1 /a/0000000003
   10 1 /a/b
   1 1 /a/c
   0 1 /a/seq-0000000002
   12 5 /a
  /a
  ├── 0000000003
  ├── b
  ├── c
  └── seq-0000000002
  
  5 nodes, 0 ephemeral

Ephemeral nodes live as long as the script.

  $ zobo -c 'create -e /mine; ephemerals; count; exists /mine' 2>/dev/null
  /mine
  /mine
  6
  $ zobo exists /mine
  [1]
  $ zobo -c 'create -e /mine; close; exists /mine' --keep-going 2>/dev/null
  /mine
  [8]

Up to the first error, or past it.

  $ cat >script <<END
  > create /s 'it''s
  > two lines'   # a comment
  > get /none; set /s not-this
  > set /s nor-this
  > END
  $ zobo -f script
  /s
  ! zobo: script:3: /none: no such node (NoNode -101)
  [4]
  $ zobo get /s
  its
  two lines
  (no newline)
  $ zobo rm /s; zobo -f script --keep-going; zobo get /s
  /s
  nor-this
  (no newline)
  ! zobo: script:3: /none: no such node (NoNode -101)
  $ printf 'exists /none\nset /a x\n' | zobo
  [1]
  $ zobo -o json -c 'get /a; get /none'
  {"path":"/a","data":"1","encoding":"utf8"}
  ! {"error":{"code":-101,"name":"NoNode","text":"no such node","path":"/none","where":"-c:1"}}
  [4]
  $ printf 'ls /a -o json\nls /a\n' | zobo -o long | sed 's/.* //'
  {"path":"/a/0000000003","name":"0000000003"}
  {"path":"/a/b","name":"b"}
  {"path":"/a/c","name":"c"}
  {"path":"/a/seq-0000000002","name":"seq-0000000002"}
  0000000003
  b
  c
  seq-0000000002

Where it stops, the exit code is that of the command; a reader that has gone ends it.

  $ zobo -c 'set -v 99 /a x; get /a'
  ! zobo: -c:1: /a: the node has another version (BadVersion -103)
  ! hint: somebody else changed it; `zobo stat` shows the version it has now
  [5]
  $ for i in $(seq 20000); do echo pwd; done | zobo | head -1
  /

Ten thousand commands need no more than one request each: the session is begun once.

  $ for i in $(seq 1000); do echo "exists /a"; done >many
  $ ASAN_OPTIONS=detect_leaks=0 strace -f -o trace -e trace=connect,sendto,sendmsg,write zobo -f many
  $ grep -c 'sin_port\|AF_INET6' trace; test "$(grep -c 'send' trace)" -lt 1010 && echo few
  1
  few
