mv: one transaction.

  $ zobo create -p /a/b/c >/dev/null; zobo set /a/b data; zobo acl set /a/b world:anyone:cdra
  $ zobo mv -n /a /z
  ! zobo: would move 3 nodes in one transaction
  $ zobo mv -n -o json /a /z
  {"path":"/z","from":"/a","nodes":3,"atomic":true,"dry_run":true}
  $ zobo exists /z
  [1]
  $ zobo mv /a /z
  $ zobo ls -R /
  /z
  /z/b
  /z/b/c
  $ zobo get /z/b
  data
  (no newline)
  $ zobo acl get /z/b
  world:anyone:cdra
  $ zobo mv /z /y -o json
  {"path":"/y","from":"/z","nodes":3,"atomic":true}
  $ zobo mv /nope /x
  ! zobo: /nope: no such node (NoNode -101)
  [4]
  $ zobo create /x >/dev/null
  $ zobo mv /y /x
  ! zobo: /x: the node exists already (NodeExists -110)
  ! hint: DST is the new name
  [5]
  $ zobo mv /y /no/parent
  ! zobo: /no/parent: no such node (NoNode -101)
  ! hint: nothing was moved
  [4]
  $ zobo mv /y /y/below
  ! zobo: /y/below lies below /y
  [2]
  $ zobo mv /y /y
  ! zobo: /y: source and destination are the same
  [2]
  $ zobo mv / /x/root
  ! zobo: /: the root is not removed; name what is below it
  [2]
  $ zobo mv /y
  ! zobo: too few arguments: zobo mv SRC DST
  ! hint: `zobo help mv` tells how it is used
  [2]
  $ zobo ls -R /
  /x
  /y
  /y/b
  /y/b/c

An ephemeral node is its session's.

  $ exec 5< <(exec zobo create -e --hold /y/e mine)
  $ hold=$!
  $ next_line 5
  /y/e
  $ zobo mv /y /w
  ! zobo: /y/e: it is ephemeral, its session's own; nothing was moved
  [3]
  $ zobo exists /w
  [1]
  $ kill $hold; wait $hold
  [143]
  $ zobo rm /y/e
  ! zobo: /y/e: no such node (NoNode -101)
  [4]

What does not fit into a transaction is moved in steps, if that is wanted.

  $ for i in 1 2 3; do head -c 400000 /dev/zero | tr '\0' "$i" | zobo create -f - /y/$i; done >/dev/null
  $ zobo mv /y /w
  ! zobo: /y: more than 4096 nodes, or more than fits into one request of 1 MiB; --non-atomic copies and then removes
  [3]
  $ zobo exists /w
  [1]
  $ zobo mv -n --non-atomic /y /w
  ! zobo: would copy it, and then remove what has not been changed meanwhile
  $ zobo mv --non-atomic /y /w -o json
  {"path":"/w","from":"/y","nodes":6,"atomic":false}
  $ zobo exists /y
  [1]
  $ zobo du -a /w
        400000           1  /w/1
        400000           1  /w/2
        400000           1  /w/3
             0           1  /w/b/c
             4           2  /w/b
       1200004           6  /w
  $ zobo get /w/3 | cksum
  474740648 400000
  $ zobo mv --non-atomic /w /x
  ! zobo: /x: the node exists already (NodeExists -110)
  ! hint: DST is the new name
  [5]

Nothing is lost that another writes meanwhile: each write that succeeded is there in the end, wherever the node is then.

  $ zobo rm -r --yes /w /x; zobo create -p /m/x >/dev/null; for i in 1 2 3; do zobo create /m/$i >/dev/null; done
  $ (i=0; while [ ! -e stop ]; do for at in /m /n; do
  > zobo -q set $at/x $((i + 1)) 2>/dev/null && i=$((i + 1)); done; done; echo $i >last) & writer=$!
  $ for k in 1 2 3 4 5 6 7 8 9 10 11 12; do zobo mv /m /n; zobo mv /n /m; done >moves 2>&1; touch stop; wait $writer
  $ grep -vE 'no such node|has another version|hint:|NodeExists' moves
  [1]
  $ at=/m; if zobo exists /n; then at=/n; fi
  $ zobo get $at/x | cmp - <(printf %s "$(cat last)")
  $ zobo du -L 0 $at | awk '{print $2}'
  5
