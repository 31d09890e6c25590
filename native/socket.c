/*
 * One netlink socket in the event loop: open, watch, call back, close.
 *
 * A socket's memory is freed when its last reference goes: JavaScript's handle (finalised by the garbage
 * collector), the uv handle (until its close callback), a wake-up that runs. A watched socket keeps its own
 * handle alive, as a listening server does; one that is not watched is closed when its handle is collected.
 */
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "addon.h"

/* Opens, binds and sizes the socket. Returns 0, or -1 with errno set and nothing left open. */
int nlsocket_open(struct nlsocket *s, napi_env env, int protocol, uint32_t receive_buffer)
{
	struct sockaddr_nl address = { .nl_family = AF_NETLINK };
	socklen_t length = sizeof(address);
	int size = receive_buffer > INT32_MAX / 2 ? INT32_MAX / 2 : (int)receive_buffer;
	int fd, error;
	void *data;

	if (napi_get_instance_data(env, &data) != napi_ok) {
		errno = EINVAL;
		return -1;
	}
	fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, protocol);
	if (fd < 0)
		return -1;
	/* FORCE goes past net.core.rmem_max and needs CAP_NET_ADMIN. */
	if (size > 0 && setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) < 0 &&
	    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size)) < 0)
		goto failed;
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
	    getsockname(fd, (struct sockaddr *)&address, &length) < 0)
		goto failed;

	s->env = env;
	s->addon = data;
	s->fd = fd;
	s->port = address.nl_pid;
	s->references = 0;
	s->next = s->addon->open;
	s->link = &s->addon->open;
	if (s->next)
		s->next->link = &s->next;
	s->addon->open = s;
	return 0;
failed:
	error = errno;
	close(fd);
	errno = error;
	return -1;
}

/* Drops one reference and frees the socket (and the struct it is embedded in) with the last. */
void nlsocket_release(struct nlsocket *s)
{
	if (--s->references == 0)
		free(s);
}

static void on_collected(napi_env env, void *data, void *hint)
{
	struct nlsocket *s = data;

	(void)env;
	(void)hint;
	nlsocket_close(s);
	nlsocket_release(s);
}

/* The JavaScript handle of an open socket, or NULL with an error thrown and the socket closed and freed. */
napi_value nlsocket_handle(struct nlsocket *s, const napi_type_tag *tag)
{
	napi_env env = s->env;
	napi_value handle;

	s->references++;
	if (!ok(env, napi_create_external(env, s, on_collected, NULL, &handle))) {
		nlsocket_close(s);
		nlsocket_release(s);
		return NULL;
	}
	return ok(env, napi_type_tag_object(env, handle, tag)) ? handle : NULL;
}

/* The socket behind a handle; NULL, with an error thrown, if it is no such handle or has been closed. */
struct nlsocket *nlsocket_of(napi_env env, napi_value value, const napi_type_tag *tag, const char *name,
			     bool closed_too)
{
	napi_valuetype type;
	struct nlsocket *s;
	bool tagged = false;
	void *data;

	if (!ok(env, napi_typeof(env, value, &type)))
		return NULL;
	if (type == napi_external && !ok(env, napi_check_object_type_tag(env, value, tag, &tagged)))
		return NULL;
	if (!tagged) {
		throw_type(env, "ERR_INVALID_ARG_TYPE", "the first argument must be a %s handle", name);
		return NULL;
	}
	if (!ok(env, napi_get_value_external(env, value, &data)))
		return NULL;
	s = data;
	if (!closed_too && (s->fd < 0 || s->close_wanted)) {
		(void)napi_throw_error(env, "ERR_CLOSED", "the handle has been closed");
		return NULL;
	}
	return s;
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
	struct nlsocket *s = poll->data;
	napi_handle_scope scope;

	(void)events;
	if (napi_open_handle_scope(s->env, &scope) != napi_ok)
		return;
	s->references++;
	s->busy = true;
	s->on_readable(s);
	s->busy = false;
	(void)napi_close_handle_scope(s->env, scope);
	if (s->close_wanted)
		nlsocket_close(s);
	/* On POLLERR (an overrun, which on_readable has just taken from the socket) libuv stops polling. */
	else if (status < 0 && s->fd >= 0)
		(void)uv_poll_start(&s->poll, UV_READABLE, on_poll);
	nlsocket_release(s);
}

/*
 * Starts calling `on_readable` from the environment's event loop. `callback` is what nlsocket_call() calls;
 * the handle itself and the `kept` values live until the socket is closed. Returns false with an error thrown
 * and the socket not watched.
 */
