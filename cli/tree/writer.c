/* SPDX-License-Identifier: Apache-2.0 */
/* The writes wait in a queue in their order: from the head, those whose outcome is known are told and leave. When the
 * connection breaks, the server has carried out the first so many of those under way, and nobody knows how many. All
 * whose answers are missing are then sent again, in their order and before any new one: what is answered so that it
 * may be the echo of the first time (the node exists already, is gone, has another version) is looked at. */
#include "writer_internal.h"

#include <stdlib.h>
#include <string.h>

#include "frame/hold.h"
#include "frame/progress.h"

enum {
    WINDOW = 1000,
    WINDOW_BYTES = 8 * 1024 * 1024,
    TURN_EVERY = 64, /* writes: so that they go out while more are made */
    LOSSES_MAX = 10  /* connections lost in a row without an answer */
};

struct writer {
    struct ctx *ctx;
    struct writer_options options;
    struct write *head, **end;
    struct write *unsent; /* after a loss: the first that is to be sent again */
    size_t n, bytes;
    size_t in_flight;
    unsigned turns; /* writes since the last turn */
    unsigned losses;
    uint64_t done, failed;
    bool lost; /* answers are missing */
    bool over; /* no more are taken */
    bool closed;
    bool interrupted;
    bool telling;
    zobo_err session_err; /* why the session is of no more use */
    int code;             /* of the first error */
    struct progress *progress;
};

/* --- writes ------------------------------------------------------------------------------------------------------- */

static zobo_acl_list
copy_acl(const zobo_acl_list *acl)
{
    size_t size = acl->n * sizeof(zobo_acl);
    for (size_t i = 0; i < acl->n; i++)
        size += strlen(acl->items[i].scheme) + strlen(acl->items[i].id) + 2;
    zobo_acl *items = need_memory(size, 1);
    char *to = (char *)(items + acl->n);
    for (size_t i = 0; i < acl->n; i++) {
        size_t scheme = strlen(acl->items[i].scheme) + 1, id = strlen(acl->items[i].id) + 1;
        items[i] = (zobo_acl){acl->items[i].perms, to, to + scheme};
        memcpy(to, acl->items[i].scheme, scheme);
        memcpy(to + scheme, acl->items[i].id, id);
        to += scheme + id;
    }
    return (zobo_acl_list){.items = items, .n = acl->n};
}

static struct write *
new_write(struct writer *writer, enum kind kind, const char *path, const void *data, size_t len)
{
    size_t path_size = strlen(path) + 1;
    struct write *write = need_memory(1, sizeof *write + path_size + len);
    *write = (struct write){.writer = writer, .kind = kind, .has_data = data != NULL, .data_len = len, .version = -1};
    memcpy(write->path, path, path_size);
    write->data = write->path + path_size;
    if (data != NULL)
        memcpy(write->data, data, len);
    write->bytes = sizeof *write + path_size + len;
    write->zxid = zobo_last_zxid(writer->ctx->client);
    return write;
}

static void
free_write(struct write *write)
{
    free(write->made);
    if (write->has_acl)
        free((void *)write->acl.items);
    free(write);
}

static void
keep_reply(struct write *write, const zobo_reply *reply)
{
    if (reply == NULL)
        return;
    write->reply = (zobo_reply){.zxid = reply->zxid, .has_stat = reply->has_stat, .stat = reply->stat};
    if (reply->path != NULL && strcmp(reply->path, write->path) != 0)
        write->made = need_copy(reply->path);
}

/* --- sending and answers ------------------------------------------------------------------------------------------ */

static void
answered(struct write *write, zobo_err err)
{
    write->err = err;
    write->state = ANSWERED;
}

static bool
ends_session(zobo_err err)
{
    return zobo_err_class(err) == ZOBO_CLASS_SESSION || err == ZOBO_ESTOPPED || err == ZOBO_ENOTSTARTED;
}

static void
lost(struct write *write, zobo_err err)
{
    struct writer *writer = write->writer;
    bool session = ends_session(err) || zobo_get_state(writer->ctx->client) == ZOBO_LOST;
    write->again |= zobo_err_class(err) == ZOBO_CLASS_UNKNOWN;
    if (session || (write == writer->head && ++writer->losses == LOSSES_MAX)) {
        writer->session_err = session ? ZOBO_ESESSIONEXPIRED : err;
        writer->over = true;
        answered(write, err);
        return;
    }
    write->state = UNSENT;
    writer->lost = true;
}

