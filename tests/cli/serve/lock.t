lock runs a command while it holds a lock.

  $ serve() { exec 3< <(exec zobo serve --memory -l '' --unix "$PWD/sock" 2>log); server=$!; next_line 3 >ready; }
  $ export ZOBO_HOSTS=unix:$PWD/sock ZOBO_SESSION_TIMEOUT=20s; serve
  $ mkfifo go other

til waits for a condition; nodes tells how many contenders there are.

  $ til() { for i in $(seq 600); do "$@" && return; sleep 0.05; done; echo "never: $*"; }
  $ nodes() { [ "$(zobo ls -o name "$1" | wc -l)" = "$2" ]; }

The command's exit code is the lock's, stdin is the command's, and afterwards the lock is free.

  $ echo input | zobo lock /l -- sh -c 'cat; zobo exists "$ZOBO_LOCK_PATH" && echo held; exit 7'
  input
  held
  [7]
  $ zobo ls /l
  $ zobo lock -i me /l -- sh -c 'zobo get "$ZOBO_LOCK_PATH"; [ "$ZOBO_FENCE" -gt 0 ]'
  me
  (no newline)
  $ zobo lock /l -- sh -c 'kill -KILL $$'
  [137]
  $ zobo lock /l -- ./nothing
  ! zobo: ./nothing: No such file or directory (System -1081)
  [127]
  $ zobo lock /l -- /
  ! zobo: /: Permission denied (System -1081)
  [126]
  $ zobo ls /l

Contention. Who comes first is served first.

  $ exec 5< <(exec zobo lock -i first /l -- sh -c 'echo first; read -r x <go; exit 1' 2>&1); first=$!; next_line 5
  first
  $ exec 6< <(exec zobo lock -i second --timeout 60s /l -- sh -c 'echo second; read -r x <other' 2>&1); second=$!
  $ til nodes /l 2; zobo lock --show /l; zobo lock --show -o json /l
  first
  second
  {"place":1,"identifier":"first"}
  {"place":2,"identifier":"second"}
  $ zobo lock -n /l -- echo never
  ! zobo: /l: another holds it
  [124]
  $ zobo lock -n -E 0 /l -- echo never
  ! zobo: /l: another holds it
  $ zobo lock -q --timeout 1s /l -- echo never
  [124]
  $ zobo lock --timeout 1s -E 9 /l -- echo never
  ! zobo: /l: not to be had within the time given
  [9]
  $ til nodes /l 2
  $ echo >go; wait $first
  [1]
  $ next_line 6; zobo lock --show /l
  second
  second
  $ echo >other; wait $second; zobo lock --show /l

Fencing tokens grow.

  $ a=$(zobo lock /l -- sh -c 'echo $ZOBO_FENCE'); b=$(zobo lock /l -- sh -c 'echo $ZOBO_FENCE'); [ "$b" -gt "$a" ]

Only one at a time.

  $ echo 0 >n; pids=; for i in 1 2 3 4 5 6; do
  >   zobo lock /n -- sh -c 'n=$(cat n); sleep 0.02; echo $((n + 1)) >n' & pids="$pids $!"
  > done; wait $pids; cat n
  6

Shared with those that share, not with others.

  $ exec 5< <(exec zobo lock -s -i reader-1 /s -- sh -c 'echo 1; read -r x <go' 2>&1); first=$!; next_line 5
  1
  $ exec 6< <(exec zobo lock -s -i reader-2 /s -- sh -c 'echo 2; read -r x <other' 2>&1); second=$!; next_line 6
  2
  $ zobo lock -n /s -- echo never
  ! zobo: /s: another holds it
  [124]
  $ exec 7< <(exec zobo lock -i writer /s -- echo written 2>&1); third=$!
  $ til nodes /s 3; zobo lock -n --shared /s -- echo never
  ! zobo: /s: another holds it
  [124]
  $ zobo lock --show /s
  reader-1
  reader-2
  writer
  $ echo >go; wait $first; echo >other; wait $second; next_line 7; wait $third
  written

