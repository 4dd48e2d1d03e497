ls, tree, rm.

  $ for p in /b /a/2 /a/10 /a/1/deep/deeper; do zobo create -p $p >/dev/null; done
  $ zobo set /a/10 0123456789
  $ zobo ls
  a
  b
  $ zobo ls /a
  1
  10
  2
  $ zobo ls -R /
  /a
  /a/1
  /a/1/deep
  /a/1/deep/deeper
  /a/10
  /a/2
  /b
  $ zobo ls -l /a
         0         0        1  TIME  -                   1
         1        10        0  TIME  -                   10
         0         0        0  TIME  -                   2
  $ zobo ls -lR /a/1
         0         0        1  TIME  -                   /a/1/deep
         0         0        0  TIME  -                   /a/1/deep/deeper
  $ zobo ls -o name /a
  /a/1
  /a/10
  /a/2
  $ zobo ls -0 /a | tr '\0' ' '
  1 10 2 
  (no newline)
  $ zobo ls -o json /b
  $ zobo ls -o json /a
  {"path":"/a/1","name":"1"}
  {"path":"/a/10","name":"10"}
  {"path":"/a/2","name":"2"}
  $ zobo ls -l -o json /a/1
  {"path":"/a/1/deep","name":"deep","stat":{"czxid":"0xID","mzxid":"0xID","pzxid":"0xID","ctime":"TIME","mtime":"TIME","version":0,"cversion":1,"aversion":0,"ephemeral_owner":"0x0","data_length":0,"num_children":1}}
  $ zobo ls -R -o json /a/1
  {"path":"/a/1/deep","name":"deep","stat":{"czxid":"0xID","mzxid":"0xID","pzxid":"0xID","ctime":"TIME","mtime":"TIME","version":0,"cversion":1,"aversion":0,"ephemeral_owner":"0x0","data_length":0,"num_children":1}}
  {"path":"/a/1/deep/deeper","name":"deeper","stat":{"czxid":"0xID","mzxid":"0xID","pzxid":"0xID","ctime":"TIME","mtime":"TIME","version":0,"cversion":0,"aversion":0,"ephemeral_owner":"0x0","data_length":0,"num_children":0}}
  $ zobo ls /nope
  ! zobo: /nope: no such node (NoNode -101)
  [4]
  $ zobo ls -R /nope
  ! zobo: /nope: no such node (NoNode -101)
  [4]
  $ zobo ls -l -o name /a
  ! zobo: -l and -o name: which?
  ! hint: `zobo help ls` tells how it is used
  [2]
  $ script -qec 'zobo ls -l /a' /dev/null
   version     bytes children  modified                  owner               name
         0         0        1  TIME  -                   [1;34m1[0m
         1        10        0  TIME  -                   10
         0         0        0  TIME  -                   2
  $ script -qec 'zobo --color never ls -l /a' /dev/null
   version     bytes children  modified                  owner               name
         0         0        1  TIME  -                   1
         1        10        0  TIME  -                   10
         0         0        0  TIME  -                   2
  $ zobo ls -o table /a | sed -E 's/0xID +/0xID  /'
  VERSION  BYTES  CHILDREN  CREATED                   MODIFIED                  MZXID  OWNER  NODE
        0      0         1  TIME  TIME  0xID 0x0    1
        1     10         0  TIME  TIME  0xID 0x0    10
        0      0         0  TIME  TIME  0xID 0x0    2
  $ zobo ls -o raw /a/1
  0	0	1	TIME	TIME	0xID	0x0	deep
  $ zobo ls -R -o raw /a | cut -f 8
  /a/1
  /a/1/deep
  /a/1/deep/deeper
  /a/10
  /a/2

A form of one's own: what is not asked for is not read, and nothing is added.

  $ zobo ls --format '%p %n %v %s %c|' /a
  /a/1 1 0 0 1|/a/10 10 1 10 0|/a/2 2 0 0 0|
  (no newline)
  $ zobo ls -R --format '%n=%d\n' /a
  1=
  deep=
  deeper=
  10=0123456789
  2=
  $ zobo stat --format '%p\t%v\t%s\t%c\t%m\t%C\t%o\t%z\\\t100%%\n' /a /a/10
  /a	0	0	3	TIME	TIME	0x0	0xID\	100%
  /a/10	1	10	0	TIME	TIME	0x0	0xID\	100%
  $ zobo stat --format '%p %d\n' /a/10 /nope
  /a/10 0123456789
  ! zobo: /nope: no such node (NoNode -101)
  [8]
  $ zobo get --format '%d' /a/10
  0123456789
  (no newline)
  $ zobo ls --format '%p\0' /a | tr '\0' ' '
  /a/1 /a/10 /a/2 
  (no newline)
  $ zobo stat -o table /a /nope
  VERSION  BYTES  CHILDREN  CREATED                   MODIFIED                  MZXID  OWNER  NODE
        0      0         3  TIME  TIME  0xID 0x0    /a
  ! zobo: /nope: no such node (NoNode -101)
  [8]
  $ zobo stat -o raw /a/10
  1	10	0	TIME	TIME	0xID	0x0	/a/10
  $ ZOBO_FORMAT='%n\n' zobo ls /a
  1
  10
  2
  $ ZOBO_FORMAT='%n\n' zobo ls -o name /a
  /a/1
  /a/10
  /a/2
  $ ZOBO_FORMAT='%n\n' zobo exists /a
  $ zobo exists -o table /a /nope
  NODE   EXISTS
  /a        yes
  /nope      no
  [1]
  $ zobo exists -o raw /a
  /a	yes

tree.

  $ zobo tree
  /
  ├── a
  │   ├── 1
  │   │   └── deep
  │   │       └── deeper
  │   ├── 10
  │   └── 2
  └── b
  
  8 nodes, 0 ephemeral
  $ zobo tree -L 1
  /
  ├── a
  └── b
  
  3 nodes, 0 ephemeral
  $ zobo tree -L 2 /a
  /a
  ├── 1
  │   └── deep
  ├── 10
  └── 2
  
  5 nodes, 0 ephemeral
  $ LC_ALL=C zobo tree /a
  /a
  |-- 1
  |   `-- deep
  |       `-- deeper
  |-- 10
  `-- 2
  
  6 nodes, 0 ephemeral
  $ zobo tree -o json /b
  {"path":"/b","depth":0,"stat":{"czxid":"0xID","mzxid":"0xID","pzxid":"0xID","ctime":"TIME","mtime":"TIME","version":0,"cversion":0,"aversion":0,"ephemeral_owner":"0x0","data_length":0,"num_children":0}}
  $ zobo tree /nope
  ! zobo: /nope: no such node (NoNode -101)
  [4]

Ephemeral nodes are marked.

  $ exec 5< <(exec zobo create -e --hold /b/e mine)
  $ hold=$!
  $ next_line 5
  /b/e
  $ zobo tree /b
  /b
  └── e*
  
  2 nodes, 1 ephemeral
  $ zobo ls -l /b
         0         4        0  TIME  0xID e
  $ kill $hold; wait $hold
  [143]
  $ exec 5<&-
  $ zobo ls /b

What may not be read does not hide the rest.

  $ zobo create -p /c/shut/inside >/dev/null; zobo create /c/open >/dev/null; zobo acl set /c/shut world:anyone:a
  $ zobo tree /c
  /c
  ├── open
  └── shut  [NoAuth]
  
  3 nodes, 0 ephemeral
  [8]
  $ zobo ls -R /c
  /c/open
  /c/shut
  ! zobo: 1 of 3 nodes could not be read
  [8]
  $ zobo rm -rn /c
  /c/open
  /c/shut
  /c
  ! zobo: 1 of 3 nodes could not be read
  [8]
  $ zobo rm -r --yes /c
  ! zobo: /c/shut: the node has children (NotEmpty -111)
  ! zobo: 1 nodes were removed
  [8]
  $ zobo acl set /c/shut world:anyone:cdrwa

rm.

  $ zobo rm /nope
  ! zobo: /nope: no such node (NoNode -101)
  [4]
  $ zobo rm /a
  ! zobo: /a: the node has children (NotEmpty -111)
  ! hint: -r removes what is below it too
  [5]
  $ zobo rm -v 3 /a/2
  ! zobo: /a/2: the node has another version (BadVersion -103)
  ! hint: somebody else changed it; `zobo stat` shows the version it has now
  [5]
  $ zobo rm -v 0 /a/2
  $ zobo rm /a/2 /b
  ! zobo: /a/2: no such node (NoNode -101)
  [8]
  $ zobo rm -n /a/10
  /a/10
  $ zobo rm -n /a
  ! zobo: /a: the node has children (NotEmpty -111)
  ! hint: -r removes what is below it too
  [5]
  $ zobo rm -rn /a
  /a/1/deep/deeper
  /a/1/deep
  /a/1
  /a/10
  /a
  $ zobo rm -rn -o json /a/1/deep
  {"path":"/a/1/deep/deeper","dry_run":true}
  {"path":"/a/1/deep","dry_run":true}
  $ zobo deleteall -n /a/1
  /a/1/deep/deeper
  /a/1/deep
  /a/1
  $ zobo ls -R /a
  /a/1
  /a/1/deep
  /a/1/deep/deeper
  /a/10
  $ zobo rm -r /a
  ! zobo: rm would ask, but stdin is no terminal: --yes answers, --dry-run shows
  [2]
  $ zobo rm -r --yes /a
  $ zobo rm -r --yes /a
  ! zobo: /a: no such node (NoNode -101)
  [4]
  $ zobo rm -r --yes /
  ! zobo: /: the root is not removed; name what is below it
  [2]
  $ zobo ls
  c

On a terminal it asks.

  $ zobo create -p /t/1/2 >/dev/null
  $ echo n | script -qec 'zobo rm -r /t' /dev/null | grep -oE 'remove [^?]*[?]|nothing.*'
  remove /t and the 2 nodes below it?
  nothing was changed
  $ zobo exists /t
  $ echo y | script -qec 'zobo rm -r /t' /dev/null | grep -oE 'remove [^?]*[?]|nothing.*'
  remove /t and the 2 nodes below it?
  $ zobo exists /t
  [1]

A reader that goes away ends it quietly, and so does it when much is left to say.

  $ zobo create -p /big >/dev/null
  $ for i in $(seq 30); do zobo create -s /big/n- >/dev/null; done
  $ zobo ls -R / | head -n 0
  $ exec 6> >(exec true); wait $!
  $ zobo ls -R / >&6
  [141]
  $ exec 6>&-
  $ zobo ls /big | wc -l
  30