static bool
is_lost(zobo_err err)
{
    zobo_class cls = zobo_err_class(err);
    return cls == ZOBO_CLASS_RETRY || cls == ZOBO_CLASS_UNKNOWN || ends_session(err);
}

/* came begins what each answer has in common; false: the writer is gone. */
static bool
came(struct write *write, zobo_err err)
{
    struct writer *writer = write->writer;
    writer->in_flight--;
    if (writer->closed) {
        free_write(write);
        if (writer->in_flight == 0)
            free(writer);
        return false;
    }
    if (!is_lost(err))
        writer->losses = 0;
    return true;
}

static void look(struct write *write, zobo_err err);

static void
got_look(void *arg, zobo_err err, const zobo_reply *reply)
{
    struct write *write = arg;
    if (!came(write, err))
        return;
    if (is_lost(err)) {
        lost(write, err);
        return;
    }
    if (err == ZOBO_ENOAUTH && write->kind != SET_ACLS && !write->blind) {
        write->blind = true; /* what may not be read has a stat still */
        look(write, write->err);
        return;
    }
    if (err == ZOBO_OK && writer_is_echo(write->writer->ctx->client, write, reply)) {
        write->reply.has_stat = true;
        write->reply.stat = reply->stat;
        answered(write, ZOBO_OK);
    } else {
        answered(write, write->err);
    }
}

/* look asks what is there after a second sending; `err` is what that was answered. */
static void
look(struct write *write, zobo_err err)
{
    struct writer *writer = write->writer;
    zobo_how how = {.done = got_look, .arg = write};
    zobo_client *client = writer->ctx->client;
    zobo_err asked = write->kind == SET_ACLS ? zobo_get_acls_async(client, write->path, &how, NULL)
                     : write->blind          ? zobo_exists_async(client, write->path, NULL, &how, NULL)
                                             : zobo_get_async(client, write->path, NULL, &how, NULL);
    if (asked != ZOBO_OK) {
        answered(write, err);
        return;
    }
    write->err = err;
    write->state = LOOKING;
    writer->in_flight++;
}

static void
got_answer(void *arg, zobo_err err, const zobo_reply *reply)
{
    struct write *write = arg;
    if (!came(write, err))
        return;
    if (is_lost(err)) {
        if (write->kind == CREATE && write->options.sequence && zobo_err_class(err) == ZOBO_CLASS_UNKNOWN)
            answered(write, err); /* nobody knows what its name would be */
        else
            lost(write, err);
        return;
    }
    keep_reply(write, reply);
    bool exists = write->kind == CREATE && err == ZOBO_ENODEEXISTS;
    bool changed = (write->kind == SET || write->kind == SET_ACLS) && err == ZOBO_EBADVERSION;
    bool denied = write->kind != DELETE && err == ZOBO_ENOAUTH; /* since a write behind this one, it may be */
    if (write->again && write->kind == DELETE && err == ZOBO_ENONODE)
        answered(write, ZOBO_OK);
    else if (write->again && (exists || changed || denied))
        look(write, err);
    else
        answered(write, err);
}

static zobo_err
submit(struct write *write)
{
    zobo_client *client = write->writer->ctx->client;
    zobo_how how = {.done = got_answer, .arg = write};
    const void *data = write->has_data ? write->data : NULL;
    switch (write->kind) {
    case CREATE:
        return zobo_create_async(client, write->path, data, write->data_len, &write->options, &how, NULL);
    case SET:
        return zobo_set_async(client, write->path, data, write->data_len, write->version, &how, NULL);
    case DELETE:
        return zobo_delete_async(client, write->path, write->version, &how, NULL);
    default:
        return zobo_set_acls_async(client, write->path, &write->acl, write->version, &how, NULL);
    }
}

/* send sends it, or has it answered right away; false: the client has no room. */
static bool
send(struct write *write)
{
    write->options.acl = write->kind == CREATE && write->has_acl ? &write->acl : NULL;
    zobo_err err = submit(write);
    if (err == ZOBO_EQUEUEFULL)
        return false;
    if (err == ZOBO_OK) {
        write->state = SENT;
        write->writer->in_flight++;
    } else if (is_lost(err)) {
        lost(write, err);
    } else {
        answered(write, err);
    }
    return true;
}

