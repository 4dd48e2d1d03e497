/* SPDX-License-Identifier: Apache-2.0 */
/* Who is here: nodes that are there as long as their process is, and come back by themselves.
 *
 * zobo_persistent_node (Curator's PersistentNode) keeps one node alive: ephemeral, with its data, made again after the
 * loss of the session or when somebody has deleted it. zobo_group_member (Curator's GroupMember) is such a node in a
 * group, with a view of all members. zobo_party (kazoo's Party and ShallowParty) is a pool that one joins and leaves.
 *
 *     zobo_party *party;
 *     if (zobo_party_new(zk, "/workers", &(zobo_party_options){.identifier = "w1"}, &party, &why) ||
 *         zobo_party_join(party, 5000))
 *         ...
 *     zobo_party_members(party, 5000, &who);     // who->children
 *     zobo_party_free(party);                    // leaves
 *
 * Nodes: a persistent node is PATH itself. A member of a group is GROUP/ID, its data what the program gave. A member of
 * a party is PATH/UUID__party__ with the identifier as data, of a shallow party PATH/UUID-IDENTIFIER with the
 * identifier as data, too; the UUID is 32 hexadecimal digits. All of them are ephemeral and have the client's default
 * ACL, or that of the options. Missing parents are made.
 *
 * Guarantees: while the session lives the node is there, or is being made. A node of the same path that belongs to
 * another session, such as this process's own before it was restarted, is waited out: it is watched, and when it goes
 * the own node is made. One that belongs to this session (the client has resumed it) is taken as it is. A request whose
 * answer was lost is looked after before it is repeated: nothing is made twice.
 *
 * Limits: a process that is cut off from ZooKeeper is seen by others until its session times out, and they are not seen
 * by it; after ZOBO_SUSPENDED all that is known is what was so. A node that the server refuses to make (ACL, quota) is
 * tried again every few seconds.
 *
 * All functions may be called from any thread and any callback, but the blocking ones and zobo_X_free not from inline
 * callbacks. Callbacks of the user's run on the callback thread, one after another. The client must outlive the recipe.
 * */
#ifndef ZOBO_PARTY_H
#define ZOBO_PARTY_H

#include <zobo/call.h>
#include <zobo/client.h>

