acl get -r, acl set -r.

  $ zobo create -p /a/b/c >/dev/null; zobo create /a/d >/dev/null
  $ zobo acl set /a/b world:anyone:cdra,auth::a
  ! zobo: /a/b: the server refused the ACL (InvalidACL -114)
  ! hint: entries look like world:anyone:cdrwa; auth: needs credentials
  [6]
  $ zobo acl set /a/b world:anyone:cdra,ip:127.0.0.1:r
  $ zobo acl get -r -o table /a
  SCHEME  ID         PERMISSIONS  NODE
  world   anyone     cdrwa        /a
  world   anyone     cdra         /a/b
  ip      127.0.0.1  r            /a/b
  world   anyone     cdrwa        /a/b/c
  world   anyone     cdrwa        /a/d
  $ zobo acl get -r -o raw /a
  world	anyone	cdrwa	/a
  world	anyone	cdra	/a/b
  ip	127.0.0.1	r	/a/b
  world	anyone	cdrwa	/a/b/c
  world	anyone	cdrwa	/a/d
  $ zobo acl get -r /a
  world:anyone:cdrwa  /a
  world:anyone:cdra,ip:127.0.0.1:r  /a/b
  world:anyone:cdrwa  /a/b/c
  world:anyone:cdrwa  /a/d
  $ zobo acl get -r -o json /a/b
  {"path":"/a/b","acl":[{"scheme":"world","id":"anyone","perms":"cdra"},{"scheme":"ip","id":"127.0.0.1","perms":"r"}],"stat":{"czxid":"0xID","mzxid":"0xID","pzxid":"0xID","ctime":"TIME","mtime":"TIME","version":0,"cversion":1,"aversion":1,"ephemeral_owner":"0x0","data_length":0,"num_children":1}}
  {"path":"/a/b/c","acl":[{"scheme":"world","id":"anyone","perms":"cdrwa"}],"stat":{"czxid":"0xID","mzxid":"0xID","pzxid":"0xID","ctime":"TIME","mtime":"TIME","version":0,"cversion":0,"aversion":0,"ephemeral_owner":"0x0","data_length":0,"num_children":0}}
  $ zobo acl set -r /a world:anyone:cdrwa
  ! zobo: acl set would ask, but stdin is no terminal: --yes answers, --dry-run shows
  [2]
  $ zobo acl set -rn /a world:anyone:cdrwa
  /a/b/c
  /a/b
  /a/d
  /a
  $ zobo acl set -rn -o json /a/b world:anyone:cdrwa
  {"path":"/a/b/c","dry_run":true}
  {"path":"/a/b","dry_run":true}
  $ zobo acl get -r /a/b
  world:anyone:cdra,ip:127.0.0.1:r  /a/b
  world:anyone:cdrwa  /a/b/c
  $ zobo acl set -r --yes /a world:anyone:cra
  $ zobo acl get -r /a
  world:anyone:cra  /a
  world:anyone:cra  /a/b
  world:anyone:cra  /a/b/c
  world:anyone:cra  /a/d
  $ echo y | script -qec 'zobo acl set -r /a world:anyone:cdrwa' /dev/null | grep -oE 'set the [^?]*[?]|nothing.*'
  set the ACL of /a and the 3 nodes below it?
  $ zobo acl get -r /a
  world:anyone:cdrwa  /a
  world:anyone:cdrwa  /a/b
  world:anyone:cdrwa  /a/b/c
  world:anyone:cdrwa  /a/d
  $ zobo acl set -r -v 3 /a world:anyone:r
  ! zobo: -r and -v do not go together
  ! hint: `zobo help acl set` tells how it is used
  [2]
  $ zobo acl set -r --yes /nope world:anyone:r
  ! zobo: /nope: no such node (NoNode -101)
  [4]

What shuts us out below does not hinder the rest: children come first.

  $ zobo acl set /a/b world:anyone:r
  $ zobo acl set -r --yes /a world:anyone:cdra
  ! zobo: /a/b: the node's ACL does not permit this (NoAuth -102)
  ! hint: give credentials with --auth-file or ZOBO_AUTH; `zobo acl get` shows who may
  ! zobo: 3 nodes have the ACL now
  [8]
  $ zobo acl get -r /a
  world:anyone:cdra  /a
  world:anyone:r  /a/b
  world:anyone:cdra  /a/b/c
  world:anyone:cdra  /a/d