A semaphore: so many at a time.

  $ exec 5< <(exec zobo lock --semaphore 2 -i one /sem -- sh -c 'echo 1; [ "$ZOBO_FENCE" -gt 0 ]; read -r x <go' 2>&1); first=$!; next_line 5
  1
  $ exec 6< <(exec zobo lock --semaphore 2 -i two /sem -- sh -c 'echo 2; read -r x <other' 2>&1); second=$!; next_line 6
  2
  $ zobo lock --semaphore 2 -n /sem -- echo never
  ! zobo: /sem: no lease is free
  [124]
  $ zobo lock --semaphore 2 --timeout 1s /sem -- echo never
  ! zobo: /sem: not to be had within the time given
  [124]
  $ zobo lock --semaphore 3 /sem -- echo never
  ! zobo: /sem: the node holds what this recipe does not write (BadData -1095)
  ! hint: the semaphore has another number of leases: `zobo get` on it shows how many
  [3]
  $ zobo lock --semaphore 2 --show /sem; zobo lock --semaphore 2 --show -o json /sem
  one
  two
  {"identifier":"one"}
  {"identifier":"two"}
  $ exec 7< <(exec zobo lock --semaphore 2 -i three /sem -- echo 3 2>&1); third=$!
  $ echo >go; wait $first; next_line 7; wait $third; echo >other; wait $second
  3
  $ zobo get /sem; zobo ls /sem
  2
  (no newline)
  $ zobo lock -s --semaphore 2 /sem -- true
  ! zobo: --shared or --semaphore: which?
  ! hint: `zobo help lock` tells how it is used
  [2]

Signals go to the command, and to what it has started; the lock is released when it has ended.

  $ exec 5< <(exec zobo lock /l -- sh -c 'trap "echo trapped; exit 3" TERM; echo ready; while :; do sleep 9; done' 2>/dev/null); pid=$!
  $ next_line 5; kill $pid; next_line 5; wait $pid
  ready
  trapped
  [3]
  $ zobo ls /l
  $ exec 5< <(exec zobo lock /l -- sh -c 'trap "echo usr1" USR1; echo ready; while :; do sleep 9; done' 2>/dev/null); pid=$!
  $ next_line 5; kill -USR1 $pid; next_line 5; kill -HUP $pid; wait $pid
  ready
  usr1
  [129]

A signal while it waits ends it, and nothing is left behind.

  $ exec 5< <(exec zobo lock /l -- sh -c 'echo held; read -r x <go' 2>&1); first=$!; next_line 5
  held
  $ zobo lock /l -- echo never & pid=$!; til nodes /l 2; kill $pid; wait $pid
  [143]
  $ nodes /l 1; echo >go; wait $first

Lost because somebody removes its node: the command and all in its group are ended.

  $ lose() { exec 5< <(exec zobo lock -i loser --grace 200ms "$@" 2>&1); pid=$!; next_line 5; }
  $ lose /l -- sh -c 'trap "" TERM; (sleep 60; echo never) & echo held; while :; do sleep 0.05; done'
  held
  $ zobo rm "$(zobo ls -o name /l)"; zobo lock /l -- echo next
  next
  $ cat <&5; wait $pid
  zobo: /l: the lock is lost: ending the command
  [125]

Lost because its session is over: it was stopped for too long.

  $ (
  > export ZOBO_SESSION_TIMEOUT=500ms
  > lose /l -- sh -c 'exec 2>/dev/null; trap "echo ended; exit 0" TERM; echo held; while :; do sleep 0.05; done'
  > kill -STOP $pid; til nodes /l 0; kill -CONT $pid
  > grep -E "lost:|ended" <&5 | sort; wait $pid; echo "exit code $?"
  > )
  held
  ended
  zobo: /l: the lock is lost: ending the command
  exit code 125

The same, and the command is kept.

  $ (
  > export ZOBO_SESSION_TIMEOUT=500ms
  > lose --on-loss keep /l -- sh -c 'echo held; read -r x <go; exit 5'
  > kill -STOP $pid; til nodes /l 0; kill -CONT $pid
  > sed -u '/warning/q' <&5 | grep warning; echo >go; wait $pid; echo "exit code $?"
  > )
  held
  zobo: warning: /l: the lock is lost, and another may hold it; the command goes on
  exit code 5

zobo is killed: the command gets SIGTERM, the lock goes with the session.

  $ (
  > export ZOBO_SESSION_TIMEOUT=500ms
  > lose /l -- sh -c 'exec 2>/dev/null; trap "echo ended; exit 0" TERM; echo held; while :; do sleep 0.05; done'
  > kill -KILL $pid; next_line 5; wait $pid; echo "exit code $?"; zobo lock /l -- echo next
  > )
  held
  ended
  exit code 137
  next

