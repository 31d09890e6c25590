/* Arguments checked, errors thrown. Each function that returns false has thrown. */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>

#include "addon.h"

#define MESSAGE_BYTES 256

/* True if a Node-API call succeeded; otherwise an Error is pending. */
bool ok(napi_env env, napi_status status)
{
	const napi_extended_error_info *info;
	bool pending = false;

	if (status == napi_ok)
		return true;
	if (napi_get_last_error_info(env, &info) != napi_ok)
		info = NULL;
	if (napi_is_exception_pending(env, &pending) == napi_ok && !pending)
		(void)napi_throw_error(env, "ERR_NAPI", info && info->error_message ? info->error_message :
				       "a Node-API call failed");
	return false;
}

/* Throws "CODE: what, syscall" with the properties code and syscall, as Node's own system errors have. */
void throw_errno(napi_env env, int error, const char *syscall, const char *format, ...)
{
	char what[MESSAGE_BYTES], text[2 * MESSAGE_BYTES], name[32], description[64];
	napi_value message, code, exception, call;
	va_list list;

	va_start(list, format);
	vsnprintf(what, sizeof(what), format, list);
	va_end(list);
	uv_err_name_r(-error, name, sizeof(name));
	uv_strerror_r(-error, description, sizeof(description));
	snprintf(text, sizeof(text), "%s: %s (%s), %s", name, what, description, syscall);
	if (ok(env, napi_create_string_utf8(env, text, NAPI_AUTO_LENGTH, &message)) &&
	    ok(env, napi_create_string_utf8(env, name, NAPI_AUTO_LENGTH, &code)) &&
	    ok(env, napi_create_error(env, code, message, &exception)) &&
	    ok(env, napi_create_string_utf8(env, syscall, NAPI_AUTO_LENGTH, &call)) &&
	    ok(env, napi_set_named_property(env, exception, "syscall", call)))
		(void)napi_throw(env, exception);
}

void throw_type(napi_env env, const char *code, const char *format, ...)
{
	char text[MESSAGE_BYTES];
	va_list list;

	va_start(list, format);
	vsnprintf(text, sizeof(text), format, list);
	va_end(list);
	(void)napi_throw_type_error(env, code, text);
}

void throw_range(napi_env env, const char *code, const char *format, ...)
{
	char text[MESSAGE_BYTES];
	va_list list;

	va_start(list, format);
	vsnprintf(text, sizeof(text), format, list);
	va_end(list);
	(void)napi_throw_range_error(env, code, text);
}

/* Reads exactly `count` arguments. */
bool arguments(napi_env env, napi_callback_info info, size_t count, napi_value *values)
{
	size_t got = count;

	if (!ok(env, napi_get_cb_info(env, info, &got, values, NULL, NULL)))
		return false;
	if (got < count) {
		throw_type(env, "ERR_MISSING_ARGS", "%zu arguments are needed, %zu were given", count, got);
		return false;
	}
	return true;
}

/* Reads an integer from 0 to `max`; napi_get_value_uint32() alone would wrap 65536.5 silently. */
bool value_u32(napi_env env, napi_value value, const char *name, uint32_t max, uint32_t *number)
{
	napi_valuetype type;
	double given;

	if (!ok(env, napi_typeof(env, value, &type)))
		return false;
	if (type != napi_number) {
		throw_type(env, "ERR_INVALID_ARG_TYPE", "%s must be a number", name);
		return false;
	}
	if (!ok(env, napi_get_value_double(env, value, &given)))
		return false;
	if (!(given >= 0 && given <= max) || given != floor(given)) {
		throw_range(env, "ERR_OUT_OF_RANGE", "%s must be an integer from 0 to %u, got %.15g", name,
			    max, given);
		return false;
	}
	*number = (uint32_t)given;
	return true;
}

/*
 * Reads the memory of a typed array that has at least `min` bytes.
 *
 * NB: the pointer is good for as long as the array is referenced AND its ArrayBuffer is neither detached
 * (transferred, structuredClone with transfer) nor resized: both give the memory away under us. A small array
 * that lives inside the JavaScript heap is moved out of it, for good, by asking for its pointer.
 */
bool value_span(napi_env env, napi_value value, const char *name, napi_typedarray_type type, size_t min,
		struct span *span)
{
	static const char *const names[] = {
		[napi_uint8_array] = "Uint8Array",
		[napi_int32_array] = "Int32Array",
		[napi_uint32_array] = "Uint32Array",
		[napi_biguint64_array] = "BigUint64Array",
	};
	static const size_t widths[] = {
		[napi_uint8_array] = 1,
		[napi_int32_array] = 4,
		[napi_uint32_array] = 4,
		[napi_biguint64_array] = 8,
	};
	napi_typedarray_type got;
	bool typed = false;
	size_t length;
	void *data;

	if (!ok(env, napi_is_typedarray(env, value, &typed)))
		return false;
	if (typed && !ok(env, napi_get_typedarray_info(env, value, &got, &length, &data, NULL, NULL)))
		return false;
	if (!typed || got != type) {
		throw_type(env, "ERR_INVALID_ARG_TYPE", "%s must be a %s", name, names[type]);
		return false;
	}
	if (length * widths[type] < min) {
		throw_range(env, "ERR_OUT_OF_RANGE", "%s must have at least %zu elements, got %zu", name,
			    min / widths[type], length);
		return false;
	}
	span->data = data;
	span->length = length * widths[type];
	return true;
}

bool value_function(napi_env env, napi_value value, const char *name)
{
	napi_valuetype type;

	if (!ok(env, napi_typeof(env, value, &type)))
		return false;
	if (type != napi_function)
		throw_type(env, "ERR_INVALID_ARG_TYPE", "%s must be a function", name);
	return type == napi_function;
}
