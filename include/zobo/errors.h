/* SPDX-License-Identifier: Apache-2.0 */
/* Errors are values. ZOBO_OK is 0; the server's errors keep ZooKeeper's numbers; zobo's own lie below -1000.
 *
 * A caller rarely wants the number but what to do next, and that is the error's class (zobo_err_class). The pair that
 * matters most is ZOBO_CLASS_RETRY (the request was never sent: sending it again is safe) and ZOBO_CLASS_UNKNOWN (it
 * was sent and no answer came: it may or may not have been carried out). */
#ifndef ZOBO_ERRORS_H
#define ZOBO_ERRORS_H

#ifdef __cplusplus
extern "C" {
#endif
#ifdef __GNUC__
#pragma GCC visibility push(default)
#endif

#if defined(__GNUC__) || defined(__clang__)
#define ZOBO_MUST_CHECK __attribute__((warn_unused_result))
#else
#define ZOBO_MUST_CHECK
#endif

/* What to do about an error. */
typedef enum zobo_class {
    ZOBO_CLASS_OK = 0,   /* no error */
    ZOBO_CLASS_USAGE,    /* the call is wrong: fix the program; nothing was sent */
    ZOBO_CLASS_REJECTED, /* the server answered no: nothing was changed */
    ZOBO_CLASS_RETRY,    /* never sent: safe to try again */
    ZOBO_CLASS_UNKNOWN,  /* sent, outcome not known: look before you repeat it */
    ZOBO_CLASS_SESSION,  /* the session is over; the request was not carried out */
    ZOBO_CLASS_LOCAL     /* this process or machine could not do it, or was told to give up (memory, files, cancelled,
                          * stopped); nothing was sent */
} zobo_class;

/* ZOBO_ERRORS lists every error once: X(name, number, class, ZooKeeper's or zobo's name, text). */
#define ZOBO_ERRORS(X)                                                                                                 \
    X(ZOBO_OK, 0, OK, "Ok", "ok")                                                                                      \
    /* the server's */                                                                                                 \
    X(ZOBO_ESYSTEM, -1, REJECTED, "SystemError", "the server had an internal error")                                   \
    X(ZOBO_ERUNTIMEINCONSISTENCY, -2, REJECTED, "RuntimeInconsistency",                                                \
      "not carried out because an earlier operation of the transaction failed")                                        \
    X(ZOBO_EDATAINCONSISTENCY, -3, REJECTED, "DataInconsistency", "the server found inconsistent data")                \
    X(ZOBO_ECONNECTIONLOSS, -4, UNKNOWN, "ConnectionLoss",                                                             \
      "the connection was lost after the request was sent; it may have been carried out")                              \
    X(ZOBO_EMARSHALLING, -5, REJECTED, "MarshallingError", "the server could not read the request")                    \
    X(ZOBO_EUNIMPLEMENTED, -6, REJECTED, "Unimplemented", "the server does not know this operation")                   \
    X(ZOBO_EOPERATIONTIMEOUT, -7, UNKNOWN, "OperationTimeout",                                                         \
      "no answer within the deadline; the request was sent and may have been carried out")                             \
    X(ZOBO_EBADARGUMENTS, -8, REJECTED, "BadArguments", "the server refused the arguments")                            \
    X(ZOBO_EUNKNOWNSESSION, -12, SESSION, "UnknownSession", "the server does not know the session")                    \
    X(ZOBO_ENEWCONFIGNOQUORUM, -13, REJECTED, "NewConfigNoQuorum", "no quorum of the new configuration is connected")  \
    X(ZOBO_ERECONFIGINPROGRESS, -14, REJECTED, "ReconfigInProgress", "another reconfiguration is in progress")         \
    X(ZOBO_EAPI, -100, REJECTED, "APIError", "the server reports an API error")                                        \
    X(ZOBO_ENONODE, -101, REJECTED, "NoNode", "no such node")                                                          \
    X(ZOBO_ENOAUTH, -102, REJECTED, "NoAuth", "the node's ACL does not permit this")                                   \
    X(ZOBO_EBADVERSION, -103, REJECTED, "BadVersion", "the node has another version")                                  \
    X(ZOBO_ENOCHILDRENFOREPHEMERALS, -108, REJECTED, "NoChildrenForEphemerals", "an ephemeral node has no children")   \
    X(ZOBO_ENODEEXISTS, -110, REJECTED, "NodeExists", "the node exists already")                                       \
    X(ZOBO_ENOTEMPTY, -111, REJECTED, "NotEmpty", "the node has children")                                             \
    X(ZOBO_ESESSIONEXPIRED, -112, SESSION, "SessionExpired", "the session has expired; the request was not sent")      \
    X(ZOBO_EINVALIDCALLBACK, -113, REJECTED, "InvalidCallback", "invalid callback")                                    \
    X(ZOBO_EINVALIDACL, -114, REJECTED, "InvalidACL", "the server refused the ACL")                                    \
    X(ZOBO_EAUTHFAILED, -115, REJECTED, "AuthFailed", "the server refused the credentials")                            \
    X(ZOBO_ESESSIONMOVED, -118, UNKNOWN, "SessionMoved", "the session has moved to another server")                    \
    X(ZOBO_ENOTREADONLY, -119, REJECTED, "NotReadOnly", "this server is read-only at present")                         \
    X(ZOBO_EEPHEMERALONLOCALSESSION, -120, REJECTED, "EphemeralOnLocalSession",                                        \
      "a local session cannot own ephemeral nodes")                                                                    \
    X(ZOBO_ENOWATCHER, -121, REJECTED, "NoWatcher", "no such watch")                                                   \
    X(ZOBO_EREQUESTTIMEOUT, -122, UNKNOWN, "RequestTimeout", "the server reports that the request timed out")          \
    X(ZOBO_ERECONFIGDISABLED, -123, REJECTED, "ReconfigDisabled", "reconfiguration is turned off on the server")       \
    X(ZOBO_ESESSIONCLOSEDREQUIRESASL, -124, SESSION, "SessionClosedRequireSaslAuth",                                   \
      "the server closed the session because it requires authentication")                                              \
    X(ZOBO_EQUOTAEXCEEDED, -125, REJECTED, "QuotaExceeded", "the quota is exceeded")                                   \
    X(ZOBO_ETHROTTLED, -127, REJECTED, "ThrottledOp", "the server is overloaded and refused the request")              \
    /* wrong use */                                                                                                    \
    X(ZOBO_EINVAL, -1001, USAGE, "InvalidArgument", "invalid argument")                                                \
    X(ZOBO_EBADPATH, -1002, USAGE, "BadPath", "bad path")                                                              \
    X(ZOBO_EBADHOSTS, -1003, USAGE, "BadHosts", "bad host string")                                                     \
    X(ZOBO_EBADOPTION, -1004, USAGE, "BadOption", "bad option")                                                        \
    X(ZOBO_ETOOBIG, -1005, USAGE, "TooBig", "the request is larger than the server accepts")                           \
    X(ZOBO_ENOTSTARTED, -1006, USAGE, "NotStarted", "the client is not started, or was stopped")                       \
    X(ZOBO_EALREADY, -1007, USAGE, "Already", "that has been done already")                                            \
    X(ZOBO_EFORKED, -1008, USAGE, "Forked", "this client belongs to the parent process: open one after fork")          \
    X(ZOBO_EWOULDBLOCK, -1009, USAGE, "WouldBlock", "this call may not block here (an inline callback)")               \
    /* never sent */                                                                                                   \
    X(ZOBO_ENOTSENT, -1020, RETRY, "NotSent", "the connection was lost before the request was sent")                   \
    X(ZOBO_ENOCONNECTION, -1021, RETRY, "NoConnection", "no connection within the deadline; the request was not sent") \
    X(ZOBO_EQUEUEFULL, -1022, RETRY, "QueueFull", "too many requests are in flight")                                   \
    /* why a server could not be used */                                                                               \
    X(ZOBO_ERESOLVE, -1040, RETRY, "NameNotResolved", "the name does not resolve")                                     \
    X(ZOBO_EREFUSED, -1041, RETRY, "Refused", "connection refused")                                                    \
    X(ZOBO_EUNREACHABLE, -1042, RETRY, "Unreachable", "cannot reach the server")                                       \
    X(ZOBO_ECONNECTTIMEOUT, -1043, RETRY, "ConnectTimeout", "no connection within the time allowed for one server")    \
    X(ZOBO_ESERVERCLOSED, -1044, RETRY, "ServerClosed", "the server closed the connection")                            \
    X(ZOBO_EHANDSHAKECLOSED, -1045, RETRY, "ClosedInHandshake",                                                        \
      "the server closed the connection during the handshake (not serving, too many connections, or its data is "      \
      "older "                                                                                                         \
      "than what this client has seen)")                                                                               \
    X(ZOBO_ESILENT, -1046, RETRY, "Silent", "the server has gone silent")                                              \
    X(ZOBO_EPROTOCOL, -1047, RETRY, "Protocol", "the peer does not speak ZooKeeper's protocol correctly")              \
    X(ZOBO_EFRAMESIZE, -1048, RETRY, "FrameSize", "the server sent a frame larger than max_reply_bytes")               \
    X(ZOBO_EREADONLYSERVER, -1049, RETRY, "ReadOnlyServer", "the server is read-only and read_only was not asked for") \
    /* sent, then given up */                                                                                          \
    X(ZOBO_EABANDONED, -1060, UNKNOWN, "Abandoned", "cancelled after it was sent; it may have been carried out")       \
    X(ZOBO_EREPLYLOST, -1061, UNKNOWN, "ReplyLost", "the answer came but could not be kept: out of memory")            \
    X(ZOBO_EBADREPLY, -1062, UNKNOWN, "BadReply", "the server's answer could not be read")                             \
    /* here */                                                                                                         \
    X(ZOBO_ENOMEM, -1080, LOCAL, "NoMemory", "out of memory")                                                          \
    X(ZOBO_ESYS, -1081, LOCAL, "System", "a system call failed")                                                       \
    X(ZOBO_ECANCELLED, -1082, LOCAL, "Cancelled", "cancelled before it had an effect")                                 \
    X(ZOBO_ETIMEDOUT, -1083, LOCAL, "TimedOut", "not done within the time given; it goes on")                          \
    X(ZOBO_EFILE, -1084, LOCAL, "BadFile", "the file cannot be used")                                                  \
    X(ZOBO_ERETRYFAILED, -1085, LOCAL, "RetryFailed", "gave up retrying")                                              \
    X(ZOBO_ETRANSACTION, -1086, REJECTED, "TransactionFailed",                                                         \
      "the transaction was rolled back; its results say which operation failed")                                       \
    X(ZOBO_EINTERRUPTED, -1087, LOCAL, "Interrupted", "interrupted by the caller")                                     \
    X(ZOBO_ESTOPPED, -1088, LOCAL, "Stopped", "the client was stopped before the request was sent")                    \
    X(ZOBO_EROLLEDBACK, -1089, REJECTED, "RolledBack", "undone because a later operation of the transaction failed")   \
    /* recipes */                                                                                                      \
    X(ZOBO_EWAITTIMEOUT, -1090, LOCAL, "WaitTimeout",                                                                  \
      "it did not come about within the time given; the wait is over and leaves nothing behind")                       \
    X(ZOBO_EHELD, -1091, LOCAL, "Held", "another holds it")                                                            \
    X(ZOBO_ENOTHELD, -1092, USAGE, "NotHeld", "this object does not hold it")                                          \
    X(ZOBO_ELOCKLOST, -1093, SESSION, "LockLost",                                                                      \
      "it was held, and was lost with the session or by its node's deletion")                                          \
    X(ZOBO_EEMPTY, -1094, LOCAL, "Empty", "there is nothing in it")                                                    \
    X(ZOBO_EBADDATA, -1095, REJECTED, "BadData", "the node holds what this recipe does not write")                     \
    X(ZOBO_EOVERFLOW, -1096, LOCAL, "Overflow", "the number does not fit; nothing was changed")

/* Every error as a constant; ZOBO_ERRORS tells what each means. */
typedef enum zobo_err {
#define ZOBO_X(name, number, cls, zk, text) name = number,
    ZOBO_ERRORS(ZOBO_X)
#undef ZOBO_X
    /* A server newer than this library may answer with a number not listed here: it is passed through as it is. */
    ZOBO_ERR_FORCE_INT_ = -2147483647
} zobo_err;

/* zobo_err_name returns the name of `err` as ZooKeeper's documentation has it ("NoNode"), or "Unknown".
 *
 * Static string, never NULL. Any thread. */
const char *zobo_err_name(zobo_err err);

/* zobo_err_text returns one line for people ("no such node"), or "unknown error".
 *
 * Static string, never NULL. Any thread. */
const char *zobo_err_text(zobo_err err);

/* zobo_err_class returns what a caller can do about `err`; numbers not listed are ZOBO_CLASS_REJECTED, for only a
 * server sends them.
 *
 * Any thread. */
zobo_class zobo_err_class(zobo_err err);

#ifdef __GNUC__
#pragma GCC visibility pop
#endif
#ifdef __cplusplus
}
#endif
#endif
