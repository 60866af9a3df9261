/**
 * Owns the folding of lines that have no spaces to wrap at: JSON, paths, lists of revisions.
 * Refuses to lose any of a text: who wants it shorter cuts it before.
 */

const SOFT = [" ", ",", "&"] as const;

/** A line in parts of at most `width` characters, broken behind a comma where there is one; all but the first indented. */
export function fold(line: string, indent: number, width: number): readonly string[] {
  const lines: string[] = [];
  let rest = line;
  while (rest.length > width) {
    const soft = Math.max(...SOFT.map((sign) => rest.lastIndexOf(sign, width - 1)));
    const at = soft > Math.max(indent, width / 2) ? soft + 1 : wholeAt(rest, width);
    lines.push(rest.slice(0, at).trimEnd());
    rest = " ".repeat(indent) + rest.slice(at).trimStart();
  }
  return [...lines, rest.trimEnd()];
}

/** Not between the two halves of a character. */
function wholeAt(text: string, at: number): number {
  return /[\ud800-\udbff]/.test(text.charAt(at - 1)) ? at - 1 : at;
}
