/* SPDX-License-Identifier: Apache-2.0 */
#include "recipes/service_text.h"

#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/sized.h"

static const char *const type_names[] = {"DYNAMIC", "STATIC", "PERMANENT", "DYNAMIC_SEQUENTIAL"};
enum { N_TYPES = sizeof type_names / sizeof *type_names };

/* A list, and what it refers to. */
typedef struct shared_list {
    zobo_service_list it; /* first */
    atomic_int refs;
    zr_service **owners;
    zobo_service items[];
} shared_list;

/* --- writing --- */

static bool
good_json(const char *text)
{
    json_error_t error;
    json_t *root = json_loadb(text, strlen(text), JSON_DECODE_ANY | JSON_DECODE_INT_AS_REAL | JSON_ALLOW_NUL, &error);
    json_decref(root);
    return root != NULL;
}

static zobo_err
check_string(const char *s, const char *what, zobo_problem *why)
{
    if (s && !zr_is_utf8(s, strlen(s)))
        return zb_problem(why, ZOBO_EINVAL, 0, "%s is not UTF-8", what);
    return ZOBO_OK;
}

zobo_err
zr_service_check(const zobo_service *s, zobo_problem *why)
{
    zobo_err err;
    size_t at;
    if (!s || !zb_sized_good(s, sizeof(zobo_service), sizeof *s, &at))
        return zb_problem(why, s ? ZOBO_EBADOPTION : ZOBO_EINVAL, 0, "zobo_service has a size that cannot be");
    if (!s->name || !*s->name)
        return zb_problem(why, ZOBO_EINVAL, 0, "the service has no name");
    if ((err = check_string(s->name, "the name", why)) || (err = check_string(s->id, "the id", why)) ||
        (err = check_string(s->address, "the address", why)))
        return err;
    if (s->port < 0 || s->port > 65535 || s->ssl_port < 0 || s->ssl_port > 65535)
        return zb_problem(why, ZOBO_EINVAL, 0, "a port is not in 0 to 65535");
    if ((unsigned)s->type >= N_TYPES)
        return zb_problem(why, ZOBO_EINVAL, 0, "there is no such type of service");
    if (s->payload && !good_json(s->payload))
        return zb_problem(why, ZOBO_EINVAL, 0, "the payload is not JSON");
    if (s->uri_spec && !good_json(s->uri_spec))
        return zb_problem(why, ZOBO_EINVAL, 0, "the URI spec is not JSON");
    return ZOBO_OK;
}

static void
string_or_null(zr_text *t, const char *s)
{
    if (s)
        zr_text_json(t, s);
    else
        zr_text_puts(t, "null");
}

static void
port_or_null(zr_text *t, int32_t port)
{
    if (port)
        zr_text_int(t, port);
    else
        zr_text_puts(t, "null");
}

void
zr_service_write(const zobo_service *s, zr_text *t)
{
    zr_text_puts(t, "{\"name\":");
    zr_text_json(t, s->name);
    zr_text_puts(t, ",\"id\":");
    zr_text_json(t, s->id);
    zr_text_puts(t, ",\"address\":");
    string_or_null(t, s->address);
    zr_text_puts(t, ",\"port\":");
    port_or_null(t, s->port);
    zr_text_puts(t, ",\"sslPort\":");
    port_or_null(t, s->ssl_port);
    zr_text_puts(t, ",\"payload\":");
    zr_text_puts(t, s->payload ? s->payload : "null");
    zr_text_puts(t, ",\"registrationTimeUTC\":");
    zr_text_int(t, s->registration_time_ms);
    zr_text_puts(t, ",\"serviceType\":\"");
    zr_text_puts(t, type_names[s->type]);
    zr_text_puts(t, "\",\"uriSpec\":");
    zr_text_puts(t, s->uri_spec ? s->uri_spec : "null");
    zr_text_puts(t, s->disabled ? ",\"enabled\":false}" : ",\"enabled\":true}");
}

