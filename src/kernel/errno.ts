import { constants } from "node:os";

const names = new Map<number, string>();
// EAGAIN and EWOULDBLOCK, ENOTSUP and EOPNOTSUPP share a number: the kernel's own spelling is listed first.
for (const name of ["EAGAIN", "EOPNOTSUPP"] as const) names.set(constants.errno[name], name);
for (const [name, number] of Object.entries(constants.errno)) {
  if (!names.has(number)) names.set(number, name);
}
// Not in node:os: netfilter answers ENOTSUPP (include/linux/errno.h) where a feature is not built in.
names.set(524, "ENOTSUPP");

/** Returns the name of a positive errno ("ENOENT"), or "errno 999" for a number without one. */
export function errnoName(errno: number): string {
  return names.get(errno) ?? `errno ${errno}`;
}
