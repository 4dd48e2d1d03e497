diff: two subtrees or exports side by side.

  $ zobo create -p /a/x 1; zobo create /a/y 2; zobo create /a/z 3; zobo create /a/x-y 4; zobo create /a/x/k 5
  /a/x
  /a/y
  /a/z
  /a/x-y
  /a/x/k
  $ zobo export /a | zobo import /b
  6 created, 0 changed, 0 removed, 0 as they were
  $ zobo diff /a /b
  $ zobo set /b/x one; zobo rm /b/y; zobo create /b/w 0; zobo acl set /b/z world:anyone:ra; zobo create /b/x/l
  /b/w
  /b/x/l
  $ zobo diff /a /b
  + /w
  ~ /x (data)
  + /x/l
  - /y
  ~ /z (acl)
  [1]
  $ zobo diff -o json /a /b
  {"path":"/w","change":"added"}
  {"path":"/x","change":"changed","what":["data"]}
  {"path":"/x/l","change":"added"}
  {"path":"/y","change":"removed"}
  {"path":"/z","change":"changed","what":["acl"]}
  [1]
  $ zobo diff -o name /a /b
  /w
  /x
  /x/l
  /y
  /z
  [1]
  $ zobo diff --no-acl /a /b
  + /w
  ~ /x (data)
  + /x/l
  - /y
  [1]
  $ zobo diff --data-only -u /a /b
  ~ /x (data)
  --- a/x
  +++ b/x
  @@ -1 +1 @@
  -1
  \ No newline at end of file
  +one
  \ No newline at end of file
  [1]
  $ zobo diff -L 0 /a /b
  $ zobo export -f a.ndjson.gz /a
  $ zobo diff a.ndjson.gz /a; zobo diff file:a.ndjson.gz /b
  + /w
  ~ /x (data)
  + /x/l
  - /y
  ~ /z (acl)
  [1]
  $ zobo diff /a /nope
  ! zobo: /nope: no such node (NoNode -101)
  [4]
  $ zobo diff /a nope.ndjson
  ! zobo: nope.ndjson: No such file or directory (System -1081)
  [3]
  $ zobo diff /a
  ! zobo: too few arguments: zobo diff SRC DST
  ! hint: `zobo help diff` tells how it is used
  [2]
  $ zobo diff -u -o json /a /b
  ! {"error":{"code":-1001,"name":"InvalidArgument","text":"-u and -o json: which?","hint":"`zobo help diff` tells how it is used"}}
  [2]

Another context's servers. (A path there is told from a file by its colon and slash.)

  $ zobo ctx add here hosts=$ZOBO_HOSTS 2>note
  $ zobo diff here:/a /a
  $ zobo diff here:/a /b
  + /w
  ~ /x (data)
  + /x/l
  - /y
  ~ /z (acl)
  [1]
  $ zobo diff nowhere:/a /b
  ! zobo: no context nowhere; `zobo ctx` lists those there are
  [2]
