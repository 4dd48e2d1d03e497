On a terminal what is longer than a screen goes through a pager, and nothing else does.

  $ unset ZOBO_PAGER; export PAGER='sed "s/^/paged: /"' LINES=10; on_terminal() { script -qec "$*" log; }
  $ for i in $(seq 5); do echo "create /few$i"; done | zobo >made; on_terminal zobo ls /
  few1
  few2
  few3
  few4
  few5
  $ for i in $(seq 20); do echo "create /many$i"; done | zobo >made; on_terminal 'zobo ls /' | head -n 3
  paged: few1
  paged: few2
  paged: few3
  $ on_terminal 'zobo ls /' | grep -c '^paged: '
  25
  $ zobo ls / | head -n 2
  few1
  few2
  $ on_terminal 'zobo --no-pager ls /' | head -n 2
  few1
  few2
  $ ZOBO_NO_PAGER=1 on_terminal 'zobo ls /' | head -n 1
  few1
  $ ZOBO_PAGER=cat on_terminal 'zobo ls /' | head -n 1
  few1
  $ ZOBO_PAGER= on_terminal 'zobo ls /' | head -n 1
  few1
  $ on_terminal 'zobo ls -o raw /' | grep -c paged
  0
  [1]
  $ ZOBO_PAGER='sed "s/^/mine: /"' on_terminal 'zobo ls -o json /' | head -n 1
  mine: {"path":"/few1","name":"few1"}
  $ on_terminal 'zobo help' | head -n 1
  paged: usage: zobo [options] COMMAND [options] [arguments]
  $ on_terminal 'zobo -c "ls /; get /few1"' | grep -c paged
  0
  [1]
  $ on_terminal 'zobo get /few1'

Exit codes and messages come through; messages stand where they belong.

  $ on_terminal 'zobo get /nope'
  zobo: /nope: no such node (NoNode -101)
  [4]
  $ on_terminal 'zobo stat /few1 /nope /few2' | grep -v 'paged: [cmpdnea]'
  paged: /few1:
  paged: version          0
  paged: zobo: /nope: no such node (NoNode -101)
  paged: 
  paged: /few2:
  paged: version          0
  $ on_terminal 'zobo stat /few1 /nope 2>err' | grep -c '^paged'; cat err
  12
  zobo: /nope: no such node (NoNode -101)
  $ on_terminal 'zobo stat /nope /few1 >/dev/null' | sed 's/^.*zobo/zobo/'
  zobo: /nope: no such node (NoNode -101)

A pager that is left early, or is not there.

  $ long=$(head -c 1000 /dev/zero | tr '\0' x); for i in $(seq 150); do echo "create /few1/$long$i"; done | zobo >made # more than a pipe holds
  $ PAGER='head -n 1' on_terminal 'zobo ls -R /; echo "exit code $?"'
  [1;34m/few1[0m
  exit code 0
  $ for i in $(seq 100); do n=$(zobo 4lw cons | grep -c 'sid=0x'); [ "$n" = 0 ] && break; sleep 0.05; done; echo "$n sessions"
  0 sessions
  $ PAGER='no-such-pager 2>/dev/null' on_terminal 'zobo ls /' | tail -n 1
  many9

Ctrl-C, which all of them get, leaves nothing behind.

  $ PAGER='head -n 1; kill -INT 0; exec cat >/dev/null' on_terminal 'exec zobo ls -R /'; true # 130, unless all had been written
  [1;34m/few1[0m
  $ for i in $(seq 100); do n=$(zobo 4lw cons | grep -c 'sid=0x'); [ "$n" = 0 ] && break; sleep 0.05; done; echo "$n sessions"
  0 sessions
