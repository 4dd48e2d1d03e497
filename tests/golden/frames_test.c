/* SPDX-License-Identifier: Apache-2.0 */
/* Real frames: decoded and encoded again they are the same; our requests are the ones that ZooKeeper's own clients
 * send; what the server answers arrives in replies. */
#include "golden.h"

#include "core/reply.h"

static const char *const files[] = {"java.hex", "kazoo.hex", "raw.hex", "sasl.hex", "reconfig.hex", "paths.hex"};

enum { N_FILES = sizeof files / sizeof *files };

/* One frame being read, and what our encoders make of it again. */
typedef struct copy {
    const golden_frame *frame;
    zb_reader r;
    uint8_t *bytes;
    zb_writer w;
} copy;

static void
begin(copy *c, const golden_frame *frame)
{
    c->frame = frame;
    c->r = zb_reader_of(frame->bytes, frame->n);
    c->bytes = malloc(frame->n ? frame->n : 1);
    assert_non_null(c->bytes);
    c->w = zb_writer_of(c->bytes, frame->n);
}

static void
finish(copy *c)
{
    const golden_frame *f = c->frame;
    if (c->r.bad || c->w.bad)
        fail_msg("\"%c %s: %s\" cannot be %s", f->direction, f->step, f->what, c->r.bad ? "read" : "written");
    if (zb_reader_left(&c->r) != 0 || c->w.n != f->n || memcmp(c->bytes, f->bytes, f->n) != 0)
        fail_msg("\"%c %s: %s\" comes out another", f->direction, f->step, f->what);
    free(c->bytes);
}

#define COPY(record, c)                                                                                                \
    do {                                                                                                               \
        struct zb_##record copied;                                                                                     \
        zb_get_##record(&(c)->r, &copied);                                                                             \
        zb_put_##record(&(c)->w, &copied);                                                                             \
    } while (0)

#define zb_get_empty_request(r, v) memset((v), 0, sizeof *(v))

/* copy_request copies an operation's request record; false: there is no such operation. */
static bool
copy_request(copy *c, int32_t code)
{
    switch (code) {
#define X(name, code, req, reply, writes)                                                                              \
    case code:                                                                                                         \
        COPY(req, c);                                                                                                  \
        return true;
        ZB_OPS(X)
#undef X
    default:
        return false;
    }
}

static void
copy_multi_request(copy *c)
{
    for (;;) {
        struct zb_multi_header header;
        zb_get_multi_header(&c->r, &header);
        zb_put_multi_header(&c->w, &header);
        if (header.done || c->r.bad)
            return;
        assert_int_equal(header.err, -1);
        assert_true(copy_request(c, header.type));
    }
}

static void
copy_multi_reply(copy *c)
{
    for (;;) {
        struct zb_multi_header header;
        zb_get_multi_header(&c->r, &header);
        zb_put_multi_header(&c->w, &header);
        if (header.done || c->r.bad)
            return;
        switch (header.type) {
        case -1:
            COPY(error_reply, c);
            break;
        case ZB_OP_CREATE:
            COPY(path_reply, c);
            break;
        case ZB_OP_CREATE2:
            COPY(path_stat_reply, c);
            break;
        case ZB_OP_SET_DATA:
            COPY(stat_reply, c);
            break;
        case ZB_OP_GET_DATA:
            COPY(data_stat_reply, c);
            break;
        case ZB_OP_GET_CHILDREN:
            COPY(children_reply, c);
            break;
        default:
            assert_true(header.type == ZB_OP_DELETE || header.type == ZB_OP_CHECK);
        }
    }
}

static void
copy_reply_body(copy *c, zb_reply_kind kind)
{
    switch (kind) {
    case ZB_REPLY_EMPTY:
        break;
    case ZB_REPLY_PATH:
        COPY(path_reply, c);
        break;
    case ZB_REPLY_PATH_STAT:
        COPY(path_stat_reply, c);
        break;
    case ZB_REPLY_STAT:
        COPY(stat_reply, c);
        break;
    case ZB_REPLY_DATA_STAT:
        COPY(data_stat_reply, c);
        break;
    case ZB_REPLY_CHILDREN:
        COPY(children_reply, c);
        break;
    case ZB_REPLY_CHILDREN_STAT:
        COPY(children_stat_reply, c);
        break;
    case ZB_REPLY_ACL_STAT:
        COPY(acl_stat_reply, c);
        break;
    case ZB_REPLY_MULTI:
    case ZB_REPLY_MULTI_READ:
        copy_multi_reply(c);
        break;
    case ZB_REPLY_COUNT:
        COPY(count_reply, c);
        break;
    case ZB_REPLY_IDS: {
        int32_t n = zb_get_ids_count(&c->r);
        zb_put_i32(&c->w, n);
        for (int32_t i = 0; i < 2 * n; i++)
            zb_put_str(&c->w, zb_get_str(&c->r));
        break;
    }
    case ZB_REPLY_ERR:
        COPY(error_reply, c);
        break;
    case ZB_REPLY_TOKEN:
        COPY(sasl_reply, c);
        break;
    }
}

