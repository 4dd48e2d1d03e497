export: a subtree as lines of JSON.

  $ zobo create -p /app/a/b 'hello "q" é'
  /app/a/b
  $ zobo create /app/empty ''
  /app/empty
  $ printf '\0\377\1' | zobo create /app/bin -
  /app/bin
  $ zobo create '/app/odd @%.name!' 'two
  > lines'
  /app/odd @%.name!
  $ zobo create /app/ro v
  /app/ro
  $ zobo create /app/ro/child z
  /app/ro/child
  $ zobo acl set /app/ro world:anyone:ra
  $ zobo create -q /app/seq- --sequence
  /app/seq-0000000005
  $ version='s/"zobo":"[^"]*"/"zobo":"VERSION"/'
  $ zobo export /app | sed "$version"
  {"format":"zobo-export","version":1,"root":"/app","zobo":"VERSION","time":"TIME","zxid":"0xID"}
  {"path":"/","data":"","encoding":"utf8","acl":[{"scheme":"world","id":"anyone","perms":"cdrwa"}],"type":"persistent","children":6,"ctime":"TIME","mtime":"TIME","version":0}
  {"path":"/a","data":"","encoding":"utf8","acl":[{"scheme":"world","id":"anyone","perms":"cdrwa"}],"type":"persistent","children":1,"ctime":"TIME","mtime":"TIME","version":0}
  {"path":"/a/b","data":"hello \"q\" é","encoding":"utf8","acl":[{"scheme":"world","id":"anyone","perms":"cdrwa"}],"type":"persistent","children":0,"ctime":"TIME","mtime":"TIME","version":0}
  {"path":"/bin","data":"AP8B","encoding":"base64","acl":[{"scheme":"world","id":"anyone","perms":"cdrwa"}],"type":"persistent","children":0,"ctime":"TIME","mtime":"TIME","version":0}
  {"path":"/empty","data":"","encoding":"utf8","acl":[{"scheme":"world","id":"anyone","perms":"cdrwa"}],"type":"persistent","children":0,"ctime":"TIME","mtime":"TIME","version":0}
  {"path":"/odd @%.name!","data":"two\nlines","encoding":"utf8","acl":[{"scheme":"world","id":"anyone","perms":"cdrwa"}],"type":"persistent","children":0,"ctime":"TIME","mtime":"TIME","version":0}
  {"path":"/ro","data":"v","encoding":"utf8","acl":[{"scheme":"world","id":"anyone","perms":"ra"}],"type":"persistent","children":1,"ctime":"TIME","mtime":"TIME","version":0}
  {"path":"/ro/child","data":"z","encoding":"utf8","acl":[{"scheme":"world","id":"anyone","perms":"cdrwa"}],"type":"persistent","children":0,"ctime":"TIME","mtime":"TIME","version":0}
  {"path":"/seq-0000000005","data":"","encoding":"utf8","acl":[{"scheme":"world","id":"anyone","perms":"cdrwa"}],"type":"persistent","children":0,"ctime":"TIME","mtime":"TIME","version":0}
  {"end":true,"nodes":9,"bytes":26,"left_out":0,"unreadable":0,"changed":0,"zxid":"0xID"}
  $ zobo export /app/a -o json | sed "$version"
  {"format":"zobo-export","version":1,"root":"/app/a","zobo":"VERSION","time":"TIME","zxid":"0xID"}
  {"path":"/","data":"","encoding":"utf8","acl":[{"scheme":"world","id":"anyone","perms":"cdrwa"}],"type":"persistent","children":1,"ctime":"TIME","mtime":"TIME","version":0}
  {"path":"/b","data":"hello \"q\" é","encoding":"utf8","acl":[{"scheme":"world","id":"anyone","perms":"cdrwa"}],"type":"persistent","children":0,"ctime":"TIME","mtime":"TIME","version":0}
  {"end":true,"nodes":2,"bytes":12,"left_out":0,"unreadable":0,"changed":0,"zxid":"0xID"}

To a file: whole or not at all, compressed by its name, and the user's alone.

  $ zobo export -f x.ndjson /app
  $ stat -c %a x.ndjson
  600
  $ zobo export -f x.ndjson.gz /app; zobo export -f x.ndjson.zst /app
  $ zcat x.ndjson.gz | wc -l
  11
  $ zobo export -f nowhere/x.ndjson /app
  ! zobo: nowhere/x.ndjson: No such file or directory (System -1081)
  [3]
  $ zobo export -f nope.ndjson /nope
  ! zobo: /nope: no such node (NoNode -101)
  [4]
  $ ls
  x.ndjson
  x.ndjson.gz
  x.ndjson.zst

Parts of it: by depth, by patterns. What is above a chosen node comes with it.

  $ paths() { sed -n 's/^{"path":"\([^"]*\)".*/\1/p'; }
  $ zobo export -L 1 /app | paths
  /
  /a
  /bin
  /empty
  /odd @%.name!
  /ro
  /seq-0000000005
  $ zobo export -L 0 /app | paths
  /
  $ zobo export --exclude '/app/ro' --exclude '*/b' /app | paths
  /
  /a
  /bin
  /empty
  /odd @%.name!
  /seq-0000000005
  $ zobo export --include '*/child' /app | paths
  /
  /ro
  /ro/child
  $ zobo export --include '/app/a' /app | paths
  /
  /a
  /a/b
  $ zobo export -E --exclude '/(a|ro)$' /app | paths
  /
  /bin
  /empty
  /odd @%.name!
  /seq-0000000005
  $ zobo export -E --exclude '(' /app
  ! zobo: (: Unmatched ( or \(
  ! hint: `zobo help export` tells how it is used
  [2]
  $ zobo export -f a --dir b /app
  ! zobo: -f and --dir: which?
  ! hint: `zobo help export` tells how it is used
  [2]

A directory, for version control.

  $ zobo export --dir d /app
  $ (cd d && find . -type f | LC_ALL=C sort)
  ./@data
  ./@index.ndjson
  ./a
  ./a@/b
  ./bin
  ./empty
  ./odd %40%25.name!
  ./ro
  ./ro@/child
  ./seq-0000000005
  $ cat 'd/a@/b'; echo; sed "$version" d/@index.ndjson
  hello "q" é
  {"format":"zobo-export","version":1,"root":"/app","zobo":"VERSION"}
  {"path":"/","file":"@data","acl":[{"scheme":"world","id":"anyone","perms":"cdrwa"}],"type":"persistent"}
  {"path":"/a","file":"a","acl":[{"scheme":"world","id":"anyone","perms":"cdrwa"}],"type":"persistent"}
  {"path":"/a/b","file":"a@/b","acl":[{"scheme":"world","id":"anyone","perms":"cdrwa"}],"type":"persistent"}
  {"path":"/bin","file":"bin","acl":[{"scheme":"world","id":"anyone","perms":"cdrwa"}],"type":"persistent"}
  {"path":"/empty","file":"empty","acl":[{"scheme":"world","id":"anyone","perms":"cdrwa"}],"type":"persistent"}
  {"path":"/odd @%.name!","file":"odd %40%25.name!","acl":[{"scheme":"world","id":"anyone","perms":"cdrwa"}],"type":"persistent"}
  {"path":"/ro","file":"ro","acl":[{"scheme":"world","id":"anyone","perms":"ra"}],"type":"persistent"}
  {"path":"/ro/child","file":"ro@/child","acl":[{"scheme":"world","id":"anyone","perms":"cdrwa"}],"type":"persistent"}
  {"path":"/seq-0000000005","file":"seq-0000000005","acl":[{"scheme":"world","id":"anyone","perms":"cdrwa"}],"type":"persistent"}
  {"end":true,"nodes":9,"bytes":26,"left_out":0,"unreadable":0,"changed":0}
  $ zobo rm /app/empty; zobo create /app/a/c new
  /app/a/c
  $ zobo export --dir d /app
  $ (cd d && find . -type f | LC_ALL=C sort)
  ./@data
  ./@index.ndjson
  ./a
  ./a@/b
  ./a@/c
  ./bin
  ./odd %40%25.name!
  ./ro
  ./ro@/child
  ./seq-0000000005
  $ zobo diff d /app
  $ mkdir other; touch other/file; zobo export --dir other /app
  ! zobo: other: it is neither empty nor an export: give a directory of its own
  [3]

Links in it, which may have come with a repository, lead nowhere: nothing is written, read or removed outside. An export
into it that fails leaves no index, for the files are not those of the old one; the next one goes on from there.

  $ mkdir outside; echo mine >outside/b; echo mine >outside/c
  $ rm -r d/a@; ln -s ../outside d/a@
  $ zobo diff d /app
  ! zobo: d/a@/b: Not a directory (System -1081)
  [3]
  $ zobo export --dir d /app
  ! zobo: d/a@/b: Not a directory (System -1081)
  [3]
  $ ls -A d
  @data
  @index.old
  a
  a@
  bin
  odd %40%25.name!
  ro
  ro@
  seq-0000000005
  $ zobo import -f d /elsewhere
  ! zobo: d: an export into it has not come to its end; export again
  [3]
  $ rm d/a@; zobo export --dir d /app; ls -A d
  @data
  @index.ndjson
  a
  a@
  bin
  odd %40%25.name!
  ro
  ro@
  seq-0000000005
  $ rm -r d/a@; ln -s ../outside d/a@; zobo rm /app/a/c; zobo export --exclude '/app/a/b' --dir d /app
  $ cat outside/*; rm d/a@
  mine
  mine
  $ rm d/bin; mkfifo d/bin; zobo import -f d /elsewhere
  ! zobo: d/bin: it is no file that could be a node's data
  ! zobo: what was written stays; the same command goes on from there
  [3]
  $ zobo export --dir d /app; zobo diff d /app
  $ (trap '' XFSZ; ulimit -f 0; zobo export --dir first /app); ls -A first
  @data
  @index.old
  a
  a@
  $ zobo diff first /app
  ! zobo: first: an export into it has not come to its end; export again
  [3]
  $ zobo export --dir first /app; zobo diff first /app

What others would miss is told: digests that only administrators see, ephemeral nodes.

  $ printf 'digest:joe:secret\n' >joe; chmod 600 joe
  $ zobo create /hidden/node -p; zobo --auth-file joe acl set /hidden/node auth::cdrwa,world:anyone:r
  /hidden/node
  $ zobo export -f hidden.ndjson /hidden
  ! zobo: ACLs without their digests (1), which only those may see who may administer the nodes: nobody could use what is imported so
  $ zobo --auth-file joe export -f hidden.ndjson /hidden
  $ zobo lock /hidden/lock -- zobo -q export /hidden | tail -n 1
  {"end":true,"nodes":3,"bytes":0,"left_out":1,"unreadable":0,"changed":0,"zxid":"0xID"}
  $ zobo lock /hidden/lock -- zobo export -f hidden.ndjson /hidden
  ! zobo: left out: ephemeral nodes (1)
  ! zobo: ACLs without their digests (1), which only those may see who may administer the nodes: nobody could use what is imported so
  $ zobo lock /hidden/lock -- zobo export --ephemerals /hidden | grep -c '"type":"ephemeral"'
  1
  ! zobo: ACLs without their digests (1), which only those may see who may administer the nodes: nobody could use what is imported so
