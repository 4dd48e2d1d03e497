ZooKeeper's configuration file: what has no meaning here is warned of, what is wrong is told with its line.

  $ printf '%s\n' '# a comment' '! another' '' 'tickTime=two' >bad.cfg
  $ zobo serve --config bad.cfg
  ! zobo: bad.cfg:4: tickTime=two: a number from 0 to 2147483647 is needed
  [2]
  $ printf '%s\n' 'tickTime = 500' 'skipACL=perhaps' >bad.cfg
  $ zobo serve --config bad.cfg
  ! zobo: bad.cfg:2: skipACL=perhaps: true, false, yes or no is needed
  [2]
  $ printf '%s\n' 'enforce.auth.enabled=true' >bad.cfg
  $ zobo serve --config bad.cfg
  ! zobo: bad.cfg:1: enforce.auth.enabled=true: this server cannot demand credentials; ACLs can
  [2]
  $ printf '%s\n' 'clientPort=70000' >bad.cfg
  $ zobo serve --config bad.cfg
  ! zobo: bad.cfg: clientPort=70000: there are ports up to 65535
  [2]
  $ printf '%s\n' 'dataDir=' >bad.cfg
  $ zobo serve --config bad.cfg
  ! zobo: bad.cfg:1: dataDir=: it is empty
  [2]
  $ zobo serve --config none.cfg
  ! zobo: none.cfg: No such file or directory (System -1081)
  [2]
  $ zobo serve --data x --memory
  ! zobo: --data and --memory exclude each other
  ! hint: `zobo help serve` tells how it is used
  [2]
  $ zobo serve --log-level loud
  ! zobo: --log-level loud: there are error, warn, info and debug
  ! hint: `zobo help serve` tells how it is used
  [2]
  $ zobo serve --memory --listen nowhere
  ! zobo: cannot listen on "nowhere": host:port is needed, such as 127.0.0.1:2181 or [::1]:2181 (BadOption -1004)
  [2]
  $ zobo serve --memory --listen 192.0.2.1:2181 --log-level error
  ! zobo: cannot listen on 192.0.2.1:2181: this machine has no such address (System -1081)
  [3]

Every way of Java's properties to write a line; the port is another process's, so that it ends.

  $ exec 3< <(exec zobo serve --memory -l 127.0.0.1:0 --log-level error)
  > pid=$!; next_line 3 >ready; port=$(sed 's/.*:\([0-9]*\) from.*/\1/' ready)
  > cat >zoo.cfg <<END
  >   tickTime=500
  > dataDir : $PWD/da\\
  >     ta
  > zookeeper.skipACL yes
  > clientPort   =   $port
  > initLimit=5
  > autopurge.purgeInterval=1
  > ssl.keyStore.location=/x
  > enforce.auth.enabled=false
  > colour=blue
  > END
  > zobo serve --config zoo.cfg --log-level error 2>&1 | sed "s/$port/PORT/"
  > ls
  > kill $pid; wait $pid
  zobo: warning: zoo.cfg:6: initLimit has no effect: this server is alone
  zobo: warning: zoo.cfg:7: autopurge.purgeInterval has no effect: the data is one file without logs and snapshots
  zobo: warning: zoo.cfg:8: ssl.keyStore.location has no effect: this server does not speak TLS
  zobo: warning: zoo.cfg:10: colour is not known and has no effect
  zobo: cannot listen on 127.0.0.1:PORT: another process listens there: end it, or choose another port (0 takes a free one) (System -1081)
  bad.cfg
  data
  ready
  zoo.cfg
