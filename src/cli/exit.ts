/**
 * Owns the exit codes of cli.md and which of several wins.
 * Refuses to end the process: only main.ts and a second Ctrl-C do.
 */

export const EXIT = {
  good: 0,
  violated: 1,
  usage: 2,
  unreachable: 3,
  threshold: 4,
  inconclusive: 5,
  fault: 70,
  interrupted: 130,
} as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** An interrupted run says so whatever it had found; the rest is the order of cli.md. */
const GRAVEST_FIRST: readonly ExitCode[] = [
  EXIT.fault,
  EXIT.interrupted,
  EXIT.usage,
  EXIT.unreachable,
  EXIT.violated,
  EXIT.threshold,
  EXIT.inconclusive,
];

/** The code to end with when several apply: the first of 70, 130, 2, 3, 1, 4, 5; 0 when there is none. */
export function gravest(codes: readonly ExitCode[]): ExitCode {
  return GRAVEST_FIRST.find((code) => codes.includes(code)) ?? EXIT.good;
}

/** Wrong usage or configuration: said in full sentences, one a line, then exit 2. */
export class UsageFault extends Error {
  override readonly name = "UsageFault";
  readonly lines: readonly string[];

  constructor(...lines: readonly string[]) {
    super(lines.join("\n"));
    this.lines = lines;
  }
}
