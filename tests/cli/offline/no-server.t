No server: exit code 7, every server named with the reason, within the time allowed.

  $ zobo -H 127.0.0.1:1 get /a
  ! zobo: no server can be used; 127.0.0.1:1: connection refused (NoConnection -1021)
  ! hint: --wait makes it try until --connect-timeout, --trace shows what happens
  [7]
  $ zobo get -H 127.0.0.1:1,127.0.0.1:2 /a
  ! zobo: no server can be used; 127.0.0.1:1: connection refused; 127.0.0.1:2: connection refused (NoConnection -1021)
  ! hint: --wait makes it try until --connect-timeout, --trace shows what happens
  [7]
  $ ZOBO_HOSTS=127.0.0.1:1 zobo ping -o json
  ! {"error":{"code":-1021,"name":"NoConnection","text":"no server can be used; 127.0.0.1:1: connection refused","hint":"--wait makes it try until --connect-timeout, --trace shows what happens"}}
  [7]
  $ zobo -H 127.0.0.1:1 --wait --connect-timeout 300ms ping
  ! zobo: no connection within 300 ms; 127.0.0.1:1: connection refused (NoConnection -1021)
  ! hint: --connect-timeout makes it try longer, --trace shows what happens
  [7]
  $ zobo -H 127.0.0.1:1 exists /a
  ! zobo: no server can be used; 127.0.0.1:1: connection refused (NoConnection -1021)
  ! hint: --wait makes it try until --connect-timeout, --trace shows what happens
  [7]
  $ zobo -H unix:/nonexistent ping
  ! zobo: no server can be used; unix:/nonexistent: cannot reach the server (No such file or directory) (NoConnection -1021)
  ! hint: --wait makes it try until --connect-timeout, --trace shows what happens
  [7]
  $ zobo -H no-such-host.invalid --connect-timeout 5s ping 2>&1 | grep -o 'NoConnection -1021'
  NoConnection -1021
  $ zobo -H 127.0.0.1:1 --connect-timeout 300ms watch --timeout 1h /a
  ! zobo: no connection within 300 ms; 127.0.0.1:1: connection refused (NoConnection -1021)
  ! hint: --connect-timeout makes it try longer, --trace shows what happens
  [7]
  $ zobo -H 127.0.0.1:1 cmd ruok
  ! zobo: 127.0.0.1:1: connection refused (Refused -1041)
  ! hint: --wait makes it try until --connect-timeout
  [7]
  $ zobo -H "127.0.0.1:1, unix:/nonexistent:/chroot" cmd ruok
  ! zobo: 127.0.0.1:1: connection refused (Refused -1041)
  ! hint: --wait makes it try until --connect-timeout
  ! zobo: unix:/nonexistent: cannot reach the server (No such file or directory) (Unreachable -1042)
  ! hint: --wait makes it try until --connect-timeout
  [7]
  $ zobo -H 127.0.0.1:1 --wait --connect-timeout 300ms cmd ruok
  ! zobo: 127.0.0.1:1: connection refused (Refused -1041)
  [7]
  $ zobo -H 127.0.0.1:1,, cmd ruok
  ! zobo: 127.0.0.1:1,,: byte 12: a host is missing (BadHosts -1003)
  [2]

A flag goes before the environment.

  $ ZOBO_HOSTS=no-such-host.invalid zobo -H 127.0.0.1:1 -q ping
  ! zobo: no server can be used; 127.0.0.1:1: connection refused (NoConnection -1021)
  ! hint: --wait makes it try until --connect-timeout, --trace shows what happens
  [7]

What waits goes on trying, until its own --timeout or --connect-timeout is over, whichever is first.

  $ zobo -H 127.0.0.1:1 lock --timeout 200ms /l -- echo never
  ! zobo: no connection within 200 ms; 127.0.0.1:1: connection refused (NoConnection -1021)
  ! hint: --timeout makes it try longer, --trace shows what happens
  [7]
  $ zobo -H 127.0.0.1:1 lock --timeout 1h --connect-timeout 200ms /l -- echo never
  ! zobo: no connection within 200 ms; 127.0.0.1:1: connection refused (NoConnection -1021)
  ! hint: --connect-timeout makes it try longer, --trace shows what happens
  [7]
  $ zobo -H 127.0.0.1:1 lock --timeout 200ms --connect-timeout 1h /l -- echo never
  ! zobo: no connection within 200 ms; 127.0.0.1:1: connection refused (NoConnection -1021)
  ! hint: --timeout makes it try longer, --trace shows what happens
  [7]
  $ zobo -H 127.0.0.1:1 elect -t 200ms /l -- echo never
  ! zobo: no connection within 200 ms; 127.0.0.1:1: connection refused (NoConnection -1021)
  ! hint: --timeout makes it try longer, --trace shows what happens
  [7]
  $ zobo -H 127.0.0.1:1 watch -t 200ms /l
  ! zobo: no connection within 200 ms; 127.0.0.1:1: connection refused (NoConnection -1021)
  ! hint: --timeout makes it try longer, --trace shows what happens
  [7]
