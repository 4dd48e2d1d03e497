rm -r: while others make nodes below, and what is told.

  $ zobo create -p /x/1/2/3 >/dev/null; for i in 1 2 3 4 5 6 7 8 9; do zobo create /x/1/$i-; done >/dev/null
  $ n=0; while [ ! -e stop ]; do zobo -q create -p /x/1/other/$((n++)) >/dev/null 2>&1; done & others=$!
  $ zobo rm -r --yes /x
  $ touch stop; wait $others
  $ zobo rm -r --yes /x /nope >/dev/null 2>&1; zobo exists /x
  [1]

Several, one of which is not there; the others go all the same.

  $ zobo create -p /a/b >/dev/null; zobo create -p /c/d >/dev/null
  $ zobo rm -r --yes /a /nope /c
  ! zobo: /nope: no such node (NoNode -101)
  [8]
  $ zobo ls
  $ zobo rm -r --yes /nope -o json
  ! {"error":{"code":-101,"name":"NoNode","text":"no such node","path":"/nope"}}
  [4]

A node that may not be read is removed if nothing is below it; the first error ends it, and how far it came is told.

  $ zobo create -p /r/shut/x >/dev/null; zobo create /r/leaf >/dev/null
  $ zobo acl set /r/leaf world:anyone:cdwa; zobo acl set /r/shut world:anyone:cdwa
  $ zobo rm -r --yes /r/leaf
  $ zobo rm -r --yes /r
  ! zobo: /r/shut: the node has children (NotEmpty -111)
  [5]
  $ zobo acl set /r/shut world:anyone:cdrwa
  $ zobo acl set /r world:anyone:crwa
  $ zobo rm -r --yes /r
  ! zobo: /r/shut: the node's ACL does not permit this (NoAuth -102)
  ! hint: give credentials with --auth-file or ZOBO_AUTH; `zobo acl get` shows who may
  ! zobo: 1 nodes were removed
  [8]
  $ zobo acl set /r world:anyone:cdrwa
  $ zobo rm -r --yes /r