/* What a walk over the files has seen. */
static struct {
    int ok, failed;
} seen[300];

static void
note(int32_t code, int32_t err)
{
    if (err)
        seen[code + 100].failed++;
    else
        seen[code + 100].ok++;
}

/* A conversation: which requests are still to be answered. */
typedef struct conversation {
    bool asked, welcomed;
    struct {
        int32_t xid, op;
    } waiting[16];
    size_t n_waiting;
} conversation;

static bool
is_step(const golden_frame *frame, const char *step)
{
    return strcmp(frame->step, step) == 0;
}

static void
check_request(conversation *talk, const golden_frame *frame)
{
    copy c;
    if (!talk->asked) {
        talk->asked = true;
        uint8_t with_read_only[45] = {0};
        golden_frame longer = *frame;
        if (frame->n == 44) { /* as old clients send it; ours sends 45 */
            memcpy(with_read_only, frame->bytes, 44);
            longer.bytes = with_read_only;
            longer.n = 45;
        }
        begin(&c, &longer);
        COPY(connect_request, &c);
        finish(&c);
        return;
    }
    struct zb_request_header header;
    begin(&c, frame);
    zb_get_request_header(&c.r, &header);
    zb_put_request_header(&c.w, &header);
    talk->waiting[talk->n_waiting].xid = header.xid;
    talk->waiting[talk->n_waiting++].op = header.type;
    assert_true(talk->n_waiting < 16);
    if (is_step(frame, "unknown-op")) {
        assert_null(zb_op_find(header.type));
        finish(&c);
        return;
    }
    assert_non_null(zb_op_find(header.type));
    assert_memory_equal(zb_op_find(header.type)->name, frame->what, strlen(zb_op_find(header.type)->name));
    bool is_multi = header.type == ZB_OP_MULTI || header.type == ZB_OP_MULTI_READ;
    if (is_step(frame, "garbled") || is_step(frame, "multi-garbage")) {
        if (is_multi)
            copy_multi_request(&c);
        else
            copy_request(&c, header.type);
        assert_true(c.r.bad);
        free(c.bytes);
        return;
    }
    if (is_multi && !is_step(frame, "multi-unknown-op"))
        copy_multi_request(&c);
    else
        copy_request(&c, header.type);
    finish(&c);
}

/* check_build makes a reply from the body, whole and cut short everywhere. */
static void
check_build(const golden_frame *frame, zb_reply_kind kind, size_t at)
{
    static const zb_chroot chroot = {"/g", 2};
    for (size_t n = at; n <= frame->n; n++) {
        uint8_t *bytes = malloc(n - at ? n - at : 1);
        assert_non_null(bytes);
        memcpy(bytes, frame->bytes + at, n - at);
        zobo_reply *reply;
        zobo_err err = zb_reply_build(kind, zb_reader_of(bytes, n - at), 5, &chroot, &reply);
        if (n == frame->n) {
            assert_int_equal(err, ZOBO_OK);
            bool rolled_back = is_step(frame, "multi-failure") || is_step(frame, "multi-bad-path");
            assert_int_equal(reply->err, rolled_back ? ZOBO_ETRANSACTION : ZOBO_OK);
        } else {
            assert_int_equal(err, ZOBO_EBADREPLY);
        }
        zobo_reply_free(reply);
        free(bytes);
    }
}

