/* SPDX-License-Identifier: Apache-2.0 */
/* Event-loop mode: no threads. One epoll descriptor, constant for the client's life, holds the socket (which comes and
 * goes), a timer for the session's deadline, and a descriptor by which other threads (and our own queues) ask for a
 * call of zobo_process. */
#include <errno.h>

#include "client/client.h"

zobo_err
zb_loop_open(zobo_client *c)
{
    c->timer_at = ZB_NEVER;
    return zb_pollset_open(&c->pollset, c->wake_fd[0]) ? ZOBO_OK : ZOBO_ESYS;
}

void
zb_loop_close(zobo_client *c)
{
    zb_pollset_close(&c->pollset);
}

void
zb_loop_forget_fd(zobo_client *c)
{
    if (c->pollset_has_fd)
        zb_pollset_forget(&c->pollset, c->fd);
    c->pollset_has_fd = false;
}

static void
update_socket(zobo_client *c)
{
    unsigned events = c->connecting ? ZB_WRITABLE : ZB_READABLE;
    if (c->want_pollout)
        events |= ZB_WRITABLE;
    if (c->loop_aside)
        events = 0;
    if (c->fd < 0 || (c->pollset_has_fd && events == c->pollset_events))
        return;
    if (zb_pollset_watch(&c->pollset, c->fd, c->pollset_has_fd, events)) {
        c->pollset_has_fd = true;
        c->pollset_events = events;
    } else {
        c->link_broken = true; /* no way to hear from it: the next turn reports it */
        zb_loop_wake(c);
    }
}

void
zb_loop_update(zobo_client *c)
{
    update_socket(c);
    /* A deadline that has moved away is left: the timer then rings in vain, once, instead of being set at each reply.
     * A thread in a blocking verb minds the time itself, and comes here when it is done. */
    zb_time at = c->driving && !c->in_process ? ZB_NEVER : zb_deadline(c);
    if (at < c->timer_at && zb_pollset_ring(&c->pollset, at))
        c->timer_at = at;
    if (!c->in_process &&
        (!zb_list_empty(&c->queue) || !zb_list_empty(&c->starved) || !zb_list_empty(&c->inline_pending) ||
         !zb_list_empty(&c->mail) || c->ask != ZB_ASK_NOTHING || zb_session_urgent(c->session)))
        zb_loop_wake(c);
}

void
zb_loop_wake(zobo_client *c)
{
    if (!c->loop_woken) {
        c->loop_woken = true;
        zb_wake(c->wake_fd[0]);
    }
}

int
zobo_fd(const zobo_client *c)
{
    return c->event_loop ? c->pollset.fd : -1;
}

/* A signal handler may take no lock: it only wakes the thread that drives in a blocking call, which then looks. */
void
zobo_interrupt(zobo_client *c, bool on)
{
    if (!c->event_loop)
        return;
    atomic_store_explicit(&c->interrupted, on, memory_order_relaxed);
    int error = errno;
    if (on)
        zb_wake(c->wake_fd[1]);
    errno = error;
}

zobo_err
zobo_process(zobo_client *c)
{
    zobo_err err = zb_check_process(c);
    if (err)
        return err;
    if (!c->event_loop)
        return ZOBO_EINVAL;
    zb_lock(c);
    if (c->in_process) {
        zb_unlock(c);
        return ZOBO_EALREADY;
    }
    c->in_process = true;
    c->cb_thread = pthread_self();
    /* Before anything is looked at: what is asked for from now on is asked anew. Also when a blocking verb on another
     * thread does the work, and only callbacks are left: the descriptor would stay readable until that is over. */
    if (zb_pollset_rang(&c->pollset))
        c->timer_at = ZB_NEVER;
    c->loop_woken = false;
    zb_wake_drain(c->wake_fd[0]);
    if (!c->driving) {
        c->driving = true;
        c->poll_wake = c->wake_fd[0];
        /* The first turn does what is due without looking at the socket, if there is any; the second looks. */
        (void)zb_turn(c, false, false, 0);
        (void)zb_turn(c, false, false, 0);
        c->driving = false;
    }
    (void)zb_run_callbacks(c);
    if (!c->driving && zb_session_wants_write(c->session))
        zb_flush(c);
    if (!c->driving && !zb_list_empty(&c->waiters))
        zb_wake_waiters(c);
    c->in_process = false;
    /* The one who drives will read what has come. The loop, which would be called for it over and over until he gets to
     * it, looks away; only from now on, for most blocking verbs are over before it is called. */
    c->loop_aside = c->driving;
    bool close = c->close_asked;
    if (!close)
        zb_loop_update(c);
    zb_unlock(c);
    if (close)
        zb_close_now(c);
    return ZOBO_OK;
}
