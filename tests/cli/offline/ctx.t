Contexts: clusters by name, in a file that can be edited by hand.

  $ export XDG_CONFIG_HOME=$PWD/config HOME=$PWD/home
  $ zobo ctx
  ! zobo: there are no contexts yet; `zobo ctx add NAME hosts=...` makes one
  $ zobo ctx use prod
  ! zobo: no context prod; `zobo ctx` lists those there are
  [2]
  $ zobo ctx add prod hosts=zk1,zk2,zk3 chroot=/app confirm=always
  ! zobo: `zobo ctx use prod` makes it the one that is used without --context
  $ zobo ctx add prod hosts=zk1
  ! zobo: there is a context prod already; `zobo ctx edit` changes it
  [5]
  $ zobo ctx add audit hosts=zk1:2181,zk2:2181 readonly=yes session-timeout=30s
  $ zobo ctx
  no  prod   zk1,zk2,zk3        /app  asked about
  no  audit  zk1:2181,zk2:2181  /     refused
  $ zobo ctx use prod
  $ zobo ctx -o table
  IN USE  CONTEXT  SERVERS            CHROOT  CHANGES
     yes  prod     zk1,zk2,zk3        /app    asked about
      no  audit    zk1:2181,zk2:2181  /       refused
  $ zobo ctx -o json
  {"current":true,"context":"prod","hosts":"zk1,zk2,zk3","chroot":"/app","changes":"asked about"}
  {"current":false,"context":"audit","hosts":"zk1:2181,zk2:2181","chroot":"/","changes":"refused"}
  $ zobo ctx show
  hosts = zk1,zk2,zk3
  chroot = /app
  confirm = always
  $ zobo ctx show audit -o json
  {"context":"audit","hosts":"zk1:2181,zk2:2181","session-timeout":"30s","readonly":"yes"}
  $ zobo ctx show nope
  ! zobo: no context nope; `zobo ctx` lists those there are
  [2]

What is wrong is told before it is written.

  $ zobo ctx add bad hots=zk1
  ! zobo: [bad]: no property hots; `zobo help ctx` lists them
  [2]
  $ zobo ctx add bad readonly=maybe
  ! zobo: [bad]: readonly = maybe: it is yes or no
  [2]
  $ zobo ctx add bad session-timeout=30
  ! zobo: [bad]: session-timeout = 30: a duration with its unit is needed, such as 500ms, 5s, 2m or 1h
  [2]
  $ zobo ctx add bad chroot=app
  ! zobo: [bad]: chroot = app: it is a path
  [2]
  $ zobo ctx add bad auth=digest:joe:secret
  ! zobo: [bad]: credentials do not belong here: auth-file names a file that holds them
  [2]
  $ zobo ctx add 'b d' hosts=zk1
  ! zobo: b d: a context's name is up to 40 letters, digits, '.', '_' and '-'
  ! hint: `zobo help ctx add` tells how it is used
  [2]
  $ zobo ctx add bad hosts
  ! zobo: hosts: a property is KEY=VALUE
  ! hint: `zobo help ctx add` tells how it is used
  [2]
  $ printf '[x]\nhosts = a\nnonsense\n' >bad.ini; ZOBO_CONFIG=bad.ini zobo ctx
  ! zobo: bad.ini:3: neither [context] nor property = value, or outside of a context
  [2]
  $ printf 'hosts = a\n' >bad.ini; ZOBO_CONFIG=bad.ini zobo ls /
  ! zobo: bad.ini:1: neither [context] nor property = value, or outside of a context
  [2]
  $ { echo '[x]'; echo hosts = $(seq -s, 100 300); } >bad.ini; ZOBO_CONFIG=bad.ini zobo ls /
  ! zobo: bad.ini:2: longer than 199 bytes; a value goes on in the next line, indented
  [2]
  $ ZOBO_CONFIG=bad.ini zobo help >help.out
  $ ZOBO_CONFIG=. zobo ls /
  ! zobo: .: Is a directory (System -1081)
  [3]

