/* SPDX-License-Identifier: Apache-2.0 */
/* Service discovery as Curator's curator-x-discovery does it, in its layout: services in C and in Java find each other.
 *
 *     zobo_discovery *d;
 *     zobo_discovery_new(zk, "/services", NULL, &d, &why);
 *     zobo_discovery_register(d, &(zobo_service){.name = "pay", .address = "10.1.2.3", .port = 8080}, 5000, NULL);
 *
 *     zobo_service_provider *p;                            // elsewhere: who serves, one after another
 *     zobo_service_provider_new(zk, "/services", "pay", NULL, &p, &why);
 *     zobo_service_provider_start(p);
 *     zobo_service_provider_wait(p, 5000);
 *     zobo_service_provider_pick(p, &one);                 // one->items[0].address
 *
 * Nodes: BASE/NAME/ID, ephemeral for DYNAMIC services, persistent for STATIC and PERMANENT ones; BASE/NAME is a
 * container where the server has them. The data is JSON as Curator's JsonInstanceSerializer writes it, with the fields
 * name, id, address, port, sslPort, payload, registrationTimeUTC, serviceType, uriSpec and enabled. Fields that are not
 * known are ignored, missing ones are null.
 *
 * Guarantees: what is registered comes back by itself after the loss of the session, until it is unregistered (see
 * zobo_persistent_node). A cache holds what was last heard, also while there is no connection.
 *
 * Limits: Curator's reader wants payloads that are objects to have a "@class" that it knows, and writes one. Its
 * DYNAMIC_SEQUENTIAL is read, not written. Needs a build with JSON (ZOBO_JSON).
 *
 * All functions may be called from any thread and any callback, but the blocking ones and zobo_X_free not from inline
 * callbacks. Callbacks of the user's run on the callback thread. The client must outlive the recipe. */
#ifndef ZOBO_DISCOVERY_H
#define ZOBO_DISCOVERY_H

#include <zobo/call.h>
#include <zobo/client.h>

