/**
 * Owns profiles and baselines as files: read, checked, and each fault told with its line and column.
 * Refuses to know what a profile is used for.
 */

import { Baseline } from "../conformance/baseline.ts";
import { expandEnv, Profile, secretsOf } from "../conformance/profile.ts";
import type { Io } from "./io.ts";
import { checkedBy, dotted, faultsIn, openYaml } from "./yaml-file.ts";

/** A profile, and everything in it that must never be shown. */
export interface ReadProfile {
  readonly profile: Profile;
  readonly secrets: readonly string[];
}

/** The profile of a file, or the default one. UsageFault with `path:line:column: what is wrong`. */
export function readProfile(name: string | undefined, io: Pick<Io, "cwd" | "env">): ReadProfile {
  if (name === undefined) {
    const profile = Profile.parse({});
    return { profile, secrets: secretsOf(profile) };
  }
  const file = openYaml(name, "profile", io.cwd);
  const { data, unset, secrets } = expandEnv(file.data ?? {}, io.env);
  if (unset.length > 0)
    throw faultsIn(
      file,
      unset.map(({ path, name: variable }) => ({
        path,
        atKey: false,
        message: `${dotted(path)}: the environment has no ${variable}`,
      })),
    );
  const profile = checkedBy(Profile, data, file);
  return { profile, secrets: [...secretsOf(profile), ...secrets] };
}

/** The baseline of a file; empty without one. */
export function readBaseline(name: string | undefined, cwd: string): Baseline {
  if (name === undefined) return {};
  const file = openYaml(name, "baseline", cwd);
  return checkedBy(Baseline, file.data ?? {}, file);
}
