bench and latency: figures differ from run to run, so here they are N.

  $ figures() { sed -E 's/[0-9]+\.[0-9]+/N/g; s/(per_second":)[0-9]+/\1N/'; }
  $ zobo bench -n 50 --ops create,get,mix,delete -o json | figures
  {"op":"create","requests":50,"errors":0,"seconds":N,"per_second":N,"min_ms":N,"mean_ms":N,"p50_ms":N,"p90_ms":N,"p99_ms":N,"p99_9_ms":N,"max_ms":N}
  {"op":"get","requests":50,"errors":0,"seconds":N,"per_second":N,"min_ms":N,"mean_ms":N,"p50_ms":N,"p90_ms":N,"p99_ms":N,"p99_9_ms":N,"max_ms":N}
  {"op":"mix","requests":50,"errors":0,"seconds":N,"per_second":N,"min_ms":N,"mean_ms":N,"p50_ms":N,"p90_ms":N,"p99_ms":N,"p99_9_ms":N,"max_ms":N}
  {"op":"delete","requests":50,"errors":0,"seconds":N,"per_second":N,"min_ms":N,"mean_ms":N,"p50_ms":N,"p90_ms":N,"p99_ms":N,"p99_9_ms":N,"max_ms":N}
  $ zobo bench -n 50 --csv --ops set,delete -s 3 -p 2 --size 1k | figures | sed -E 's/N,[0-9]+,N/N,N,N/'
  op,requests,errors,seconds,per_second,min_ms,mean_ms,p50_ms,p90_ms,p99_ms,p99_9_ms,max_ms
  set,50,0,N,N,N,N,N,N,N,N,N
  delete,50,0,N,N,N,N,N,N,N,N,N
  $ zobo bench -n 50 --ops exists -o table | sed -E 's/^exists .*/exists .../; s/ +/ /g'
  OP REQUESTS ERRORS SECONDS PER SECOND MIN ms MEAN P50 P90 P99 P99.9 MAX
  exists ...
  $ zobo bench -n 20 --rate 1000 --ops get -o raw | wc -l
  1
  $ zobo ls /

It works below a node of its own, and removes that.

  $ zobo create /zobo-bench
  /zobo-bench
  $ zobo bench
  ! zobo: /zobo-bench: the node exists already (NodeExists -110)
  ! hint: bench works below a node of its own, which must not be there yet
  [5]
  $ zobo bench -n 10 --ops ls -o raw /zobo-bench/mine | cut -f 1-3
  ls	10	0
  $ zobo ls -R /
  /zobo-bench
  $ zobo bench --dry-run /other; zobo exists /other
  ! zobo: would run create,set,get,exists,ls,delete below /other; sessions: 1, requests in flight of each: 64
  [1]
  $ zobo -X readonly=yes bench
  ! zobo: bench: the context in use is for reading only
  [6]

Interrupted with requests under way, it removes its node all the same.

  $ zobo bench --time 1h --ops get -n 10 /mine >/dev/null & pid=$!
  $ until zobo exists /mine/0000000009; do :; done; kill -TERM $pid; wait $pid
  [143]
  $ zobo exists /mine
  [1]
  $ zobo check perf -t 1h --below / & pid=$!
  $ until zobo find / --name 0000000009 >/dev/null; do :; done; kill -TERM $pid; wait $pid
  [143]
  $ zobo ls /
  zobo-bench

  $ zobo latency -n 20 -i 1ms | sed -E 's/[0-9]+\.[0-9]+/N/g'
  min N, mean N, p50 N, p99 N, max N ms (20 samples)
  $ zobo latency -n 20 -i 1ms -o json | sed -E 's/[0-9]+\.[0-9]+/N/g'
  {"samples":20,"min_ms":N,"mean_ms":N,"p50_ms":N,"p99_ms":N,"max_ms":N}
  $ zobo latency -n 20 -i 1ms --dist /nope | sed -E 's/[0-9.]+/N/g' | head -n 1
  min N, mean N, pN N, pN N, max N ms (N samples)
  $ zobo latency -t 50ms --history 20ms -i 1ms | wc -l | sed 's/[2-5]/some/'
  some
