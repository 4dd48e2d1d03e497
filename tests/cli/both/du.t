du: bytes and nodes of subtrees.

  $ zobo create -p /a/b/c >/dev/null; zobo create /a/d 12345 >/dev/null; zobo create /e 0123456789 >/dev/null
  $ zobo set /a/b/c "$(head -c 2000 /dev/zero | tr '\0' x)"
  $ zobo du
          2005           4  /a
            10           1  /e
          2015           6  /
  $ zobo du /a
          2000           2  /a/b
             5           1  /a/d
          2005           4  /a
  $ zobo du -L 0 /a /e
          2005           4  /a
            10           1  /e
  $ zobo du -a /a
          2000           1  /a/b/c
          2000           2  /a/b
             5           1  /a/d
          2005           4  /a
  $ zobo du -h /a
          2.0K           2  /a/b
             5           1  /a/d
          2.0K           4  /a
  $ zobo du -b /a
          2000  /a/b
             5  /a/d
          2005  /a
  $ zobo du --top 1
          2005           4  /a
  $ zobo du -a --top 2 --sort nodes
          2005           4  /a
          2000           2  /a/b
  $ zobo du --sort bytes
          2015           6  /
          2005           4  /a
            10           1  /e
  $ zobo du --sort nodes
          2015           6  /
          2005           4  /a
            10           1  /e
  $ zobo du -o json
  {"path":"/a","bytes":2005,"nodes":4}
  {"path":"/e","bytes":10,"nodes":1}
  {"path":"/","bytes":2015,"nodes":6}
  $ zobo du -b -o json /e
  {"path":"/e","bytes":10}
  $ zobo du -o table /a
         BYTES       NODES  PATH
          2000           2  /a/b
             5           1  /a/d
          2005           4  /a
  $ zobo du -h -b -o table /a
         BYTES  PATH
          2.0K  /a/b
             5  /a/d
          2.0K  /a
  $ zobo du -o raw /a | tr '\t' '|'
  2000|2|/a/b
  5|1|/a/d
  2005|4|/a
  $ zobo du /nope
  ! zobo: /nope: no such node (NoNode -101)
  [4]
  $ zobo du /a /nope
          2000           2  /a/b
             5           1  /a/d
          2005           4  /a
  ! zobo: /nope: no such node (NoNode -101)
  [8]
  $ zobo du -a -L 2
  ! zobo: --all and --depth: which?
  ! hint: `zobo help du` tells how it is used
  [2]
  $ zobo du --sort size
  ! zobo: --sort size: one of name|bytes|nodes is needed
  ! hint: `zobo help du` tells how it is used
  [2]
  $ zobo du -o long
  ! zobo: du has no format long
  ! hint: `zobo help du` tells how it is used
  [2]

What may not be read does not count, and the exit code says so.

  $ zobo acl set /a/b world:anyone:cdwa
  $ zobo du /a
             0           1  /a/b
             5           1  /a/d
             5           3  /a
  ! zobo: 1 of 3 nodes could not be read
  [8]
  $ zobo du -o json /a
  {"path":"/a/b","bytes":0,"nodes":1}
  {"path":"/a/d","bytes":5,"nodes":1}
  {"path":"/a","bytes":5,"nodes":3}
  ! {"note":"1 of 3 nodes could not be read"}
  [8]
  $ zobo acl set /a/b world:anyone:cdrwa
