/**
 * Puts `text` between the two comments of a Markdown page that name a block of it:
 *
 *	<!-- figures: NAME -->
 *	<!-- end -->
 *
 * Throws when the page has no such block.
 */
export function fillBlock(page: string, name: string, text: string): string {
  const begin = `<!-- figures: ${name} -->\n`;
  const start = page.indexOf(begin);
  const end = page.indexOf("<!-- end -->", start);
  if (start === -1 || end === -1) throw new Error(`The page has no block "${begin.trim()}" with its end.`);
  return `${page.slice(0, start + begin.length)}\n${text.trim()}\n\n${page.slice(end)}`;
}

/** True when a page has the block of that name. */
export function hasBlock(page: string, name: string): boolean {
  return page.includes(`<!-- figures: ${name} -->\n`);
}

/** A table in Markdown. */
export function markdownTable(columns: readonly string[], rows: ReadonlyArray<readonly string[]>): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  return [line(columns), line(columns.map(() => "---")), ...rows.map(line)].join("\n");
}