#ifdef __cplusplus
extern "C" {
#endif
#ifdef __GNUC__
#pragma GCC visibility push(default)
#endif

/* Whether an own node is there. */
typedef enum zobo_presence {
    ZOBO_PRESENCE_ABSENT = 0, /* not there, or not known to be: not started, left, or being made */
    ZOBO_PRESENCE_PRESENT,    /* it is there, with the data wanted */
    ZOBO_PRESENCE_WAITING,    /* another session's node is in its place, and is waited out */
    ZOBO_PRESENCE_REFUSED     /* the server refuses it, which is tried again: the error tells why */
} zobo_presence;

/* zobo_presence_name returns "ABSENT", "PRESENT", "WAITING" or "REFUSED".
 *
 * Static string. Any thread. */
const char *zobo_presence_name(zobo_presence presence);

/* --- one node --- */

/* A node that comes back. Opaque. */
typedef struct zobo_persistent_node zobo_persistent_node;

/* Told, on the callback thread, of each change of the node's presence. `err` is the server's for ZOBO_PRESENCE_REFUSED,
 * ZOBO_ESESSIONEXPIRED when it is absent because the session was lost, else ZOBO_OK. */
typedef void zobo_persistent_node_changed_fn(void *arg, zobo_persistent_node *node, zobo_presence presence,
                                             zobo_err err);

/* How it is to be. Zero: an ephemeral node with empty data. Everything pointed to is copied. */
typedef struct zobo_persistent_node_options {
    size_t size; /* 0, or sizeof(zobo_persistent_node_options) */
    const void *data;
    size_t data_len;
    const zobo_acl_list *acl; /* NULL: the client's default */
    bool persistent;          /* not ephemeral: it stays when the session ends. One that is there already is taken, and
                               * given the data */
    bool take_over;           /* once at the start and once after each loss of the session, a node of another session is
                               * deleted instead of waited out: for names that only this process may have */
    zobo_persistent_node_changed_fn *changed; /* may be NULL */
    void *changed_arg;
} zobo_persistent_node_options;

/* zobo_persistent_node_new makes the object for a node at `path`; nothing is sent before zobo_persistent_node_start.
 *
 * On ZOBO_OK `*out` is freed by zobo_persistent_node_free; on error `why` (may be NULL) tells what is wrong. Errors:
 * ZOBO_EBADPATH (also "/"), ZOBO_EBADOPTION, ZOBO_EINVAL (data NULL with a length, ACL), ZOBO_ENOMEM, ZOBO_EFORKED.
 * Source: Curator PersistentNode. */
ZOBO_MUST_CHECK zobo_err zobo_persistent_node_new(zobo_client *client, const char *path,
                                                  const zobo_persistent_node_options *options,
                                                  zobo_persistent_node **out, zobo_problem *why);

/* zobo_persistent_node_start begins to keep the node there, and returns; from now on it comes back by itself.
 *
 * The client need not be started: then the node is made when it is. Errors: ZOBO_EALREADY, ZOBO_ENOMEM. Source: Curator
 * start. */
ZOBO_MUST_CHECK zobo_err zobo_persistent_node_start(zobo_persistent_node *node);

/* zobo_persistent_node_wait waits until the node is there, at most `timeout_ms` (0: without limit).
 *
 * Errors: ZOBO_EWAITTIMEOUT (it is still being tried), ZOBO_ENOTSTARTED (zobo_persistent_node_start was not called; or
 * the client is not started, or stops meanwhile), ZOBO_ECANCELLED (freed), ZOBO_EWOULDBLOCK; and what
 * the server refuses with (ZOBO_ENOAUTH, ...), which is tried on all the same. Source: Curator waitForInitialCreate. */
ZOBO_MUST_CHECK zobo_err zobo_persistent_node_wait(zobo_persistent_node *node, uint32_t timeout_ms);
ZOBO_MUST_CHECK zobo_err zobo_persistent_node_wait_async(zobo_persistent_node *node, const zobo_how *how,
                                                         zobo_call **call);

/* zobo_persistent_node_set gives the node other data, now and each time it is made again; waits until the server has
 * it, at most `timeout_ms` (0: without limit).
 *
 * Of several that overlap the last one asked for wins. After ZOBO_EWAITTIMEOUT the data is still wanted. Errors: as
 * zobo_persistent_node_wait; ZOBO_EINVAL. Source: Curator setData. */
ZOBO_MUST_CHECK zobo_err zobo_persistent_node_set(zobo_persistent_node *node, const void *data, size_t len,
                                                  uint32_t timeout_ms);
ZOBO_MUST_CHECK zobo_err zobo_persistent_node_set_async(zobo_persistent_node *node, const void *data, size_t len,
                                                        const zobo_how *how, zobo_call **call);

/* zobo_persistent_node_presence tells whether the node is there, as far as is known. Waits for nothing. */
zobo_presence zobo_persistent_node_presence(const zobo_persistent_node *node);

/* zobo_persistent_node_free deletes the node and frees the object. What waits ends with ZOBO_ECANCELLED. It does not
 * wait for the server: the node is deleted soon, however often that must be tried. NULL is ignored. Any thread, any
 * callback but inline ones. Source: Curator close. */
void zobo_persistent_node_free(zobo_persistent_node *node);

/* --- a group --- */

/* A member of a group, with a view of it. Opaque. */
typedef struct zobo_group_member zobo_group_member;

/* One member. */
typedef struct zobo_member {
    const char *id;
    const void *data; /* followed by a NUL that is not counted */
    size_t data_len;
} zobo_member;

/* A group at one moment, sorted by id. One allocation, freed with zobo_members_free. */
typedef struct zobo_members {
    size_t n;
    const zobo_member *items;
} zobo_members;

/* zobo_members_free frees what zobo_group_member_get_members has given. NULL is ignored. Any thread. */
void zobo_members_free(zobo_members *members);

/* Told, on the callback thread, when the group has changed: a member has come, gone, or changed its data. `members` is
 * borrowed. Changes that follow each other closely are told as one. */
typedef void zobo_group_member_changed_fn(void *arg, zobo_group_member *member, const zobo_members *members);

/* How a member is to be. Zero: with empty data. Everything pointed to is copied. */
typedef struct zobo_group_member_options {
    size_t size; /* 0, or sizeof(zobo_group_member_options) */
    const void *data;
    size_t data_len;
    const zobo_acl_list *acl;              /* of the node; NULL: the client's default */
    zobo_group_member_changed_fn *changed; /* may be NULL */
    void *changed_arg;
} zobo_group_member_options;

/* zobo_group_member_new makes the member `id` of the group at `path`; nothing is sent before zobo_group_member_start.
 *
 * Errors: as zobo_persistent_node_new; ZOBO_EBADPATH also for an id that cannot be the name of a node. Source: Curator
 * GroupMember. */
ZOBO_MUST_CHECK zobo_err zobo_group_member_new(zobo_client *client, const char *path, const char *id,
                                               const zobo_group_member_options *options, zobo_group_member **out,
                                               zobo_problem *why);

/* zobo_group_member_start joins the group and begins to follow it; returns at once. Errors: ZOBO_EALREADY, ZOBO_ENOMEM.
 * Source: Curator start. */
ZOBO_MUST_CHECK zobo_err zobo_group_member_start(zobo_group_member *member);

/* zobo_group_member_wait waits until the own node is there and the view has it, at most `timeout_ms` (0: no limit).
 *
 * Errors: as zobo_persistent_node_wait. */
ZOBO_MUST_CHECK zobo_err zobo_group_member_wait(zobo_group_member *member, uint32_t timeout_ms);
ZOBO_MUST_CHECK zobo_err zobo_group_member_wait_async(zobo_group_member *member, const zobo_how *how, zobo_call **call);

/* zobo_group_member_set gives the own node other data: zobo_persistent_node_set. Source: Curator setThisData. */
ZOBO_MUST_CHECK zobo_err zobo_group_member_set(zobo_group_member *member, const void *data, size_t len,
                                               uint32_t timeout_ms);
ZOBO_MUST_CHECK zobo_err zobo_group_member_set_async(zobo_group_member *member, const void *data, size_t len,
                                                     const zobo_how *how, zobo_call **call);

/* zobo_group_member_get_members copies the view: all members and their data, as last heard. The own one is always in it
 * (as in Curator), also while it is not yet on the server. Waits for nothing.
 *
 * `*out` is freed with zobo_members_free. Errors: ZOBO_EINVAL (out NULL). Source: Curator getCurrentMembers. */
ZOBO_MUST_CHECK zobo_err zobo_group_member_get_members(zobo_group_member *member, zobo_members **out);

/* zobo_group_member_presence tells whether the own node is there. Waits for nothing. */
zobo_presence zobo_group_member_presence(const zobo_group_member *member);

/* zobo_group_member_free leaves the group: zobo_persistent_node_free. Source: Curator close. */
void zobo_group_member_free(zobo_group_member *member);

/* --- a party --- */

/* A party, or a shallow one. Opaque. */
typedef struct zobo_party zobo_party;

/* Told, on the callback thread, of each change of the own node's presence: as zobo_persistent_node_changed_fn. */
typedef void zobo_party_changed_fn(void *arg, zobo_party *party, zobo_presence presence, zobo_err err);

/* How one is in it. Zero: as kazoo's. Everything pointed to is copied. */
typedef struct zobo_party_options {
    size_t size;                    /* 0, or sizeof(zobo_party_options) */
    const char *identifier;         /* what members() tells others; NULL: "" */
    const zobo_acl_list *acl;       /* of the node; NULL: the client's default */
    bool no_rejoin;                 /* after the loss of the session stay away, as kazoo does, until joined again */
    zobo_party_changed_fn *changed; /* may be NULL */
    void *changed_arg;
} zobo_party_options;

/* zobo_party_new makes a party object: one may look at the members, and join. Nothing is sent.
 *
 * Errors: as zobo_persistent_node_new. Source: kazoo Party. */
ZOBO_MUST_CHECK zobo_err zobo_party_new(zobo_client *client, const char *path, const zobo_party_options *options,
                                        zobo_party **out, zobo_problem *why);

/* zobo_shallow_party_new makes a shallow party, whose members' identifiers are in the names of their nodes: one request
 * reads them all. ZOBO_EBADPATH: the identifier cannot be part of a name. Source: kazoo ShallowParty. */
ZOBO_MUST_CHECK zobo_err zobo_shallow_party_new(zobo_client *client, const char *path,
                                                const zobo_party_options *options, zobo_party **out, zobo_problem *why);

/* zobo_party_join joins and waits until the node is there, at most `timeout_ms` (0: without limit). Who has joined is
 * ZOBO_OK, too; who has lost his session joins again by himself.
 *
 * Errors: ZOBO_EWAITTIMEOUT, ZOBO_ECANCELLED (then one has not joined; nothing is left behind. But who had joined
 * before stays a member who joins again by himself), ZOBO_ENOTSTARTED, ZOBO_ESTOPPED, what the server refuses with
 * (ZOBO_ENOAUTH, ...). Source: kazoo Party.join. */
ZOBO_MUST_CHECK zobo_err zobo_party_join(zobo_party *party, uint32_t timeout_ms);
ZOBO_MUST_CHECK zobo_err zobo_party_join_async(zobo_party *party, const zobo_how *how, zobo_call **call);

/* zobo_party_leave leaves and waits until the node is gone. Who has not joined is ZOBO_ENOTHELD (kazoo: False).
 *
 * Errors: ZOBO_ENOTHELD, ZOBO_EWAITTIMEOUT (it goes on), ZOBO_ENOTSTARTED, ZOBO_ESTOPPED. Source: kazoo Party.leave. */
ZOBO_MUST_CHECK zobo_err zobo_party_leave(zobo_party *party, uint32_t timeout_ms);
ZOBO_MUST_CHECK zobo_err zobo_party_leave_async(zobo_party *party, const zobo_how *how, zobo_call **call);

/* zobo_party_participating tells whether the own node is there, as far as is known. Waits for nothing. Source: kazoo
 * participating (which stays true after the loss of the session). */
bool zobo_party_participating(const zobo_party *party);

/* zobo_party_members reads the members' identifiers: reply->children, in no order. An identifier may be there twice.
 *
 * A path that does not exist has none. `*out` is freed by zobo_reply_free. Errors: ZOBO_EWAITTIMEOUT, ZOBO_ECANCELLED,
 * ZOBO_ENOTSTARTED, ZOBO_ESTOPPED, ZOBO_ENOAUTH, ZOBO_ENOMEM. Source: kazoo's iteration over a Party. */
ZOBO_MUST_CHECK zobo_err zobo_party_members(zobo_party *party, uint32_t timeout_ms, zobo_reply **out);
ZOBO_MUST_CHECK zobo_err zobo_party_members_async(zobo_party *party, const zobo_how *how, zobo_call **call);

/* zobo_party_count counts the members: the twin's reply->count. Errors: as zobo_party_members. Source: kazoo
 * len(party). */
ZOBO_MUST_CHECK zobo_err zobo_party_count(zobo_party *party, uint32_t timeout_ms, int32_t *count);
ZOBO_MUST_CHECK zobo_err zobo_party_count_async(zobo_party *party, const zobo_how *how, zobo_call **call);

/* zobo_party_free leaves, and frees the object: zobo_persistent_node_free. */
void zobo_party_free(zobo_party *party);

#ifdef __GNUC__
#pragma GCC visibility pop
#endif
#ifdef __cplusplus
}
#endif
#endif
