/* SPDX-License-Identifier: Apache-2.0 */
/* One walk over the body, done twice: the first pass checks all and measures, the second, into a block of exactly that
 * size, cannot fail. The block holds the zobo_reply, then its arrays, then its bytes:
 *
 *   [zobo_reply][results, children, acls ...][strings and data, each followed by a NUL]
 *
 * What a walk may ask for is bounded by the bytes that are there: an element of an array costs at least so many bytes
 * on the wire that the block is at most 16 times as long as the body. */
#include "core/reply.h"

enum { MAX_GROWTH = 32 }; /* more than 16, for the check that sizes cannot overflow */

typedef struct build {
    const zb_chroot *chroot;
    char *arrays, *strings; /* NULL in the first pass */
    size_t n_array_bytes, n_string_bytes, n_results;
    zb_reader r;
} build;

static bool
measuring(const build *b)
{
    return b->strings == NULL;
}

/* array_of makes an array; NULL in the first pass. */
static void *
array_of(build *b, size_t n, size_t size)
{
    size_t at = b->n_array_bytes, align = _Alignof(zobo_result);
    b->n_array_bytes += (n * size + align - 1) / align * align;
    return measuring(b) || n == 0 ? NULL : b->arrays + at;
}

static const char *
copy_of(build *b, const void *p, size_t n)
{
    size_t at = b->n_string_bytes;
    b->n_string_bytes += n + 1;
    if (measuring(b))
        return "";
    if (n > 0)
        memcpy(b->strings + at, p, n);
    b->strings[at + n] = '\0';
    return b->strings + at;
}

static const char *
string_of(build *b, const char *p, size_t n)
{
    if (measuring(b) && n > 0 && memchr(p, '\0', n) != NULL)
        zb_reader_fail(&b->r);
    return copy_of(b, p, n);
}

/* text_of copies a string, null as "". */
static const char *
text_of(build *b, zb_buf v)
{
    return string_of(b, v.p, v.n > 0 ? (size_t)v.n : 0);
}

static const char *
path_of(build *b, zb_buf v)
{
    const char *path;
    size_t n;
    if (v.n < 0) {
        zb_reader_fail(&b->r);
        return NULL;
    }
    zb_path_strip(b->chroot, v.p, (size_t)v.n, &path, &n);
    return string_of(b, path, n);
}

/* get_err reads an error that the server tells. */
static zobo_err
get_err(build *b)
{
    int32_t err = zb_get_i32(&b->r);
    if (zb_err_is_ours(err))
        zb_reader_fail(&b->r);
    return (zobo_err)err;
}

static void
get_data(build *b, const void **data, size_t *len)
{
    zb_buf v = zb_get_buf(&b->r);
    *len = v.n > 0 ? (size_t)v.n : 0;
    *data = v.n >= 0 ? copy_of(b, v.p, *len) : NULL;
}

static void
get_stat(build *b, bool *has_stat, zobo_stat *stat)
{
    if (measuring(b)) {
        zb_skip_stat(&b->r);
        return;
    }
    *stat = zb_get_stat(&b->r);
    *has_stat = true;
}

/* A child's name has no slash. What begins with one is a path, from getEphemerals: the server looks for paths that
 * begin with a string, so under the chroot "/app" it also finds "/apple", which this client has no name for. */
static void
get_children(build *b, const char *const **children, size_t *n_children)
{
    zb_strvec v = zb_get_strvec(&b->r);
    size_t n = v.n > 0 ? (size_t)v.n : 0, kept = 0;
    const char **items = array_of(b, n, sizeof *items);
    zb_reader names = zb_reader_of(v.p, (size_t)(v.end - v.p));
    for (size_t i = 0; i < n; i++) {
        zb_buf name = zb_get_str(&names);
        const char *p = name.p;
        size_t len = name.n > 0 ? (size_t)name.n : 0;
        if (len > 0 && p[0] == '/' && !zb_path_strip(b->chroot, p, len, &p, &len))
            continue;
        const char *copy = string_of(b, p, len);
        if (items)
            items[kept] = copy;
        kept++;
    }
    *children = items;
    *n_children = kept;
}

static void
get_acls(build *b, zobo_reply *out)
{
    zb_aclvec v = zb_get_aclvec(&b->r);
    size_t n = v.n > 0 ? (size_t)v.n : 0;
    zobo_acl *acls = array_of(b, n, sizeof *acls);
    zb_reader entries = zb_reader_of(v.p, (size_t)(v.end - v.p));
    for (size_t i = 0; i < n; i++) {
        zb_acl_view acl = zb_get_acl(&entries);
        const char *scheme = text_of(b, acl.scheme), *id = text_of(b, acl.id);
        if (acls)
            acls[i] = (zobo_acl){(uint32_t)acl.perms, scheme, id};
    }
    out->acls = acls;
    out->n_acls = n;
}

static void
get_ids(build *b, zobo_reply *out)
{
    int32_t count = zb_get_ids_count(&b->r);
    size_t n = count > 0 ? (size_t)count : 0;
    zobo_acl *acls = array_of(b, n, sizeof *acls);
    for (size_t i = 0; i < n && !b->r.bad; i++) {
        const char *scheme = text_of(b, zb_get_str(&b->r)), *id = text_of(b, zb_get_str(&b->r));
        if (acls)
            acls[i] = (zobo_acl){0, scheme, id};
    }
    out->acls = acls;
    out->n_acls = n;
}

