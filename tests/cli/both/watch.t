watch prints a line for each event until it is told to stop.

  $ exec 5< <(exec env --default-signal=INT zobo watch --initial --data /w 2>&1); pid=$!
  $ next_line 5
  zobo: /w does not exist yet
  $ zobo create /w one >/dev/null
  $ next_line 5
  CREATED /w one
  $ zobo set /w two
  $ next_line 5
  CHANGED /w two
  $ zobo create /w/child >/dev/null
  $ next_line 5
  CHILD /w
  $ printf 'x\ny' | zobo set /w -
  $ next_line 5
  CHANGED /w x\x0ay

It survives the restart of the server, and says so.

  $ "$src/scripts/zk-server" kill "$zk" 1
  $ next_line 5
  zobo: connection lost, reconnecting
  $ "$src/scripts/zk-server" one "$zk" 1 >/dev/null
  $ next_line 5; next_line 5
  zobo: connected to SERVER
  RECONNECTED /w
  $ zobo rm -r --yes /w
  $ next_line 5; next_line 5
  CHILD /w
  DELETED /w
  $ kill -INT $pid
  $ wait $pid
  [130]
  $ exec 5<&-

Recursive, in JSON, with what was there first; it ends after so many events.

  $ zobo create -p /r/a/b >/dev/null
  $ exec 5< <(exec zobo watch -r --initial --data --count 3 -o json /r); pid=$!
  $ next_line 5; next_line 5; next_line 5
  {"event":"INITIAL","path":"/r","time":"TIME","data":"","encoding":"utf8"}
  {"event":"INITIAL","path":"/r/a","time":"TIME","data":"","encoding":"utf8"}
  {"event":"INITIAL","path":"/r/a/b","time":"TIME","data":"","encoding":"utf8"}
  $ zobo set /r/a/b data; zobo create /r/c >/dev/null; zobo rm /r/a/b
  $ for i in 1 2 3; do next_line 5 | sed 's/,"zxid":"[^"]*"//'; done # which servers tell from 3.9 on
  {"event":"CHANGED","path":"/r/a/b","time":"TIME","data":"data","encoding":"utf8"}
  {"event":"CREATED","path":"/r/c","time":"TIME","data":"","encoding":"utf8"}
  {"event":"DELETED","path":"/r/a/b","time":"TIME"}
  $ wait $pid
  $ exec 5<&-

Time is up: 1 if events were still wanted, 0 if not.

  $ zobo watch --timeout 1s /r
  $ zobo watch --timeout 1s --count 1 /r
  [1]
  $ zobo watch --timeout 1s --initial -r /r
  INITIAL /r
  INITIAL /r/a
  INITIAL /r/c

The reader goes away: quiet, at once.

  $ (zobo watch /r; echo "ended by $?" >&2) | true
  ! ended by 141

Terminated while it holds an ephemeral node: the node is gone.

  $ exec 5< <(exec zobo create -e --hold /r/e); pid=$!
  $ next_line 5
  /r/e
  $ zobo exists /r/e
  $ kill $pid
  $ wait $pid
  [143]
  $ zobo exists /r/e
  [1]