static void
check_reply(conversation *talk, const golden_frame *frame)
{
    copy c;
    begin(&c, frame);
    if (!talk->welcomed) {
        struct zb_connect_response welcome;
        bool read_only;
        talk->welcomed = true;
        zb_get_connect_reply(&c.r, &welcome, &read_only);
        zb_put_connect_response(&c.w, &welcome);
        if (frame->n == 37)
            zb_put_bool(&c.w, read_only);
        assert_int_equal(frame->n, strncmp(frame->step, "connect-44", 10) == 0 ? 36 : 37);
        assert_int_equal(welcome.password.n, 16);
        assert_int_equal(welcome.session_id == 0, strstr(frame->step, "bad-password") != NULL);
        assert_int_equal(welcome.timeout == 0, welcome.session_id == 0);
        finish(&c);
        return;
    }
    struct zb_reply_header header;
    zb_get_reply_header(&c.r, &header);
    zb_put_reply_header(&c.w, &header);
    if (header.xid == ZB_XID_EVENT) {
        assert_string_equal(frame->what, "EVENT");
        COPY(watcher_event, &c);
        finish(&c);
        return;
    }
    size_t i = 0;
    while (i < talk->n_waiting && talk->waiting[i].xid != header.xid)
        i++;
    assert_true(i < talk->n_waiting);
    int32_t code = talk->waiting[i].op;
    talk->n_waiting--;
    memmove(&talk->waiting[i], &talk->waiting[i + 1], (talk->n_waiting - i) * sizeof talk->waiting[0]);
    const zb_op *op = zb_op_find(code);
    if (op == NULL) {
        assert_int_equal(header.err, ZOBO_EUNIMPLEMENTED);
        assert_int_equal(header.zxid, -1);
        finish(&c);
        return;
    }
    note(code, header.err);
    if (header.err == ZOBO_OK) {
        copy_reply_body(&c, op->reply);
        check_build(frame, op->reply, 16);
    } else {
        assert_string_not_equal(zobo_err_name((zobo_err)header.err), "Unknown");
    }
    finish(&c);
}