/* get_result reads one operation's result by the type its header tells. */
static void
get_result(build *b, bool reads, int32_t type, zobo_result *out)
{
    switch (type) {
    case -1:
        out->err = get_err(b);
        return;
    case ZB_OP_GET_DATA:
        if (!reads)
            break;
        get_data(b, &out->data, &out->data_len);
        get_stat(b, &out->has_stat, &out->stat);
        return;
    case ZB_OP_GET_CHILDREN:
        if (!reads)
            break;
        get_children(b, &out->children, &out->n_children);
        return;
    case ZB_OP_CREATE:
        if (reads)
            break;
        out->path = path_of(b, zb_get_str(&b->r));
        return;
    case ZB_OP_CREATE2: /* creations of containers and with a TTL are answered so too */
        if (reads)
            break;
        out->path = path_of(b, zb_get_str(&b->r));
        get_stat(b, &out->has_stat, &out->stat);
        return;
    case ZB_OP_SET_DATA:
        if (reads)
            break;
        get_stat(b, &out->has_stat, &out->stat);
        return;
    case ZB_OP_DELETE:
    case ZB_OP_CHECK:
        if (reads)
            break;
        return;
    default:
        break;
    }
    zb_reader_fail(&b->r);
}

static void
get_results(build *b, bool reads, zobo_reply *out)
{
    zobo_result *results = measuring(b) ? NULL : array_of(b, b->n_results, sizeof *results);
    size_t n = 0;
    for (;;) {
        struct zb_multi_header header;
        zb_get_multi_header(&b->r, &header);
        if (b->r.bad || header.done)
            break;
        zobo_result result;
        memset(&result, 0, sizeof result);
        get_result(b, reads, header.type, &result);
        if (!reads && header.type == -1 && result.err == ZOBO_OK) /* not as good as it looks */
            result.err = ZOBO_EROLLEDBACK;
        if (result.err != ZOBO_OK && !reads)
            out->err = ZOBO_ETRANSACTION;
        if (results)
            results[n] = result;
        n++;
    }
    if (measuring(b)) {
        b->n_results = n;
        array_of(b, n, sizeof *results);
    }
    out->results = results;
    out->n_results = n;
}

static void
get_body(build *b, zb_reply_kind kind, zobo_reply *out)
{
    switch (kind) {
    case ZB_REPLY_EMPTY:
        break;
    case ZB_REPLY_PATH:
        out->path = path_of(b, zb_get_str(&b->r));
        break;
    case ZB_REPLY_PATH_STAT:
        out->path = path_of(b, zb_get_str(&b->r));
        get_stat(b, &out->has_stat, &out->stat);
        break;
    case ZB_REPLY_STAT:
        get_stat(b, &out->has_stat, &out->stat);
        break;
    case ZB_REPLY_DATA_STAT:
        get_data(b, &out->data, &out->data_len);
        get_stat(b, &out->has_stat, &out->stat);
        break;
    case ZB_REPLY_CHILDREN:
        get_children(b, &out->children, &out->n_children);
        break;
    case ZB_REPLY_CHILDREN_STAT:
        get_children(b, &out->children, &out->n_children);
        get_stat(b, &out->has_stat, &out->stat);
        break;
    case ZB_REPLY_ACL_STAT:
        get_acls(b, out);
        get_stat(b, &out->has_stat, &out->stat);
        break;
    case ZB_REPLY_MULTI:
        get_results(b, false, out);
        break;
    case ZB_REPLY_MULTI_READ:
        get_results(b, true, out);
        break;
    case ZB_REPLY_COUNT:
        out->count = zb_get_i32(&b->r);
        if (out->count < 0)
            zb_reader_fail(&b->r);
        break;
    case ZB_REPLY_IDS:
        get_ids(b, out);
        break;
    case ZB_REPLY_ERR:
        out->err = get_err(b);
        break;
    case ZB_REPLY_TOKEN:
        get_data(b, &out->data, &out->data_len);
        break;
    }
}

zobo_err
zb_reply_build(zb_reply_kind kind, zb_reader body, int64_t zxid, const zb_chroot *chroot, zobo_reply **out)
{
    *out = NULL;
    if (body.bad)
        return ZOBO_EBADREPLY;
    if (zb_reader_left(&body) > SIZE_MAX / MAX_GROWTH)
        return ZOBO_EREPLYLOST;
    build b = {.chroot = chroot, .r = body};
    zobo_reply reply;
    memset(&reply, 0, sizeof reply);
    get_body(&b, kind, &reply);
    if (b.r.bad)
        return ZOBO_EBADREPLY;

    zobo_reply *made = zb_malloc(sizeof *made + b.n_array_bytes + b.n_string_bytes);
    if (made == NULL)
        return ZOBO_EREPLYLOST;
    b.arrays = (char *)(made + 1);
    b.strings = b.arrays + b.n_array_bytes;
    b.n_array_bytes = b.n_string_bytes = 0;
    b.r = body;
    memset(made, 0, sizeof *made);
    made->zxid = zxid;
    get_body(&b, kind, made);
    *out = made;
    return ZOBO_OK;
}

zobo_reply *
zb_reply_text(const void *data, size_t len)
{
    if (len > SIZE_MAX / 2)
        return NULL;
    zobo_reply *made = zb_malloc(sizeof *made + len + 1);
    if (made == NULL)
        return NULL;
    char *copy = (char *)(made + 1);
    memset(made, 0, sizeof *made);
    if (len > 0)
        memcpy(copy, data, len);
    copy[len] = '\0';
    made->data = copy;
    made->data_len = len;
    return made;
}

void
zobo_reply_free(zobo_reply *reply)
{
    zb_free(reply);
}
