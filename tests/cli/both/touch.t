touch: made, or set to what it holds.

  $ zobo touch /a
  $ zobo stat /a | grep -E '^(version|data_length)'
  version          0
  data_length      0
  $ zobo set /a data; zobo touch /a
  $ zobo get /a
  data
  (no newline)
  $ zobo stat /a | grep ^version
  version          2
  $ zobo touch -c /nope
  $ zobo exists /nope
  [1]
  $ zobo touch /x/y
  ! zobo: /x/y: no such node (NoNode -101)
  ! hint: its parent is missing; -p makes parents
  [4]
  $ zobo touch -p /x/y
  $ zobo touch -n /a /new
  ! zobo: would set /a to the data it has, now at version 2
  ! zobo: would create /new
  $ zobo touch -n -c /new
  $ zobo exists /new
  [1]
  $ zobo touch -o json /a /b
  {"path":"/a","created":false,"stat":{"czxid":"0xID","mzxid":"0xID","pzxid":"0xID","ctime":"TIME","mtime":"TIME","version":3,"cversion":0,"aversion":0,"ephemeral_owner":"0x0","data_length":4,"num_children":0}}
  {"path":"/b","created":true}
  $ zobo touch -c -o json /c
  $ zobo touch /a /no/such
  ! zobo: /no/such: no such node (NoNode -101)
  ! hint: its parent is missing; -p makes parents
  [8]
  $ zobo touch a
  ! zobo: a: byte 0: a path begins with '/' (BadPath -1002)
  ! hint: paths look like /a/b/c: absolute, without a slash at the end
  [2]

Data with bytes of all kinds stays as it is.

  $ printf 'a\0b\377' | zobo set /a -; zobo touch /a; zobo get /a | od -An -c
     a  \0   b 377
  $ zobo acl set /a world:anyone:r
  $ zobo touch /a
  ! zobo: /a: the node's ACL does not permit this (NoAuth -102)
  ! hint: give credentials with --auth-file or ZOBO_AUTH; `zobo acl get` shows who may
  [6]
