edit: a node's data in an editor.

  $ zobo create /a 'port=8080'
  /a
  $ EDITOR='sed -i s/8080/9090/' zobo edit --dry-run /a
  --- /a
  +++ edited
  @@ -1 +1 @@
  -port=8080
  \ No newline at end of file
  +port=9090
  \ No newline at end of file
  $ zobo get /a
  port=8080
  (no newline)
  $ EDITOR='sed -i s/8080/9090/' zobo edit /a
  $ zobo get /a
  port=9090
  (no newline)
  $ EDITOR=true zobo edit /a
  ! zobo: nothing was changed
  $ zobo stat /a | grep '^version'
  version          1
  $ EDITOR='sed -i s/9090/7070/' zobo edit /nope
  ! zobo: /nope: no such node (NoNode -101)
  ! hint: --create makes it
  [4]
  $ EDITOR='echo new >' zobo edit --create /nope
  $ zobo get /nope
  new
  $ EDITOR='sh -c "exit 3"' zobo edit /a
  ! zobo: the editor, sh -c "exit 3", ended with exit code 3: nothing was changed
  [3]

What somebody else wrote meanwhile stays, and so does what the user wrote.

  $ printf '#!/bin/sh\nzobo set /a theirs\necho mine >"$1"\n' >both; chmod +x both
  $ TMPDIR=$PWD EDITOR=./both zobo edit /a 2>&1 | sed 's/zobo\.[A-Za-z0-9]*/FILE/'
  zobo: /a: the node has another version (BadVersion -103)
  hint: somebody else changed it; `zobo stat` shows the version it has now
  zobo: what you wrote is in WORK/edit/FILE
  $ zobo get /a
  theirs
  (no newline)
  $ cat zobo.*
  mine
  $ zobo acl set /a world:anyone:r
  $ rm zobo.*; TMPDIR=$PWD EDITOR='echo other >' zobo edit /a 2>&1 | sed 's/zobo\.[A-Za-z0-9]*/FILE/'
  zobo: /a: the node's ACL does not permit this (NoAuth -102)
  hint: give credentials with --auth-file or ZOBO_AUTH; `zobo acl get` shows who may
  zobo: what you wrote is in WORK/edit/FILE
  $ cat zobo.*; rm zobo.*
  other

An empty file is empty data.

  $ EDITOR='truncate -s 0' zobo edit /nope
  $ zobo stat /nope | grep data_length
  data_length      0
  $ ls
  both
