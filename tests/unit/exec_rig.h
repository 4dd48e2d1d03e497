/* SPDX-License-Identifier: Apache-2.0 */
/* Requests on a tree in memory: a store, one writing transaction that is never committed, and somebody who asks. */
#ifndef ZOBO_TESTS_EXEC_RIG_H
#define ZOBO_TESTS_EXEC_RIG_H

#include "test.h"

#include "engine/exec.h"
#include "engine/watches.h"
#include "support/bytes.h"
#include "wire/op.h"

typedef struct rig {
    zs_store *store;
    zs_writer *w;
    zs_txn *txn;
    zs_rules rules;
    zs_ids *ids;
    int64_t session, now;
    zs_arena arena;
    zs_outcome out; /* of the last write */
    zs_bytes reply; /* of the last read */
    zs_arm arm;
    zt_buf body; /* of the last request: `arm` points into it */
    char events[4096];
    char log[512];
} rig;

static inline void
keep_log(void *arg, zobo_log_level level, const char *line)
{
    rig *r = arg;
    (void)level;
    snprintf(r->log, sizeof r->log, "%s", line);
}

static inline void
reopen(rig *r)
{
    zs_writer_free(r->w);
    assert_int_equal(zs_writer_new(&r->w, &r->rules, r->store), ZOBO_OK);
    assert_int_equal(zs_write_begin(r->store, &r->txn), ZOBO_OK);
}

/* commit_and_reopen makes what was written known to a new writer. */
static inline void
commit_and_reopen(rig *r)
{
    assert_int_equal(zs_write_commit(r->txn), ZOBO_OK);
    reopen(r);
}

static inline int
rig_setup(void **state)
{
    rig *r = zt_alloc(sizeof *r);
    memset(r, 0, sizeof *r);
    r->session = 0x100;
    r->now = 1000000;
    r->rules = (zs_rules){.max_request = 1048575, .log = {keep_log, r, ZOBO_LOG_DEBUG}};
    r->ids = zs_ids_of_address("127.0.0.1");
    zs_store_options options = {.map_bytes = 64 << 20};
    zobo_problem why;
    if (!r->ids || zs_store_open(&r->store, &options, &why))
        return 1;
    reopen(r);
    *state = r;
    return 0;
}

static inline int
rig_teardown(void **state)
{
    rig *r = *state;
    zs_txn_end(r->txn);
    zs_writer_free(r->w);
    zs_store_close(r->store);
    zs_ids_unref(r->ids);
    zs_arena_free(&r->arena);
    zs_bytes_free(&r->reply);
    zt_buf_free(&r->body);
    free(r);
    return 0;
}

#define RIG_TEST(fn) cmocka_unit_test_setup_teardown(fn, rig_setup, rig_teardown)

/* --- requests --- */

/* put_args appends what `what` spells: s string or NULL, i int, q int64, o bool, n the ACL of no entries, A the open
 * ACL, a one ACL entry's perms, scheme, id as a list, h a multi's header of a type, . its end. */
static inline void
put_args(zt_buf *b, const char *what, va_list args)
{
    for (; *what; what++) {
        switch (*what) {
        case 's':
            zt_put_str(b, va_arg(args, const char *));
            break;
        case 'i':
            zt_put_i32(b, va_arg(args, int));
            break;
        case 'q':
            zt_put_i64(b, va_arg(args, int64_t));
            break;
        case 'o':
            zt_put_bool(b, va_arg(args, int));
            break;
        case 'n':
            zt_put_i32(b, 0);
            break;
        case 'A':
            zt_put_i32(b, 1);
            zt_put_i32(b, 31);
            zt_put_str(b, "world");
            zt_put_str(b, "anyone");
            break;
        case 'a':
            zt_put_i32(b, 1);
            zt_put_i32(b, va_arg(args, int));
            zt_put_str(b, va_arg(args, const char *));
            zt_put_str(b, va_arg(args, const char *));
            break;
        case 'h':
            zt_put_i32(b, va_arg(args, int));
            zt_put_bool(b, false);
            zt_put_i32(b, -1);
            break;
        case '.':
            zt_put_i32(b, -1);
            zt_put_bool(b, true);
            zt_put_i32(b, -1);
            break;
        default:
            fail_msg("no such argument: %c", *what);
        }
    }
}

static inline zt_buf
bytes(const char *what, ...)
{
    zt_buf b = {0};
    va_list args;
    va_start(args, what);
    put_args(&b, what, args);
    va_end(args);
    return b;
}

static inline void
add(zt_buf *b, const char *what, ...)
{
    va_list args;
    va_start(args, what);
    put_args(b, what, args);
    va_end(args);
}

/* list_events spells the last write's effects: "1 /a, 4 /". */
static inline void
list_events(rig *r)
{
    size_t n = 0;
    r->events[0] = 0;
    for (const zs_effect *e = r->out.effects; e && n < sizeof r->events; e = e->next)
        n += (size_t)snprintf(r->events + n, sizeof r->events - n, "%s%d %.*s", n ? ", " : "", (int)e->type,
                              (int)e->len, e->path);
}

