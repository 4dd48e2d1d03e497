Help goes to stdout, never connects, and comes from the tables.

  $ zobo --help
  usage: zobo [options] COMMAND [options] [arguments]
  
  A ZooKeeper client, and a server. Data goes to stdout, everything else to stderr; the exit code tells how it went.
  
  commands:
    get             print a node's data
    set             replace a node's data
    create          make a node, and print its path
    edit            edit a node's data
    rm              remove nodes
    txn             do several operations as one
    exists          tell by the exit code whether nodes are there
    stat            print nodes' metadata
    ls              list a node's children
    count           print how many nodes are below one
    ephemerals      print this session's own ephemeral nodes
    tree            draw the nodes below one as a tree
    du              tell how many bytes and nodes subtrees hold
    find            print the nodes of a subtree that meet all conditions
    grep            search the data of a subtree's nodes
    touch           make empty nodes, or set those that are there to the data they have
    cp              copy a node, or with -r a subtree
    mv              move a node and all below it
    watch           print what happens to a node, or run a command at it
    lock            run a command while holding a lock
    elect           run a command while being the leader
    acl get         print who may do what with a node
    acl set         replace a node's ACL
    acl digest      print the id of a digest ACL; the password comes from stdin
    whoami          print as whom the server knows this client
    export          write a subtree to a file
    import          make a subtree like an export
    diff            compare two subtrees or exports
    sync            wait until the server has caught up; with SRC and DST: make DST like SRC
    ping            tell whether a server gives sessions
    4lw             send a four-letter word, print the answer
    admin           ask AdminServer, print the answer
    bench           measure throughput and latency
    latency         measure how long one request takes
    sessions        list sessions: clients, servers, ephemeral nodes, watches
    owner           tell whose an ephemeral node is: session, client's address, server
    watches         list which client watches which path
    top             watch what the servers, or their clients, do
    check smoke     do at each server what clients do, on nodes of its own
    check perf      check that the servers are fast enough for a load
    check ensemble  check that the servers agree and are well
    quota get       print quotas: what is used of them, soft and hard limits
    quota set       limit how many nodes and bytes a subtree may have
    quota rm        take a subtree's quota away
    config          print the ensemble's members
    reconfig        change the ensemble's members
    ctx             list the contexts: clusters by name
    ctx show        print a context's properties
    ctx use         choose the context that is used without --context
    ctx add         add a context
    ctx rm          remove a context
    ctx edit        edit the file of contexts
    shell           run commands in one session: typed, from a script, from stdin
    serve           be a ZooKeeper server: one node, durable, small
    snapshot export write a server's data as Apache ZooKeeper's snapshot
    snapshot import make a server's data from Apache ZooKeeper's
    snapshot backup copy a server's data as it is at one moment
    completion      print the script by which a shell completes zobo's arguments
    help            print help
    version         print the version
  
  without COMMAND it is a shell, or runs what comes from stdin; there are also:
    cd pwd history redo addauth connect close printwatches removewatches exit
  
  options, before or after the command:
    -C, --context CONTEXT       the cluster of that name in the file of contexts: `zobo help ctx`
    -X, --property KEY=VALUE    a context's property, for this once
    -H, --hosts LIST            servers: host:port,host:port/chroot (127.0.0.1:2181)
        --local DIR             a data directory of our own server, which is started if none serves it
        --connect-timeout TIME  how long connecting may take (10s)
        --session-timeout TIME  the session timeout to ask for (10s)
        --wait                  go on trying until --connect-timeout when no server accepts
        --auth-file FILE        credentials, scheme:credential lines; chmod 600
        --auth CRED             one credential; others may see it, prefer --auth-file
        --auth-prompt           ask for one, unseen; or take the first line of stdin
        --read-only             be content with a server that only reads
    -o, --output FORMAT         text, json, long, table, raw or name; lists in JSON: one object a line
        --format FMT            how nodes are printed, such as '%p %v\n'; the fields are below
    -y, --yes                   do not ask before changes; needed where no terminal could answer
        --color auto|always|never
                                colours: auto is on terminals, without NO_COLOR
        --no-pager              long output on a terminal does not go through $ZOBO_PAGER, $PAGER or less
    -q, --quiet                 no notes on stderr, only errors
        --trace                 log what the client does on stderr
        --version               print the version
    -h, --help                  print help; never connects
  
  FMT, with ls, stat, get and others that print nodes:
    %p  path
    %n  name: the path's last part
    %v  version of the data
    %s  size of the data in bytes
    %c  number of children
    %m  time of the last change, as TIME
    %C  time of creation
    %o  owner of an ephemeral node: the session's id, else 0x0
    %z  zxid of the last change
    %d  data, byte for byte; on a terminal readable
    %%  a percent sign; \n newline, \t tab, \0 NUL, \\ backslash: nothing is added by itself
  
  TIME is a number and its unit: 500ms, 1.5s, 2m, 1h, 3d.
  Each can stand in the environment: ZOBO_HOSTS, ZOBO_AUTH_FILE, ZOBO_OUTPUT, ...
  
  exit codes: 0 done, 1 the answer is no, 2 wrong arguments, 4 no such node,
  5 in conflict with what is there, 6 not allowed, 7 no connection; the manual, zobo(1), has them all
  
  examples:
    zobo ls /
    zobo -H zk1,zk2,zk3/app get /config > config.json
    zobo set /config -f config.json
    zobo watch -r /config -o json | while read -r event; do ...; done
  
  `zobo help COMMAND` tells more about one.
  $ zobo help acl
  usage:
    zobo acl get PATH
        print who may do what with a node
    zobo acl set PATH ACL...
        replace a node's ACL
    zobo acl digest USER
        print the id of a digest ACL; the password comes from stdin
  $ zobo help rm
  zobo rm: remove nodes
  
  examples:
    zobo rm /app/old
        one node, if nothing is below it
    zobo rm -r /app/old
        a subtree; tells how many nodes that is, and asks
    zobo rm -rn /app/old
        what would that remove?
    zobo rm -r --yes /app/old
        in a script
  
  usage: zobo rm [options] PATH...
  also called: delete, deleteall (rm --recursive), rmr (rm --recursive)
  
  -r is not atomic: when it fails, part of the subtree is gone; it tells how
  many nodes. What others make below it meanwhile is removed too. The root and
  ZooKeeper's own nodes are refused.
  
  options:
    -r, --recursive             remove all that is below it too; asks first
    -n, --dry-run               print what would be removed, change nothing
    -v, --if-version N          only if the node has this version (exit code 5 if not)
  
  -o takes: text json
  `zobo help` lists the options that every command takes.
  $ zobo acl set --help
  zobo acl set: replace a node's ACL
  
  examples:
    zobo acl set /app world:anyone:r
        everyone may read, nobody may change it
    zobo acl set /app auth::cdrwa world:anyone:r
        whoever I am may do anything, others read
    zobo acl set /app "digest:$(zobo acl digest joe):rw"
        joe, by name and password
    zobo acl add /app ip:10.1.0.0/16:r
        one entry more
    zobo acl set -r /app auth::cdrwa
        of the whole subtree
  
  usage: zobo acl set [options] PATH ACL...
  also called: setAcl, acl add (acl set --add)
  
  An ACL is scheme:id:permissions; several are separate arguments or parted by
  commas. Take care to keep the permission a for somebody.
  
  options:
    -v, --if-version N          only if the ACL has this version (stat: aversion)
    -a, --add                   keep the entries of others; those of the same scheme:id are replaced
    -r, --recursive             of all that is below, too; tells how many nodes, and asks
    -n, --dry-run               check that it could be done, change nothing
  
  -o takes: text json
  `zobo help` lists the options that every command takes.
  
  see also: acl get, acl digest
  $ zobo help gett
  ! zobo: no command gett; did you mean get?
  ! hint: `zobo help` lists the commands
  [2]
  $ zobo 2>/dev/null
  $ for c in get set create rm exists stat ls tree watch whoami sync ping 4lw help version; do
  >   zobo "$c" --help | grep -q "^usage: zobo $c" || echo "$c"
  > done

