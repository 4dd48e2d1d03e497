top on a terminal: a screen of its own, redrawn until q or Ctrl-C; what was there is there again.

  $ shown() { local end=$((SECONDS + 20)); until [ "$(grep -ac "$1" typed)" -ge "$2" ]; do [ $SECONDS -lt $end ] || return 1; sleep 0.02; done; }
  $ screen() { rm -f keys; mkfifo keys; : >typed; env --default-signal=INT timeout 30 script -qefc "stty cols 200 rows 20; zobo top -i 50ms ${1-}" typed <keys >screen.out 2>&1 & job=$!; exec 7>keys; }
  $ screen
  $ shown 'standalone' 3
  $ printf q >&7; wait $job; exec 7>&-
  $ grep -ao $'\033\[?1049[hl]' typed | tr -d '\033'
  [?1049h
  [?1049l
  $ grep -ao '^.*SERVER.*SENT/S' typed | head -1 | tr -d '\033' | mask
  [?1049h[?25l[?7l[H[JSERVER  MODE  VERSION  MIN  AVG  MAX  OUTST  CONNS  ZXID  LAG  NODES  WATCHES  EPHEM  BYTES  RECV/S  SENT/S
  $ screen --clients
  $ shown 'LAST OP' 3
  $ printf '\003' >&7; wait $job
  [130]
  $ exec 7>&-; grep -ao $'\033\[?1049[hl]' typed | tr -d '\033'
  [?1049h
  [?1049l

A server that is down has its line, and does not keep the others from theirs.

  $ screen "-H $server,127.0.0.1:1 -n 3"
  $ wait $job; exec 7>&-
  $ grep -ac 'standalone' typed
  3
  $ grep -ac '127.0.0.1:1: connection refused' typed
  3
