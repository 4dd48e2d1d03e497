Views through four-letter words or AdminServer, whichever is open, and a precise message when neither is.

  $ printf '4lw.commands.whitelist=srvr\n' >closed.cfg
  $ start() { local line; exec 3< <(exec zobo serve --memory --listen 127.0.0.1:0 --unix '' "$@" -o json 2>log); pid=$!; read -r -t 30 -u 3 line; server=$(sed 's/.*"hosts":"\([^"]*\)".*/\1/' <<<"$line"); http=$(sed -n 's/.*"http_port":\([0-9]*\).*/\1/p' <<<"$line"); export ZOBO_HOSTS=$server; }
  $ start --config closed.cfg
  $ zobo 4lw mntr 2>&1 | mask
  zobo: SERVER1: mntr is not in its 4lw.commands.whitelist
  $ zobo 4lw srvr | grep Mode
  Mode: standalone
  $ zobo sessions --no-watches --admin 1 2>&1 | mask
  zobo: SERVER1: it does not tell its connections: cons is not in its 4lw.commands.whitelist; AdminServer at http://CLIENT: nobody listens there (see admin.enableServer, admin.serverPort, and --admin here)
  zobo: SERVER1: it does not tell its sessions: dump is not in its 4lw.commands.whitelist; AdminServer at http://CLIENT: nobody listens there (see admin.enableServer, admin.serverPort, and --admin here)
  $ zobo sessions --admin 1 2>/dev/null
  [6]
  $ zobo watches --admin 1 -o json 2>&1 | mask
  {"error":{"code":-1001,"name":"InvalidArgument","text":"SERVER1: it does not tell its connections: cons is not in its 4lw.commands.whitelist; AdminServer at http://CLIENT: nobody listens there (see admin.enableServer, admin.serverPort, and --admin here)"}}
  {"error":{"code":-1001,"name":"InvalidArgument","text":"SERVER1: it does not tell its watches: wchc is not in its 4lw.commands.whitelist; AdminServer at http://CLIENT: nobody listens there (see admin.enableServer, admin.serverPort, and --admin here)"}}
  $ exec 4< <(exec zobo create -e --hold /e); holder=$!; next_line 4
  /e
  $ zobo owner --admin 1 /e 2>&1 | mask
  zobo: SERVER1: it does not tell its connections: cons is not in its 4lw.commands.whitelist; AdminServer at http://CLIENT: nobody listens there (see admin.enableServer, admin.serverPort, and --admin here)
  /e  0xID -  -  -  -
  $ kill $holder; wait $holder
  [143]

srvr alone is enough for a look, and for most checks.

  $ zobo top -o raw --admin 1 | cut -f 2,11,12
  standalone	4	-
  $ zobo check --admin 1 | cut -d' ' -f 1,3
  PASS answers
  PASS leader
  PASS writable
  WARN config
  PASS version
  PASS zxid
  PASS nodes
  PASS connections
  PASS outstanding
  PASS latency
  $ kill $pid; wait $pid

With AdminServer open it answers for the words.

  $ start --config closed.cfg --http 127.0.0.1:0
  $ exec 4< <(exec zobo create -e --hold /e); holder=$!; next_line 4
  /e
  $ zobo owner --admin "$http" /e | mask
  /e  0xID CLIENT  SERVER1  10000  TIME
  $ ZOBO_ADMIN=$http zobo owner /e | mask
  /e  0xID CLIENT  SERVER1  10000  TIME
  $ zobo sessions --admin "127.0.0.1:$http" -e | cut -d' ' -f1
  0xID
  $ zobo sessions --admin "http://127.0.0.1:$http/" -e | cut -d' ' -f1
  0xID
  $ zobo top -o raw --admin "$http" | cut -f 2,11,12
  standalone	5	0
  $ zobo check --admin "$http" | cut -d' ' -f 1,3
  PASS answers
  PASS leader
  PASS writable
  PASS config
  PASS version
  PASS zxid
  PASS nodes
  PASS ephemerals
  PASS connections
  PASS outstanding
  PASS latency
  PASS descriptors
  $ zobo admin ruok --admin "$http"
  {
    "command" : "ruok",
    "error" : null
  }
  $ zobo admin nosuch --admin "$http" 2>&1 | sed "s/:$http/:HTTP/" | mask
  zobo: SERVER1: AdminServer at http://127.0.0.1:HTTP does not know nosuch (HTTP 404)
  $ kill $holder; wait $holder
  [143]

What listens there does not speak HTTP.

  $ zobo admin monitor --admin "${server##*:}" 2>&1 | sed "s,http://$server,http://SERVER," | mask
  zobo: SERVER1: AdminServer at http://SERVER: Empty reply from server
  $ kill $pid; wait $pid
