import: a subtree made like an export.

  $ zobo create -p /app/a/b one; zobo create /app/a/c two; zobo create /app/ro v
  /app/a/b
  /app/a/c
  /app/ro
  $ printf '\0\377\1' | zobo create /app/ro/bin -
  /app/ro/bin
  $ zobo acl set /app/ro world:anyone:ra
  $ zobo export -f x.ndjson /app
  $ zobo import -f x.ndjson -n /copy
  + /copy
  + /copy/a
  + /copy/a/b
  + /copy/a/c
  + /copy/ro
  + /copy/ro/bin
  $ zobo import -f x.ndjson -n -o json /copy
  {"path":"/copy","change":"create","dry_run":true}
  {"path":"/copy/a","change":"create","dry_run":true}
  {"path":"/copy/a/b","change":"create","dry_run":true}
  {"path":"/copy/a/c","change":"create","dry_run":true}
  {"path":"/copy/ro","change":"create","dry_run":true}
  {"path":"/copy/ro/bin","change":"create","dry_run":true}
  $ zobo exists /copy
  [1]
  $ zobo import -f x.ndjson /deep/copy
  6 created, 0 changed, 0 removed, 0 as they were
  $ zobo diff /app /deep/copy
  $ zobo acl get /deep/copy/ro
  world:anyone:ra
  $ zobo rm -r --yes /app; zobo import -f x.ndjson -o json
  {"root":"/app","created":3,"changed":0,"removed":0,"same":3,"skipped":0,"left_out":0,"kept":0,"verified":true}
  ! zobo: /app/ro/bin: the node's ACL does not permit this (NoAuth -102)
  ! hint: give credentials with --auth-file or ZOBO_AUTH; `zobo acl get` shows who may
  ! zobo: 3 nodes were removed
  $ zobo ls -R /app
  /app/a
  /app/a/b
  /app/a/c
  /app/ro
  /app/ro/bin

What is there as it should be is left alone; what is there and is another ends it before anything is written.

  $ zobo import -f x.ndjson /app
  0 created, 0 changed, 0 removed, 6 as they were
  $ zobo set /app/a/b other; zobo rm /app/a/c; zobo acl set /app/ro world:anyone:rwa
  $ zobo import -f x.ndjson
  ! zobo: /app/a/b: is there with other data
  ! zobo: /app/ro: is there with another ACL
  ! zobo: nothing was changed: nodes are there with other content (2); --if-exists overwrite makes them like the source, --if-exists skip leaves them
  [5]
  $ zobo exists /app/a/c
  [1]
  $ zobo import -f x.ndjson --dry-run
  ~ /app/a/b (data)
  + /app/a/c
  ~ /app/ro (acl)
  ! zobo: /app/a/b: is there with other data
  ! zobo: /app/ro: is there with another ACL
  ! zobo: nothing was changed: nodes are there with other content (2); --if-exists overwrite makes them like the source, --if-exists skip leaves them
  [5]
  $ zobo import -f x.ndjson --if-exists skip
  1 created, 0 changed, 0 removed, 3 as they were, 2 skipped
  $ zobo import -f x.ndjson --if-exists overwrite --dry-run
  ~ /app/a/b (data)
  ~ /app/ro (acl)
  $ zobo import -f x.ndjson --if-exists overwrite
  0 created, 2 changed, 0 removed, 4 as they were
  $ zobo diff x.ndjson /app
  $ zobo import -f x.ndjson --if-exists perhaps
  ! zobo: --if-exists perhaps: one of fail|skip|overwrite is needed
  ! hint: `zobo help import` tells how it is used
  [2]

What the export does not have stays, but with --delete.

  $ zobo create -p /app/more/below; zobo import -f x.ndjson
  /app/more/below
  0 created, 0 changed, 0 removed, 6 as they were
  $ zobo import -f x.ndjson --delete
  ! zobo: import would ask, but stdin is no terminal: --yes answers, --dry-run shows
  [2]
  $ zobo import -f x.ndjson --delete --dry-run
  - /app/more/below
  - /app/more
  $ zobo import -f x.ndjson --delete --yes
  0 created, 0 changed, 2 removed, 6 as they were
  $ zobo diff x.ndjson /app

Compressed, from stdin, from a directory; without ACLs.

  $ zobo export -f y.ndjson.zst /app; zobo export -f z.ndjson.gz /app; zobo export --dir d /app
  $ zobo import /c1 <y.ndjson.zst; cat z.ndjson.gz | zobo import -f - /c2; zobo import -f d /c3
  6 created, 0 changed, 0 removed, 0 as they were
  6 created, 0 changed, 0 removed, 0 as they were
  6 created, 0 changed, 0 removed, 0 as they were
  $ zobo diff /app /c1; zobo diff /app /c2; zobo diff /app /c3
  $ zobo import --no-acl --no-verify -f d /c4
  6 created, 0 changed, 0 removed, 0 as they were
  $ zobo acl get /c4/ro
  world:anyone:cdrwa

