The way to Apache ZooKeeper's files and back, without any server of theirs.

  $ zobo --local data create /app one
  /app
  $ zobo --local data create --sequence /app/job-
  /app/job-0000000000
  $ zobo --local data create --ttl 1h /app/ttl
  /app/ttl
  $ zobo snapshot export data deep/out
  ! zobo: 1 TTL nodes: start Apache ZooKeeper with zookeeper.extendedTypesEnabled=true
  ! zobo: 7 nodes, 0 sessions with 0 ephemerals, zxid 0xID
  $ find deep | sort
  deep
  deep/out
  deep/out/version-2
  deep/out/version-2/snapshot.9
  $ zobo snapshot export data deep/out
  ! zobo: deep/out/version-2: holds snapshot.9 already: name a new directory (BadFile -1084)
  [3]
  $ zobo snapshot export -q data quiet
  $ zobo snapshot export -o json data quiet2
  {"nodes":7,"sessions":0,"ephemerals":0,"ttl_nodes":1,"transactions":0,"zxid":9}
  ! {"note":"1 TTL nodes: start Apache ZooKeeper with zookeeper.extendedTypesEnabled=true"}
  $ zobo snapshot import deep/out again
  ! zobo: 7 nodes, 0 sessions with 0 ephemerals, zxid 0xID
  $ zobo --local again get /app
  one
  (no newline)
  $ zobo --local again create --sequence /app/job-
  /app/job-0000000002
  $ zobo snapshot import deep/out again
  ! zobo: again: holds data already; give a new directory (BadFile -1084)
  [3]
  $ zobo snapshot import deep/out/version-2 third -o json
  {"nodes":7,"sessions":0,"ephemerals":0,"ttl_nodes":1,"transactions":0,"zxid":9}
  $ zobo snapshot backup again copy
  ! zobo: 8 nodes, 0 sessions with 0 ephemerals, zxid 0xID
  $ zobo --local copy ls /app
  job-0000000000
  job-0000000002
  ttl
  $ zobo snapshot backup again copy
  ! zobo: copy: cannot take a copy (Directory not empty): name an empty or a new directory (BadFile -1084)
  [3]
  $ zobo snapshot backup -o json again copy2
  {"nodes":8,"sessions":0,"ephemerals":0,"ttl_nodes":1,"transactions":0,"zxid":14}

What cannot be.

  $ zobo snapshot
  ! usage:
  !   zobo snapshot export DIR OUT
  !       write a server's data as Apache ZooKeeper's snapshot
  !   zobo snapshot import FROM DIR
  !       make a server's data from Apache ZooKeeper's
  !   zobo snapshot backup DIR OUT
  !       copy a server's data as it is at one moment
  [2]
  $ zobo snapshot export data
  ! zobo: too few arguments: zobo snapshot export DIR OUT
  ! hint: `zobo help snapshot export` tells how it is used
  [2]
  $ zobo snapshot export none out
  ! zobo: none: holds no data of a server: name the directory of one (BadFile -1084)
  [3]
  $ zobo snapshot export data data/data.mdb
  ! zobo: data/data.mdb/version-2: the directory cannot be made (Not a directory): name one that can be written (BadFile -1084)
  [3]
  $ zobo snapshot import none new
  ! zobo: none: cannot open it: No such file or directory (BadFile -1084)
  [3]
  $ zobo snapshot import data new
  ! zobo: data: is the data of zobo's server, not of ZooKeeper's: start a server on it as it is (BadFile -1084)
  [3]
  $ mkdir empty; zobo snapshot import empty new; echo $?; rmdir empty
  3
  ! zobo: empty: holds no snapshot.<zxid> and no log.<zxid> of ZooKeeper's (BadFile -1084)
  $ zobo snapshot import deep/out --logs none new
  ! zobo: none: cannot open it: No such file or directory (BadFile -1084)
  [3]
  $ cp -r deep/out damaged; f=$(echo damaged/version-2/snapshot.*); size=$(stat -c %s "$f")
  > printf x | dd of="$f" bs=1 seek=300 conv=notrunc status=none
  > zobo snapshot import damaged new 2>&1 | sed 's/snapshot\.[0-9a-f]*/snapshot.N/'
  zobo: damaged/version-2/snapshot.N: its checksum does not fit: it is damaged (BadFile -1084)
  $ truncate -s 100 "$f"; zobo snapshot import damaged new 2>&1 | sed 's/snapshot\.[0-9a-f]*/snapshot.N/'
  zobo: damaged/version-2/snapshot.N: it ends too early (BadFile -1084)
  $ ls
  again
  copy
  copy2
  damaged
  data
  deep
  quiet
  quiet2
  third