zobo_err
zobo_service_format(const zobo_service *service, char *buf, size_t size, size_t *len)
{
    zr_text t = {0};
    zobo_err err = zr_service_check(service, NULL);
    if (!err && (!service->id || !*service->id || (size && !buf)))
        err = ZOBO_EINVAL;
    if (err)
        return err;
    zr_service_write(service, &t);
    if (!t.failed) {
        if (size) {
            size_t n = t.n < size ? t.n : size - 1;
            memcpy(buf, t.p, n);
            buf[n] = 0;
        }
        if (len)
            *len = t.n;
    } else {
        err = ZOBO_ENOMEM;
    }
    zr_text_free(&t);
    return err;
}

/* --- reading --- */

/* The strings of an instance are copied behind it. */
typedef struct store {
    char *at;
} store;

static const char *
keep(store *st, const char *s, size_t n)
{
    char *to = st->at;
    memcpy(to, s, n);
    to[n] = 0;
    st->at += n + 1;
    return to;
}

static const char *
keep_string(store *st, const json_t *root, const char *name)
{
    const json_t *v = json_object_get(root, name);
    return json_is_string(v) ? keep(st, json_string_value(v), json_string_length(v)) : NULL;
}

/* A value that is kept as it stands; null is none. */
static const char *
keep_raw(store *st, const json_t *root, const char *name, const char *json, size_t json_len)
{
    const char *value;
    size_t len;
    const json_t *v = json_object_get(root, name);
    if (!v || json_is_null(v) || !zr_json_member(json, json_len, name, &value, &len))
        return NULL;
    return keep(st, value, len);
}

static int32_t
read_port(const json_t *root, const char *name)
{
    double n = json_number_value(json_object_get(root, name)); /* 0 for what is no number */
    return n > 0 && n <= 65535 ? (int32_t)n : 0;
}

/* Integers are read as doubles, so that none is too large to be read at all; these are exact up to the year 287396. */
static int64_t
read_time(const json_t *root)
{
    double ms = json_number_value(json_object_get(root, "registrationTimeUTC"));
    return ms > -9007199254740992.0 && ms < 9007199254740992.0 ? (int64_t)ms : 0;
}

static zobo_service_type
read_type(const json_t *root)
{
    const char *name = json_string_value(json_object_get(root, "serviceType"));
    for (int i = 0; name && i < N_TYPES; i++) {
        if (strcmp(name, type_names[i]) == 0)
            return (zobo_service_type)i;
    }
    return ZOBO_SERVICE_DYNAMIC;
}

static bool
has_string(const json_t *root, const char *name)
{
    return json_string_length(json_object_get(root, name)) > 0;
}

zobo_err
zr_service_parse(const void *data, size_t len, zr_service **out)
{
    json_error_t error;
    zr_service *s = NULL;
    *out = NULL;
    json_t *root = json_loadb(data ? data : "", len, JSON_DECODE_INT_AS_REAL | JSON_ALLOW_NUL, &error);
    if (!root)
        return json_error_code(&error) == json_error_out_of_memory ? ZOBO_ENOMEM : ZOBO_EBADDATA;
    zobo_err err = json_is_object(root) && has_string(root, "name") && has_string(root, "id") ? ZOBO_OK : ZOBO_EBADDATA;
    /* Decoded, a string is not longer than its JSON with the quotes, so all of them and their NULs fit in `len`. */
    if (!err && !(s = zb_calloc(1, sizeof *s + len + 1)))
        err = ZOBO_ENOMEM;
    if (!err) {
        store st = {(char *)(s + 1)};
        atomic_init(&s->refs, 1);
        s->it.size = sizeof s->it;
        s->it.name = keep_string(&st, root, "name");
        s->it.id = keep_string(&st, root, "id");
        s->it.address = keep_string(&st, root, "address");
        s->it.port = read_port(root, "port");
        s->it.ssl_port = read_port(root, "sslPort");
        s->it.payload = keep_raw(&st, root, "payload", data, len);
        s->it.registration_time_ms = read_time(root);
        s->it.type = read_type(root);
        s->it.uri_spec = keep_raw(&st, root, "uriSpec", data, len);
        s->it.disabled = json_is_false(json_object_get(root, "enabled"));
        *out = s;
    }
    json_decref(root);
    return err;
}