bool nlsocket_watch(struct nlsocket *s, napi_value handle, const char *name, napi_value callback,
		    const napi_value *kept, uint32_t count, void (*on_readable)(struct nlsocket *))
{
	napi_env env = s->env;
	napi_value values, resource;
	uv_loop_t *loop;
	uint32_t i;
	int error;

	if (!ok(env, napi_get_uv_event_loop(env, &loop)) ||
	    !ok(env, napi_create_array_with_length(env, count + 1, &values)) ||
	    !ok(env, napi_set_element(env, values, count, handle)))
		return false;
	for (i = 0; i < count; i++)
		if (!ok(env, napi_set_element(env, values, i, kept[i])))
			return false;
	error = uv_poll_init(loop, &s->poll, s->fd);
	if (error) {
		throw_errno(env, -error, "uv_poll_init", "the socket cannot be watched");
		return false;
	}
	/* From here on the uv handle exists and must be closed by nlsocket_close(), whatever happens. */
	s->poll.data = s;
	s->watched = true;
	s->references++;
	s->on_readable = on_readable;
	if (!ok(env, napi_create_reference(env, values, 1, &s->kept)) ||
	    !ok(env, napi_create_reference(env, callback, 1, &s->callback)) ||
	    !ok(env, napi_create_string_utf8(env, name, NAPI_AUTO_LENGTH, &resource)) ||
	    !ok(env, napi_async_init(env, NULL, resource, &s->context)))
		goto failed;
	error = uv_poll_start(&s->poll, UV_READABLE, on_poll);
	if (!error)
		return true;
	throw_errno(env, -error, "uv_poll_start", "the socket cannot be watched");
failed:
	nlsocket_close(s);
	return false;
}

/*
 * Calls the JavaScript callback. Returns false if it threw: the caller first does what must be done for the
 * packets, then hands the exception on with nlsocket_report().
 *
 * NB: napi_make_callback and not napi_call_function: with the latter a throw out of a uv callback vanishes.
 */
bool nlsocket_call(struct nlsocket *s, int32_t argument)
{
	napi_value global, callback, value;

	return napi_get_global(s->env, &global) == napi_ok &&
	       napi_get_reference_value(s->env, s->callback, &callback) == napi_ok &&
	       napi_create_int32(s->env, argument, &value) == napi_ok &&
	       napi_make_callback(s->env, s->context, global, callback, 1, &value, NULL) == napi_ok;
}

/* Makes the pending exception an uncaughtException. May not return (no listener: the process ends). */
void nlsocket_report(struct nlsocket *s)
{
	napi_value exception;
	bool pending = false;

	if (napi_is_exception_pending(s->env, &pending) == napi_ok && pending &&
	    napi_get_and_clear_last_exception(s->env, &exception) == napi_ok)
		(void)napi_fatal_exception(s->env, exception);
}

/* Closes a watched socket that cannot be read any more, and reports why as an uncaughtException. */
void nlsocket_fail(struct nlsocket *s, int error, const char *syscall)
{
	nlsocket_close(s);
	throw_errno(s->env, error, syscall, "the netlink socket cannot be read and has been closed");
	nlsocket_report(s);
}

static void on_closed(uv_handle_t *poll)
{
	struct nlsocket *s = poll->data;
	struct addon *addon = s->addon;

	nlsocket_release(s);
	if (--addon->closing == 0 && addon->ending) {
		napi_async_cleanup_hook_handle hook = addon->hook;

		free(addon);
		(void)napi_remove_async_cleanup_hook(hook);
	}
}

/* Idempotent. Inside a wake-up of the socket it takes effect at that wake-up's end. */
void nlsocket_close(struct nlsocket *s)
{
	if (s->fd < 0)
		return;
	if (s->busy && !s->addon->ending) {
		s->close_wanted = true;
		return;
	}
	if (s->before_close)
		s->before_close(s);
	*s->link = s->next;
	if (s->next)
		s->next->link = s->link;
	if (s->watched) {
		/* libuv takes the descriptor out of its epoll set here, so it may be closed next. */
		s->addon->closing++;
		uv_close((uv_handle_t *)&s->poll, on_closed);
		if (s->context)
			(void)napi_async_destroy(s->env, s->context);
		if (s->callback)
			(void)napi_delete_reference(s->env, s->callback);
		if (s->kept)
			(void)napi_delete_reference(s->env, s->kept);
	}
	close(s->fd);
	s->fd = -1;
}
