/* SPDX-License-Identifier: Apache-2.0 */
/* A wheel of slots, each for one turn of 50 ms. A session lies in the slot of the turn at which it is over; those whose
 * time is further away than the wheel is round are passed by until it has come. Touching moves a session to another
 * slot, once a turn at most. */
#include "engine/sessions.h"

#include <string.h>

#include "base/mem.h"

static zb_link *
slot_of(const zs_sessions *s, uint32_t turn)
{
    return &s->slots[turn % ZS_SESSION_SLOTS];
}

bool
zs_sessions_init(zs_sessions *s, uint64_t seed, zb_time now)
{
    memset(s, 0, sizeof *s);
    zb_map_init(&s->map, seed);
    zb_list_init(&s->over);
    s->now = now;
    s->slots = zb_malloc(ZS_SESSION_SLOTS * sizeof *s->slots);
    if (!s->slots)
        return false;
    for (size_t i = 0; i < ZS_SESSION_SLOTS; i++)
        zb_list_init(&s->slots[i]);
    return true;
}

void
zs_sessions_free(zs_sessions *s)
{
    zb_map_iter it;
    zb_map_iter_init(&s->map, &it);
    for (zb_map_node *node; (node = zb_map_iter_next(&s->map, &it)) != NULL;)
        zb_free(ZB_CONTAINER_OF(node, zs_session, by_id));
    zb_map_free(&s->map);
    zb_free(s->slots);
    s->slots = NULL;
    s->n = 0;
}

static void
place(zs_sessions *s, zs_session *session)
{
    uint32_t timeout = session->record.timeout_ms > 0 ? (uint32_t)session->record.timeout_ms : 0;
    session->due = s->turn + (timeout + ZS_SESSION_TURN_MS - 1) / ZS_SESSION_TURN_MS + 1;
    session->touched = s->turn;
    zb_list_push_back(slot_of(s, session->due), &session->in_slot);
}

zs_session *
zs_session_add(zs_sessions *s, const zs_session_record *record)
{
    zs_session *session = zb_calloc(1, sizeof *session);
    if (!session)
        return NULL;
    session->record = *record;
    zb_list_init(&session->in_slot);
    session->by_id.key = (const char *)&session->record.id;
    session->by_id.key_len = sizeof session->record.id;
    if (!zb_map_add(&s->map, &session->by_id)) {
        zb_free(session);
        return NULL;
    }
    s->n++;
    place(s, session);
    return session;
}

zs_session *
zs_session_find(const zs_sessions *s, int64_t id)
{
    zb_map_node *node = zb_map_find(&s->map, (const char *)&id, sizeof id);
    return node ? ZB_CONTAINER_OF(node, zs_session, by_id) : NULL;
}

void
zs_session_touch(zs_sessions *s, zs_session *session)
{
    if (session->touched == s->turn && !zb_list_empty(&session->in_slot))
        return;
    zb_list_remove(&session->in_slot);
    place(s, session);
}

void
zs_session_drop(zs_sessions *s, zs_session *session)
{
    zb_list_remove(&session->in_slot);
    zb_map_remove(&s->map, &session->by_id);
    s->n--;
    zb_free(session);
}

/* Moves those whose turn has come from their slot to the list of those that are over. */
static void
make_turn(zs_sessions *s)
{
    zb_link *slot = slot_of(s, ++s->turn);
    for (zb_link *at = slot->next, *next; at != slot; at = next) {
        next = at->next;
        zs_session *session = ZB_CONTAINER_OF(at, zs_session, in_slot);
        if (session->due > s->turn)
            continue;
        zb_list_remove(at);
        zb_list_push_back(&s->over, at);
    }
}

void
zs_sessions_tick(zs_sessions *s, zb_time now)
{
    zb_time gone = now > s->now ? now - s->now : 0;
    s->now = now;
    s->clock += gone < ZB_MS(ZS_STALL_MS) ? gone : ZB_MS(ZS_STALL_MS);
    uint32_t turn = (uint32_t)(s->clock / ZB_MS(ZS_SESSION_TURN_MS));
    if (s->n == 0)
        s->turn = turn;
    while (s->turn < turn)
        make_turn(s);
}

zs_session *
zs_sessions_expired(zs_sessions *s)
{
    zb_link *at = zb_list_pop_front(&s->over);
    return at ? ZB_CONTAINER_OF(at, zs_session, in_slot) : NULL;
}

/* Half a stall at most: who waits longer would take the wait for one. */
zb_time
zs_sessions_deadline(const zs_sessions *s)
{
    if (s->n == 0)
        return ZB_NEVER;
    if (!zb_list_empty(&s->over))
        return s->now;
    zb_time longest = ZB_MS(ZS_STALL_MS) / 2;
    for (zb_time turn = s->turn + 1;; turn++) {
        zb_time at = turn * ZB_MS(ZS_SESSION_TURN_MS);
        zb_time wait = at > s->clock ? at - s->clock : 0;
        if (wait >= longest)
            return s->now + longest;
        if (!zb_list_empty(slot_of(s, (uint32_t)turn)))
            return s->now + wait;
    }
}
