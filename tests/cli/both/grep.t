grep: lines of the nodes' data.

  $ zobo create /a >/dev/null; printf 'host=db1\nport=5432\n# Host\n' | zobo create /a/config - >/dev/null
  $ printf 'host=db2' | zobo create /a/other - >/dev/null; printf 'bin\0ary host\377\nplain' | zobo create /a/raw - >/dev/null
  $ zobo grep host
  /a/config:host=db1
  /a/other:host=db2
  /a/raw:bin\x00ary host\xff
  $ zobo grep 'db[12]$' /a
  /a/config:host=db1
  /a/other:host=db2
  $ zobo grep -E '^port' /a
  /a/config:port=5432
  $ zobo grep -F 'db[12]' /a
  [1]
  $ zobo grep -F host= /a/config
  /a/config:host=db1
  $ zobo grep -i HOST /a
  /a/config:host=db1
  /a/config:# Host
  /a/other:host=db2
  /a/raw:bin\x00ary host\xff
  $ zobo grep -F -i HOST /a/config
  /a/config:host=db1
  /a/config:# Host
  $ zobo grep -v host /a
  /a/config:port=5432
  /a/config:# Host
  /a/raw:plain
  $ zobo grep -n host /a
  /a/config:1:host=db1
  /a/other:1:host=db2
  /a/raw:1:bin\x00ary host\xff
  $ zobo grep -c host /a
  /a/config:1
  /a/other:1
  /a/raw:1
  $ zobo grep -l host /a
  /a/config
  /a/other
  /a/raw
  $ zobo grep -l -0 host /a | tr '\0' ' '
  /a/config /a/other /a/raw 
  (no newline)
  $ zobo grep -F ary /a
  /a/raw:bin\x00ary host\xff
  $ zobo grep plain /a
  /a/raw:plain
  $ zobo grep -o json host /a
  {"path":"/a/config","line":1,"offset":0,"data":"host=db1","encoding":"utf8"}
  {"path":"/a/other","line":1,"offset":0,"data":"host=db2","encoding":"utf8"}
  {"path":"/a/raw","line":1,"offset":0,"data":"YmluAGFyeSBob3N0/w==","encoding":"base64"}
  $ zobo grep -l -o json db2 /a
  {"path":"/a/other"}
  $ zobo grep -c -o json o /a
  {"path":"/a/config","count":3}
  {"path":"/a/other","count":1}
  {"path":"/a/raw","count":1}
  $ zobo grep -L 0 host /a
  [1]
  $ zobo grep nothing /a
  [1]
  $ zobo grep host /nope
  ! zobo: /nope: no such node (NoNode -101)
  [4]
  $ zobo grep '(' /a
  ! zobo: (: Unmatched ( or \(; -F takes it as it is
  ! hint: `zobo help grep` tells how it is used
  [2]
  $ zobo grep -F '(' /a
  [1]
  $ zobo grep -l -c x
  ! zobo: -l and -c: which?
  ! hint: `zobo help grep` tells how it is used
  [2]
  $ zobo grep -E -F x
  ! zobo: -E and -F: which?
  ! hint: `zobo help grep` tells how it is used
  [2]
  $ zobo grep
  ! zobo: too few arguments: zobo grep PATTERN [PATH]
  ! hint: `zobo help grep` tells how it is used
  [2]
  $ zobo acl set /a/other world:anyone:cdwa
  $ zobo grep db /a
  /a/config:host=db1
  ! zobo: 1 of 4 nodes could not be read
  [8]
  $ zobo grep nothing /a
  ! zobo: 1 of 4 nodes could not be read
  [8]
  $ zobo acl set /a/other world:anyone:cdrwa
