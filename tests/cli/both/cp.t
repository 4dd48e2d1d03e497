cp: copies keep data and ACLs.

  $ zobo create -p /a/b/c >/dev/null; printf 'one\0\377' | zobo set /a -; zobo set /a/b/c three
  $ zobo acl set /a/b world:anyone:cdra
  $ zobo cp /a /one
  $ zobo get /one | od -An -c
     o   n   e  \0 377
  $ zobo ls /one
  $ zobo cp -r /a /copy
  $ zobo tree /copy
  /copy
  └── b
      └── c
  
  3 nodes, 0 ephemeral
  $ zobo get /copy/b/c
  three
  (no newline)
  $ zobo acl get /copy/b
  world:anyone:cdra
  $ zobo cp -r /a /copy
  ! zobo: /copy: the node exists already (NodeExists -110)
  ! hint: DST is the name of the copy; --overwrite puts it over what is there
  [5]
  $ zobo cp /a /one
  ! zobo: /one: the node exists already (NodeExists -110)
  ! hint: DST is the name of the copy; --overwrite puts it over what is there
  [5]
  $ zobo cp -r /a /json -o json
  {"path":"/json","from":"/a","created":3,"overwritten":0,"skipped":0}
  $ zobo cp /a /no/parent
  ! zobo: /no: no such node (NoNode -101)
  ! hint: -p makes parents
  [4]
  $ zobo cp -p /a /no/parent
  $ zobo cp -n /a /gone/parent
  ! zobo: /gone: no such node (NoNode -101)
  ! hint: -p makes parents
  [4]
  $ zobo cp -p -n /a /gone/parent
  /gone/parent
  $ zobo cp -r /a /a/b/inside
  ! zobo: /a/b/inside lies below /a
  [2]
  $ zobo cp /a /a
  ! zobo: /a: source and destination are the same
  [2]
  $ zobo cp /nope /x
  ! zobo: /nope: no such node (NoNode -101)
  [4]
  $ zobo cp /a
  ! zobo: too few arguments: zobo cp SRC DST
  ! hint: `zobo help cp` tells how it is used
  [2]
  $ zobo cp -rn /a /new
  /new
  /new/b
  /new/b/c
  $ zobo cp -rn -o json /a/b /new
  {"path":"/new","from":"/a/b","dry_run":true}
  {"path":"/new/c","from":"/a/b/c","dry_run":true}
  $ zobo exists /new
  [1]
  $ zobo cp -r --data-only /a /plain
  $ zobo acl get /plain/b
  world:anyone:cdrwa

--overwrite puts it over what is there; what only the destination has stays.

  $ zobo create /copy/mine 'stays' >/dev/null; zobo set /a changed
  $ zobo cp -r -f /a /copy
  ! zobo: cp would ask, but stdin is no terminal: --yes answers, --dry-run shows
  [2]
  $ zobo cp -r -f --yes /a /copy -o json 2>cp.err; echo "exit code $?"; sed 's/[12] nodes/some nodes/' cp.err
  exit code 8
  {"error":{"code":-102,"name":"NoAuth","text":"the node's ACL does not permit this","path":"/copy/b","hint":"give credentials with --auth-file or ZOBO_AUTH; `zobo acl get` shows who may"}}
  {"note":"some nodes were copied"}
  $ zobo cp -f --yes /a /one
  $ zobo get /one
  changed
  (no newline)
  $ zobo acl set /a/b world:anyone:cdrwa; zobo acl set /copy/b world:anyone:cdrwa
  $ zobo cp -r -f --yes /a /copy -o json
  {"path":"/copy","from":"/a","created":0,"overwritten":3,"skipped":0}
  $ zobo get /copy
  changed
  (no newline)
  $ zobo get /copy/mine
  stays
  (no newline)
  $ echo n | script -qec 'zobo cp -rf /a /copy' /dev/null | grep -oE 'overwrite [^?]*[?]|nothing.*'
  overwrite /copy and those of the 3 nodes below it that are in the source, too?
  nothing was changed

Ephemeral nodes are left out, unless they are asked for.

  $ exec 5< <(exec zobo create -e --hold /a/e mine)
  $ hold=$!
  $ next_line 5
  /a/e
  $ zobo cp -r /a /without
  ! zobo: 1 ephemeral nodes were left out
  $ zobo ls /without
  b
  $ zobo cp -r --ephemerals /a /with
  $ zobo stat /with/e | grep owner
  ephemeral_owner  0x0
  $ kill $hold; wait $hold
  [143]

What may not be read is not copied, and an ACL of which a part is hidden not made worse.

  $ zobo acl set /a/b world:anyone:cdwa
  $ zobo cp -r /a /part
  ! zobo: 1 of 2 nodes could not be read
  ! zobo: 1 nodes were copied
  [8]
  $ zobo ls -R /part
  $ zobo acl set /a/b world:anyone:cdrwa
  $ zobo acl set /a/b digest:joe:3kKS+wlQjWkTLJpWdEXDc6bRXRQ=:cdrwa,world:anyone:r
  $ zobo cp -r /a /hidden
  ! zobo: /a/b: the node's ACL does not permit this (NoAuth -102)
  ! hint: its ACL may not be read whole, for want of the permission a; --data-only copies without ACLs
  ! zobo: 1 nodes were copied
  [8]
  $ zobo cp -r --data-only /a /open
  $ zobo ls -R /open
  /open/b
  /open/b/c
