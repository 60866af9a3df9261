/**
 * Owns the two ways of saying "this cannot happen".
 * Knows nothing of sync. What may happen is a union; what a peer refuses is protocol data; only the rest is asserted.
 */

/** A broken promise of our own code: exit class 70, never the fault of a target or of a user. */
export class AssertionFault extends Error {
  override readonly name = "AssertionFault";
}

/** Throws AssertionFault with `claim` when `condition` does not hold. */
export function assert(condition: unknown, claim: string): asserts condition {
  if (!condition) throw new AssertionFault(claim);
}

/** Ends a switch over a union: a value that reaches this was not foreseen by its type. */
export function assertNever(value: never): never {
  throw new AssertionFault(`unforeseen case ${JSON.stringify(value)}`);
}
