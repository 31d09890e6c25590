/** Something the addon must survive; it throws when the addon did not. */
export type Scenario = () => void | Promise<void>;

/**
 * Plays the scenario that the program's first argument names. A scenario's program must also end by itself, with
 * status 0: nothing may be left that keeps its event loop alive.
 */
export async function play(scenarios: Readonly<Record<string, Scenario>>): Promise<void> {
  const name = process.argv[2] ?? "";
  const scenario = scenarios[name];
  if (scenario === undefined) throw new Error(`No scenario "${name}"; there are ${Object.keys(scenarios)}.`);
  await scenario();
}

/** Lets the event loop turn `turns` times, each with its poll phase. */
export async function turnLoop(turns = 1): Promise<void> {
  for (let turn = 0; turn < turns; turn++) await new Promise((resolve) => setImmediate(resolve));
}

/** Turns the event loop until `happened()` says so; throws when `what` has not happened after ten seconds. */
export async function until(happened: () => boolean, what: string): Promise<void> {
  const end = Date.now() + 10_000;
  while (!happened()) {
    if (Date.now() > end) throw new Error(`Waited in vain until ${what}.`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