Long lists are broken into lines, which are put together again.

  $ zobo ctx add many hosts=$(seq -s, -f server%g.example.org 1 20)
  $ zobo ctx show many
  hosts = server1.example.org,server2.example.org,server3.example.org,server4.example.org,server5.example.org,server6.example.org,server7.example.org,server8.example.org,server9.example.org,server10.example.org,server11.example.org,server12.example.org,server13.example.org,server14.example.org,server15.example.org,server16.example.org,server17.example.org,server18.example.org,server19.example.org,server20.example.org
  $ tail -n 4 config/zobo/config.ini | cut -c 1-40
      server17.example.org,
      server18.example.org,
      server19.example.org,
      server20.example.org

What is in use counts until a server is named; a line of the environment or an option counts more.

  $ zobo -C audit create /x
  ! zobo: create: the context audit is for reading only
  [6]
  $ zobo -C audit rm -r /x
  ! zobo: rm: the context audit is for reading only
  [6]
  $ zobo -C nope ls /
  ! zobo: no context nope; `zobo ctx` lists those there are
  [2]
  $ zobo -X readonly=yes create /x
  ! zobo: create: the context prod is for reading only
  [6]
  $ zobo -X nonsense ls /
  ! zobo: --property nonsense: it is KEY=VALUE
  ! hint: `zobo help ls` tells how it is used
  [2]
  $ zobo -X confirm=always set /x y
  ! zobo: set would ask, but stdin is no terminal: --yes answers, --dry-run shows
  [2]
  $ zobo create /x </dev/null
  ! zobo: create would ask, but stdin is no terminal: --yes answers, --dry-run shows
  [2]
  $ ZOBO_CONTEXT=audit zobo create /x
  ! zobo: create: the context audit is for reading only
  [6]

Comments and other sections stay.

  $ printf '# mine\n[first]\nhosts = a\n\n; two\n[second]\nhosts = b\n' >own.ini; export ZOBO_CONFIG=own.ini
  $ zobo ctx rm first
  $ cat own.ini
  # mine
  ; two
  [second]
  hosts = b
  $ zobo ctx rm first
  ! zobo: no context first; `zobo ctx` lists those there are
  [2]
  $ EDITOR='sed -i s/hosts/hots/' zobo ctx edit 2>&1 | sed 's/own.ini.*/own.ini.../'
  zobo: [second]: no property hots; `zobo help ctx` lists them
  zobo: this stands in own.ini...
  zobo: own.ini...
  $ cat own.ini
  # mine
  ; two
  [second]
  hosts = b
  $ EDITOR='sed -i s/b/c/' zobo ctx edit
  $ zobo ctx show second
  hosts = c
  $ EDITOR=false zobo ctx edit
  ! zobo: the editor, false, ended with exit code 1: nothing was changed
  [3]
  $ ls own.ini* | sed 's/ini[.].*/ini.XXXXXX/'
  own.ini
  own.ini.XXXXXX
  $ unset ZOBO_CONFIG; zobo ctx rm prod; zobo ctx
  no  audit  zk1:2181,zk2:2181                                                                                                                                                                                                                                                                                                                                                                                                           /  refused
  no  many   server1.example.org,server2.example.org,server3.example.org,server4.example.org,server5.example.org,server6.example.org,server7.example.org,server8.example.org,server9.example.org,server10.example.org,server11.example.org,server12.example.org,server13.example.org,server14.example.org,server15.example.org,server16.example.org,server17.example.org,server18.example.org,server19.example.org,server20.example.org  /  allowed
  $ ls -l config/zobo | awk 'NR > 1 { print $1, $NF }'
  -rw------- config.ini

A context on the command line counts more than servers in the environment; in the environment, servers do.

  $ export ZOBO_HOSTS=127.0.0.1:1
  $ zobo ctx add closed hosts=127.0.0.1:2
  $ zobo -C closed ls / 2>&1 | grep -o '127.0.0.1:[0-9]' | sort -u
  127.0.0.1:2
  $ ZOBO_CONTEXT=closed zobo ls / 2>&1 | grep -o '127.0.0.1:[0-9]' | sort -u
  127.0.0.1:1
  $ zobo -C closed -H 127.0.0.1:3 ls / 2>&1 | grep -o '127.0.0.1:[0-9]' | sort -u
  127.0.0.1:3