/* send carries out a write or a read and frees the body it was given. Every write must spend one zxid. */
static inline int
send_body(rig *r, int32_t op, zt_buf body)
{
    const zb_op *row = zb_op_find(op);
    void *copy = exact(body.p, body.n);
    zs_request request = {r->session, r->ids, op, copy, body.n, r->now};
    int err;
    zt_buf_free(&r->body);
    zt_buf_free(&body);
    r->body.p = copy;
    if (row && row->writes) {
        int64_t before = zs_txn_meta(r->txn)->last_zxid;
        zs_arena_reset(&r->arena);
        assert_int_equal(zs_exec_write(r->w, r->txn, &request, &r->arena, &r->out), ZOBO_OK);
        assert_int_equal(r->out.zxid, before + 1);
        assert_int_equal(zs_txn_meta(r->txn)->last_zxid, before + 1);
        err = r->out.err;
        if (err) {
            assert_null(r->out.effects);
            assert_int_equal(r->out.reply_len, 0);
        }
        list_events(r);
    } else {
        r->reply.n = 0;
        zs_bytes_add(&r->reply, "before", 6);
        err = zs_exec_read(r->txn, &r->rules, &request, &r->reply, &r->arm);
        assert_false(r->reply.failed);
        assert_memory_equal(r->reply.p, "before", 6);
        if (err)
            assert_int_equal(r->reply.n, 6);
    }
    return err;
}

#define SEND(r, op, ...) send_body((r), ZB_OP_##op, bytes(__VA_ARGS__))

static inline int
create(rig *r, const char *path, const char *data, int flags)
{
    return SEND(r, CREATE, "ssAi", path, data, flags);
}

static inline int delete (rig *r, const char *path, int version)
{
    return SEND(r, DELETE, "si", path, version);
}

static inline int
set(rig *r, const char *path, const char *data, int version)
{
    return SEND(r, SET_DATA, "ssi", path, data, version);
}

/* --- answers --- */

static inline zt_cursor
answer(const rig *r)
{
    return (zt_cursor){r->reply.p + 6, r->reply.p + r->reply.n, false};
}

static inline zt_cursor
written(const rig *r)
{
    const uint8_t *p = r->out.reply;
    return (zt_cursor){p, p + r->out.reply_len, false};
}

static inline zobo_stat
take_stat(zt_cursor *c)
{
    zobo_stat s = {0};
    s.czxid = zt_take_i64(c);
    s.mzxid = zt_take_i64(c);
    s.ctime = zt_take_i64(c);
    s.mtime = zt_take_i64(c);
    s.version = zt_take_i32(c);
    s.cversion = zt_take_i32(c);
    s.aversion = zt_take_i32(c);
    s.ephemeral_owner = zt_take_i64(c);
    s.data_length = zt_take_i32(c);
    s.num_children = zt_take_i32(c);
    s.pzxid = zt_take_i64(c);
    assert_false(c->bad);
    return s;
}

static inline void
assert_end(const zt_cursor *c)
{
    assert_false(c->bad);
    assert_ptr_equal(c->p, c->end);
}

static inline void
assert_str(zt_cursor *c, const char *want)
{
    char *s = zt_take_str(c);
    if (want)
        assert_string_equal(s, want);
    else
        assert_null(s);
    free(s);
}

static inline zobo_stat
stat_of(rig *r, const char *path)
{
    assert_int_equal(SEND(r, EXISTS, "so", path, 0), ZOBO_OK);
    zt_cursor c = answer(r);
    zobo_stat s = take_stat(&c);
    assert_end(&c);
    return s;
}

static inline bool
is_there(rig *r, const char *path)
{
    int err = SEND(r, EXISTS, "so", path, 0);
    assert_true(err == ZOBO_OK || err == ZOBO_ENONODE);
    return err == ZOBO_OK;
}

static inline void
assert_data(rig *r, const char *path, const char *want)
{
    assert_int_equal(SEND(r, GET_DATA, "so", path, 0), ZOBO_OK);
    zt_cursor c = answer(r);
    assert_str(&c, want);
    take_stat(&c);
    assert_end(&c);
}

static inline void
assert_stat(zobo_stat got, zobo_stat want)
{
    assert_int_equal(got.czxid, want.czxid);
    assert_int_equal(got.mzxid, want.mzxid);
    assert_int_equal(got.ctime, want.ctime);
    assert_int_equal(got.mtime, want.mtime);
    assert_int_equal(got.version, want.version);
    assert_int_equal(got.cversion, want.cversion);
    assert_int_equal(got.aversion, want.aversion);
    assert_int_equal(got.ephemeral_owner, want.ephemeral_owner);
    assert_int_equal(got.data_length, want.data_length);
    assert_int_equal(got.num_children, want.num_children);
    assert_int_equal(got.pzxid, want.pzxid);
}

/* created tells which path the last create made. */
static inline void
assert_created(const rig *r, const char *want)
{
    zt_cursor c = written(r);
    assert_str(&c, want);
}

/* tamper changes a node behind the server's back: counters that would take years to reach. */
static inline void
tamper(rig *r, const char *path, int32_t version, int32_t aversion, int32_t made)
{
    zs_node node;
    assert_int_equal(zs_node_find(r->txn, path, strlen(path), &node, NULL), ZOBO_OK);
    node.version = version;
    node.aversion = aversion;
    node.created = made;
    assert_int_equal(zs_node_put(r->txn, path, strlen(path), &node, NULL), ZOBO_OK);
}

static inline zb_buf
text(const char *s)
{
    return zb_buf_of(s);
}

#endif
