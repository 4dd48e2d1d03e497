txn: several operations, all or none.

  $ zobo txn 'create /a one' 'create -s /a/job-' 'create -e /a/e' 'create -a world:anyone:r /a/r data'
  /a
  /a/job-0000000000
  /a/e
  /a/r
  $ zobo ls -R /
  /a
  /a/job-0000000000
  /a/r
  $ zobo get /a/r
  data
  (no newline)
  $ zobo acl get /a/r
  world:anyone:r
  $ zobo txn 'check -v 0 /a' 'set -v 0 /a two' 'delete /a/r'; zobo get /a
  two
  (no newline)

Not one of them is done when one fails, and that one is named.

  $ zobo txn 'set /a three' 'check -v 7 /a' 'create /b'
  ! zobo: /a: the node has another version (BadVersion -103)
  ! hint: operation 2 of 3, check, failed: nothing was done
  [5]
  $ zobo get /a; zobo exists /b
  two
  (no newline)
  [1]
  $ zobo txn 'create /b' 'rm /nope' 'create /b'
  ! zobo: /nope: no such node (NoNode -101)
  ! hint: operation 2 of 3, rm, failed: nothing was done
  [4]
  $ zobo txn 'create /b' 'create /a'
  ! zobo: /a: the node exists already (NodeExists -110)
  ! hint: operation 2 of 2, create, failed: nothing was done
  [5]
  $ zobo txn 'rm /a'
  ! zobo: /a: the node has children (NotEmpty -111)
  ! hint: operation 1 of 1, rm, failed: nothing was done
  [5]
  $ zobo txn -o json 'create /b' 'rm /nope' 'create /b'
  ! {"error":{"code":-101,"name":"NoNode","text":"no such node","path":"/nope","hint":"operation 2 of 3, rm, failed: nothing was done"}}
  [4]
  $ zobo txn 'create -a world:anyone:r /c' && zobo txn 'create /b' 'set /c x'
  /c
  ! zobo: /c: the node's ACL does not permit this (NoAuth -102)
  ! hint: operation 2 of 2, set, failed: nothing was done
  [6]
  $ zobo exists /b
  [1]

What was done, in JSON: an object for each.

  $ zobo txn -o json 'create /b one' 'set /b two' 'check /b' 'rm /b'
  {"op":"create","path":"/b"}
  {"op":"set","path":"/b","stat":{"czxid":"0xID","mzxid":"0xID","pzxid":"0xID","ctime":"TIME","mtime":"TIME","version":1,"cversion":0,"aversion":0,"ephemeral_owner":"0x0","data_length":3,"num_children":0}}
  {"op":"check","path":"/b"}
  {"op":"rm","path":"/b"}

Quoting is a shell's, so any data and any name can be written.

  $ zobo txn "create /q 'it'\\''s \"so\"'" "create '/q/with space' \"tab	and # and ;\"" 'create /q/empty ""' && zobo get /q && zobo get '/q/with space' && zobo get /q/empty
  /q
  /q/with space
  /q/empty
  it's "so"tab	and # and ;
  (no newline)
  $ zobo txn 'create /q/1 a; create /q/2 b # the second
  > create \
  > /q/3' && zobo get /q/2
  /q/1
  /q/2
  /q/3
  b
  (no newline)
  $ zobo txn 'set /q -- -5' && zobo get /q
  -5
  (no newline)
  $ printf '# changes\n\nset /q "{\\"a\\": 1}"\nrm "/q/with space"\n' >changes.txt
  $ zobo txn -f changes.txt && zobo get /q && zobo exists '/q/with space'
  {"a": 1}
  (no newline)
  [1]
  $ echo 'rm /q/1; rm /q/2' | zobo txn - 'rm /q/3'; zobo ls /q
  empty
  $ echo 'rm /q/empty' | zobo txn -f - && zobo ls /q

