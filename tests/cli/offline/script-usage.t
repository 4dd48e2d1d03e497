Commands from -c, from files and from stdin: what is wrong with them is told with file and line. Nothing here connects.

  $ zobo -H 127.0.0.1:1 -c 'pwd; cd'
  /
  ! zobo: -c:1: no server can be used; 127.0.0.1:1: connection refused (NoConnection -1021)
  ! hint: --wait makes it try until --connect-timeout, --trace shows what happens
  [7]
  $ zobo -c 'pwd; pwd # the rest of the line; is a comment'
  /
  /
  $ zobo -c 'version; exit 3; version' | sed 's/ .*//'
  zobo
  $ zobo -c 'exit 3'
  [3]
  $ zobo -c ''
  $ zobo </dev/null
  $ printf '\n# nothing\n;;\n' | zobo
  $ echo 'pwd; exit' | zobo shell
  /
  $ zobo -c "pwd; get '/a"
  ! zobo: -c:1:10: this quote has no end
  [2]
  $ zobo -c 'get "/a'
  ! zobo: -c:1:5: this quote has no end
  [2]
  $ zobo -c 'pwd \'
  ! zobo: -c:1:5: nothing stands behind this backslash
  [2]
  $ printf 'pwd\n  frobnicate /a\npwd\n' >script; zobo -f script
  /
  ! zobo: script:2: no command frobnicate
  ! hint: `zobo help` lists the commands
  [2]
  $ zobo -f script --keep-going
  /
  /
  ! zobo: script:2: no command frobnicate
  ! hint: `zobo help` lists the commands
  [8]
  $ zobo --keep-going --file script -o json
  {"path":"/"}
  {"path":"/"}
  ! {"error":{"code":-1001,"name":"InvalidArgument","text":"no command frobnicate","where":"script:2","hint":"`zobo help` lists the commands"}}
  [8]
  $ printf 'pwd\n\nset /a "a\nb\n\nc' | zobo
  /
  ! zobo: stdin:3:8: this quote has no end
  [2]
  $ printf 'pwd\n\\\n  \\\nget a b c\n' | zobo
  /
  ! zobo: stdin:4: too many arguments: zobo get PATH
  ! hint: `zobo help get` tells how it is used
  [2]
  $ printf 'set /a -\n' | zobo
  ! zobo: stdin:1: -: stdin holds the commands; data is an argument or in a file
  [2]
  $ printf 'pwd\0\n' | zobo
  ! zobo: stdin:1: a NUL byte: is this a script?
  [2]
  $ zobo -f nowhere
  ! zobo: nowhere: No such file or directory (System -1081)
  [3]
  $ zobo -f .
  ! zobo: .: Is a directory (System -1081)
  [3]
  $ zobo -c pwd -f script
  ! zobo: -c or -f: which?
  ! hint: `zobo help shell` tells how it is used
  [2]
  $ zobo -c pwd ls /
  ! zobo: ls: with -c, -f or --keep-going goes no other command
  ! hint: `zobo help` lists the commands
  [2]
  $ zobo --keep-going ls /
  ! zobo: ls: with -c, -f or --keep-going goes no other command
  ! hint: `zobo help` lists the commands
  [2]
  $ zobo -c
  ! zobo: -c needs a value
  ! hint: `zobo help` lists the commands
  [2]
  $ zobo -c 'get -H other /a'
  ! zobo: -c:1: --hosts belongs before the session, not into it
  ! hint: `zobo help get` tells how it is used
  [2]
  $ zobo -c 'shell'
  ! zobo: -c:1: this is a shell already
  ! hint: `zobo help shell` tells how it is used
  [2]
  $ zobo -c 'history; redo 3' --keep-going
  ! zobo: -c:1: only a shell on a terminal has a history
  ! zobo: -c:1: only a shell on a terminal has a history
  [8]
  $ zobo -c 'addauth digest'
  ! zobo: -c:1: there is no terminal to ask for the credential: give it, or use --auth-file
  [2]
  $ zobo -c 'get -w /a'
  ! zobo: -c:1: -w is for the shell, which is still there when the event comes; see `zobo watch`
  [2]
  $ zobo get -w /a
  ! zobo: -w is for the shell, which is still there when the event comes; see `zobo watch`
  [2]
  $ for c in cd pwd history 'redo 1' addauth connect close printwatches removewatches exit quit; do zobo $c; echo "$?"; done
  2
  2
  2
  2
  2
  2
  2
  2
  2
  2
  2
  ! zobo: cd is for the shell and for scripts: `zobo help shell`
  ! zobo: pwd is for the shell and for scripts: `zobo help shell`
  ! zobo: history is for the shell and for scripts: `zobo help shell`
  ! zobo: redo is for the shell and for scripts: `zobo help shell`
  ! zobo: addauth is for the shell and for scripts: `zobo help shell`
  ! zobo: connect is for the shell and for scripts: `zobo help shell`
  ! zobo: close is for the shell and for scripts: `zobo help shell`
  ! zobo: printwatches is for the shell and for scripts: `zobo help shell`
  ! zobo: removewatches is for the shell and for scripts: `zobo help shell`
  ! zobo: exit is for the shell and for scripts: `zobo help shell`
  ! zobo: exit is for the shell and for scripts: `zobo help shell`