zkCli's names.

  $ for c in delete deleteall rmr getAcl setAcl addWatch; do zobo help $c | head -n 1; done
  zobo rm: remove nodes
  zobo rm: remove nodes
  zobo rm: remove nodes
  zobo acl get: print who may do what with a node
  zobo acl set: replace a node's ACL
  zobo watch: print what happens to a node, or run a command at it

  $ zobo version
  zobo 0.1.0
  $ zobo --version
  zobo 0.1.0
  $ zobo version -o json
  {"version":"0.1.0","library":"0.1.0"}

The manual page is well-formed.

  $ zobo help --man | man --warnings -l - 2>&1 >/dev/null
  $ names() { sed 's/^{"command":"\([^"]*\)".*/\1/'; }
  $ zobo help -o json | names >commands; zobo help --man | sed -n 's/^\.SS //p' | diff commands - | wc -l
  0
  $ zobo help >listed; { sed -n '/^commands/,/^$/s/^  \(.\{15\}\).*/\1/p' listed | sed 's/ *$//'; sed -n '/^without/{n;s/^  //;s/ /\n/g;p}' listed; } | diff commands - | wc -l
  0

Each command has a page of its own.

  $ mkdir pages; zobo help --man-pages pages
  $ zobo help -o json | grep -v '"only_shell":true' | names | tr ' ' - | sort | diff - <(ls pages | sed 's/^zobo-//; s/\.1$//' | sort)
  $ for page in pages/*; do man --warnings -l $page 2>&1 >/dev/null; done
  $ man -l pages/zobo-acl-set.1 | sed -n '/^EXAMPLES/,/joe,/p' | grep digest
         zobo acl set /app "digest:$(zobo acl digest joe):rw"
  $ man -l pages/zobo-ls.1 | grep -e --format
         -o  takes  text  json  long table raw name. There is --format, too: its
         zobo ls -R --format '%s %p\n' /app | sort -n
  $ zobo help --man-pages nowhere | sed 's,nowhere/.*: ,nowhere: ,'
  ! zobo: nowhere/zobo-get.1: No such file or directory (System -1081)
  $ zobo help -o json version
  {"command":"version","usage":"","summary":"print the version","effect":"reads","only_shell":false,"runs_command":false,"format":false,"aliases":[],"output":["text","json"],"examples":[{"line":"zobo version","what":"zobo 0.1.0"}],"options":[]}

No option means two things: none of a command's is a common one's namesake, neither by name nor by letter.

  $ options() { sed -n '/^options/,/^$/p' | grep -oE '^  (-[a-zA-Z], |    )--[a-z-]+' | grep -oE -e '-[a-zA-Z],|--[a-z-]+' | sort; }
  $ zobo help | options >common; grep -e -H, -e --connect-timeout common
  --connect-timeout
  -H,
  $ while read -r c; do zobo help $c | options | comm -12 - common; done <commands
  -h,
  $ zobo help acl set | options | grep -e -v, -e --if-version
  --if-version
  -v,

Exit codes of those that run commands.

  $ zobo help lock | sed -n '/^exit codes/,/^$/p'
  exit codes, besides those of all commands:
    7       no server was reached, within --timeout if that is given; CMD did not run
    124     it was not to be had, within --timeout or at once; CMD did not run (-E says another code)
    125     it was lost, and CMD ended for that; with --on-loss keep CMD's own
    126     CMD cannot be run; 127: there is none of this name
    128+N   signal N ended CMD, or zobo while it waited
    else    CMD's own
  
  $ zobo help elect | sed -n '/^exit codes/,/^$/p'
  exit codes, besides those of all commands:
    7       no server was reached, within --timeout if that is given; CMD did not run
    124     it was not to be had, within --timeout or at once; CMD did not run (-E says another code)
    125     it was lost, and CMD ended for that; with --on-loss keep CMD's own
    126     CMD cannot be run; 127: there is none of this name
    128+N   signal N ended CMD, or zobo while it waited
    else    CMD's own
  
  $ zobo help watch | sed -n '/^exit codes/,/^$/p'
  exit codes, besides those of all commands:
    0       it ended after --count events, or with --timeout and no --count
    1       --timeout was over before --count events came
    7       no server was reached, within --timeout if that is given
    128+N   signal N ended it
    else    of the last run of CMD that failed; 126: it cannot be run, 127: there is none of this name
  