/* --- outcomes ----------------------------------------------------------------------------------------------------- */

static void
tell_error(struct writer *writer, const struct write *write)
{
    if (writer->progress != NULL)
        progress_end(writer->progress);
    int code = fail(writer->ctx, write->err, write->path, NULL);
    if (writer->code == DONE)
        writer->code = code;
}

/* tell tells one outcome. */
static void
tell(struct writer *writer, struct write *write)
{
    write->reply.err = write->err;
    write->reply.path = write->made != NULL ? write->made : write->path;
    bool fine = write->err == ZOBO_OK;
    if (writer->options.outcome != NULL)
        fine = writer->options.outcome(writer->options.arg, write->path, write->err, &write->reply, write->tag) || fine;
    if (fine) {
        writer->done++;
    } else if (write->err != ZOBO_ECANCELLED) {
        writer->failed++;
        bool first = writer->options.keep_going || !writer->over;              /* those behind it often fail by it */
        if (first && (writer->session_err == ZOBO_OK || !is_lost(write->err))) /* that is told once, at the end */
            tell_error(writer, write);
        writer->over |= !writer->options.keep_going;
    }
    if (writer->progress != NULL)
        progress_at(writer->progress, writer->done);
}

/* tell_known tells the outcomes that are known, from the head on. */
static void
tell_known(struct writer *writer)
{
    if (writer->telling)
        return; /* an outcome writes */
    writer->telling = true;
    struct write *write;
    while ((write = writer->head) != NULL && write->state == ANSWERED) {
        tell(writer, write);
        writer->head = write->next;
        if (writer->head == NULL)
            writer->end = &writer->head;
        writer->n--;
        writer->bytes -= write->bytes;
        free_write(write);
    }
    writer->telling = false;
}

/* cancel_unsent ends those that have not been sent, or whose answers are lost, when nothing is sent any more. */
static void
cancel_unsent(struct writer *writer)
{
    for (struct write *write = writer->head; write != NULL; write = write->next)
        if (write->state == UNSENT)
            answered(write, write->again ? ZOBO_ECONNECTIONLOSS : ZOBO_ECANCELLED);
    writer->lost = false;
}

/* send_again sends what was lost, when all answers that could come have come. */
static void
send_again(struct writer *writer)
{
    if (!writer->lost || writer->in_flight > 0)
        return;
    if (writer->over) {
        cancel_unsent(writer);
        return;
    }
    writer->lost = false;
    for (struct write *write = writer->head; write != NULL; write = write->next)
        if (write->state == UNSENT && !send(write)) {
            writer->lost = true;
            return;
        }
}

static void
wait_for_some(struct writer *writer)
{
    writer->turns = 0;
    if (writer->interrupted) { /* what is under way is still waited for: a second signal ends the program */
        if (turn(writer->ctx, -1) != ZOBO_OK)
            writer->session_err = ZOBO_ESYS;
        return;
    }
    switch (hold_turn(writer->ctx, 0)) {
    case HOLD_GOES_ON:
    case HOLD_TIME_UP:
        break;
    case HOLD_BROKEN:
        writer->session_err = ZOBO_ESYS;
        writer->over = true;
        break;
    case HOLD_SIGNAL:
    case HOLD_READER_GONE:
        writer->interrupted = writer->over = true;
        break;
    }
}

/* --- the calls ---------------------------------------------------------------------------------------------------- */

struct writer *
writer_open(struct ctx *ctx, const struct writer_options *options)
{
    struct writer *writer = need_memory(1, sizeof *writer);
    *writer = (struct writer){.ctx = ctx, .options = *options};
    writer->end = &writer->head;
    if (options->doing != NULL) {
        writer->progress = need_memory(1, sizeof *writer->progress);
        progress_begin(writer->progress, ctx, options->doing, "nodes", options->total);
    }
    writer->code = hold_begin(ctx);
    writer->over = writer->code != DONE;
    return writer;
}

/* has_room waits for room, telling outcomes meanwhile; false: no more are taken. */
static bool
has_room(struct writer *writer)
{
    if (++writer->turns >= TURN_EVERY) {
        writer->turns = 0;
        if (turn(writer->ctx, 0) != ZOBO_OK) {
            writer->session_err = ZOBO_ESYS;
            writer->over = true;
        }
    }
    for (;;) {
        send_again(writer);
        tell_known(writer);
        if (writer->over)
            return false;
        if (writer->telling)
            return true; /* outcomes cannot wait for others */
        if (!writer->lost && writer->n < WINDOW && writer->bytes < WINDOW_BYTES)
            return true;
        wait_for_some(writer);
    }
}

