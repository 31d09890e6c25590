/*
 * What the files of the addon share. The addon moves buffers between netlink sockets and JavaScript and
 * decides nothing: every meaning is in TypeScript (src/kernel/native.ts documents what each export does).
 *
 *	addon.c		the export table, and the end of an environment
 *	value.c		arguments checked, errors thrown
 *	socket.c	one netlink socket in the event loop: open, watch, call back, close
 *	queue*.c	one NFQUEUE: batch receive into a slab, batch verdicts
 *	netlink*.c	one netlink socket: request batches with their ACKs, dumps, multicast groups
 */
#ifndef SIPEXPECTD_ADDON_H
#define SIPEXPECTD_ADDON_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <linux/netlink.h>
#include <node_api.h>
#include <uv.h>

struct nlsocket;

/* One per environment (main thread or worker); nothing in the addon is static data. */
struct addon {
	napi_async_cleanup_hook_handle hook;
	struct nlsocket *open;		/* every socket that has not been closed */
	unsigned int closing;		/* uv handles whose close callback has yet to come */
	bool ending;			/* the environment is torn down */
};

/*
 * One netlink socket. Embedded first in struct queue and struct netlink, so that all of it is freed as one.
 */
struct nlsocket {
	napi_env env;			/* valid while the socket is open: addon.c closes it at the latest */
	struct addon *addon;
	struct nlsocket *next, **link;	/* in addon->open */
	int fd;				/* -1 once closed */
	uint32_t port;			/* netlink port id */
	unsigned int references;	/* the JavaScript handle, the uv handle, a wake-up that runs */

	/* Set by nlsocket_watch(). */
	uv_poll_t poll;
	bool watched;
	napi_async_context context;
	napi_ref callback;
	napi_ref kept;			/* array of the values that must live while the socket is watched */
	void (*on_readable)(struct nlsocket *);
	void (*before_close)(struct nlsocket *);
	bool busy;			/* inside on_readable: a close waits for its end */
	bool close_wanted;
};

/* Memory of a typed array, in bytes. */
struct span {
	uint8_t *data;
	size_t length;
};

/* Netlink messages in JavaScript's buffers may stand at any address; memcpy reads them without a trap. */
static inline uint16_t read_u16(const uint8_t *at)
{
	uint16_t value;

	memcpy(&value, at, sizeof(value));
	return value;
}

static inline uint32_t read_u32(const uint8_t *at)
{
	uint32_t value;

	memcpy(&value, at, sizeof(value));
	return value;
}

/* The errno of an NLMSG_ERROR or NLMSG_DONE, which the kernel writes as its negative. */
static inline int read_errno(const uint8_t *at)
{
	uint32_t error = -read_u32(at);

	return error <= 4095 ? (int)error : EPROTO;
}

static inline struct nlmsghdr read_header(const uint8_t *at)
{
	struct nlmsghdr header;

	memcpy(&header, at, sizeof(header));
	return header;
}

/* value.c */
bool ok(napi_env env, napi_status status);
void throw_errno(napi_env env, int error, const char *syscall, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
void throw_type(napi_env env, const char *code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
void throw_range(napi_env env, const char *code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
bool arguments(napi_env env, napi_callback_info info, size_t count, napi_value *values);
bool value_u32(napi_env env, napi_value value, const char *name, uint32_t max, uint32_t *number);
bool value_span(napi_env env, napi_value value, const char *name, napi_typedarray_type type, size_t min,
		struct span *span);
bool value_function(napi_env env, napi_value value, const char *name);

/* socket.c */
int nlsocket_open(struct nlsocket *s, napi_env env, int protocol, uint32_t receive_buffer);
napi_value nlsocket_handle(struct nlsocket *s, const napi_type_tag *tag);
struct nlsocket *nlsocket_of(napi_env env, napi_value value, const napi_type_tag *tag, const char *name,
			     bool closed_too);
bool nlsocket_watch(struct nlsocket *s, napi_value handle, const char *name, napi_value callback,
		    const napi_value *kept, uint32_t count, void (*on_readable)(struct nlsocket *));
bool nlsocket_call(struct nlsocket *s, int32_t argument);
void nlsocket_report(struct nlsocket *s);
void nlsocket_fail(struct nlsocket *s, int error, const char *syscall);
void nlsocket_close(struct nlsocket *s);
void nlsocket_release(struct nlsocket *s);

/* queue*.c */
napi_value queue_open(napi_env env, napi_callback_info info);
napi_value queue_verdict(napi_env env, napi_callback_info info);
napi_value queue_close(napi_env env, napi_callback_info info);

/* netlink*.c */
napi_value netlink_open(napi_env env, napi_callback_info info);
napi_value netlink_request(napi_env env, napi_callback_info info);
napi_value netlink_dump(napi_env env, napi_callback_info info);
napi_value netlink_dump_next(napi_env env, napi_callback_info info);
napi_value netlink_subscribe(napi_env env, napi_callback_info info);
napi_value netlink_filter(napi_env env, napi_callback_info info);
napi_value netlink_port(napi_env env, napi_callback_info info);
napi_value netlink_close(napi_env env, napi_callback_info info);

#endif
