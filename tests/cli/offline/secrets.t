Credentials come from files that nobody else can read.

  $ printf 'digest:joe:s3cret\n' > auth
  $ chmod 644 auth
  $ zobo --auth-file auth -H 127.0.0.1:1 ping
  ! zobo: auth: others may use this file: chmod 600 it, and change what was in it
  [2]
  $ chmod 640 auth
  $ ZOBO_AUTH_FILE=auth zobo -H 127.0.0.1:1 ping
  ! zobo: auth: others may use this file: chmod 600 it, and change what was in it
  [2]
  $ chmod 600 auth
  $ zobo --auth-file auth -H 127.0.0.1:1 ping
  ! zobo: no server can be used; 127.0.0.1:1: connection refused (NoConnection -1021)
  ! hint: --wait makes it try until --connect-timeout, --trace shows what happens
  [7]
  $ zobo --auth-file nowhere -H 127.0.0.1:1 ping
  ! zobo: nowhere: No such file or directory (System -1081)
  [2]

What is not a credential is never shown.

  $ printf 'digestjoes3cret\n' > auth
  $ zobo --auth-file auth -H 127.0.0.1:1 ping
  ! zobo: credential 1 is not scheme:credential
  [2]

The flag works, with a warning; the environment without one.

  $ zobo --auth digest:joe:s3cret -H 127.0.0.1:1 ping
  ! zobo: warning: --auth can be seen by others while it is typed and started; use --auth-file or ZOBO_AUTH
  ! zobo: no server can be used; 127.0.0.1:1: connection refused (NoConnection -1021)
  ! hint: --wait makes it try until --connect-timeout, --trace shows what happens
  [7]
  $ ZOBO_AUTH=digest:joe:s3cret zobo -H 127.0.0.1:1 ping
  ! zobo: no server can be used; 127.0.0.1:1: connection refused (NoConnection -1021)
  ! hint: --wait makes it try until --connect-timeout, --trace shows what happens
  [7]
  $ ZOBO_AUTH=joes3cret zobo -H 127.0.0.1:1 ping
  ! zobo: credential 1 is not scheme:credential
  [2]

Neither the trace nor the process list tells it: the warning is printed after the options have been read.

  $ zobo -v --auth digest:joe:s3cret -H 127.0.0.1:1 ping 2>&1 | grep -c s3cret
  0
  [1]
  $ mkfifo data && exec 7<>data
  $ exec 5< <(exec zobo --auth digest:joe:s3cret -H 127.0.0.1:1 set /a - 2>&1 <data 7>&-); pid=$!
  $ next_line 5
  zobo: warning: --auth can be seen by others while it is typed and started; use --auth-file or ZOBO_AUTH
  $ tr '\0' '\n' < /proc/$pid/cmdline | sed 's/x/./g'
  zobo
  --auth
  .................
  -H
  127.0.0.1:1
  set
  /a
  -
  $ exec 7>&-; wait $pid
  [7]

The id of a digest ACL.

  $ printf 'test\n' | zobo acl digest super
  super:D/InIHSb7yEEbrWz8b9l71RjZJU=
  $ printf test | zobo acl digest -o json super
  {"scheme":"digest","id":"super:D/InIHSb7yEEbrWz8b9l71RjZJU="}
  $ printf test | zobo acl digest a:b
  ! zobo: a user's name is not empty and has no colon
  [2]
  $ zobo acl digest joe
  ! zobo: the password is read from stdin, and there was none
  [2]
