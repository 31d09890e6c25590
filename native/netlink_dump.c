/*
 * Dumps: one request, and the kernel's table handed on datagram by datagram.
 */
#include "netlink.h"

/* The largest datagram of a dump, and so what netlink_dump_next() needs (netlink_dump, af_netlink.c). */
enum { DUMP_BYTES = 32 << 10 };

napi_value netlink_dump(napi_env env, napi_callback_info info)
{
	enum { SOCKET, REQUEST, ARGUMENTS };
	napi_value values[ARGUMENTS];
	struct nlmsghdr header;
	struct span request;
	struct netlink *n;
	int error;

	if (!arguments(env, info, ARGUMENTS, values))
		return NULL;
	n = netlink_idle(env, values[SOCKET]);
	if (!n || !value_span(env, values[REQUEST], "request", napi_uint8_array, NLMSG_HDRLEN, &request))
		return NULL;
	header = read_header(request.data);
	if (header.nlmsg_len != request.length) {
		throw_range(env, "ERR_INVALID_MESSAGE", "request: gives its length as %u, and has %zu bytes",
			    header.nlmsg_len, request.length);
		return NULL;
	}
	header.nlmsg_seq = ++n->sequence;
	header.nlmsg_flags |= NLM_F_REQUEST | NLM_F_DUMP;
	write_header(request.data, &header);
	error = netlink_send(n, request.data, request.length);
	if (error) {
		throw_errno(env, error, "sendto", "the dump request cannot be sent");
		return NULL;
	}
	n->dumping = true;
	n->interrupted = false;
	return NULL;
}

/* The answer to one datagram of a dump: bytes kept in the buffer, and whether it was the last. */
struct part {
	size_t kept;
	bool last;
	int error;
};

/* Keeps the dump's own messages, packed to the front of the datagram they came in. */
static struct part pack_dump(struct netlink *n, uint8_t *data, size_t length)
{
	struct part part = { 0 };
	size_t at = 0;

	while (length - at >= NLMSG_HDRLEN && !part.last) {
		struct nlmsghdr header = read_header(data + at);
		size_t step = NLMSG_ALIGN((size_t)header.nlmsg_len);

		if (header.nlmsg_len < NLMSG_HDRLEN || header.nlmsg_len > length - at) {
			part.error = EBADMSG;
			return part;
		}
		if (step > length - at)
			step = length - at;
		if (header.nlmsg_seq == n->sequence) {
			n->interrupted |= (header.nlmsg_flags & NLM_F_DUMP_INTR) != 0;
			if (header.nlmsg_type == NLMSG_DONE || header.nlmsg_type == NLMSG_ERROR) {
				part.last = true;
				if (header.nlmsg_len >= NLMSG_HDRLEN + sizeof(int))
					part.error = read_errno(data + at + NLMSG_HDRLEN);
			} else {
				memmove(data + part.kept, data + at, step);
				part.kept += step;
			}
		}
		at += step;
	}
	return part;
}

napi_value netlink_dump_next(napi_env env, napi_callback_info info)
{
	enum { SOCKET, BUFFER, ARGUMENTS };
	napi_value values[ARGUMENTS], result;
	struct part part = { 0 };
	struct sockaddr_nl sender;
	struct span buffer;
	struct netlink *n;
	int32_t answer;

	if (!arguments(env, info, ARGUMENTS, values))
		return NULL;
	n = netlink_of(env, values[SOCKET]);
	if (!n || !value_span(env, values[BUFFER], "buffer", napi_uint8_array, DUMP_BYTES, &buffer))
		return NULL;
	while (n->dumping && part.kept == 0 && !part.error) {
		ssize_t got = netlink_receive(n, buffer.data, buffer.length, &sender);

		if (got < 0 && errno == EAGAIN)
			part.error = netlink_await(n);
		else if (got < 0)
			part.error = errno;
		else if (sender.nl_pid == 0)
			part = pack_dump(n, buffer.data, got);
		if (part.last || part.error)
			n->dumping = false;
	}
	if (part.error) {
		throw_errno(env, part.error, "recvmsg", "the dump failed");
		return NULL;
	}
	/* Entries may share their datagram with the end; the interruption is told by the call after them. */
	answer = part.kept;
	if (part.kept == 0 && n->interrupted) {
		n->interrupted = false;
		answer = -1;
	}
	return ok(env, napi_create_int32(env, answer, &result)) ? result : NULL;
}
