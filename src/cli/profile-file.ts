/**
 * Owns profiles and baselines as files: read, checked, and each fault told with its line and column.
 * Refuses to know what a profile is used for.
 */

import { relative, resolve } from "node:path";
import { z } from "zod";
import { Baseline } from "../conformance/baseline.ts";
import { expandEnv, Profile, secretsOf } from "../conformance/profile.ts";
import type { Io } from "./io.ts";
import { suggestion } from "./nearest.ts";
import { dotted, withSuggestion } from "./scenario-faults.ts";
import { type DataPlace, faultLines, offsetOf, parseYaml, readText, type YamlFile } from "./yaml-file.ts";

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
  const file = open(name, "profile", io.cwd);
  const { data, unset, secrets } = expandEnv(file.data ?? {}, io.env);
  if (unset.length > 0)
    throw told(
      unset.map(({ path, name: variable }) => ({
        path,
        atKey: false,
        message: `${dotted(path)}: the environment has no ${variable}`,
      })),
      file,
    );
  const profile = checked(Profile, data, file);
  return { profile, secrets: [...secretsOf(profile), ...secrets] };
}

/** The baseline of a file; empty without one. */
export function readBaseline(name: string | undefined, cwd: string): Baseline {
  if (name === undefined) return {};
  const file = open(name, "baseline", cwd);
  return checked(Baseline, file.data ?? {}, file);
}

function open(name: string, what: string, cwd: string): YamlFile {
  const path = resolve(cwd, name);
  return parseYaml(readText(path, `${what} ${name}`), relative(cwd, path) || path);
}

function checked<Schema extends z.ZodType>(schema: Schema, data: unknown, file: YamlFile): z.output<Schema> {
  const outcome = schema.safeParse(data);
  if (outcome.success) return outcome.data;
  const faults = outcome.error.issues.flatMap((issue) =>
    issue.code === "unrecognized_keys"
      ? issue.keys.map((key) => ({
          path: [...issue.path, key],
          atKey: true,
          message: unknownKey(key, issue.path, schema),
        }))
      : [
          {
            path: issue.path,
            atKey: issue.code === "invalid_key",
            message: `${dotted(issue.path)}: ${issue.message}`,
          },
        ],
  );
  throw told(faults, file);
}

function told(faults: readonly (DataPlace & { readonly message: string })[], { document, place }: YamlFile) {
  const positioned = faults.map((fault) => ({ offset: offsetOf(fault, document), message: fault.message }));
  return faultLines(
    positioned.sort((left, right) => left.offset - right.offset),
    place,
  );
}

function unknownKey(key: string, parent: readonly PropertyKey[], schema: z.ZodType): string {
  const place = parent.length === 0 ? "this file" : dotted(parent);
  return withSuggestion(
    `there is no key "${key}" in ${place}`,
    suggestion(key, keysAt(schema, parent), "its keys are"),
  );
}

/** The keys of the object at this path of a schema. */
function keysAt(schema: z.ZodType, path: readonly PropertyKey[]): readonly string[] {
  let at: unknown = schema;
  for (const name of [...path, undefined]) {
    while (at instanceof z.ZodDefault || at instanceof z.ZodPrefault || at instanceof z.ZodOptional)
      at = at.unwrap();
    if (at instanceof z.ZodTuple) {
      at = at.def.items[Number(name)];
      continue;
    }
    if (at instanceof z.ZodRecord) {
      if (name === undefined) return at.keyType instanceof z.ZodEnum ? at.keyType.options.map(String) : [];
      at = at.valueType;
      continue;
    }
    if (!(at instanceof z.ZodObject)) return [];
    if (name === undefined) return Object.keys(at.shape);
    at = at.shape[String(name)];
  }
  return [];
}