void
zr_service_ref(zr_service *s)
{
    atomic_fetch_add_explicit(&s->refs, 1, memory_order_relaxed);
}

void
zr_service_unref(zr_service *s)
{
    if (s && atomic_fetch_sub_explicit(&s->refs, 1, memory_order_acq_rel) == 1)
        zb_free(s);
}

/* --- lists --- */

static int
by_id(const void *a, const void *b)
{
    return strcmp((*(zr_service *const *)a)->it.id, (*(zr_service *const *)b)->it.id);
}

zobo_service_list *
zr_service_list_new(zr_service *const *items, size_t n, size_t unreadable)
{
    shared_list *l = zb_calloc(1, sizeof *l + n * sizeof *l->items);
    if (!l)
        return NULL;
    l->owners = zb_calloc(n ? n : 1, sizeof(zr_service *));
    if (!l->owners) {
        zb_free(l);
        return NULL;
    }
    atomic_init(&l->refs, 1);
    if (n)
        memcpy(l->owners, items, n * sizeof(zr_service *));
    if (n > 1)
        qsort(l->owners, n, sizeof(zr_service *), by_id);
    for (size_t i = 0; i < n; i++) {
        zr_service_ref(l->owners[i]);
        l->items[i] = l->owners[i]->it;
    }
    l->it = (zobo_service_list){.n = n, .items = l->items, .unreadable = unreadable};
    return &l->it;
}

zobo_service_list *
zr_service_list_pick(const zobo_service_list *list, size_t i)
{
    const shared_list *l = (const shared_list *)list;
    return zr_service_list_new(&l->owners[i], 1, 0);
}

void
zr_service_list_ref(zobo_service_list *list)
{
    atomic_fetch_add_explicit(&((shared_list *)list)->refs, 1, memory_order_relaxed);
}

void
zobo_service_list_free(zobo_service_list *list)
{
    shared_list *l = (shared_list *)list;
    if (!l || atomic_fetch_sub_explicit(&l->refs, 1, memory_order_acq_rel) != 1)
        return;
    for (size_t i = 0; i < l->it.n; i++)
        zr_service_unref(l->owners[i]);
    zb_free(l->owners);
    zb_free(l);
}

zobo_err
zobo_service_list_parse(const char *const *texts, size_t n, zobo_service_list **out)
{
    zobo_err err = ZOBO_OK;
    size_t used = 0, unreadable = 0;
    if (!out || (n && !texts))
        return ZOBO_EINVAL;
    *out = NULL;
    zr_service **items = zb_calloc(n ? n : 1, sizeof(zr_service *));
    if (!items)
        return ZOBO_ENOMEM;
    for (size_t i = 0; i < n && err != ZOBO_ENOMEM; i++) {
        err = zr_service_parse(texts[i], strlen(texts[i]), &items[used]);
        if (!err)
            used++;
        else
            unreadable++;
    }
    if (err != ZOBO_ENOMEM) {
        *out = zr_service_list_new(items, used, unreadable);
        err = *out ? ZOBO_OK : ZOBO_ENOMEM;
    }
    while (used > 0)
        zr_service_unref(items[--used]);
    zb_free(items);
    return err;
}

void
zr_uuid_dashed(const char *digits, char out[ZR_UUID_DASHED])
{
    for (size_t i = 0, at = 0; i < 32; i++) {
        if (i == 8 || i == 12 || i == 16 || i == 20)
            out[at++] = '-';
        out[at++] = digits[i];
    }
    out[ZR_UUID_DASHED - 1] = 0;
}