static void
frames_come_out_as_they_went_in(void **state)
{
    (void)state;
    memset(seen, 0, sizeof seen);
    for (size_t i = 0; i < N_FILES; i++) {
        golden_file file = golden_read(files[i]);
        conversation talk;
        memset(&talk, 0, sizeof talk);
        for (size_t j = 0; j < file.n; j++) {
            const golden_frame *frame = &file.frames[j];
            if (frame->direction == '=')
                memset(&talk, 0, sizeof talk);
            else if (frame->direction == '>')
                check_request(&talk, frame);
            else
                check_reply(&talk, frame);
        }
        golden_free(&file);
    }
    /* Nothing is left out: each operation was seen to succeed, and to fail if it can. */
#define X(name, code, req, reply, writes)                                                                              \
    if (code > 0 && code != ZB_OP_CHECK && code != ZB_OP_DELETE_CONTAINER && seen[code + 100].ok == 0)                 \
        fail_msg("there is no successful %s among the frames", #name);
    ZB_OPS(X)
#undef X
    assert_true(seen[ZB_OP_CLOSE_SESSION + 100].ok > 0);
    static const int32_t can_fail[] = {
        ZB_OP_CREATE,        ZB_OP_DELETE,     ZB_OP_EXISTS,           ZB_OP_GET_DATA,
        ZB_OP_SET_DATA,      ZB_OP_GET_ACL,    ZB_OP_SET_ACL,          ZB_OP_GET_CHILDREN,
        ZB_OP_GET_CHILDREN2, ZB_OP_MULTI,      ZB_OP_CREATE2,          ZB_OP_RECONFIG,
        ZB_OP_CHECK_WATCHES, ZB_OP_CREATE_TTL, ZB_OP_REMOVE_WATCHES,   ZB_OP_CREATE_CONTAINER,
        ZB_OP_AUTH,          ZB_OP_ADD_WATCH,  ZB_OP_DELETE_CONTAINER, ZB_OP_GET_ALL_CHILDREN_NUMBER,
    };
    for (size_t i = 0; i < sizeof can_fail / sizeof *can_fail; i++) {
        if (seen[can_fail[i] + 100].failed == 0)
            fail_msg("there is no failed %s among the frames", zb_op_find(can_fail[i])->name);
    }
}

/* --- requests from scratch --- */

static golden_file java, raw;

/* expect_request encodes a request for an operation as the client does, and compares it with the captured one. */
static void
expect_request(const golden_file *file, const char *step, int nth, int32_t code, const void *record)
{
    const zb_op *op = zb_op_find(code);
    const golden_frame *frame = golden_find(file, '>', step, op->name, nth);
    struct zb_request_header header = {(int32_t)zb_load32(frame->bytes), code};
    uint8_t bytes[2000];
    zb_writer w = zb_writer_of(bytes, sizeof bytes);
    zb_put_request_header(&w, &header);
    op->put(&w, record);
    assert_false(w.bad);
    if (w.n != frame->n || memcmp(bytes, frame->bytes, w.n) != 0)
        fail_msg("our %s for \"%s\" differs", op->name, step);
}

static zb_path
under_g(const char *rest)
{
    static const zb_chroot chroot = {"/g", 2};
    return zb_path_join(&chroot, rest);
}

static zb_path
whole(const char *path)
{
    return zb_path_join(NULL, path);
}

static const zobo_acl world[] = {{31, "world", "anyone"}};
static const zb_aclvec open_acl = {world, 1, NULL, NULL};

static void
our_creations(void **state)
{
    (void)state;
    static const zobo_acl three[] = {
        {31, "digest", "super:D/InIHSb7yEEbrWz8b9l71RjZJU="}, {17, "ip", "127.0.0.0/8"}, {4, "world", "anyone"}};
    struct zb_create_request v = {under_g("/"), zb_buf_of("data"), open_acl, 0};
    expect_request(&java, "create", 0, ZB_OP_CREATE, &v);
    v.path = under_g("/null");
    v.data = (zb_buf){NULL, -1};
    expect_request(&java, "create-null", 0, ZB_OP_CREATE, &v);
    v.path = under_g("/empty");
    v.data = zb_buf_of("");
    expect_request(&java, "create-empty", 0, ZB_OP_CREATE, &v);
    v = (struct zb_create_request){under_g("/eph"), zb_buf_of("e"), open_acl, ZB_CREATE_EPHEMERAL};
    expect_request(&java, "create-ephemeral", 0, ZB_OP_CREATE, &v);
    v = (struct zb_create_request){under_g("/seq-"), zb_buf_of("s"), open_acl, ZB_CREATE_SEQUENCE};
    expect_request(&java, "create-sequential", 0, ZB_OP_CREATE, &v);
    v = (struct zb_create_request){whole("/g/eseq-"), zb_buf_of("s"), open_acl,
                                   ZB_CREATE_EPHEMERAL | ZB_CREATE_SEQUENCE};
    expect_request(&java, "create-ephemeral-sequential", 0, ZB_OP_CREATE, &v);
    v = (struct zb_create_request){under_g("/acl"), zb_buf_of("a"), {three, 3, NULL, NULL}, 0};
    expect_request(&java, "create-acls", 0, ZB_OP_CREATE, &v);
    v = (struct zb_create_request){under_g("/gr\xc3\xbc\xc3\x9f\xe2\x82\xac"), zb_buf_of("u"), open_acl, 0};
    expect_request(&java, "create-unicode", 0, ZB_OP_CREATE, &v);
    v = (struct zb_create_request){under_g("/two"), zb_buf_of("2"), open_acl, 0};
    expect_request(&java, "create2", 0, ZB_OP_CREATE2, &v);
    v = (struct zb_create_request){under_g("/box"), {NULL, -1}, open_acl, ZB_CREATE_CONTAINER};
    expect_request(&java, "container", 0, ZB_OP_CREATE_CONTAINER, &v);
    struct zb_create_ttl_request ttl = {under_g("/ttl"), zb_buf_of("t"), open_acl, ZB_CREATE_TTL, 3600000};
    expect_request(&java, "ttl", 0, ZB_OP_CREATE_TTL, &ttl);
    ttl = (struct zb_create_ttl_request){under_g("/ttl-"), zb_buf_of("t"), open_acl, ZB_CREATE_TTL_SEQUENCE,
                                         1099511627775};
    expect_request(&java, "ttl-sequential", 0, ZB_OP_CREATE_TTL, &ttl);
}

static void
our_reads_and_writes(void **state)
{
    (void)state;
    struct zb_path_watch_request get = {under_g("/"), false};
    expect_request(&java, "exists", 0, ZB_OP_EXISTS, &get);
    expect_request(&java, "get", 0, ZB_OP_GET_DATA, &get);
    expect_request(&java, "get-children", 0, ZB_OP_GET_CHILDREN, &get);
    expect_request(&java, "get-children2", 0, ZB_OP_GET_CHILDREN2, &get);
    get.watch = true;
    expect_request(&java, "watch-data", 0, ZB_OP_GET_DATA, &get);
    expect_request(&java, "watch-children", 0, ZB_OP_GET_CHILDREN, &get);

    struct zb_path_request path = {under_g("/")};
    expect_request(&java, "sync", 0, ZB_OP_SYNC, &path);
    expect_request(&java, "get-ephemerals", 0, ZB_OP_GET_EPHEMERALS, &path);
    expect_request(&java, "get-all-children-number", 0, ZB_OP_GET_ALL_CHILDREN_NUMBER, &path);
    path.path = under_g("/acl");
    expect_request(&java, "get-acl", 0, ZB_OP_GET_ACL, &path);
    expect_request(&java, "who-am-i", 0, ZB_OP_WHO_AM_I, NULL);

    struct zb_set_data_request set = {under_g("/"), zb_buf_of("more data"), 0};
    expect_request(&java, "set", 0, ZB_OP_SET_DATA, &set);
    set = (struct zb_set_data_request){under_g("/empty"), {NULL, -1}, -1};
    expect_request(&java, "set-null", 0, ZB_OP_SET_DATA, &set);
    struct zb_set_acl_request acl = {under_g("/acl"), open_acl, 0};
    expect_request(&java, "set-acl", 0, ZB_OP_SET_ACL, &acl);
    struct zb_delete_request delete = {under_g("/null"), 99};
    expect_request(&java, "delete-bad-version", 0, ZB_OP_DELETE, &delete);
    struct zb_reconfig_request reconfig = {zb_buf_of("server.9=h:1:2;3"), zb_buf_of("1"), {NULL, -1}, -1};
    expect_request(&java, "reconfig-disabled", 0, ZB_OP_RECONFIG, &reconfig);
}

static void
our_watches_and_sessions(void **state)
{
    (void)state;
    struct zb_add_watch_request add = {under_g("/w"), ZOBO_PERSISTENT};
    expect_request(&java, "add-watch", 0, ZB_OP_ADD_WATCH, &add);
    add = (struct zb_add_watch_request){under_g("/m"), ZOBO_PERSISTENT_RECURSIVE};
    expect_request(&java, "add-watch-recursive", 0, ZB_OP_ADD_WATCH, &add);
    struct zb_watches_request watches = {under_g("/"), ZOBO_WATCH_DATA};
    expect_request(&java, "remove-watches", 0, ZB_OP_REMOVE_WATCHES, &watches);
    watches.path = whole("/r");
    watches.type = ZOBO_WATCH_CHILDREN;
    expect_request(&raw, "check-watches", 0, ZB_OP_CHECK_WATCHES, &watches);

    static const char *const g[] = {"/g"}, *const absent[] = {"/g/absent"}, *const w[] = {"/g/w"},
                             *const m[] = {"/g/m"};
    const golden_frame *frame = golden_find(&java, '>', "set-watches2", "SET_WATCHES2", 0);
    struct zb_set_watches2_request set2 = {(int64_t)zb_load64(frame->bytes + 8),
                                           {g, 1, NULL, NULL},
                                           {absent, 1, NULL, NULL},
                                           {g, 1, NULL, NULL},
                                           {w, 1, NULL, NULL},
                                           {m, 1, NULL, NULL}};
    expect_request(&java, "set-watches2", 0, ZB_OP_SET_WATCHES2, &set2);
    frame = golden_find(&java, '>', "set-watches", "SET_WATCHES", 0);
    struct zb_set_watches_request set = {
        (int64_t)zb_load64(frame->bytes + 8), {g, 1, NULL, NULL}, {absent, 1, NULL, NULL}, {g, 1, NULL, NULL}};
    expect_request(&java, "set-watches", 0, ZB_OP_SET_WATCHES, &set);

    struct zb_auth_request auth = {0, zb_buf_of("digest"), zb_buf_of("user:password")};
    expect_request(&java, "auth", 0, ZB_OP_AUTH, &auth);
    expect_request(&java, "ping", 0, ZB_OP_PING, NULL);
    expect_request(&java, "close", 0, ZB_OP_CLOSE_SESSION, NULL);
    frame = golden_find(&java, '>', "ping", "PING", 0);
    assert_int_equal((int32_t)zb_load32(frame->bytes), ZB_XID_PING);
    frame = golden_find(&java, '>', "auth", "AUTH", 0);
    assert_int_equal((int32_t)zb_load32(frame->bytes), ZB_XID_AUTH);

    static const uint8_t zeros[16] = {0};
    struct zb_connect_request hello = {0, 0, 20000, 0, {zeros, 16}, false};
    uint8_t bytes[64];
    zb_writer writer = zb_writer_of(bytes, sizeof bytes);
    zb_put_connect_request(&writer, &hello);
    frame = golden_find(&java, '>', "connect", "CONNECT", 0);
    assert_int_equal(writer.n, frame->n);
    assert_memory_equal(bytes, frame->bytes, frame->n);
}

/* put_op writes one operation of a transaction. */
static void
put_op(zb_writer *w, int32_t code, const void *record)
{
    struct zb_multi_header header = {code, false, -1};
    zb_put_multi_header(w, &header);
    zb_op_find(code)->put(w, record);
}

static void
our_transactions(void **state)
{
    (void)state;
    uint8_t bytes[1000];
    zb_writer w = zb_writer_of(bytes, sizeof bytes);
    struct zb_check_request check = {under_g("/"), -1};
    struct zb_create_request m = {under_g("/m"), zb_buf_of("m"), open_acl, 0},
                             seq = {under_g("/m/seq-"), zb_buf_of("m"), open_acl, 3},
                             box = {under_g("/m/box"), {NULL, -1}, open_acl, ZB_CREATE_CONTAINER};
    struct zb_create_ttl_request ttl = {under_g("/m/ttl"), zb_buf_of("t"), open_acl, ZB_CREATE_TTL, 60000};
    struct zb_set_data_request set = {under_g("/m"), zb_buf_of("mm"), 0};
    struct zb_delete_request delete = {under_g("/m/box"), -1};
    struct zb_multi_header end = {-1, true, -1};
    put_op(&w, ZB_OP_CHECK, &check);
    put_op(&w, ZB_OP_CREATE, &m);
    put_op(&w, ZB_OP_CREATE, &seq);
    put_op(&w, ZB_OP_CREATE_CONTAINER, &box);
    put_op(&w, ZB_OP_CREATE_TTL, &ttl);
    put_op(&w, ZB_OP_SET_DATA, &set);
    put_op(&w, ZB_OP_DELETE, &delete);
    zb_put_multi_header(&w, &end);
    assert_false(w.bad);
    struct zb_raw_request multi = {{bytes, w.n}};
    expect_request(&java, "multi", 0, ZB_OP_MULTI, &multi);

    w = zb_writer_of(bytes, sizeof bytes);
    struct zb_path_watch_request get = {under_g("/"), false}, null = {under_g("/null"), false};
    put_op(&w, ZB_OP_GET_DATA, &get);
    put_op(&w, ZB_OP_GET_CHILDREN, &get);
    put_op(&w, ZB_OP_GET_DATA, &null);
    zb_put_multi_header(&w, &end);
    multi.body.n = w.n;
    expect_request(&java, "multi-read", 0, ZB_OP_MULTI_READ, &multi);
}

/* --- answers --- */

static zobo_reply *
answer(const golden_file *file, const char *step, int nth, int32_t code, const char *chroot)
{
    const zb_op *op = zb_op_find(code);
    const golden_frame *frame = golden_find(file, '<', step, op->name, nth);
    zb_chroot root = {chroot, (uint32_t)strlen(chroot)};
    struct zb_reply_header header;
    zb_reader r = zb_reader_of(frame->bytes, frame->n);
    zb_get_reply_header(&r, &header);
    assert_int_equal(header.err, 0);
    zobo_reply *reply;
    assert_int_equal(zb_reply_build(op->reply, r, header.zxid, &root, &reply), ZOBO_OK);
    assert_true(reply->zxid == header.zxid);
    return reply;
}

static bool
has(const zobo_reply *reply, const char *child)
{
    for (size_t i = 0; i < reply->n_children; i++) {
        if (strcmp(reply->children[i], child) == 0)
            return true;
    }
    return false;
}

static void
answers_to_reads(void **state)
{
    (void)state;
    zobo_reply *reply = answer(&java, "create-sequential", 0, ZB_OP_CREATE, "/g");
    assert_string_equal(reply->path, "/seq-0000000003");
    zobo_reply_free(reply);
    reply = answer(&java, "create", 0, ZB_OP_CREATE, "/g");
    assert_string_equal(reply->path, "/");
    zobo_reply_free(reply);
    reply = answer(&java, "create2", 0, ZB_OP_CREATE2, "");
    assert_string_equal(reply->path, "/g/two");
    assert_true(reply->has_stat && reply->stat.data_length == 1);
    zobo_reply_free(reply);

    reply = answer(&java, "get", 0, ZB_OP_GET_DATA, "");
    assert_string_equal(reply->data, "data");
    assert_int_equal(reply->data_len, 4);
    assert_int_equal(reply->stat.data_length, 4);
    assert_int_equal(reply->stat.version, 0);
    assert_true(reply->stat.czxid == reply->stat.mzxid && reply->stat.czxid > 0);
    assert_true(reply->stat.ctime > 1600000000000);
    zobo_reply_free(reply);
    reply = answer(&java, "get-null", 0, ZB_OP_GET_DATA, "");
    assert_null(reply->data);
    zobo_reply_free(reply);
    reply = answer(&java, "get-empty", 0, ZB_OP_GET_DATA, "");
    assert_non_null(reply->data);
    assert_int_equal(reply->data_len, 0);
    zobo_reply_free(reply);

    reply = answer(&java, "get-children2", 0, ZB_OP_GET_CHILDREN2, "/g");
    assert_int_equal(reply->n_children, reply->stat.num_children);
    assert_true(has(reply, "null") && has(reply, "seq-0000000003") && has(reply, "gr\xc3\xbc\xc3\x9f\xe2\x82\xac"));
    zobo_reply_free(reply);
    reply = answer(&java, "get-children-empty", 0, ZB_OP_GET_CHILDREN, "");
    assert_int_equal(reply->n_children, 0);
    zobo_reply_free(reply);

    reply = answer(&java, "get-acl", 0, ZB_OP_GET_ACL, "");
    assert_int_equal(reply->n_acls, 3);
    assert_string_equal(reply->acls[1].scheme, "ip");
    assert_string_equal(reply->acls[1].id, "127.0.0.0/8");
    assert_int_equal(reply->acls[1].perms, ZOBO_PERM_READ | ZOBO_PERM_ADMIN);
    zobo_reply_free(reply);
    reply = answer(&java, "auth-who-am-i", 0, ZB_OP_WHO_AM_I, "");
    assert_int_equal(reply->n_acls, 2);
    for (size_t i = 0; i < 2; i++) { /* in no order */
        bool ip = strcmp(reply->acls[i].scheme, "ip") == 0;
        assert_string_equal(reply->acls[i].scheme, ip ? "ip" : "digest");
        assert_string_equal(reply->acls[i].id, ip ? "127.0.0.1" : "user");
    }
    assert_string_not_equal(reply->acls[0].scheme, reply->acls[1].scheme);
    zobo_reply_free(reply);

    reply = answer(&java, "get-ephemerals", 0, ZB_OP_GET_EPHEMERALS, "/g");
    assert_int_equal(reply->n_children, 2);
    assert_true(has(reply, "/eph") && has(reply, "/eseq-0000000004"));
    zobo_reply_free(reply);
    reply = answer(&java, "get-ephemerals", 0, ZB_OP_GET_EPHEMERALS, "/g/e");
    assert_int_equal(reply->n_children, 0); /* begin with it, but are not below it */
    zobo_reply_free(reply);
    reply = answer(&java, "get-all-children-number", 0, ZB_OP_GET_ALL_CHILDREN_NUMBER, "");
    assert_in_range(reply->count, 10, 20);
    zobo_reply_free(reply);
    reply = answer(&java, "add-watch", 0, ZB_OP_ADD_WATCH, "");
    assert_int_equal(reply->err, ZOBO_OK);
    zobo_reply_free(reply);
}

static void
answers_to_transactions(void **state)
{
    (void)state;
    zobo_reply *reply = answer(&java, "multi", 0, ZB_OP_MULTI, "/g");
    assert_int_equal(reply->err, ZOBO_OK);
    assert_int_equal(reply->n_results, 7);
    const zobo_result *r = reply->results;
    static const char *const paths[] = {NULL, "/m", "/m/seq-0000000000", "/m/box", "/m/ttl", NULL, NULL};
    static const bool stats[] = {false, false, false, true, true, true, false};
    for (int i = 0; i < 7; i++) {
        assert_int_equal(r[i].err, ZOBO_OK);
        assert_int_equal(r[i].has_stat, stats[i]);
        assert_int_equal(r[i].path != NULL, paths[i] != NULL);
        if (paths[i])
            assert_string_equal(r[i].path, paths[i]);
    }
    assert_int_equal(r[5].stat.version, 1);
    assert_int_equal(r[5].stat.data_length, 2);
    zobo_reply_free(reply);

    reply = answer(&java, "multi-failure", 0, ZB_OP_MULTI, "");
    assert_int_equal(reply->err, ZOBO_ETRANSACTION);
    assert_int_equal(reply->n_results, 3);
    assert_int_equal(reply->results[0].err, ZOBO_EROLLEDBACK);
    assert_int_equal(reply->results[1].err, ZOBO_EBADVERSION);
    assert_int_equal(reply->results[2].err, ZOBO_ERUNTIMEINCONSISTENCY);
    zobo_reply_free(reply);
    reply = answer(&raw, "multi-bad-path", 0, ZB_OP_MULTI, "");
    assert_int_equal(reply->results[1].err, ZOBO_EBADARGUMENTS);
    zobo_reply_free(reply);
    reply = answer(&raw, "multi-create2", 0, ZB_OP_MULTI, "");
    assert_int_equal(reply->n_results, 4);
    assert_string_equal(reply->results[0].path, "/r/m");
    assert_false(reply->results[0].has_stat); /* 3.8.0 answers create2 here as it answers create: ZOOKEEPER-4026 */
    assert_true(reply->results[1].has_stat);
    assert_true(reply->results[2].has_stat);
    zobo_reply_free(reply);
    reply = answer(&raw, "multi-empty", 0, ZB_OP_MULTI, "");
    assert_int_equal(reply->n_results, 0);
    zobo_reply_free(reply);

    reply = answer(&java, "multi-read", 0, ZB_OP_MULTI_READ, "");
    assert_int_equal(reply->n_results, 3);
    assert_string_equal(reply->results[0].data, "more data");
    assert_true(reply->results[1].n_children > 5);
    assert_null(reply->results[2].data);
    zobo_reply_free(reply);
    reply = answer(&java, "multi-read-mixed", 0, ZB_OP_MULTI_READ, "");
    assert_int_equal(reply->err, ZOBO_OK);
    assert_int_equal(reply->results[0].err, ZOBO_ENONODE);
    assert_int_equal(reply->results[1].err, ZOBO_OK);
    assert_int_equal(reply->results[1].n_children, 2);
    assert_int_equal(reply->results[2].err, ZOBO_ENONODE);
    assert_int_equal(reply->results[3].err, ZOBO_ENOAUTH);
    zobo_reply_free(reply);
}

static void
expect_event(const golden_file *file, const char *step, int nth, zobo_event_type type, const char *path)
{
    const golden_frame *frame = golden_find(file, '<', step, "EVENT", nth);
    struct zb_reply_header header;
    struct zb_watcher_event event;
    zb_reader r = zb_reader_of(frame->bytes, frame->n);
    zb_get_reply_header(&r, &header);
    zb_get_watcher_event(&r, &event);
    assert_false(r.bad);
    assert_int_equal(header.xid, ZB_XID_EVENT);
    assert_int_equal(event.type, type);
    assert_int_equal(event.state, 3);
    assert_int_equal(event.path.n, strlen(path));
    assert_memory_equal(event.path.p, path, strlen(path));
}

static void
events(void **state)
{
    (void)state;
    expect_event(&java, "watch-data", 0, ZOBO_EVENT_CHANGED, "/g");
    expect_event(&java, "watch-exists", 0, ZOBO_EVENT_CREATED, "/g/w");
    expect_event(&java, "watch-children", 0, ZOBO_EVENT_CHILD, "/g");
    expect_event(&java, "watch-deleted", 0, ZOBO_EVENT_DELETED, "/g/w2");
    expect_event(&java, "watch-persistent", 0, ZOBO_EVENT_CHANGED, "/g/w");
    expect_event(&java, "watch-persistent", 1, ZOBO_EVENT_CHILD, "/g/w");
    expect_event(&java, "watch-persistent", 2, ZOBO_EVENT_CHANGED, "/g/m/ttl");
}

static int
read_files(void **state)
{
    (void)state;
    java = golden_read("java.hex");
    raw = golden_read("raw.hex");
    return 0;
}

static int
free_files(void **state)
{
    (void)state;
    golden_free(&java);
    golden_free(&raw);
    return 0;
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frames_come_out_as_they_went_in),
        cmocka_unit_test(our_creations),
        cmocka_unit_test(our_reads_and_writes),
        cmocka_unit_test(our_watches_and_sessions),
        cmocka_unit_test(our_transactions),
        cmocka_unit_test(answers_to_reads),
        cmocka_unit_test(answers_to_transactions),
        cmocka_unit_test(events),
    };
    return cmocka_run_group_tests(tests, read_files, free_files);
}
