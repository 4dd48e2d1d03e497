Wrong arguments: exit code 2, a line that says what is wrong, and where to read more. Nothing connects.

  $ zobo lss
  ! zobo: no command lss; did you mean ls?
  ! hint: `zobo help` lists the commands
  [2]
  $ zobo frobnicate
  ! zobo: no command frobnicate
  ! hint: `zobo help` lists the commands
  [2]
  $ zobo get
  ! zobo: too few arguments: zobo get PATH
  ! hint: `zobo help get` tells how it is used
  [2]
  $ zobo get /a /b
  ! zobo: too many arguments: zobo get PATH
  ! hint: `zobo help get` tells how it is used
  [2]
  $ zobo get --bogus /a
  ! zobo: unknown option --bogus
  ! hint: `zobo help get` tells how it is used
  [2]
  $ zobo get -Z /a
  ! zobo: unknown option -Z (a word that begins with - goes after --)
  ! hint: `zobo help get` tells how it is used
  [2]
  $ zobo get a/b
  ! zobo: a/b: byte 0: a path begins with '/' (BadPath -1002)
  ! hint: paths look like /a/b/c: absolute, without a slash at the end
  [2]
  $ zobo get /a/
  ! zobo: /a/: byte 2: a path does not end in '/' (BadPath -1002)
  ! hint: paths look like /a/b/c: absolute, without a slash at the end
  [2]
  $ zobo get /a//b
  ! zobo: /a//b: byte 3: a path has no empty component ("//") (BadPath -1002)
  ! hint: paths look like /a/b/c: absolute, without a slash at the end
  [2]
  $ zobo get -o name /a
  ! zobo: get has no format name
  ! hint: `zobo help get` tells how it is used
  [2]
  $ zobo get -o yaml /a
  ! zobo: no format yaml: there are text, json, long, table, raw and name
  ! hint: `zobo help get` tells how it is used
  [2]
  $ zobo get --hex --base64 /a
  ! zobo: --hex or --base64: which?
  ! hint: `zobo help get` tells how it is used
  [2]
  $ zobo set -v three /a b
  ! zobo: -v three: a version is a number, -1 for any
  ! hint: `zobo help set` tells how it is used
  [2]
  $ zobo set /a
  ! zobo: what data? give it as an argument, with -f FILE, or as - for stdin
  ! hint: `zobo help set` tells how it is used
  [2]
  $ zobo set /a -f
  ! zobo: -f needs a value
  ! hint: `zobo help set` tells how it is used
  [2]
  $ zobo set /a b -f c
  ! zobo: data as an argument and from a file: which?
  ! hint: `zobo help set` tells how it is used
  [2]
  $ zobo set --base64 /a '*'
  ! zobo: the data is not base64
  [2]
  $ zobo create -c -e /a
  ! zobo: a container is neither ephemeral nor sequential
  ! hint: `zobo help create` tells how it is used
  [2]
  $ zobo create --ttl soon /a
  ! zobo: --ttl soon: a duration with its unit is needed, such as 500ms, 5s, 2m or 1h
  ! hint: `zobo help create` tells how it is used
  [2]
  $ zobo rm -r /a
  ! zobo: rm would ask, but stdin is no terminal: --yes answers, --dry-run shows
  [2]
  $ zobo rm /
  ! zobo: /: the root is not removed; name what is below it
  [2]
  $ zobo rm -r --yes /zookeeper
  ! zobo: /zookeeper: ZooKeeper's own nodes are not removed
  [2]
  $ zobo rm -r -v 3 /a
  ! zobo: -r and -v do not go together
  ! hint: `zobo help rm` tells how it is used
  [2]
  $ zobo -H h1/zookeeper rm /quota
  ! zobo: /quota: ZooKeeper's own nodes are not removed
  [2]
  $ zobo acl
  ! usage:
  !   zobo acl get PATH
  !       print who may do what with a node
  !   zobo acl set PATH ACL...
  !       replace a node's ACL
  !   zobo acl digest USER
  !       print the id of a digest ACL; the password comes from stdin
  [2]
  $ zobo acl set /a world:anyone
  ! zobo: world:anyone is no ACL: entries look like scheme:id:cdrwa
  ! hint: `zobo help acl set` tells how it is used
  [2]
  $ zobo cmd status
  ! zobo: status: a word has four letters: ruok, srvr, mntr, ...
  ! hint: `zobo help 4lw` tells how it is used
  [2]
  $ zobo cmd xyz1
  ! zobo: xyz1: not a word of four letters
  ! hint: words are ruok, srvr, mntr, ...
  [2]
  $ zobo --connect-timeout never ping
  ! zobo: --connect-timeout never: a duration with its unit is needed, such as 500ms, 5s, 2m or 1h
  ! hint: `zobo help` lists the commands
  [2]
  $ zobo --connect-timeout 0 ping
  ! zobo: --connect-timeout 0: a duration with its unit is needed, such as 500ms, 5s, 2m or 1h
  ! hint: `zobo help` lists the commands
  [2]
  $ zobo --hosts h1:99999 ping
  ! zobo: h1:99999: byte 3: a port is a number from 1 to 65535 (BadHosts -1003)
  [2]
  $ ZOBO_CONNECT_TIMEOUT=x zobo ping
  ! zobo: ZOBO_CONNECT_TIMEOUT=x: a duration with its unit is needed, such as 500ms, 5s, 2m or 1h
  ! hint: `zobo help ping` tells how it is used
  [2]
  $ zobo --quiet=yes ping
  ! zobo: --quiet takes no value
  ! hint: `zobo help` lists the commands
  [2]
  $ zobo watch --count 0 /a
  ! zobo: --count 0: a number from 1 on is needed
  ! hint: `zobo help watch` tells how it is used
  [2]

