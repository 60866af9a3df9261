/**
 * Owns the refusal of a store that cannot be opened: for the user to mend, not for a client to retry.
 * Refuses to know which store.
 */

/** `message` is one sentence: what, where, and how it is mended. */
export class StoreRefused extends Error {
  override readonly name = "StoreRefused";
}
