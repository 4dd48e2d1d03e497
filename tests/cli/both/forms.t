Output forms that no other transcript shows; figures differ from run to run, so here they are N.

  $ figures() { sed -E 's/[0-9]+\.[0-9]+/N/g; s/SERVER|127\.0\.0\.1:[0-9]+/SERVER/g; s/ +/ /g; s/0x[0-9a-f]{6,}/0xID/g'; }
  $ zobo create -p /app/a one >made; zobo create /app/b two >made
  $ zobo ls -o long /app
         0         3        0  TIME  -                   a
         0         3        0  TIME  -                   b
  $ EDITOR='sed -i s/one/uno/' zobo edit -o json /app/a; zobo get /app/a
  {"path":"/app/a","stat":{"czxid":"0xID","mzxid":"0xID","pzxid":"0xID","ctime":"TIME","mtime":"TIME","version":1,"cversion":0,"aversion":0,"ephemeral_owner":"0x0","data_length":3,"num_children":0}}
  uno
  (no newline)
  $ EDITOR='sed -i s/uno/un/' zobo edit -n -o json /app/a
  {"path":"/app/a","dry_run":true,"data":"un","encoding":"utf8"}
  $ zobo ephemerals -o json
  $ zobo lock --show -o json /lock; zobo elect --show -o json /elect
  $ zobo lock /lock -- zobo lock --show -o json /lock | sed -E 's/(")[^"]*:[0-9]+"/\1HOST:PID"/; s/__lock__[^"]*/.../; s/[0-9a-f]{32}/UUID/'
  {"place":1,"identifier":"HOST:PID"}
  $ echo secret | zobo acl digest -o json joe
  {"scheme":"digest","id":"joe:oesAybBun9icKJjQSTRN8OBueSc="}
  $ zobo ping -o raw | cut -f 2,4
  no	10000
  $ zobo completion -o json bash | head -c 30; echo
  {"shell":"bash","script":"# ba

Views of one server.

  $ zobo sessions -o table | head -n 1 | figures
  SESSION CLIENT SERVER TIMEOUT SINCE LAST OP RECEIVED QUEUED EPHEMERALS WATCHES
  $ zobo check smoke -o table | figures
  RESULT TEST DETAIL
  PASS session at 1 servers, in N ms
  PASS create a node through each, in N ms
  PASS read each node through each server, after sync, in N ms
  PASS set by version, and read through another, in N ms
  PASS watch each has seen a change made through another, in N ms
  PASS transaction all or nothing, through each, in N ms
  PASS ephemeral seen through another, and gone with its session, in N ms
  PASS delete nothing is left, in N ms
  $ zobo check smoke -o raw | figures
  PASS	session	at 1 servers, in N ms
  PASS	create	a node through each, in N ms
  PASS	read	each node through each server, after sync, in N ms
  PASS	set	by version, and read through another, in N ms
  PASS	watch	each has seen a change made through another, in N ms
  PASS	transaction	all or nothing, through each, in N ms
  PASS	ephemeral	seen through another, and gone with its session, in N ms
  PASS	delete	nothing is left, in N ms
  $ zobo check ensemble -o table | cut -c 1-20 | grep -v 'longest sync' | figures
  RESULT TEST 
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
  $ zobo check ensemble -o raw | cut -f 1-2 | grep -v 'longest sync'
  PASS	answers
  PASS	leader
  PASS	writable
  PASS	config
  PASS	version
  PASS	zxid
  PASS	nodes
  PASS	ephemerals
  PASS	connections
  PASS	outstanding
  PASS	latency
  PASS	descriptors
  $ zobo config -o table
  ID  ROLE  PEERS  CLIENT  SPEC  VERSION
  $ zobo config -o raw
  $ zobo config -o json
  $ zobo reconfig --add server.9=127.0.0.1:1:2:3 --dry-run -o table
  ID  ROLE         PEERS        CLIENT  SPEC             VERSION
   9  participant  127.0.0.1:1  -       127.0.0.1:1:2:3  -
  $ zobo reconfig --add server.9=127.0.0.1:1:2:3 --dry-run -o raw
  server.9=127.0.0.1:1:2:3
  (no newline)
  $ zobo reconfig --add server.9=127.0.0.1:1:2:3 --dry-run -o json
  {"id":9,"role":"participant","peers":"127.0.0.1:1","client":null,"spec":"127.0.0.1:1:2:3","version":null}

Quotas.

  $ zobo quota set -o table --dry-run --bytes 1k /app
  PATH        NODES  SOFT  HARD  BYTES  SOFT  HARD
  /forms/app      -     -     -      -  1024     -
  $ zobo quota set -o raw --dry-run --nodes 10 /app
  /forms/app	-	10	-	-	-	-
  $ zobo quota set -o json --nodes 10 /app
  $ zobo quota get -o raw | cut -f 1-3
  /forms/app	3	10
  $ zobo quota rm -o json /app

Contexts do not connect, but have their forms.

  $ export XDG_CONFIG_HOME=$PWD/config
  $ zobo ctx add -o json one hosts=h1
  ! {"note":"`zobo ctx use one` makes it the one that is used without --context"}
  $ zobo ctx use -o json one
  $ zobo ctx -o raw
  yes	one	h1	/	allowed
  $ EDITOR='sed -i s/h1/h2/' zobo ctx edit -o json
  $ zobo ctx show -o json
  {"context":"one","hosts":"h2"}
  $ zobo ctx rm -o json one
  $ zobo ctx -o json
  ! {"note":"there are no contexts yet; `zobo ctx add NAME hosts=...` makes one"}

Colours.

  $ zobo create -p /colors/node >made
  $ zobo --color always ls -l / | tr '\033' E | grep -o 'E.*colors.*'
  E[1;34mcolorsE[0m
  $ zobo ls -l / | grep -o ' colors.*'
   colors
  $ zobo --color loud ls /
  ! zobo: --color loud: one of auto|always|never is needed
  ! hint: `zobo help` lists the commands
  [2]
