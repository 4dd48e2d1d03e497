No server: exit code 7, every server named with the reason, within the time allowed.

  $ zobo -H 127.0.0.1:1 get /a
  ! zobo: no server can be used; 127.0.0.1:1: connection refused (NoConnection -1021)
  ! hint: --wait makes it try until --timeout, --trace shows what happens
  [7]
  $ zobo get -H 127.0.0.1:1,127.0.0.1:2 /a
  ! zobo: no server can be used; 127.0.0.1:1: connection refused; 127.0.0.1:2: connection refused (NoConnection -1021)
  ! hint: --wait makes it try until --timeout, --trace shows what happens
  [7]
  $ ZOBO_HOSTS=127.0.0.1:1 zobo ping -o json
  ! {"error":{"code":-1021,"name":"NoConnection","text":"no server can be used; 127.0.0.1:1: connection refused","hint":"--wait makes it try until --timeout, --trace shows what happens"}}
  [7]
  $ zobo -H 127.0.0.1:1 --wait --timeout 300ms ping
  ! zobo: no connection within 300 ms; 127.0.0.1:1: connection refused (NoConnection -1021)
  ! hint: --timeout makes it try longer, --trace shows what happens
  [7]
  $ zobo -H 127.0.0.1:1 exists /a
  ! zobo: no server can be used; 127.0.0.1:1: connection refused (NoConnection -1021)
  ! hint: --wait makes it try until --timeout, --trace shows what happens
  [7]
  $ zobo -H unix:/nonexistent ping
  ! zobo: no server can be used; unix:/nonexistent: cannot reach the server (No such file or directory) (NoConnection -1021)
  ! hint: --wait makes it try until --timeout, --trace shows what happens
  [7]
  $ zobo -H no-such-host.invalid --timeout 5s ping 2>&1 | grep -o 'NoConnection -1021'
  NoConnection -1021
  $ zobo -H 127.0.0.1:1 --timeout 300ms watch --timeout 1h /a
  ! zobo: no connection within 300 ms; 127.0.0.1:1: connection refused (NoConnection -1021)
  ! hint: --wait makes it try until --timeout, --trace shows what happens
  [7]
  $ zobo -H 127.0.0.1:1 cmd ruok
  ! zobo: ruok: 127.0.0.1:1: connection refused (Refused -1041)
  ! hint: --wait makes it try until --timeout
  [7]
  $ zobo -H "127.0.0.1:1, unix:/nonexistent:/chroot" cmd ruok
  ! zobo: ruok: 127.0.0.1:1: connection refused (Refused -1041)
  ! hint: --wait makes it try until --timeout
  ! zobo: ruok: unix:/nonexistent: cannot reach the server (No such file or directory) (Unreachable -1042)
  ! hint: --wait makes it try until --timeout
  [7]
  $ zobo -H 127.0.0.1:1 --wait --timeout 300ms cmd ruok
  ! zobo: ruok: 127.0.0.1:1: connection refused (Refused -1041)
  [7]
  $ zobo -H 127.0.0.1:1,, cmd ruok
  ! zobo: 127.0.0.1:1,,: byte 12: a host is missing (BadHosts -1003)
  [2]

A flag goes before the environment.

  $ ZOBO_HOSTS=no-such-host.invalid zobo -H 127.0.0.1:1 -q ping
  ! zobo: no server can be used; 127.0.0.1:1: connection refused (NoConnection -1021)
  ! hint: --wait makes it try until --timeout, --trace shows what happens
  [7]
