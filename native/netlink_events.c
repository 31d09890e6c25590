/*
 * Multicast groups: what the kernel tells unasked, filtered by it, handed to the subscriber a buffer at a time.
 */
#include <linux/filter.h>

#include "netlink.h"

/* Room an event must find in the subscriber's buffer; the kernel makes them of at most 8 KiB. */
enum { EVENT_BYTES = 8 << 10 };

/* Buffers handed to the subscriber in one turn of the event loop before others have theirs. */
enum { BUFFERS_PER_WAKE_UP = 16 };

/* Hands on what is in the buffer. Returns false if the subscriber threw or closed: stop for this time. */
static bool deliver(struct netlink *n, int32_t length)
{
	if (nlsocket_call(&n->socket, length))
		return !n->socket.close_wanted;
	nlsocket_report(&n->socket);
	return false;
}

/*
 * Reads up to `most` events at once into the buffer, behind `used`. Returns how many datagrams there were, or -1 with
 * errno: EMSGSIZE if one of them was larger than the kernel makes events.
 */
static int gather(struct netlink *n, unsigned int most, size_t *used)
{
	int got, i;

	for (i = 0; i < ANSWERS; i++)
		n->datagrams[i].msg_hdr.msg_namelen = sizeof(n->senders[i]);
	do
		got = recvmmsg(n->socket.fd, n->datagrams, most, MSG_DONTWAIT, NULL);
	while (got < 0 && errno == EINTR);
	for (i = 0; i < got; i++) {
		const size_t length = n->datagrams[i].msg_len;

		if (n->senders[i].nl_pid != 0)
			continue;
		if (length > EVENT_BYTES) {
			errno = EMSGSIZE;
			return -1;
		}
		memcpy(n->events.data + *used, n->answers[i], length);
		memset(n->events.data + *used + length, 0, NLMSG_ALIGN(length) - length);
		*used += NLMSG_ALIGN(length);
	}
	return got;
}

/* Fills the buffer once and hands it on. Returns false when there is no reason to read on. */
static bool read_events(struct netlink *n)
{
	unsigned int most;
	size_t used = 0;
	int error = 0;

	while (!error && n->events.length - used >= EVENT_BYTES) {
		int got;

		most = (n->events.length - used) / EVENT_BYTES;
		if (most > ANSWERS)
			most = ANSWERS;
		got = gather(n, most, &used);
		/* Fewer than there was room for: to read on would only say EAGAIN. */
		if (got < (int)most)
			error = got < 0 ? errno : EAGAIN;
	}
	if (used > 0 && !deliver(n, used))
		return false;
	switch (error) {
	case 0:
		return true;
	case EAGAIN:
		return false;
	case ENOBUFS:	/* The kernel threw events away, */
	case EMSGSIZE:	/* or we did: the same for the subscriber. */
		return deliver(n, -1);
	default:
		nlsocket_fail(&n->socket, error, "recvmmsg");
		return false;
	}
}

static void on_readable(struct nlsocket *s)
{
	int buffers = 0;

	while (read_events((struct netlink *)s) && ++buffers < BUFFERS_PER_WAKE_UP)
		;
}

napi_value netlink_subscribe(napi_env env, napi_callback_info info)
{
	enum { SOCKET, GROUPS, BUFFER, ON_MESSAGES, ARGUMENTS };
	napi_value values[ARGUMENTS];
	struct span groups, buffer;
	struct netlink *n;
	size_t i;

	if (!arguments(env, info, ARGUMENTS, values))
		return NULL;
	n = netlink_idle(env, values[SOCKET]);
	if (!n || !value_span(env, values[GROUPS], "groups", napi_uint32_array, 0, &groups) ||
	    !value_span(env, values[BUFFER], "buffer", napi_uint8_array, EVENT_BYTES, &buffer) ||
	    !value_function(env, values[ON_MESSAGES], "onMessages"))
		return NULL;
	n->events = buffer;
	for (i = 0; i < groups.length / sizeof(uint32_t); i++) {
		const uint32_t group = ((uint32_t *)groups.data)[i];

		if (setsockopt(n->socket.fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group,
			       sizeof(group)) < 0) {
			throw_errno(env, errno, "NETLINK_ADD_MEMBERSHIP", "multicast group %u", group);
			return NULL;
		}
	}
	(void)nlsocket_watch(&n->socket, values[SOCKET], "sipexpectd.netlink", values[ON_MESSAGES],
			     &values[BUFFER], 1, on_readable);
	return NULL;
}

napi_value netlink_filter(napi_env env, napi_callback_info info)
{
	enum { SOCKET, PROGRAM, ARGUMENTS };
	struct sock_filter instructions[BPF_MAXINSNS];
	napi_value values[ARGUMENTS];
	struct sock_fprog filter;
	struct span program;
	struct netlink *n;

	if (!arguments(env, info, ARGUMENTS, values))
		return NULL;
	n = netlink_of(env, values[SOCKET]);
	if (!n || !value_span(env, values[PROGRAM], "program", napi_uint8_array, sizeof(instructions[0]),
			      &program))
		return NULL;
	if (program.length % sizeof(instructions[0]) || program.length > sizeof(instructions)) {
		throw_range(env, "ERR_OUT_OF_RANGE",
			    "program must have from 1 to %d instructions of 8 bytes, got %zu bytes",
			    BPF_MAXINSNS, program.length);
		return NULL;
	}
	memcpy(instructions, program.data, program.length);
	filter = (struct sock_fprog){ program.length / sizeof(instructions[0]), instructions };
	if (setsockopt(n->socket.fd, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof(filter)) < 0)
		throw_errno(env, errno, "SO_ATTACH_FILTER", "the program was refused");
	return NULL;
}
