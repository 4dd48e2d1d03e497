/* SPDX-License-Identifier: Apache-2.0 */
#include <zobo/types.h>

const char *
zobo_err_name(zobo_err err)
{
    switch ((int)err) {
#define X(name, number, cls, zk, text)                                                                                 \
    case name:                                                                                                         \
        return zk;
        ZOBO_ERRORS(X)
#undef X
    default:
        return "Unknown";
    }
}

const char *
zobo_err_text(zobo_err err)
{
    switch ((int)err) {
#define X(name, number, cls, zk, text)                                                                                 \
    case name:                                                                                                         \
        return text;
        ZOBO_ERRORS(X)
#undef X
    default:
        return "unknown error";
    }
}

zobo_class
zobo_err_class(zobo_err err)
{
    switch ((int)err) {
#define X(name, number, cls, zk, text)                                                                                 \
    case name:                                                                                                         \
        return ZOBO_CLASS_##cls;
        ZOBO_ERRORS(X)
#undef X
    default:
        return ZOBO_CLASS_REJECTED;
    }
}

const char *
zobo_state_name(zobo_state state)
{
    switch (state) {
    case ZOBO_LOST:
        return "LOST";
    case ZOBO_CONNECTED:
        return "CONNECTED";
    case ZOBO_CONNECTED_RO:
        return "CONNECTED_RO";
    case ZOBO_SUSPENDED:
        return "SUSPENDED";
    }
    return "UNKNOWN";
}

const char *
zobo_event_name(zobo_event_type type)
{
    switch (type) {
    case ZOBO_EVENT_NONE:
        return "NONE";
    case ZOBO_EVENT_CREATED:
        return "CREATED";
    case ZOBO_EVENT_DELETED:
        return "DELETED";
    case ZOBO_EVENT_CHANGED:
        return "CHANGED";
    case ZOBO_EVENT_CHILD:
        return "CHILD";
    case ZOBO_EVENT_DATA_WATCH_REMOVED:
        return "DATA_WATCH_REMOVED";
    case ZOBO_EVENT_CHILD_WATCH_REMOVED:
        return "CHILD_WATCH_REMOVED";
    case ZOBO_EVENT_PERSISTENT_WATCH_REMOVED:
        return "PERSISTENT_WATCH_REMOVED";
    }
    return "UNKNOWN";
}
