/* The export table, and the end of an environment. */
#include <stdlib.h>

#include "addon.h"

#define EXPORT(function) { #function, NULL, function, NULL, NULL, NULL, napi_enumerable, NULL }

/*
 * Asynchronous, because libuv gives a handle's memory back only in a later turn of the loop, and a worker's
 * loop must not be left with open handles. The environment waits until the hook is removed (socket.c does it
 * when the last close callback has come).
 */
static void close_all(napi_async_cleanup_hook_handle hook, void *data)
{
	struct addon *addon = data;

	addon->ending = true;
	while (addon->open)
		nlsocket_close(addon->open);
	if (addon->closing == 0) {
		free(addon);
		(void)napi_remove_async_cleanup_hook(hook);
	}
}

NAPI_MODULE_INIT()
{
	const napi_property_descriptor properties[] = {
		EXPORT(queue_open),
		EXPORT(queue_verdict),
		EXPORT(queue_close),
		EXPORT(netlink_open),
		EXPORT(netlink_request),
		EXPORT(netlink_dump),
		EXPORT(netlink_dump_next),
		EXPORT(netlink_subscribe),
		EXPORT(netlink_filter),
		EXPORT(netlink_port),
		EXPORT(netlink_close),
	};
	const size_t count = sizeof(properties) / sizeof(properties[0]);
	struct addon *addon = calloc(1, sizeof(*addon));

	if (!addon) {
		throw_errno(env, ENOMEM, "calloc", "no memory for the addon");
		return NULL;
	}
	if (!ok(env, napi_set_instance_data(env, addon, NULL, NULL)) ||
	    !ok(env, napi_add_async_cleanup_hook(env, close_all, addon, &addon->hook))) {
		free(addon);
		return NULL;
	}
	if (!ok(env, napi_define_properties(env, exports, count, properties)))
		return NULL;
	return exports;
}
