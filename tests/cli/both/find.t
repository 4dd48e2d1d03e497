find: nodes that meet conditions.

  $ zobo create -p /a/job-1/x >/dev/null; zobo create /a/job-2 12345 >/dev/null; zobo create /a/other '' >/dev/null
  $ zobo create /big "$(head -c 2000 /dev/zero | tr '\0' x)"
  /big
  $ zobo find
  /
  /a
  /a/job-1
  /a/job-1/x
  /a/job-2
  /a/other
  /big
  $ zobo find /a --name 'job-*'
  /a/job-1
  /a/job-2
  $ zobo find / --name x --name big
  /a/job-1/x
  /big
  $ zobo find --regex 'job-[0-9]+/x$'
  /a/job-1/x
  $ zobo find --size +1k
  /big
  $ zobo find --size 5
  /a/job-2
  $ zobo find /a --size -5
  /a
  /a/job-1
  /a/job-1/x
  /a/other
  $ zobo find --empty --type leaf
  /a/job-1/x
  /a/other
  $ zobo find --type persistent --depth 1
  /
  /a
  /big
  $ zobo find --min-children 2
  /
  /a
  $ zobo find --min-children 1 --max-children 1
  /a/job-1
  $ zobo find --prune 'job-*'
  /
  /a
  /a/other
  /big
  $ zobo find --newer 1d --name big
  /big
  $ zobo find --older 1d
  [1]
  $ zobo find -0 /a --name 'job-*' | tr '\0' ' '
  /a/job-1 /a/job-2 
  (no newline)
  $ zobo find -l --name big
         0      2000        0  TIME  -                   /big
  $ zobo find -o long --name job-2
         0         5        0  TIME  -                   /a/job-2
  $ zobo find --format '%p %s %d\n' --name 'job-*'
  /a/job-1 0 
  /a/job-2 5 12345
  $ zobo find -o raw --name job-2
  0	5	0	TIME	TIME	0xID	0x0	/a/job-2
  $ zobo find -o table --name 'job-*' | cut -c 1-24
  VERSION  BYTES  CHILDREN
        0      0         1
        0      5         0
  $ zobo find -l --format '%p' --name x
  ! zobo: -l or --format: which?
  ! hint: `zobo help find` tells how it is used
  [2]
  $ zobo find -o name --name x
  /a/job-1/x
  $ zobo find -o json --name 'job-*'
  {"path":"/a/job-1"}
  {"path":"/a/job-2"}
  $ zobo find -l -o json --name job-2
  {"path":"/a/job-2","stat":{"czxid":"0xID","mzxid":"0xID","pzxid":"0xID","ctime":"TIME","mtime":"TIME","version":0,"cversion":0,"aversion":0,"ephemeral_owner":"0x0","data_length":5,"num_children":0}}
  $ zobo find /a/other
  /a/other
  $ zobo find --name nope
  [1]
  $ zobo find /nope
  ! zobo: /nope: no such node (NoNode -101)
  [4]
  $ zobo find --size small
  ! zobo: --size small: such as 4096, +64k or -1m
  ! hint: `zobo help find` tells how it is used
  [2]
  $ zobo find --owner me
  ! zobo: --owner me: a session's id is needed, 0x...
  ! hint: `zobo help find` tells how it is used
  [2]
  $ zobo find --regex '('
  ! zobo: --regex (: Unmatched ( or \(
  ! hint: `zobo help find` tells how it is used
  [2]
  $ zobo find --type odd
  ! zobo: --type odd: one of ephemeral|persistent|leaf|container|ttl is needed
  ! hint: `zobo help find` tells how it is used
  [2]
  $ zobo find -n
  ! zobo: -n goes with --rm
  ! hint: `zobo help find` tells how it is used
  [2]
  $ zobo find -0 -o json
  ! {"error":{"code":-1001,"name":"InvalidArgument","text":"-0 goes with plain paths only","hint":"`zobo help find` tells how it is used"}}
  [2]

Ephemeral nodes, and whose they are.

  $ exec 5< <(exec zobo create -e --hold /a/e mine)
  $ hold=$!
  $ next_line 5
  /a/e
  $ zobo find --type ephemeral
  /a/e
  $ zobo find --owner "$(zobo stat /a/e | sed -n 's/ephemeral_owner *//p')"
  /a/e
  $ zobo find --owner 0xID
  ! zobo: --owner 0xID: a session's id is needed, 0x...
  ! hint: `zobo help find` tells how it is used
  [2]
  $ kill $hold; wait $hold
  [143]

--rm takes away what is found.

  $ zobo find /a --name 'job-*' --rm
  ! zobo: find would ask, but stdin is no terminal: --yes answers, --dry-run shows
  [2]
  $ zobo find /a --name 'job-*' --rm -n
  /a/job-1
  /a/job-2
  $ zobo find /a --name 'job-*' --rm -n -o json
  {"path":"/a/job-1"}
  {"path":"/a/job-2"}
  $ zobo find /a --name 'job-*' --rm --yes
  ! zobo: /a/job-1: the node has children (NotEmpty -111)
  ! zobo: 1 nodes were removed
  [8]
  $ zobo find /a --name 'job-*'
  /a/job-1
  $ zobo find /a --rm --yes --name job-1 --name x
  $ zobo find /a
  /a
  /a/other
  $ zobo find --rm --yes --name nope
  [1]
  $ zobo create /t1 >/dev/null; zobo create /t2 >/dev/null
  $ echo n | script -qec 'zobo find --name "t?" --rm' /dev/null | grep -oE 'remove [^?]*[?]|nothing.*'
  remove the 2 nodes found below /?
  nothing was changed
  $ echo y | script -qec 'zobo find --name "t?" --rm' /dev/null | grep -oE 'remove [^?]*[?]|nothing.*'
  remove the 2 nodes found below /?
  $ zobo find --name 't?'
  [1]
  $ zobo find --rm --yes
  ! zobo: --rm needs a condition; `zobo rm -r` removes all that is below a node
  ! hint: `zobo help find` tells how it is used
  [2]
  $ zobo find -l -o name
  ! zobo: -l and -o name: which?
  ! hint: `zobo help find` tells how it is used
  [2]
  $ zobo find --rm --yes --regex .
  $ zobo ls
