A server that is broken, or means harm, may name children as no server may. That is told; the list is not taken for an
empty one, and nothing that is left of it for a whole export.

  $ for name in '' . .. a/b ../../b; do
  >   exec 7< <(exec python3 "$src/tests/cli/serve/badnames.py" "$name"); pid=$!
  >   export ZOBO_HOSTS=127.0.0.1:$(next_line 7)
  >   zobo ls /; zobo export -f bad.ndjson /app; zobo export --dir bad /app
  >   kill $pid; exec 7<&-
  > done
  ! zobo: /: the server's answer could not be read (BadReply -1062)
  ! zobo: /app: the server's answer could not be read (BadReply -1062)
  ! zobo: /app: the server's answer could not be read (BadReply -1062)
  ! zobo: /: the server's answer could not be read (BadReply -1062)
  ! zobo: /app: the server's answer could not be read (BadReply -1062)
  ! zobo: /app: the server's answer could not be read (BadReply -1062)
  ! zobo: /: the server's answer could not be read (BadReply -1062)
  ! zobo: /app: the server's answer could not be read (BadReply -1062)
  ! zobo: /app: the server's answer could not be read (BadReply -1062)
  ! zobo: /: the server's answer could not be read (BadReply -1062)
  ! zobo: /app: the server's answer could not be read (BadReply -1062)
  ! zobo: /app: the server's answer could not be read (BadReply -1062)
  ! zobo: /: the server's answer could not be read (BadReply -1062)
  ! zobo: /app: the server's answer could not be read (BadReply -1062)
  ! zobo: /app: the server's answer could not be read (BadReply -1062)
  $ ls -A . bad
  .:
  bad
  
  bad:
