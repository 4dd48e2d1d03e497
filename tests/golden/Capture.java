/* SPDX-License-Identifier: Apache-2.0 */
/* What ZooKeeper's own Java client says: every operation once in success and in failure, for capture.py to write down.
 *
 * Before each step its name is printed, and a line awaited: so the recorder knows which step the frames belong to.
 *   java -cp CLASSPATH Capture.java all HOST:PORT       the operations
 *   java -cp CLASSPATH Capture.java sasl HOST:PORT      a login (JAAS configuration by system property)
 *   java -cp CLASSPATH Capture.java reconfig HOST:PORT N  reconfigurations of an ensemble, at last without server N
 *   java -cp CLASSPATH Capture.java paths               PathUtils' verdicts, no server */
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

import org.apache.zookeeper.AddWatchMode;
import org.apache.zookeeper.CreateMode;
import org.apache.zookeeper.KeeperException;
import org.apache.zookeeper.KeeperException.Code;
import org.apache.zookeeper.Op;
import org.apache.zookeeper.WatchedEvent;
import org.apache.zookeeper.Watcher;
import org.apache.zookeeper.ZooDefs.Ids;
import org.apache.zookeeper.ZooDefs.Perms;
import org.apache.zookeeper.ZooKeeper;
import org.apache.zookeeper.admin.ZooKeeperAdmin;
import org.apache.zookeeper.common.PathUtils;
import org.apache.zookeeper.data.ACL;
import org.apache.zookeeper.data.Id;
import org.apache.zookeeper.data.Stat;

public class Capture {
    static final BufferedReader in = new BufferedReader(new InputStreamReader(System.in));

    static void step(String name) throws Exception {
        System.out.println(name);
        System.out.flush();
        if (in.readLine() == null)
            throw new IllegalStateException("the recorder is gone");
    }

    interface Attempt {
        void run() throws Exception;
    }

    static void expect(Code code, Attempt attempt) throws Exception {
        try {
            attempt.run();
        } catch (KeeperException e) {
            if (e.code() == code)
                return;
            throw e;
        }
        if (code != Code.OK)
            throw new IllegalStateException("not refused with " + code);
    }

    static byte[] bytes(String s) {
        return s.getBytes(StandardCharsets.UTF_8);
    }

    /* connect waits until the session is up. */
    static class Connection implements Watcher {
        final CountDownLatch up = new CountDownLatch(1);
        volatile CountDownLatch again = new CountDownLatch(1);

        public void process(WatchedEvent event) {
            if (event.getType() == Event.EventType.None && event.getState() == Event.KeeperState.SyncConnected) {
                if (up.getCount() == 0)
                    again.countDown();
                up.countDown();
            }
        }
    }

    static ZooKeeperAdmin connect(String hosts, int timeout, Connection connection) throws Exception {
        ZooKeeperAdmin zk = new ZooKeeperAdmin(hosts, timeout, connection);
        if (!connection.up.await(20, TimeUnit.SECONDS))
            throw new IllegalStateException("no connection");
        return zk;
    }

    static void creations(ZooKeeper zk) throws Exception {
        List<ACL> open = Ids.OPEN_ACL_UNSAFE;
        step("create");
        zk.create("/g", bytes("data"), open, CreateMode.PERSISTENT);
        step("create-null");
        zk.create("/g/null", null, open, CreateMode.PERSISTENT);
        step("create-empty");
        zk.create("/g/empty", new byte[0], open, CreateMode.PERSISTENT);
        step("create-ephemeral");
        zk.create("/g/eph", bytes("e"), open, CreateMode.EPHEMERAL);
        step("create-sequential");
        zk.create("/g/seq-", bytes("s"), open, CreateMode.PERSISTENT_SEQUENTIAL);
        step("create-ephemeral-sequential");
        zk.create("/g/eseq-", bytes("s"), open, CreateMode.EPHEMERAL_SEQUENTIAL);
        step("create-acls");
        zk.create("/g/acl", bytes("a"),
            Arrays.asList(new ACL(Perms.ALL, new Id("digest", "super:D/InIHSb7yEEbrWz8b9l71RjZJU=")),
                new ACL(Perms.READ | Perms.ADMIN, new Id("ip", "127.0.0.0/8")),
                new ACL(Perms.CREATE, Ids.ANYONE_ID_UNSAFE)),
            CreateMode.PERSISTENT);
        step("create-unicode");
        zk.create("/g/gr\u00fc\u00df\u20ac", bytes("u"), open, CreateMode.PERSISTENT);
        step("create-exists");
        expect(Code.NODEEXISTS, () -> zk.create("/g", bytes("data"), open, CreateMode.PERSISTENT));
        step("create-no-parent");
        expect(Code.NONODE, () -> zk.create("/none/x", bytes("data"), open, CreateMode.PERSISTENT));
        step("create-invalid-acl");
        expect(Code.INVALIDACL, () -> zk.create("/g/x", bytes("data"), Ids.CREATOR_ALL_ACL, CreateMode.PERSISTENT));
        step("create-below-ephemeral");
        expect(Code.NOCHILDRENFOREPHEMERALS,
            () -> zk.create("/g/eph/x", bytes("data"), open, CreateMode.PERSISTENT));
        step("create2");
        zk.create("/g/two", bytes("2"), open, CreateMode.PERSISTENT, new Stat());
        step("create2-exists");
        expect(Code.NODEEXISTS, () -> zk.create("/g/two", bytes("2"), open, CreateMode.PERSISTENT, new Stat()));
        step("container");
        zk.create("/g/box", null, open, CreateMode.CONTAINER);
        step("container-exists");
        expect(Code.NODEEXISTS, () -> zk.create("/g/box", null, open, CreateMode.CONTAINER));
        step("ttl");
        zk.create("/g/ttl", bytes("t"), open, CreateMode.PERSISTENT_WITH_TTL, new Stat(), 3600000L);
        step("ttl-sequential");
        zk.create("/g/ttl-", bytes("t"), open, CreateMode.PERSISTENT_SEQUENTIAL_WITH_TTL, new Stat(), 1099511627775L);
        step("ttl-exists");
        expect(Code.NODEEXISTS,
            () -> zk.create("/g/ttl", bytes("t"), open, CreateMode.PERSISTENT_WITH_TTL, new Stat(), 3600000L));
    }

    static void reads(ZooKeeper zk) throws Exception {
        step("exists");
        zk.exists("/g", false);
        step("exists-none");
        expect(Code.OK, () -> zk.exists("/none", false));
        step("get");
        zk.getData("/g", false, new Stat());
        step("get-null");
        zk.getData("/g/null", false, new Stat());
        step("get-empty");
        zk.getData("/g/empty", false, new Stat());
        step("get-none");
        expect(Code.NONODE, () -> zk.getData("/none", false, null));
        step("get-no-auth");
        zk.create("/g/closed", bytes("c"), Arrays.asList(new ACL(Perms.ADMIN, Ids.ANYONE_ID_UNSAFE)),
            CreateMode.PERSISTENT);
        expect(Code.NOAUTH, () -> zk.getData("/g/closed", false, null));
        step("get-acl");
        zk.getACL("/g/acl", new Stat());
        step("get-acl-none");
        expect(Code.NONODE, () -> zk.getACL("/none", new Stat()));
        step("get-children");
        zk.getChildren("/g", false);
        step("get-children-empty");
        zk.getChildren("/g/null", false);
        step("get-children-none");
        expect(Code.NONODE, () -> zk.getChildren("/none", false));
        step("get-children2");
        zk.getChildren("/g", false, new Stat());
        step("get-children2-none");
        expect(Code.NONODE, () -> zk.getChildren("/none", false, new Stat()));
        step("sync");
        CountDownLatch synced = new CountDownLatch(1);
        zk.sync("/g", (rc, path, ctx) -> synced.countDown(), null);
        synced.await();
        step("get-ephemerals");
        zk.getEphemerals("/g");
        step("get-ephemerals-all");
        zk.getEphemerals();
        step("get-ephemerals-none");
        zk.getEphemerals("/other");
        step("get-all-children-number");
        zk.getAllChildrenNumber("/g");
        step("get-all-children-number-none");
        expect(Code.NONODE, () -> zk.getAllChildrenNumber("/none"));
        step("who-am-i");
        zk.whoAmI();
        step("get-config");
        zk.getData("/zookeeper/config", false, new Stat());
    }

    static void writes(ZooKeeperAdmin zk) throws Exception {
        step("set");
        zk.setData("/g", bytes("more data"), 0);
        step("set-null");
        zk.setData("/g/empty", null, -1);
        step("set-bad-version");
        expect(Code.BADVERSION, () -> zk.setData("/g", bytes("x"), 99));
        step("set-none");
        expect(Code.NONODE, () -> zk.setData("/none", bytes("x"), -1));
        step("set-acl");
        zk.setACL("/g/acl", Ids.OPEN_ACL_UNSAFE, 0);
        step("set-acl-bad-version");
        expect(Code.BADVERSION, () -> zk.setACL("/g/acl", Ids.OPEN_ACL_UNSAFE, 99));
        step("set-acl-none");
        expect(Code.NONODE, () -> zk.setACL("/none", Ids.OPEN_ACL_UNSAFE, -1));
        step("delete");
        zk.delete("/g/two", -1);
        step("delete-none");
        expect(Code.NONODE, () -> zk.delete("/none", -1));
        step("delete-bad-version");
        expect(Code.BADVERSION, () -> zk.delete("/g/null", 99));
        step("delete-not-empty");
        expect(Code.NOTEMPTY, () -> zk.delete("/g", -1));
        step("reconfig-disabled");
        expect(Code.RECONFIGDISABLED, () -> zk.reconfigure("server.9=h:1:2;3", "1", null, -1L, new Stat()));
    }

    static void transactions(ZooKeeper zk) throws Exception {
        List<ACL> open = Ids.OPEN_ACL_UNSAFE;
        step("multi");
        zk.multi(Arrays.asList(Op.check("/g", -1), Op.create("/g/m", bytes("m"), open, CreateMode.PERSISTENT),
            Op.create("/g/m/seq-", bytes("m"), open, CreateMode.EPHEMERAL_SEQUENTIAL),
            Op.create("/g/m/box", null, open, CreateMode.CONTAINER),
            Op.create("/g/m/ttl", bytes("t"), open, CreateMode.PERSISTENT_WITH_TTL, 60000L),
            Op.setData("/g/m", bytes("mm"), 0), Op.delete("/g/m/box", -1)));
        step("multi-failure");
        expect(Code.BADVERSION,
            () -> zk.multi(Arrays.asList(Op.create("/g/never", bytes("m"), open, CreateMode.PERSISTENT),
                Op.setData("/g/m", bytes("x"), 99), Op.delete("/g/m", -1))));
        step("multi-read");
        zk.multi(Arrays.asList(Op.getData("/g"), Op.getChildren("/g"), Op.getData("/g/null")));
        step("multi-read-mixed");
        zk.multi(Arrays.asList(Op.getData("/none"), Op.getChildren("/g/m"), Op.getChildren("/none"),
            Op.getData("/g/closed")));
    }

    static void watches(ZooKeeper zk, Connection connection) throws Exception {
        Watcher w = event -> { };
        step("watch-data");
        zk.getData("/g", w, null);
        zk.setData("/g", bytes("changed"), -1);
        step("watch-exists");
        zk.exists("/g/w", w);
        zk.create("/g/w", bytes("w"), Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT);
        step("watch-children");
        zk.getChildren("/g", w);
        zk.create("/g/w2", bytes("w"), Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT);
        step("watch-deleted");
        zk.exists("/g/w2", w);
        zk.delete("/g/w2", -1);
        step("add-watch");
        zk.addWatch("/g/w", w, AddWatchMode.PERSISTENT);
        step("add-watch-recursive");
        zk.addWatch("/g/m", w, AddWatchMode.PERSISTENT_RECURSIVE);
        step("watch-persistent");
        zk.setData("/g/w", bytes("1"), -1);
        zk.create("/g/w/c", bytes("1"), Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT);
        zk.setData("/g/m/ttl", bytes("1"), -1);
        step("check-watches"); /* what this client asks when it has other watchers on the path, or thinks so */
        zk.removeWatches("/g/w", w, Watcher.WatcherType.Any, false);
        zk.getData("/g", w, null);
        zk.removeWatches("/g", w, Watcher.WatcherType.Data, false);
        zk.getChildren("/g", w);
        zk.removeWatches("/g", w, Watcher.WatcherType.Children, false);
        step("remove-watches");
        zk.getData("/g", w, null);
        zk.removeAllWatches("/g", Watcher.WatcherType.Data, false);
        expect(Code.NOWATCHER, () -> zk.removeAllWatches("/g/null", Watcher.WatcherType.Any, false));
        step("set-watches2");
        zk.getData("/g", w, null);
        zk.exists("/g/absent", w);
        zk.getChildren("/g", w);
        zk.addWatch("/g/w", w, AddWatchMode.PERSISTENT);
        step("CUT"); /* the recorder cuts the connection */
        if (!connection.again.await(20, TimeUnit.SECONDS))
            throw new IllegalStateException("no connection");
        step("WAIT SET_WATCHES2");
    }

    static void onlyOneShotWatches(String hosts) throws Exception {
        Connection connection = new Connection();
        Watcher w = event -> { };
        step("set-watches-connect");
        ZooKeeper zk = connect(hosts, 20000, connection);
        step("set-watches");
        zk.getData("/g", w, null);
        zk.exists("/g/absent", w);
        zk.getChildren("/g", w);
        step("CUT");
        if (!connection.again.await(20, TimeUnit.SECONDS))
            throw new IllegalStateException("no connection");
        step("WAIT SET_WATCHES");
        step("set-watches-close");
        zk.close();
    }

    static void auth(ZooKeeper zk) throws Exception {
        step("auth");
        zk.addAuthInfo("digest", bytes("user:password"));
        step("WAIT AUTH");
        step("auth-create");
        zk.create("/g/mine", bytes("m"), Ids.CREATOR_ALL_ACL, CreateMode.PERSISTENT);
        step("auth-get-acl");
        zk.getACL("/g/mine", new Stat());
        step("auth-who-am-i");
        zk.whoAmI();
    }

    static void all(String hosts) throws Exception {
        Connection connection = new Connection();
        step("connect");
        ZooKeeperAdmin zk = connect(hosts, 20000, connection);
        creations(zk);
        reads(zk);
        writes(zk);
        transactions(zk);
        watches(zk, connection);
        auth(zk);
        step("close");
        zk.close();
        onlyOneShotWatches(hosts);
        Connection idle = new Connection();
        step("ping");
        ZooKeeper pinging = connect(hosts, 4000, idle);
        step("WAIT PING");
        step("auth-failure"); /* the server answers, and closes the connection */
        pinging.addAuthInfo("no-such-scheme", bytes("x"));
        step("WAIT AUTH");
        pinging.close();
    }

    static void sasl(String hosts) throws Exception {
        step("sasl");
        ZooKeeper zk = connect(hosts, 20000, new Connection());
        step("sasl-who-am-i");
        zk.whoAmI();
        step("sasl-close");
        zk.close();
    }

    static void reconfig(String hosts, String leaving) throws Exception {
        step("connect");
        ZooKeeperAdmin zk = connect(hosts, 20000, new Connection());
        step("config");
        zk.getConfig(false, new Stat());
        step("reconfig-bad-version");
        expect(Code.BADVERSION, () -> zk.reconfigure((String) null, "3", null, 0x7000000L, new Stat()));
        step("reconfig-bad-arguments");
        expect(Code.BADARGUMENTS, () -> zk.reconfigure("server.9=nonsense", null, null, -1, new Stat()));
        step("reconfig");
        zk.reconfigure((String) null, leaving, null, -1, new Stat());
        step("close");
        zk.close();
    }

    static boolean good(String path, boolean sequential) {
        try {
            PathUtils.validatePath(path, sequential);
            return true;
        } catch (IllegalArgumentException e) {
            return false;
        }
    }

    /* The code points that may not stand in a path, as ranges; then each path read from stdin (hex of its bytes, and 0 or
     * 1 for sequential) with the verdict. */
    static void paths() throws Exception {
        int from = -1;
        for (int c = 0; c <= 0x110000; c++) {
            boolean bad = c < 0x110000 && !good("/" + new String(Character.toChars(c)) + "x", false);
            if (bad && from < 0)
                from = c;
            if (!bad && from >= 0) {
                System.out.printf("refused %x %x%n", from, c - 1);
                from = -1;
            }
        }
        for (String line; (line = in.readLine()) != null;) {
            String[] words = line.split(" ");
            byte[] path = new byte[words[0].length() / 2];
            for (int i = 0; i < path.length; i++)
                path[i] = (byte) Integer.parseInt(words[0].substring(2 * i, 2 * i + 2), 16);
            boolean sequential = words[1].equals("1");
            System.out.printf("%s %s %s%n", good(new String(path, StandardCharsets.UTF_8), sequential) ? "good" : "bad",
                words[1], words[0]);
        }
    }

    public static void main(String[] args) throws Exception {
        switch (args[0]) {
        case "all": all(args[1]); break;
        case "sasl": sasl(args[1]); break;
        case "reconfig": reconfig(args[1], args[2]); break;
        case "paths": paths(); break;
        default: throw new IllegalArgumentException(args[0]);
        }
        System.exit(0);
    }
}
