create, get, set, exists, stat.

  $ zobo create /a hello
  /a
  $ zobo get /a
  hello
  (no newline)
  $ zobo get -s /a >/dev/null
  ! czxid            0xID
  ! mzxid            0xID
  ! pzxid            0xID
  ! ctime            TIME
  ! mtime            TIME
  ! version          0
  ! cversion         0
  ! aversion         0
  ! ephemeral_owner  0x0
  ! data_length      5
  ! num_children     0
  $ zobo get -o json /a
  {"path":"/a","data":"hello","encoding":"utf8"}
  $ zobo get -o json -s /a
  {"path":"/a","data":"hello","encoding":"utf8","stat":{"czxid":"0xID","mzxid":"0xID","pzxid":"0xID","ctime":"TIME","mtime":"TIME","version":0,"cversion":0,"aversion":0,"ephemeral_owner":"0x0","data_length":5,"num_children":0}}
  $ zobo set /a world
  $ zobo set -v 1 /a again
  $ zobo set -v 1 /a 'once more'
  ! zobo: /a: the node has another version (BadVersion -103)
  ! hint: somebody else changed it; `zobo stat` shows the version it has now
  [5]
  $ zobo set -v 1 -o json /a 'once more'
  ! {"error":{"code":-103,"name":"BadVersion","text":"the node has another version","path":"/a","hint":"somebody else changed it; `zobo stat` shows the version it has now"}}
  [5]
  $ zobo set -o json /a there
  {"path":"/a","stat":{"czxid":"0xID","mzxid":"0xID","pzxid":"0xID","ctime":"TIME","mtime":"TIME","version":3,"cversion":0,"aversion":0,"ephemeral_owner":"0x0","data_length":5,"num_children":0}}
  $ zobo stat /a
  czxid            0xID
  mzxid            0xID
  pzxid            0xID
  ctime            TIME
  mtime            TIME
  version          3
  cversion         0
  aversion         0
  ephemeral_owner  0x0
  data_length      5
  num_children     0
  $ zobo stat -o json /a
  {"path":"/a","stat":{"czxid":"0xID","mzxid":"0xID","pzxid":"0xID","ctime":"TIME","mtime":"TIME","version":3,"cversion":0,"aversion":0,"ephemeral_owner":"0x0","data_length":5,"num_children":0}}
  $ zobo stat /a /nope
  /a:
  czxid            0xID
  mzxid            0xID
  pzxid            0xID
  ctime            TIME
  mtime            TIME
  version          3
  cversion         0
  aversion         0
  ephemeral_owner  0x0
  data_length      5
  num_children     0
  ! zobo: /nope: no such node (NoNode -101)
  [8]
  $ zobo stat /nope /nope2
  ! zobo: /nope: no such node (NoNode -101)
  ! zobo: /nope2: no such node (NoNode -101)
  [4]
  $ zobo get /nope
  ! zobo: /nope: no such node (NoNode -101)
  [4]
  $ zobo get -o json /nope
  ! {"error":{"code":-101,"name":"NoNode","text":"no such node","path":"/nope"}}
  [4]
  $ zobo set /nope x
  ! zobo: /nope: no such node (NoNode -101)
  ! hint: `zobo create` makes it
  [4]
  $ zobo exists /a
  $ zobo exists /a /nope
  [1]
  $ zobo exists -o json /nope
  {"path":"/nope","exists":false}
  [1]

Data is never changed on its way: any bytes, none, no newline added.

  $ head -c 300000 /dev/urandom > blob
  $ zobo create /blob -f blob
  /blob
  $ zobo get /blob | cmp - blob
  $ zobo set /blob - < blob && zobo get -o raw /blob | cmp - blob
  $ zobo get --base64 /blob | tr -d '\n' > b64 && zobo set --base64 /blob -f b64 && zobo get /blob | cmp - blob
  $ zobo get --base64 /blob | base64 -d | cmp - blob
  $ printf '\377\000zobo\n' | zobo set /blob -
  $ zobo get -o json /blob
  {"path":"/blob","data":"/wB6b2JvCg==","encoding":"base64"}
  $ zobo get --hex /blob
  00000000  ff 00 7a 6f 62 6f 0a                              |..zobo.|
  $ zobo get --base64 /blob
  /wB6b2JvCg==
  $ zobo create /empty
  /empty
  $ zobo get /empty
  $ zobo get -o json /empty
  {"path":"/empty","data":"","encoding":"utf8"}
  $ zobo set /a -f nowhere
  ! zobo: nowhere: No such file or directory (System -1081)
  [3]
  $ printf 'zwölf\n\t"\\' | zobo set /a - && zobo get -o json /a
  {"path":"/a","data":"zwölf\n\t\"\\","encoding":"utf8"}
  $ zobo set /a -- -5 && zobo get /a
  -5
  (no newline)
  $ head -c 1100000 /dev/zero | zobo set /a -
  ! zobo: /a: the request is larger than the server accepts (TooBig -1005)
  ! hint: the servers' limit is jute.maxbuffer, 1 MiB unless configured otherwise
  [3]

On a terminal a newline at the end, and nothing that is not text.

  $ zobo set /a hello
  $ script -qec 'zobo get /a' /dev/null
  hello
  $ script -qec 'zobo get /blob' /dev/null
  \xff\x00zobo
  $ script -qec 'zobo get -o raw /a' /dev/null
  hello
  (no newline)

Kinds of nodes.

  $ zobo create /x/y/z
  ! zobo: /x/y/z: no such node (NoNode -101)
  ! hint: its parent is missing; -p makes parents
  [4]
  $ zobo create -p /x/y/z
  /x/y/z
  $ zobo create -p /x/y/z
  /x/y/z
  $ zobo create -p /x/y/z data
  ! zobo: /x/y/z: the node exists already (NodeExists -110)
  [5]
  $ zobo create -p /x/y/d data && zobo get /x/y/d
  /x/y/d
  data
  (no newline)
  $ zobo create /a
  ! zobo: /a: the node exists already (NodeExists -110)
  [5]
  $ zobo create -s /x/job-
  /x/job-0000000001
  $ zobo create -s /x/job-
  /x/job-0000000002
  $ zobo create -s /x/
  /x/0000000003
  $ zobo create -e /x/e
  /x/e
  ! zobo: the session ends here and the node with it: --hold keeps it
  $ zobo -q create -e /x/e2
  /x/e2
  $ zobo exists /x/e
  [1]
  $ zobo create -c /x/c
  /x/c
  $ zobo create --ttl 1h /x/ttl
  /x/ttl
  $ zobo create -o json /x/json
  {"path":"/x/json","stat":{"czxid":"0xID","mzxid":"0xID","pzxid":"0xID","ctime":"TIME","mtime":"TIME","version":0,"cversion":0,"aversion":0,"ephemeral_owner":"0x0","data_length":0,"num_children":0}}
  $ zobo mkdir /x/m/n
  /x/m/n
  $ zobo create --acl world:anyone:r /x/r && zobo set /x/r data
  /x/r
  ! zobo: /x/r: the node's ACL does not permit this (NoAuth -102)
  ! hint: give credentials with --auth-file or ZOBO_AUTH; `zobo acl get` shows who may
  [6]
  $ zobo create --acl nonsense /x/r2
  ! zobo: nonsense is no ACL: entries look like scheme:id:cdrwa
  ! hint: `zobo help create` tells how it is used
  [2]
  $ zobo create --acl auth::cdrwa /x/r2
  ! zobo: /x/r2: the server refused the ACL (InvalidACL -114)
  ! hint: entries look like world:anyone:cdrwa; auth: needs credentials
  [6]

Dry runs change nothing.

  $ zobo create -n /x/dry
  ! zobo: would create /x/dry
  $ zobo create -n /a
  ! zobo: /a: the node exists already (NodeExists -110)
  [5]
  $ zobo create -n /x/dry/dry
  ! zobo: /x/dry: no such node (NoNode -101)
  ! hint: -p makes parents
  [4]
  $ zobo create -np /x/dry/dry
  ! zobo: would create /x/dry/dry
  $ zobo set -n /a changed
  ! zobo: would set /a, now at version 6, to 7 bytes
  $ zobo set -n /nope changed
  ! zobo: /nope: no such node (NoNode -101)
  ! hint: `zobo create` makes it
  [4]
  $ zobo set -n -v 77 /a changed
  ! zobo: /a: the node has another version (BadVersion -103)
  ! hint: somebody else changed it; `zobo stat` shows the version it has now
  [5]
  $ zobo exists /x/dry
  [1]
  $ zobo get /a
  hello
  (no newline)

stdout that cannot be written to is an error; one that nobody reads is none.

  $ zobo get /a > /dev/full
  ! zobo: standard output: No space left on device (System -1081)
  [3]
  $ zobo get /blob | true

Descriptors that are closed at the start are not taken for files and connections; nothing is read or written silently.

  $ zobo create /closed keep; zobo set /closed - <&-; zobo get /closed
  /closed
  keep
  (no newline)
  ! zobo: stdin: Bad file descriptor (System -1081)
  $ zobo ls / >&-
  ! zobo: standard output: Bad file descriptor (System -1081)
  [3]
  $ zobo ls / <&- >&- 2>&-
  [3]
  $ zobo export -f closed.ndjson /closed <&- >&- 2>&-; wc -l <closed.ndjson
  3
  $ zobo rm /closed
