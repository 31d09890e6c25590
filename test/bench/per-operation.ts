/** Nanoseconds per item. */
export function perOperation<Item>(
  items: readonly Item[],
  operation: (item: Item, index: number) => void,
): number {
  const start = process.hrtime.bigint();
  for (const [index, item] of items.entries()) operation(item, index);
  return Number(process.hrtime.bigint() - start) / items.length;
}

export function missing(what: number): never {
  throw new Error(`${what} is not in the table.`);
}
