watch runs a command at each event, one run at a time.

  $ serve() { exec 3< <(exec zobo serve --memory -l '' --unix "$PWD/sock" 2>log); server=$!; next_line 3 >ready; }
  $ export ZOBO_HOSTS=unix:$PWD/sock; serve

The event is in the environment, the data on stdin, which else is empty.

  $ cat >tell <<'END'
  > #!/bin/sh
  > echo "$ZOBO_EVENT $ZOBO_PATH [$ZOBO_ZXID] $(cat) $*"
  > END
  $ chmod +x tell
  $ exec 5< <(exec zobo watch -d -n 5 /w -- ./tell "two words" -n 2>&1); pid=$!
  $ next_line 5
  zobo: /w does not exist yet
  $ zobo create /w one >/dev/null; next_line 5
  CREATED /w [0xID] one two words -n
  $ zobo set /w two; next_line 5
  CHANGED /w [0xID] two two words -n
  $ zobo create /w/child three >/dev/null; next_line 5
  CHILD /w [0xID]  two words -n
  $ zobo rm /w/child; next_line 5
  CHILD /w [0xID]  two words -n
  $ zobo rm /w; next_line 5
  DELETED /w [0xID]  two words -n
  $ wait $pid

Recursive, what is there first.

  $ zobo create -p /r/a/b four >/dev/null
  $ exec 5< <(exec zobo watch -r -i -d -n 2 /r -- ./tell 2>&1); pid=$!
  $ next_line 5; next_line 5; next_line 5
  INITIAL /r []
  INITIAL /r/a []
  INITIAL /r/a/b [] four
  $ zobo set /r/a/b five; next_line 5
  CHANGED /r/a/b [0xID] five
  $ zobo rm /r/a/b; next_line 5
  DELETED /r/a/b [0xID]
  $ wait $pid

Without --data stdin is empty, whatever zobo's own is.

  $ zobo watch -i --timeout 1s /r -- wc -c <tell
  0
  $ zobo watch -i --timeout 1s -d /r/a -- wc -c <tell
  0

One run at a time; equal events that wait are run for once, and see the last data.

  $ mkfifo go
  $ exec 5< <(exec zobo watch -i -d /r/a -- sh -c 'echo "$ZOBO_EVENT $(cat)"; read -r line <go; echo "$line"' 2>&1); pid=$!
  $ next_line 5
  INITIAL
  $ for i in 2 3 4 5 6; do zobo set /r/a $i; done; zobo create /r/a/c >/dev/null; zobo set /r/a 7
  $ echo go-1 >go; next_line 5; next_line 5
  go-1
  CHANGED 7
  $ echo go-2 >go; next_line 5; next_line 5
  go-2
  CHILD
  $ zobo rm -r -y /r/a; zobo create /r/a 8 >/dev/null; zobo set /r/a 9
  $ echo go-3 >go; next_line 5; next_line 5
  go-3
  CHILD
  $ echo go-4 >go; next_line 5; next_line 5
  go-4
  DELETED
  $ echo go-5 >go; next_line 5; next_line 5
  go-5
  CREATED 9
  $ echo go-6 >go; next_line 5; next_line 5
  go-6
  CHANGED 9

A signal goes to the run, and ends the watch with it.

  $ kill $pid; next_line 5
  zobo: sh: exit code 143
  $ wait $pid
  [143]
  $ exec 5< <(exec zobo watch -i /r -- sh -c 'trap "echo trapped; exit 3" TERM; echo ready; while :; do sleep 9; done' 2>/dev/null); pid=$!
  $ next_line 5; kill $pid; next_line 5; next_line 5
  ready
  trapped
  nothing came
  $ wait $pid
  [143]

Runs that fail are told, and the last of them counts; what cannot be run ends it.

  $ exec 5< <(exec zobo watch -i -n 2 /r -- sh -c 'echo "$ZOBO_EVENT"; [ "$ZOBO_EVENT" != CHANGED ] || exit 7' 2>&1); pid=$!
  $ next_line 5; zobo set /r x; next_line 5; next_line 5; zobo create /r/z >/dev/null; next_line 5
  INITIAL
  CHANGED
  zobo: sh: exit code 7
  CHILD
  $ wait $pid
  [7]
  $ zobo watch -i /r -- ./no-such-command
  ! zobo: ./no-such-command: No such file or directory (System -1081)
  [127]
  $ zobo watch -i /r -- /
  ! zobo: /: Permission denied (System -1081)
  [126]
  $ zobo watch /r true
  ! zobo: too many arguments; the command to run goes behind --
  ! hint: `zobo help watch` tells how it is used
  [2]
  $ zobo watch -- /r
  ! zobo: too few arguments: zobo watch PATH [-- CMD...]
  ! hint: `zobo help watch` tells how it is used
  [2]

The session is lost meanwhile: it goes on, and says that it may have missed something.

  $ exec 5< <(exec zobo watch -i -n 1 -r /r -- ./tell 2>&1); pid=$!
  $ for i in 1 2 3; do next_line 5; done
  INITIAL /r []
  INITIAL /r/a []
  INITIAL /r/z []
  $ kill $server; wait $server; next_line 5
  zobo: connection lost, reconnecting
  $ serve
  $ for i in 1 2 3; do next_line 5; done
  zobo: the session is over; ephemeral nodes are gone
  zobo: connected to unix:WORK/watch-cmd/sock
  RECONNECTED /r []
  $ zobo create /r >/dev/null; next_line 5
  CREATED /r [0xID]
  $ wait $pid
  $ kill $server; wait $server
