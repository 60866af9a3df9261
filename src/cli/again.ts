/**
 * Owns the command that runs the same simulation again, as a user would type it.
 * Refuses what does not decide the run: where its report goes, how it is printed.
 */

/** What decides a run; where its report goes does not. */
export interface RunArguments {
  readonly scenario: string;
  readonly seed: number;
  readonly devices?: number | undefined;
  readonly duration?: string | undefined;
  readonly set: readonly string[];
  /** The seed draws the faults, too. */
  readonly swarm?: boolean | undefined;
  /** `index` from 0. */
  readonly shard?: { readonly index: number; readonly of: number } | undefined;
  /** Name of a planted fault. */
  readonly fault?: string | undefined;
}

/** For instance `zeke-sync simulate commuter --seed 7 --set network.loss=10%`. */
export function againCommand(run: RunArguments): string {
  const words = ["zeke-sync", "simulate", run.scenario, "--seed", String(run.seed)];
  if (run.swarm) words.splice(3, 0, "--swarm");
  if (run.devices !== undefined) words.push("--devices", String(run.devices));
  if (run.duration !== undefined) words.push("--duration", run.duration);
  for (const change of run.set) words.push("--set", change);
  if (run.fault !== undefined) words.push("--fault", run.fault);
  if (run.shard !== undefined) words.push("--shard", `${run.shard.index + 1}/${run.shard.of}`);
  return words.map(quoted).join(" ");
}

/** A word as a POSIX shell needs it. */
export function quoted(word: string): string {
  return /^[A-Za-z0-9_@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
