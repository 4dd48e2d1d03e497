sync: with one path or none ZooKeeper's, with two places it makes one like the other.

  $ zobo sync
  $ zobo sync /
  $ zobo sync -n /
  ! zobo: --dry-run goes with two places, SRC and DST
  ! hint: `zobo help sync` tells how it is used
  [2]
  $ zobo create -p /a/x/deep 1; zobo create /a/y 2
  /a/x/deep
  /a/y
  $ zobo sync /a /b
  4 created, 0 changed, 0 removed, 0 as they were
  $ zobo sync /a /b
  0 created, 0 changed, 0 removed, 4 as they were
  $ zobo sync -o json /a /b
  {"root":"/b","created":0,"changed":0,"removed":0,"same":4,"skipped":0,"left_out":0,"kept":0,"verified":true}
  $ zobo set /a/y new; zobo create -p /b/only/here; zobo rm -r --yes /a/x
  /b/only/here
  $ zobo sync -n /a /b
  - /b/only/here
  - /b/only
  - /b/x/deep
  - /b/x
  ~ /b/y (data)
  $ zobo sync -n -o json /a /b
  {"path":"/b/only/here","change":"remove","dry_run":true}
  {"path":"/b/only","change":"remove","dry_run":true}
  {"path":"/b/x/deep","change":"remove","dry_run":true}
  {"path":"/b/x","change":"remove","dry_run":true}
  {"path":"/b/y","change":"data","dry_run":true}
  $ zobo sync /a /b
  ! zobo: sync would ask, but stdin is no terminal: --yes answers, --dry-run shows
  [2]
  $ zobo ls /b
  only
  x
  y
  $ zobo sync --no-delete /a /b
  0 created, 1 changed, 0 removed, 1 as they were
  $ zobo ls -R /b
  /b/only
  /b/only/here
  /b/x
  /b/x/deep
  /b/y
  $ zobo sync --yes /a /b
  0 created, 0 changed, 4 removed, 2 as they were
  $ zobo diff /a /b
  $ zobo sync --if-exists fail /a /b; zobo set /b/y mine; zobo sync --if-exists fail /a /b
  0 created, 0 changed, 0 removed, 2 as they were
  ! zobo: /b/y: is there with other data
  ! zobo: nothing was changed: nodes are there with other content (1); --if-exists overwrite makes them like the source, --if-exists skip leaves them
  [5]
  $ zobo sync /a /a/x
  ! zobo: one of /a and /a/x is below the other
  ! hint: `zobo help sync` tells how it is used
  [2]
  $ zobo sync /a x.ndjson
  ! zobo: x.ndjson is no node; export writes to files
  ! hint: `zobo help sync` tells how it is used
  [2]

Ephemeral nodes are nobody's to copy or remove.

  $ zobo lock /b/lock -- sh -c 'zobo sync --yes /a /b'
  0 created, 1 changed, 0 removed, 1 as they were
  ! zobo: left there: ephemeral nodes of sessions (1), and what is above them
  $ zobo ls /b
  lock
  y

To another context's servers, and what that context allows.

  $ zobo ctx add there hosts=$ZOBO_HOSTS 2>note
  $ zobo sync --yes /a there:/c; zobo diff /a there:/c; zobo sync --yes there:/a /d; zobo diff /a /d
  2 created, 0 changed, 0 removed, 0 as they were
  2 created, 0 changed, 0 removed, 0 as they were
  $ zobo ctx add look hosts=$ZOBO_HOSTS readonly=yes
  $ zobo sync --yes /a look:/e
  ! zobo: sync: the context look is for reading only
  [6]
  $ zobo sync --dry-run /a look:/e
  + /e
  + /e/y
  $ zobo sync --yes look:/a /e
  2 created, 0 changed, 0 removed, 0 as they were

Nodes that may not be read are told, and what is there of them stays.

  $ zobo create -p /r/open 1; zobo create -p /r/shut/below 2
  /r/open
  /r/shut/below
  $ zobo sync /r /s
  4 created, 0 changed, 0 removed, 0 as they were
  $ zobo acl set /r/shut world:anyone:a; zobo set /r/open one
  $ zobo sync --yes /r /s
  0 created, 1 changed, 0 removed, 1 as they were
  ! zobo: /r/shut: the node's ACL does not permit this (NoAuth -102)
  ! hint: give credentials with --auth-file or ZOBO_AUTH; `zobo acl get` shows who may
  [8]
  $ zobo ls -R /s
  /s/open
  /s/shut
  /s/shut/below
  $ zobo diff /r /s
  ! zobo: /shut: the node's ACL does not permit this (NoAuth -102)
  ! hint: give credentials with --auth-file or ZOBO_AUTH; `zobo acl get` shows who may
  [8]
  $ zobo export -f r.ndjson /r; tail -n 1 r.ndjson
  {"end":true,"nodes":2,"bytes":3,"left_out":0,"unreadable":1,"changed":0,"zxid":"0xID"}
  ! zobo: /r/shut: the node's ACL does not permit this (NoAuth -102)
  ! hint: give credentials with --auth-file or ZOBO_AUTH; `zobo acl get` shows who may
  ! zobo: could not be read, nor what is below them: 1

Two names for the same servers: a place that lies in the other is refused, for it would grow by itself, or be removed as
what only DST has.

  $ printf '[same]\nhosts=%s\n' "$ZOBO_HOSTS" >same.ini; export ZOBO_CONFIG=$PWD/same.ini
  $ zobo create -p /nested/a/b x
  /nested/a/b
  $ zobo sync -n /nested same:/nested/a
  ! zobo: one of /nested and /nested/a is below the other
  ! hint: `zobo help sync` tells how it is used
  [2]
  $ zobo sync -n /nested same:/nested/new
  ! zobo: one of /nested and /nested/new is below the other
  ! hint: `zobo help sync` tells how it is used
  [2]
  $ zobo sync -n same:/nested/a /nested
  ! zobo: one of /nested/a and /nested is below the other
  ! hint: `zobo help sync` tells how it is used
  [2]
  $ zobo sync -n /nested/a same:/
  ! zobo: one of /nested/a and / is below the other
  ! hint: `zobo help sync` tells how it is used
  [2]
  $ zobo sync -n /nested same:/nested
  $ zobo sync -n /nested/a same:/apart
  + /apart
  + /apart/b
