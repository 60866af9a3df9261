/**
 * Owns finding a planted fault by its name, and putting it into the parts of a run.
 * Refuses to load any of it when no fault was asked for.
 */

import type { Fault } from "../faults/fault.ts";
import type { Parts } from "../simulation/parts.ts";
import { UsageFault } from "./exit.ts";
import { suggestion, withSuggestion } from "./nearest.ts";

/** A fault with the parts that hold it. */
export interface Planted {
  readonly fault: Fault;
  readonly parts: Parts;
}

/** The reference parts with the fault of this name in them; UsageFault when there is none of that name. */
export async function plant(name: string | undefined): Promise<Planted | undefined> {
  if (name === undefined) return undefined;
  const [{ FAULTS, faultByName }, { REFERENCE }] = await Promise.all([
    import("../faults/all.ts"),
    import("../simulation/parts.ts"),
  ]);
  const fault = faultByName(name);
  if (fault) return { fault, parts: fault.plant(REFERENCE) };
  throw noSuchFault(
    name,
    FAULTS.map((known) => known.name),
  );
}

/** What is said to a name that no planted fault has. */
export function noSuchFault(name: string, names: readonly string[]): UsageFault {
  const near = suggestion(name, names, "the faults are");
  const offered = near === "" ? "zeke-sync rules <id> names those that break a rule" : near;
  return new UsageFault(withSuggestion(`there is no planted fault "${name}"`, offered));
}