What is wrong is told with its place, before anything is sent.

  $ zobo txn
  ! zobo: no operations: give them as arguments, with -f FILE, or as - for stdin
  ! hint: `zobo help txn` tells how it is used
  [2]
  $ zobo txn '# nothing'
  ! zobo: no operations: give them as arguments, with -f FILE, or as - for stdin
  ! hint: `zobo help txn` tells how it is used
  [2]
  $ zobo txn 'move /a /b'
  ! zobo: no operation move: there are create, set, rm and check
  ! hint: `zobo help txn` tells how it is used
  ! zobo: this stands in argument 1, line 1
  [2]
  $ zobo txn 'set /a'
  ! zobo: too few words: set [-v N] PATH DATA
  ! hint: `zobo help txn` tells how it is used
  ! zobo: this stands in argument 1, line 1
  [2]
  $ zobo txn 'check /a /b'
  ! zobo: too many words: check [-v N] PATH
  ! hint: `zobo help txn` tells how it is used
  ! zobo: this stands in argument 1, line 1
  [2]
  $ zobo txn 'rm -r /a'
  ! zobo: unknown option -r (a word that begins with - goes after --)
  ! hint: `zobo help txn` tells how it is used
  ! zobo: this stands in argument 1, line 1
  [2]
  $ zobo txn 'set -v x /a b'
  ! zobo: -v x: a version is a number, -1 for any
  ! hint: `zobo help txn` tells how it is used
  ! zobo: this stands in argument 1, line 1
  [2]
  $ zobo txn 'rm a'
  ! zobo: a: byte 0: a path begins with '/' (BadPath -1002)
  ! hint: paths look like /a/b/c: absolute, without a slash at the end
  ! zobo: this stands in argument 1, line 1
  [2]
  $ zobo txn 'create /z' "set /a 'open"
  ! zobo: argument 2: line 1, column 8: this quote has no end
  ! hint: `zobo help txn` tells how it is used
  [2]
  $ zobo txn 'set /a trailing\'
  ! zobo: argument 1: line 1, column 16: nothing stands behind this backslash
  ! hint: `zobo help txn` tells how it is used
  [2]
  $ printf 'create /z\n\nset /a b c\n' | zobo txn -
  ! zobo: too many words: set [-v N] PATH DATA
  ! hint: `zobo help txn` tells how it is used
  ! zobo: this stands in stdin, line 3
  [2]
  $ printf 'create /z\nset /a "b\n\n' >bad.txt; zobo txn -f bad.txt -o json
  ! {"error":{"code":-1001,"name":"InvalidArgument","text":"bad.txt: line 2, column 8: this quote has no end","hint":"`zobo help txn` tells how it is used"}}
  [2]
  $ zobo txn 'create -e --ttl 1h /z'
  ! zobo: /z: bad option (BadOption -1004)
  ! zobo: this stands in argument 1, line 1
  [2]
  $ zobo txn 'create --acl nonsense /z'
  ! zobo: nonsense is no ACL: entries look like scheme:id:cdrwa
  ! hint: `zobo help txn` tells how it is used
  ! zobo: this stands in argument 1, line 1
  [2]
  $ zobo txn -f nowhere
  ! zobo: nowhere: No such file or directory (System -1081)
  [3]
  $ zobo exists /z
  [1]

A dry run sends nothing.

  $ zobo txn --dry-run 'create -s /n-' 'set /nope x' 'rm /a' 'check -v 3 /a'
  create /n-
  set /nope
  rm /a
  check /a
  $ zobo -o json txn -n 'set /nope x' 'rm /a'
  {"op":"set","path":"/nope","dry_run":true}
  {"op":"rm","path":"/a","dry_run":true}
  $ zobo ls /
  a
  c
  q

Containers and nodes with a time to live; what needs more than one server's limit.

  $ zobo txn 'create -c /box' 'create --ttl 1h /brief'
  /box
  /brief
  $ head -c 1100000 /dev/zero | tr '\0' x >big; { printf 'set /a '; cat big; } | zobo txn -
  ! zobo: the request is larger than the server accepts (TooBig -1005)
  ! hint: the servers' limit is jute.maxbuffer, 1 MiB unless configured otherwise
  [3]

In a shell or script paths may be relative.

  $ zobo -c "mkdir /d; cd /d; txn 'create x 1' 'create -s y/../' 'create ../e'; ls; txn 'set x 2' 'rm ../e'; get x"
  /d
  /d/x
  /d/0000000001
  /e
  0000000001
  x
  2
  (no newline)
