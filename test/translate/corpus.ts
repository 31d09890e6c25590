import { existsSync, readFileSync } from "node:fs";

/** One file of a corpus: its bytes as latin1 and what its index says. */
export interface Sample {
  readonly file: string;
  readonly kind: string;
  readonly note: string;
  readonly text: string;
}

const OWN = new URL("../corpus/", import.meta.url);
const LARGE = new URL("../../../shared/corpus/", import.meta.url);

/** The samples that lie in the repository. */
export function ownCorpus(): Sample[] {
  return read(OWN);
}

/** The larger corpus beside the repository; empty, and said so, when it is absent. */
export function largeCorpus(): Sample[] {
  if (existsSync(new URL("INDEX.tsv", LARGE))) return read(LARGE);
  process.stdout.write(`The large corpus is absent (${LARGE.pathname}); only test/corpus/ is tested.\n`);
  return [];
}

/** One sample of the repository's corpus by its path. */
export function sample(file: string): string {
  return readFileSync(new URL(file, OWN), "latin1");
}

function read(root: URL): Sample[] {
  const rows = readFileSync(new URL("INDEX.tsv", root), "utf8").trimEnd().split("\n").slice(1);
  return rows.map((row) => {
    const [file = "", , kind = "", note = ""] = row.split("\t");
    return { file, kind, note, text: readFileSync(new URL(file, root), "latin1") };
  });
}

/** The file beside a sample of the large corpus, `.expected` for `.sdp`. */
export function sibling(file: string, extension: string): string {
  return readFileSync(new URL(file.replace(/\.\w+$/, extension), LARGE), "latin1");
}