What hands used to other tools type is understood, and what is meant here said.

  $ zobo rm -rf /a
  ! zobo: unknown option -f; --yes answers the question
  ! hint: `zobo help rm` tells how it is used
  [2]
  $ zobo ls -s /a
  ! zobo: unknown option -s; -l tells more of the children, `zobo stat` of the node
  ! hint: `zobo help ls` tells how it is used
  [2]
  $ zobo find / -name 'a*'
  ! zobo: unknown option -name; did you mean --name?
  ! hint: `zobo help find` tells how it is used
  [2]
  $ zobo ls --recursiv /a
  ! zobo: unknown option --recursiv; did you mean --recursive?
  ! hint: `zobo help ls` tells how it is used
  [2]
  $ zobo --hots zk1 ls /a
  ! zobo: unknown option --hots; did you mean --hosts?
  ! hint: `zobo help` lists the commands
  [2]
  $ zobo check all
  ! zobo: no command check all
  ! hint: `zobo help check ensemble` tells how it is used
  [2]
  $ zobo ctx rename a b
  ! zobo: no command ctx rename
  ! hint: `zobo help ctx` tells how it is used
  [2]
  $ zobo import app.ndjson
  ! zobo: app.ndjson is no path, which begins with '/'; a file is named with -f
  ! hint: `zobo help import` tells how it is used
  [2]
  $ zobo lock /a --
  ! zobo: no command to run behind --
  ! hint: `zobo help lock` tells how it is used
  [2]
  $ zobo help ctx rm | tail -n 1
  see also: ctx, ctx show, ctx use, ctx add, ctx edit

-v is --if-version, where there is one, and nothing else.

  $ zobo set -v /a b
  ! zobo: -v /a: a version is a number, -1 for any
  ! hint: `zobo help set` tells how it is used
  [2]
  $ zobo -v set --if-version 2x /a b
  ! zobo: unknown option -v (a word that begins with - goes after --)
  ! hint: `zobo help` lists the commands
  [2]

Errors in JSON when JSON is asked for, whatever comes first.

  $ zobo get --bogus /a -o json
  ! {"error":{"code":-1001,"name":"InvalidArgument","text":"unknown option --bogus","hint":"`zobo help get` tells how it is used"}}
  [2]
  $ ZOBO_OUTPUT=json zobo get a
  ! {"error":{"code":-1002,"name":"BadPath","text":"byte 0: a path begins with '/'","path":"a","hint":"paths look like /a/b/c: absolute, without a slash at the end"}}
  [2]