static bool
add(struct writer *writer, struct write *write, void *tag)
{
    write->tag = tag;
    *writer->end = write;
    writer->end = &write->next;
    writer->n++;
    writer->bytes += write->bytes;
    if (writer->lost || !send(write))
        writer->lost = true; /* it goes when those before it have gone */
    return true;
}

static void
add_acl(struct write *write, const zobo_acl_list *acl)
{
    if (acl == NULL)
        return;
    write->acl = copy_acl(acl);
    write->has_acl = true;
}

bool
writer_create(struct writer *writer, const char *path, const void *data, size_t len, const zobo_create_options *options,
              void *tag)
{
    if (!has_room(writer))
        return false;
    struct write *write = new_write(writer, CREATE, path, data, len);
    if (options != NULL) {
        write->options = *options;
        add_acl(write, options->acl);
    }
    return add(writer, write, tag);
}

bool
writer_set(struct writer *writer, const char *path, const void *data, size_t len, int32_t version, void *tag)
{
    if (!has_room(writer))
        return false;
    struct write *write = new_write(writer, SET, path, data, len);
    write->version = version;
    return add(writer, write, tag);
}

bool
writer_delete(struct writer *writer, const char *path, int32_t version, void *tag)
{
    if (!has_room(writer))
        return false;
    struct write *write = new_write(writer, DELETE, path, NULL, 0);
    write->version = version;
    return add(writer, write, tag);
}

bool
writer_set_acls(struct writer *writer, const char *path, const zobo_acl_list *acl, int32_t version, void *tag)
{
    if (!has_room(writer))
        return false;
    struct write *write = new_write(writer, SET_ACLS, path, NULL, 0);
    write->version = version;
    add_acl(write, acl);
    return add(writer, write, tag);
}

bool
writer_flush(struct writer *writer)
{
    for (;;) {
        send_again(writer);
        tell_known(writer);
        if (writer->head == NULL || writer->telling)
            return !writer->over;
        if (writer->in_flight == 0 && !writer->lost)
            return false; /* cannot be */
        if (writer->session_err != ZOBO_OK || (writer->interrupted && !zobo_connected(writer->ctx->client)))
            return false;
        wait_for_some(writer);
    }
}

uint64_t
writer_done(const struct writer *writer)
{
    return writer->done;
}

uint64_t
writer_failed(const struct writer *writer)
{
    return writer->failed;
}

/* abandon tells of those whose answers will not be waited for; the client's end answers them. */
static void
abandon(struct writer *writer)
{
    struct write *write;
    writer->over = true;
    while ((write = writer->head) != NULL) {
        bool sent = write->state == SENT || write->state == LOOKING;
        if (write->state != ANSWERED)
            write->err = sent || write->again ? ZOBO_ECONNECTIONLOSS : ZOBO_ECANCELLED;
        if (writer->session_err == ZOBO_OK)
            writer->session_err = ZOBO_ECONNECTIONLOSS;
        tell(writer, write);
        writer->head = write->next;
        if (!sent)
            free_write(write);
    }
    writer->n = 0;
}

static int
result_of(struct writer *writer)
{
    if (writer->interrupted)
        return BY_SIGNAL + writer->ctx->signal;
    if (writer->session_err != ZOBO_OK) {
        bool over = writer->session_err == ZOBO_ESESSIONEXPIRED;
        if (!over || !writer->ctx->told_over)
            fail(writer->ctx, writer->session_err, NULL, NULL);
        writer->ctx->told_over |= over;
        if (writer->code == DONE)
            writer->code = exit_code_of(writer->session_err);
    }
    return writer->code != DONE && writer->done > 0 ? PARTIAL : writer->code;
}

int
writer_close(struct writer *writer)
{
    (void)writer_flush(writer);
    abandon(writer);
    if (writer->progress != NULL)
        progress_end(writer->progress);
    free(writer->progress);
    writer->progress = NULL;
    int code = result_of(writer);
    hold_over(writer->ctx);
    writer->closed = true;
    if (writer->in_flight == 0)
        free(writer); /* else the last answer does it */
    return code;
}
