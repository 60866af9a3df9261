/**
 * Owns the question whether a text is a regular expression.
 * Refuses to keep the expression: what is saved is its text.
 */

/** True for what `RegExp` takes. */
export function isPattern(text: string): boolean {
  try {
    new RegExp(text);
    return true;
  } catch {
    return false;
  }
}