A time without a unit might be seconds or milliseconds: it is refused.

  $ zobo --connect-timeout 5 ping
  ! zobo: --connect-timeout 5: a duration with its unit is needed, such as 500ms, 5s, 2m or 1h
  ! hint: `zobo help` lists the commands
  [2]
  $ zobo lock -t 30 /l -- true
  ! zobo: -t 30: a duration with its unit is needed, such as 500ms, 5s, 2m or 1h
  ! hint: `zobo help lock` tells how it is used
  [2]
  $ zobo create --ttl 60000 /a
  ! zobo: --ttl 60000: a duration with its unit is needed, such as 500ms, 5s, 2m or 1h
  ! hint: `zobo help create` tells how it is used
  [2]
  $ ZOBO_SESSION_TIMEOUT=9000 zobo ping
  ! zobo: ZOBO_SESSION_TIMEOUT=9000: a duration with its unit is needed, such as 500ms, 5s, 2m or 1h
  ! hint: `zobo help ping` tells how it is used
  [2]
  $ zobo lock --show -t 1s /l
  ! zobo: --show or --timeout: which?
  ! hint: `zobo help lock` tells how it is used
  [2]

What bench makes of its options is told before it connects.

  $ zobo bench --ops get,put
  ! zobo: --ops: no operation put
  ! hint: `zobo help bench` tells how it is used
  [2]
  $ zobo bench --reads 101
  ! zobo: --reads: 0 to 100
  ! hint: `zobo help bench` tells how it is used
  [2]
  $ zobo bench -n 0
  ! zobo: --count: from 1 on
  ! hint: `zobo help bench` tells how it is used
  [2]
  $ zobo bench --sessions 20000
  ! zobo: at most 10000 sessions, and 100000 requests in flight of each
  ! hint: `zobo help bench` tells how it is used
  [2]
  $ zobo bench --size lots
  ! zobo: --size lots: a number of bytes is needed, such as 4096, 64k or 1m
  ! hint: `zobo help bench` tells how it is used
  [2]
  $ zobo bench nonsense
  ! zobo: nonsense: byte 0: a path begins with '/' (BadPath -1002)
  ! hint: paths look like /a/b/c: absolute, without a slash at the end
  [2]
  $ zobo latency --dist -o json
  ! {"error":{"code":-1001,"name":"InvalidArgument","text":"--dist draws bars: text only","hint":"`zobo help latency` tells how it is used"}}
  [2]

A form of one's own names the byte that is wrong.

  $ zobo ls --format '%p %q' /
  ! zobo: --format: byte 3: there is no %q; `zobo help` lists the fields
  ! hint: `zobo help ls` tells how it is used
  [2]
  $ zobo ls --format 'größe %ß' /
  ! zobo: --format: byte 8: there is no %ß; `zobo help` lists the fields
  ! hint: `zobo help ls` tells how it is used
  [2]
  $ zobo ls --format '%p\r' /
  ! zobo: --format: byte 2: there is no \r; there are \n, \t, \0 and \\
  ! hint: `zobo help ls` tells how it is used
  [2]
  $ zobo ls --format '%' /
  ! zobo: --format: byte 0: nothing stands behind this %
  ! hint: `zobo help ls` tells how it is used
  [2]
  $ zobo ls --format 'x\' /
  ! zobo: --format: byte 1: nothing stands behind this \
  ! hint: `zobo help ls` tells how it is used
  [2]
  $ zobo ls --format '%p' -o json /
  ! {"error":{"code":-1001,"name":"InvalidArgument","text":"--format or --output: which?","hint":"`zobo help ls` tells how it is used"}}
  [2]
  $ zobo ls -l --format '%p' /
  ! zobo: -l or --format: which?
  ! hint: `zobo help ls` tells how it is used
  [2]
  $ zobo get -s --format '%p' /
  ! zobo: --stat or --format: which?
  ! hint: `zobo help get` tells how it is used
  [2]
  $ zobo whoami --format '%p'
  ! zobo: whoami has no --format, which is for commands that print nodes
  ! hint: `zobo help whoami` tells how it is used
  [2]
  $ ZOBO_FORMAT='%q' zobo ls /
  ! zobo: --format: byte 0: there is no %q; `zobo help` lists the fields
  ! hint: `zobo help ls` tells how it is used
  [2]
