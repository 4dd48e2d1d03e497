lock: the server dies and comes back, the session and the lock live on.

  $ mkfifo go
  $ exec 5< <(exec zobo lock -i holder /l -- sh -c 'echo held; read -r x <go; exit 5' 2>&1); pid=$!
  $ next_line 5
  held
  $ exec 6< <(exec zobo lock -i waiter /l -- sh -c 'zobo lock --show /l; echo "$(zobo get "$ZOBO_LOCK_PATH")"' 2>/dev/null); next=$!
  $ for i in $(seq 600); do [ "$(zobo lock --show /l | tail -n 1)" = waiter ] && break; sleep 0.05; done
  $ "$src/scripts/zk-server" kill "$zk" 1
  $ next_line 5
  zobo: connection lost, reconnecting
  $ "$src/scripts/zk-server" one "$zk" 1 >/dev/null
  $ next_line 5
  zobo: connected to SERVER
  $ zobo lock --show /l
  holder
  waiter
  $ zobo lock -n /l -- echo never
  ! zobo: /l: another holds it
  [124]
  $ echo >go; wait $pid
  [5]
  $ next_line 6; next_line 6; wait $next
  waiter
  waiter
  $ zobo ls /l
