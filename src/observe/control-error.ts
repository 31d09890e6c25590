/** ControlError says, ready to print, what is wrong with the control socket or with what was asked over it. */
export class ControlError extends Error {
  override readonly name = "ControlError";
}
