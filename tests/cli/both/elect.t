elect runs a command while it leads.

  $ export ZOBO_SESSION_TIMEOUT=20s
  $ mkfifo go other
  $ til() { for i in $(seq 600); do "$@" && return; sleep 0.05; done; echo "never: $*"; }
  $ nodes() { [ "$(zobo ls -o name "$1" | wc -l)" = "$2" ]; }

One leads, the next follows when it has ended, with a higher fencing token.

  $ exec 5< <(exec zobo elect -i a /e -- sh -c 'echo "a leads"; echo $ZOBO_FENCE >a; read -r x <go; exit 4' 2>&1); a=$!; next_line 5
  a leads
  $ exec 6< <(exec zobo elect -i b /e -- sh -c 'echo "b leads"; echo $ZOBO_FENCE >b; read -r x <other' 2>&1); b=$!
  $ til nodes /e 2; zobo elect --show /e; zobo elect --timeout 1s /e -- echo never
  a
  b
  ! zobo: /e: not to be had within the time given
  [124]
  $ zobo lock -n /e -- echo never
  ! zobo: /e: another holds it
  [124]
  $ echo >go; wait $a
  [4]
  $ next_line 6; [ "$(cat b)" -gt "$(cat a)" ]; zobo elect --show /e
  b leads
  b

A leader that is killed is followed when its session is over.

  $ exec 5< <(ZOBO_SESSION_TIMEOUT=500ms exec zobo elect -i c /e -- sh -c 'echo "c leads"; read -r x <go' 2>&1); c=$!
  $ til nodes /e 2; echo >other; wait $b; next_line 5
  c leads
  $ exec 6< <(exec zobo elect -i d /e -- sh -c 'echo "d leads"' 2>&1); d=$!; til nodes /e 2
  $ kill -KILL $c; wait $c; next_line 6; wait $d
  d leads

Again: when the command has ended, and when the leadership is lost; until a signal comes.

  $ exec 5< <(exec zobo elect -i e --again --grace 100ms /e -- sh -c 'echo "e leads"; read -r x <go; exit 3' 2>&1); e=$!
  $ next_line 5; echo >go; next_line 5; next_line 5
  e leads
  zobo: sh: exit code 3
  e leads
  $ zobo rm "$(zobo ls -o name /e)"; next_line 5; next_line 5
  zobo: /e: the leadership is lost: ending the command
  e leads
  $ exec 6< <(exec zobo elect -i f /e -- sh -c 'echo "f leads"; read -r x <other' 2>&1); f=$!; til nodes /e 2
  $ echo >go; next_line 5; next_line 6; til nodes /e 2; zobo elect --show /e
  zobo: sh: exit code 3
  f leads
  f
  e
  $ echo >other; wait $f; next_line 5
  e leads
  $ kill $e; wait $e; zobo ls /e

Without a command it leads until a signal comes.

  $ exec 5< <(exec zobo elect /e 2>&1); pid=$!; next_line 5 | sed 's/[0-9a-f]\{32\}__lock__[0-9]* [0-9]*/NODE FENCE/'
  /e/NODE FENCE
  $ kill $pid; wait $pid
  [143]
  $ zobo elect --again /e
  ! zobo: --again goes with a command
  ! hint: `zobo help elect` tells how it is used
  [2]
  $ zobo elect --again /e -- ./nothing
  ! zobo: ./nothing: No such file or directory (System -1081)
  [127]
  $ zobo ls /e
