Each command of zkCli.sh is known by its name there.

  $ for c in addWatch addauth close config connect create delete deleteall delquota get getAcl getAllChildrenNumber getEphemerals \
  >   history listquota ls printwatches quit reconfig redo removewatches set setAcl setquota stat sync version whoami rmr; do
  >   zobo help $c >out 2>&1 && grep -q "^usage:" out || echo "$c is not known"
  > done