Other tools' exports.

  $ echo '{"/z": {"content": "aGk=", "acls": [{"perms": 31, "id": {"scheme": "world", "id": "anyone"}}]}, "/z/k/l": {"content": null, "acls": []}}' >zk-shell.json
  $ zobo import -f zk-shell.json -n
  + /z
  + /z/k
  + /z/k/l
  $ zobo import -f zk-shell.json; zobo get /z; zobo ls -R /z
  3 created, 0 changed, 0 removed, 0 as they were
  hi/z/k
  /z/k/l
  ! zobo: made with the usual ACL, world:anyone:cdrwa, for their own is not known: 1
  $ echo '{"/": {"ephemeralOwner": 0, "data": null, "acls": []}, "/zc": {"ephemeralOwner": 0, "data": "aGk=", "acls": [{"id": "anyone", "scheme": "world", "perms": 1}]}, "/e": {"ephemeralOwner": 12345, "data": "", "acls": []}}' >zoocreeper.json
  $ zobo import -f zoocreeper.json /y; zobo acl get /y/zc
  2 created, 0 changed, 0 removed, 0 as they were
  world:anyone:r
  ! zobo: left out: ephemeral nodes (1); --ephemerals makes them, as persistent ones
  ! zobo: made with the usual ACL, world:anyone:cdrwa, for their own is not known: 1
  $ echo '[{"h": {"path": "/n", "data": "aGk=", "acl": [{"scheme": "world", "id": "anyone", "permissions": ["read", "admin"]}]}, "t": [{"h": {"path": "/n/m", "data": "", "acl": []}, "t": []}]}]' | gzip >zoonavigator.gz
  $ zobo import -f zoonavigator.gz /w; zobo ls -R /w; zobo get /w; zobo acl get /w
  2 created, 0 changed, 0 removed, 0 as they were
  /w/m
  hiworld:anyone:ra
  ! zobo: made with the usual ACL, world:anyone:cdrwa, for their own is not known: 1

What is wrong is told with its line, before anything is written.

  $ head -n 3 x.ndjson >cut; zobo import -f cut /new
  ! zobo: cut: it is cut off: the last line is missing
  [3]
  $ sed '3s/"data":"[^"]*"/"data":7/' x.ndjson | zobo import /new
  ! zobo: stdin, line 3: "data" is neither text nor null
  [3]
  $ sed '4s/"encoding":"utf8"/"encoding":"base64"/' x.ndjson | zobo import /new
  ! zobo: stdin, line 4: "data" is not base64
  [3]
  $ sed '2s/{/{{/' x.ndjson | zobo import /new
  ! zobo: stdin, line 2: it is not JSON: string or '}' expected near '{'
  [3]
  $ sed '3s,"/a","a",' x.ndjson | zobo import /new
  ! zobo: stdin, line 3: "path" does not begin with a slash
  [3]
  $ sed '3s,"/a","/a//b",' x.ndjson | zobo import /new
  ! zobo: stdin, line 3: "path" is no path: byte 3: a path has no empty component ("//")
  [3]
  $ sed '4p' x.ndjson | zobo import /new
  ! zobo: stdin, line 5: this node stands there twice
  [3]
  $ sed '1s/"version":1/"version":2/' x.ndjson | zobo import /new
  ! zobo: stdin, line 1: its "version" is 2; this zobo knows 1
  [3]
  $ sed '3s/cdrwa/xyz/' x.ndjson | zobo import /new
  ! zobo: stdin, line 3: "perms" in "acl" are letters of cdrwa
  [3]
  $ sed '3s/persistent/eternal/' x.ndjson | zobo import /new
  ! zobo: stdin, line 3: "type" is none of persistent, ephemeral, container and ttl
  [3]
  $ sed '3s/persistent/ttl/' x.ndjson | zobo import /new
  ! zobo: stdin, line 3: a node of type ttl needs its "ttl", in milliseconds
  [3]
  $ (cat x.ndjson; cat x.ndjson) | zobo import /new
  ! zobo: stdin, line 9: a second header: one export stands behind another
  [3]
  $ head -c 100 z.ndjson.gz | zobo import /new
  ! zobo: stdin: it is cut off
  [3]
  $ zobo import /new </dev/null
  ! zobo: stdin: it is empty
  [3]
  $ echo '{"a": 1}' | zobo import /new
  ! zobo: stdin: a: it has neither "content" (zk_shell) nor "data" (zoocreeper)
  [3]
  $ echo 'x' | zobo import /new
  ! zobo: stdin, line 1: it is not JSON: '[' or '{' expected near 'x'
  [3]
  $ zobo import -f nope.ndjson /new
  ! zobo: nope.ndjson: No such file or directory (System -1081)
  [3]
  $ zobo exists /new
  [1]

A file edited by hand need not be in order.

  $ (head -n 1 x.ndjson; sed -n '2,$p' x.ndjson | grep -v '"end"' | sort -r; tail -n 1 x.ndjson) | zobo import /new
  6 created, 0 changed, 0 removed, 0 as they were
  $ zobo diff /app /new

ZooKeeper's own nodes are not imported, though those tools export them; nor does it matter whether there is no data or
empty data where nobody's would be overwritten.

  $ echo '{"/": {"content": null}, "/zookeeper": {"content": ""}, "/zookeeper/quota": {"content": ""}, "/zz": {"content": "eHk="}}' >all.json
  $ zobo import -f all.json -n
  ~ / (data)
  + /zz