The server is away for a moment: nothing happens to the command.

  $ lose /l -- sh -c 'echo held; read -r x <go; exit 6'
  held
  $ kill -STOP $server; zobo --connect-timeout 100ms ls /l 2>/dev/null; kill -CONT $server; echo >go; wait $pid
  [6]

The time allowed includes connecting: to a server that answers too late, or not at all.

  $ kill -STOP $server; zobo lock --timeout 200ms /l -- echo never; echo "exit code $?"; kill -CONT $server
  exit code 7
  ! zobo: no connection within 200 ms; unix:WORK/lock/sock: not answered yet (NoConnection -1021)
  ! hint: --timeout makes it try longer, --trace shows what happens
  $ kill -STOP $server; exec 5< <(exec zobo lock --timeout 60s /l -- echo had 2>&1); pid=$!; kill -CONT $server; next_line 5; wait $pid
  had

The server stays away for longer than the session: known by the clock alone, before another can have the lock.

  $ (
  > export ZOBO_SESSION_TIMEOUT=500ms
  > lose /l -- sh -c 'exec 2>/dev/null; trap "echo ended; exit 0" TERM; echo held; while :; do sleep 0.05; done'
  > kill -STOP $server; grep -E "lost:|ended" <&5 | sort; wait $pid; echo "exit code $?"
  > kill -CONT $server; zobo lock /l -- echo next
  > )
  held
  ended
  zobo: /l: the lock is lost: ending the command
  exit code 125
  next

Without a command it tells what it holds, until a signal comes.

  $ exec 5< <(exec zobo lock -o json /l); pid=$!; next_line 5 | sed 's/[0-9a-f]\{32\}__lock__[0-9]*/NODE/; s/:[0-9]*}/:N}/'
  {"path":"/l/NODE","fence":N}
  $ zobo lock -n /l -- echo never
  ! zobo: /l: another holds it
  [124]
  $ kill $pid; wait $pid
  [143]
  $ zobo ls /l

What the server refuses is told, and nothing is run.

  $ zobo create /closed >/dev/null; zobo acl set /closed world:anyone:r
  $ zobo lock /closed/l -- echo never
  ! zobo: /closed/l: the node's ACL does not permit this (NoAuth -102)
  ! hint: give credentials with --auth-file or ZOBO_AUTH; `zobo acl get` shows who may
  [6]

On a terminal the command has the terminal, and what is typed to interrupt it comes once.

  $ cat >terminal.py <<'END'
  > import os, pty, sys
  > pid, fd = pty.fork()
  > if pid == 0:
  >     os.execvp(sys.argv[1], sys.argv[1:])
  > said, answers = b"", [(b"ready", b"\x03"), (b"interrupted", b"typed\n")]
  > while True:
  >     try: more = os.read(fd, 1000)
  >     except OSError: break
  >     said += more
  >     if answers and answers[0][0] in said: os.write(fd, answers.pop(0)[1])
  > print(said.decode().replace("\r", "").replace("^C", ""), os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
  > END
  $ python3 terminal.py env --default-signal=INT zobo lock /l -- bash -c 'trap "echo interrupted" INT; stty -echo; echo ready; read -r x || read -r x; echo "got $x"; exit 4'
  ready
  interrupted
  got typed
   4

Wrong arguments.

  $ zobo lock /l true
  ! zobo: too many arguments; the command to run goes behind --
  ! hint: `zobo help lock` tells how it is used
  [2]
  $ zobo lock -n -t 1s /l -- true
  ! zobo: --timeout or --no-wait: which?
  ! hint: `zobo help lock` tells how it is used
  [2]
  $ zobo lock --on-loss ignore /l -- true
  ! zobo: --on-loss ignore: there are kill and keep
  ! hint: `zobo help lock` tells how it is used
  [2]
  $ zobo lock -E 256 /l -- true
  ! zobo: -E 256: an exit code is a number from 0 to 255
  ! hint: `zobo help lock` tells how it is used
  [2]
  $ zobo lock --show /l -- true
  ! zobo: --show runs no command
  ! hint: `zobo help lock` tells how it is used
  [2]

Strict: a lost connection is a lost lock, though the session lives.

  $ lose --strict /l -- sh -c 'exec 2>/dev/null; trap "echo ended; exit 0" TERM; echo held; while :; do sleep 0.05; done'
  held
  $ kill $server; wait $server; grep -E "lost:|ended" <&5 | sort; wait $pid
  ended
  zobo: /l: the lock is lost: ending the command
  [125]
