Any verb on a data directory: by a server of the command's own, or by the one that serves it.

  $ zobo --local data create /a one
  /a
  $ zobo --local data get /a
  one
  (no newline)
  $ zobo --local data create -e /gone
  /gone
  ! zobo: the session ends here and the node with it: --hold keeps it
  $ zobo --local data ls /
  a
  zookeeper
  $ ls data
  data.mdb
  lock
  lock.mdb
  $ zobo --local data get /none
  ! zobo: /none: no such node (NoNode -101)
  [4]
  $ zobo --local /proc/nothing get /a
  ! zobo: /proc/nothing: the directory cannot be made (No such file or directory): name one that can be written (BadFile -1084)
  [3]
  $ zobo --local data --hosts x get /a
  ! zobo: --hosts and --local exclude each other
  ! hint: `zobo help get` tells how it is used
  [2]
  $ ZOBO_LOCAL=data zobo get /a
  one
  (no newline)
  $ ZOBO_HOSTS=nobody ZOBO_LOCAL=nowhere zobo --local data get /a
  one
  (no newline)

  $ exec 3< <(exec zobo serve --data data -l 127.0.0.1:0 2>log); pid=$!; next_line 3 >ready
  $ zobo --local data set /a two
  $ zobo --local data get /a
  two
  (no newline)
  $ kill $pid; wait $pid

Several at a time: whoever comes first serves the others too, and goes when they have gone.

  $ for i in $(seq 40); do zobo --local data create -s /n- >/dev/null & done; wait
  $ zobo --local data ls / | grep -c '^n-'
  40