#ifdef __cplusplus
extern "C" {
#endif
#ifdef __GNUC__
#pragma GCC visibility push(default)
#endif

/* How long a registration lives. Source: Curator ServiceType. */
typedef enum zobo_service_type {
    ZOBO_SERVICE_DYNAMIC = 0,       /* as long as the process */
    ZOBO_SERVICE_STATIC,            /* until it is unregistered, or zobo_discovery_free */
    ZOBO_SERVICE_PERMANENT,         /* until it is unregistered */
    ZOBO_SERVICE_DYNAMIC_SEQUENTIAL /* Curator's; is not registered by zobo */
} zobo_service_type;

/* One instance of a service (Curator: ServiceInstance). Zero stands for what the comment says. */
typedef struct zobo_service {
    size_t size;                  /* 0, or sizeof(zobo_service) */
    const char *name;             /* of the service */
    const char *id;               /* of the instance; NULL: a UUID is made */
    const char *address;          /* host name or IP address; NULL: null (Curator takes an address of this host) */
    int32_t port;                 /* 0: null */
    int32_t ssl_port;             /* 0: null */
    const char *payload;          /* JSON, written as it is; NULL: null */
    int64_t registration_time_ms; /* since 1970; 0: now */
    zobo_service_type type;
    const char *uri_spec; /* JSON: what Curator's UriSpec is made of; NULL: null */
    bool disabled;        /* "enabled":false: it is registered, but providers do not pick it */
} zobo_service;

/* Instances. Shared and not to be changed: freed with zobo_service_list_free. */
typedef struct zobo_service_list {
    size_t n;
    const zobo_service *items; /* sorted by id */
    size_t unreadable;         /* nodes whose data is no instance, and which are not among the items */
} zobo_service_list;

/* zobo_service_list_free lets go of a list. NULL is ignored. Any thread. */
void zobo_service_list_free(zobo_service_list *list);

/* zobo_service_list_parse makes a list of JSON texts, such as the replies of zobo_discovery_query_instances_async hold
 * (reply->children, reply->n_children).
 *
 * Errors: ZOBO_ENOMEM. Any thread. */
ZOBO_MUST_CHECK zobo_err zobo_service_list_parse(const char *const *texts, size_t n, zobo_service_list **out);

/* zobo_service_format writes an instance as Curator's JSON, with a NUL, to `buf`; `*len` gets the length without the
 * NUL, which may be more than fits in `size`: then the text is cut off.
 *
 * Errors: ZOBO_EINVAL (no name, no id, strings that are not UTF-8, a payload or uri_spec that is not JSON, ports out of
 * range), ZOBO_EBADOPTION (size), ZOBO_ENOMEM. Any thread. Source: Curator JsonInstanceSerializer. */
ZOBO_MUST_CHECK zobo_err zobo_service_format(const zobo_service *service, char *buf, size_t size, size_t *len);

/* --- registering and asking --- */

/* What a process has registered, and questions to all. Opaque. Curator: ServiceDiscovery. */
typedef struct zobo_discovery zobo_discovery;

/* How it is to be. Everything pointed to is copied. */
typedef struct zobo_discovery_options {
    size_t size;              /* 0, or sizeof(zobo_discovery_options) */
    const zobo_acl_list *acl; /* of the nodes it makes; NULL: the client's default */
} zobo_discovery_options;

/* zobo_discovery_new makes the object for the services below `base`. Nothing is sent.
 *
 * On ZOBO_OK `*out` is freed by zobo_discovery_free; on error `why` (may be NULL) tells what is wrong. Errors:
 * ZOBO_EBADPATH, ZOBO_EBADOPTION, ZOBO_EINVAL (ACL), ZOBO_ENOMEM, ZOBO_EFORKED. Source: Curator
 * ServiceDiscoveryBuilder. */
ZOBO_MUST_CHECK zobo_err zobo_discovery_new(zobo_client *client, const char *base,
                                            const zobo_discovery_options *options, zobo_discovery **out,
                                            zobo_problem *why);

/* zobo_discovery_register registers an instance and waits until it is there, at most `timeout_ms` (0: without limit).
 *
 * What is in its place is deleted first, as Curator does it: the entry of this process before it was restarted. One
 * that is registered here already is updated. `*id` (may be NULL) gets a copy of its id in reply->data; reply->path is
 * its node. Errors: ZOBO_EINVAL (as zobo_service_format; DYNAMIC_SEQUENTIAL), ZOBO_EBADPATH (name or id),
 * ZOBO_EWAITTIMEOUT, ZOBO_ECANCELLED (then it is not registered), ZOBO_ENOTSTARTED, ZOBO_ESTOPPED, ZOBO_ENOMEM, what
 * the server refuses with. Source: Curator registerService. */
ZOBO_MUST_CHECK zobo_err zobo_discovery_register(zobo_discovery *d, const zobo_service *service, uint32_t timeout_ms,
                                                 zobo_reply **id);
ZOBO_MUST_CHECK zobo_err zobo_discovery_register_async(zobo_discovery *d, const zobo_service *service,
                                                       const zobo_how *how, zobo_call **call);

/* zobo_discovery_update replaces what an instance that was registered here says. ZOBO_ENOTHELD: it was not.
 *
 * Its type stays what it was. After ZOBO_EWAITTIMEOUT it is still wanted. Other errors: as zobo_discovery_register.
 * Source: Curator updateService. */
ZOBO_MUST_CHECK zobo_err zobo_discovery_update(zobo_discovery *d, const zobo_service *service, uint32_t timeout_ms);
ZOBO_MUST_CHECK zobo_err zobo_discovery_update_async(zobo_discovery *d, const zobo_service *service,
                                                     const zobo_how *how, zobo_call **call);

/* zobo_discovery_unregister takes an instance that was registered here away. ZOBO_ENOTHELD: it was not.
 *
 * After ZOBO_EWAITTIMEOUT it goes on. Source: Curator unregisterService. */
ZOBO_MUST_CHECK zobo_err zobo_discovery_unregister(zobo_discovery *d, const char *name, const char *id,
                                                   uint32_t timeout_ms);
ZOBO_MUST_CHECK zobo_err zobo_discovery_unregister_async(zobo_discovery *d, const char *name, const char *id,
                                                         const zobo_how *how, zobo_call **call);

/* zobo_discovery_query_names reads the names of all services: reply->children. A base that does not exist has none.
 *
 * Source: Curator queryForNames. */
ZOBO_MUST_CHECK zobo_err zobo_discovery_query_names(zobo_discovery *d, uint32_t timeout_ms, zobo_reply **out);
ZOBO_MUST_CHECK zobo_err zobo_discovery_query_names_async(zobo_discovery *d, const zobo_how *how, zobo_call **call);

/* zobo_discovery_query_instances reads all instances of a service; there may be none. The twin's reply->children are
 * their JSON texts, for zobo_service_list_parse.
 *
 * Source: Curator queryForInstances. */
ZOBO_MUST_CHECK zobo_err zobo_discovery_query_instances(zobo_discovery *d, const char *name, uint32_t timeout_ms,
                                                        zobo_service_list **out);
ZOBO_MUST_CHECK zobo_err zobo_discovery_query_instances_async(zobo_discovery *d, const char *name, const zobo_how *how,
                                                              zobo_call **call);

/* zobo_discovery_query_instance reads one instance: a list of one. ZOBO_ENONODE: there is none; ZOBO_EBADDATA: what is
 * there is no instance. The twin's reply->children[0] is its JSON text, whatever it says.
 *
 * Source: Curator queryForInstance. */
ZOBO_MUST_CHECK zobo_err zobo_discovery_query_instance(zobo_discovery *d, const char *name, const char *id,
                                                       uint32_t timeout_ms, zobo_service_list **out);
ZOBO_MUST_CHECK zobo_err zobo_discovery_query_instance_async(zobo_discovery *d, const char *name, const char *id,
                                                             const zobo_how *how, zobo_call **call);

/* zobo_discovery_free unregisters what was registered (but PERMANENT instances) and frees the object. What is under way
 * ends with ZOBO_ECANCELLED. NULL is ignored. Any thread, any callback but inline ones. Source: Curator close. */
void zobo_discovery_free(zobo_discovery *d);

/* --- a live list --- */

/* The instances of one service, kept up to date. Opaque. Curator: ServiceCache. */
typedef struct zobo_service_cache zobo_service_cache;

/* Told when the instances have changed, on the callback thread; `list` is borrowed. Changes that follow each other
 * closely are told as one. */
typedef void zobo_service_cache_changed_fn(void *arg, zobo_service_cache *cache, const zobo_service_list *list);

/* How it is to be. */
typedef struct zobo_service_cache_options {
    size_t size;                            /* 0, or sizeof(zobo_service_cache_options) */
    zobo_service_cache_changed_fn *changed; /* may be NULL */
    void *changed_arg;
} zobo_service_cache_options;

/* zobo_service_cache_new makes a cache of the service `name` below `base`. Nothing is sent, and nothing is made on the
 * server later: a service that is not there yet is waited for. Errors: as zobo_discovery_new. Source: Curator
 * serviceCacheBuilder. */
ZOBO_MUST_CHECK zobo_err zobo_service_cache_new(zobo_client *client, const char *base, const char *name,
                                                const zobo_service_cache_options *options, zobo_service_cache **out,
                                                zobo_problem *why);

/* zobo_service_cache_start begins to follow the service; returns at once. Errors: ZOBO_EALREADY, ZOBO_ENOMEM. */
ZOBO_MUST_CHECK zobo_err zobo_service_cache_start(zobo_service_cache *cache);

/* zobo_service_cache_wait waits until the list has been read once, at most `timeout_ms` (0: without limit).
 *
 * Errors: ZOBO_EWAITTIMEOUT, ZOBO_ECANCELLED, ZOBO_ENOTSTARTED (also zobo_service_cache_start was not called),
 * ZOBO_ESTOPPED. */
ZOBO_MUST_CHECK zobo_err zobo_service_cache_wait(zobo_service_cache *cache, uint32_t timeout_ms);
ZOBO_MUST_CHECK zobo_err zobo_service_cache_wait_async(zobo_service_cache *cache, const zobo_how *how,
                                                       zobo_call **call);

/* zobo_service_cache_get hands the present list out (zobo_service_list_free); never NULL on ZOBO_OK. Waits for nothing.
 *
 * Errors: none but ZOBO_EINVAL (out NULL). Source: Curator getInstances. */
ZOBO_MUST_CHECK zobo_err zobo_service_cache_get(zobo_service_cache *cache, zobo_service_list **out);

/* zobo_service_cache_free frees the cache. NULL is ignored. Any thread, any callback but inline ones. */
void zobo_service_cache_free(zobo_service_cache *cache);

/* --- picking one --- */

/* Picks instances of one service. Opaque. Curator: ServiceProvider. */
typedef struct zobo_service_provider zobo_service_provider;

/* Which instance is picked. */
typedef enum zobo_service_strategy {
    ZOBO_SERVICE_ROUND_ROBIN = 0, /* one after another */
    ZOBO_SERVICE_RANDOM,
    ZOBO_SERVICE_STICKY /* always the same while it is there; chosen at random */
} zobo_service_strategy;

/* How it is to be. Zero: as Curator's. */
typedef struct zobo_service_provider_options {
    size_t size; /* 0, or sizeof(zobo_service_provider_options) */
    zobo_service_strategy strategy;
    uint32_t down_threshold;  /* so many errors within down_timeout_ms and an instance is not picked; 0: 2 */
    uint32_t down_timeout_ms; /* for so long after the first of them; 0: 30000 */
} zobo_service_provider_options;

/* zobo_service_provider_new makes a provider of the service `name` below `base`. Nothing is sent. Errors: as
 * zobo_discovery_new. Source: Curator serviceProviderBuilder. */
ZOBO_MUST_CHECK zobo_err zobo_service_provider_new(zobo_client *client, const char *base, const char *name,
                                                   const zobo_service_provider_options *options,
                                                   zobo_service_provider **out, zobo_problem *why);

/* zobo_service_provider_start begins to follow the service: zobo_service_cache_start. */
ZOBO_MUST_CHECK zobo_err zobo_service_provider_start(zobo_service_provider *provider);

/* zobo_service_provider_wait waits for the first list: zobo_service_cache_wait. */
ZOBO_MUST_CHECK zobo_err zobo_service_provider_wait(zobo_service_provider *provider, uint32_t timeout_ms);
ZOBO_MUST_CHECK zobo_err zobo_service_provider_wait_async(zobo_service_provider *provider, const zobo_how *how,
                                                          zobo_call **call);

/* zobo_service_provider_pick picks an instance: a list of one, to be freed with zobo_service_list_free. Not picked are
 * disabled instances and those that are down. Waits for nothing.
 *
 * ZOBO_EEMPTY: there is none. ZOBO_ENOMEM. Source: Curator getInstance. */
ZOBO_MUST_CHECK zobo_err zobo_service_provider_pick(zobo_service_provider *provider, zobo_service_list **out);

/* zobo_service_provider_get hands all instances out, disabled and down ones included: zobo_service_cache_get. */
ZOBO_MUST_CHECK zobo_err zobo_service_provider_get(zobo_service_provider *provider, zobo_service_list **out);

/* zobo_service_provider_note_error takes note that the instance `id` did not work: after down_threshold of these it is
 * not picked for a while. An id that is not known is ignored. Errors: ZOBO_ENOMEM. Source: Curator noteError. */
ZOBO_MUST_CHECK zobo_err zobo_service_provider_note_error(zobo_service_provider *provider, const char *id);

/* zobo_service_provider_free frees the provider: zobo_service_cache_free. */
void zobo_service_provider_free(zobo_service_provider *provider);

#ifdef __GNUC__
#pragma GCC visibility pop
#endif
#ifdef __cplusplus
}
#endif
#endif
