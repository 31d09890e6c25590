/**
 * RulesError is a reason why rules cannot be printed, applied or removed.
 *
 * Its message is one line for the admin: it names the value or the command at fault and the remedy.
 */
export class RulesError extends Error {
  override readonly name = "RulesError";
}
