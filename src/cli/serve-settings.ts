/**
 * Owns the settings of `serve` as people give them: a settings file, a tokens file, flags over both, and secrets from
 * files or the environment.
 * Refuses to start anything. Read anew at SIGHUP, by the same rules.
 */

import { relative, resolve } from "node:path";
import { z } from "zod";
import { Settings, type SettingsInput, Tokens } from "../live/settings.ts";
import { parseWebhookSecret, type WebhookSecret } from "../live/webhook-signature.ts";
import { UsageFault } from "./exit.ts";
import type { Io } from "./io.ts";
import { suggestion } from "./nearest.ts";
import { dotted, withSuggestion } from "./scenario-faults.ts";
import { faultLines, offsetOf, parseYaml, readText } from "./yaml-file.ts";

/** The flags of `serve` that are settings. */
export interface SettingFlags {
  readonly config?: string;
  readonly tokens?: string;
  readonly mode?: string;
  readonly ifMatch?: string;
  readonly resolvedBy?: string;
  readonly retention?: string;
}

export const WEBHOOK_VARIABLE = "ZEKE_WEBHOOK_SECRET";

/** The settings of the file, the tokens of theirs, and the flags over them; UsageFault with what is wrong and where. */
export function readSettings(flags: SettingFlags, cwd: string): SettingsInput {
  const file = flags.config === undefined ? {} : readChecked(flags.config, cwd, "settings", Settings);
  const tokens = flags.tokens === undefined ? undefined : readChecked(flags.tokens, cwd, "tokens", Tokens);
  const { mode, ifMatch, resolvedBy, retention } = flags;
  const conflicts = {
    ...file.conflicts,
    ...(mode === undefined ? undefined : { mode }),
    ...(ifMatch === undefined ? undefined : { ifMatch }),
    ...(resolvedBy === undefined ? undefined : { resolvedBy }),
  };
  const merged = {
    ...file,
    conflicts,
    ...(tokens === undefined ? undefined : { tokens }),
    ...(retention === undefined ? undefined : { retention }),
  };
  const outcome = Settings.safeParse(merged);
  // The file was checked before: what is wrong now came from a flag.
  if (!outcome.success) throw flagFault(outcome.error.issues[0], flags);
  return merged as SettingsInput;
}

/** The secrets that webhooks are signed with: of a file, one a line, or of the environment. None: not served. */
export function readWebhookSecrets(
  file: string | undefined,
  io: Pick<Io, "env" | "cwd">,
): readonly WebhookSecret[] {
  if (file?.startsWith("whsec_")) {
    throw new UsageFault(
      `--webhook-secret names a file: a secret on the command line can be read by every user of the machine. Put it in a file, or in the variable ${WEBHOOK_VARIABLE}.`,
    );
  }
  const where = file ?? WEBHOOK_VARIABLE;
  const text = file === undefined ? (io.env[WEBHOOK_VARIABLE] ?? "") : readText(resolve(io.cwd, file), file);
  const lines = text.split(/\s+/).filter((line) => line !== "");
  if (file !== undefined && lines.length === 0) throw new UsageFault(`${file}: there is no secret in it`);
  return lines.map((line) => {
    const parsed = parseWebhookSecret(line);
    if ("fault" in parsed) throw new UsageFault(`${where}: ${parsed.fault}`);
    return parsed;
  });
}

function readChecked<Schema extends z.ZodType>(
  name: string,
  cwd: string,
  what: string,
  schema: Schema,
): z.input<Schema> {
  const file = resolve(cwd, name);
  const path = relative(cwd, file) || file;
  const { document, data, place } = parseYaml(readText(file, `${what} ${name}`), path);
  if (data === null || data === undefined) {
    if (schema.safeParse({}).success) return {} as z.input<Schema>;
    throw new UsageFault(`${path}: the file is empty`);
  }
  const outcome = schema.safeParse(data);
  if (outcome.success) return data as z.input<Schema>;
  const faults = outcome.error.issues.flatMap((issue) =>
    issue.code === "unrecognized_keys"
      ? issue.keys.map((key) => ({
          path: [...issue.path, key],
          atKey: true,
          message: unknownKey(key, issue.path, schema),
        }))
      : [{ path: issue.path, atKey: false, message: `${dotted(issue.path)}: ${issue.message}` }],
  );
  const positioned = faults.map((fault) => ({ offset: offsetOf(fault, document), message: fault.message }));
  throw faultLines(
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
    while (at instanceof z.ZodDefault || at instanceof z.ZodPrefault || at instanceof z.ZodOptional) {
      at = at.unwrap();
    }
    if (!(at instanceof z.ZodObject)) return [];
    if (name === undefined) return Object.keys(at.shape);
    at = at.shape[String(name)];
  }
  return [];
}

const FLAG_OF: Readonly<Record<string, string>> = {
  "conflicts.mode": "--mode",
  "conflicts.ifMatch": "--if-match",
  "conflicts.resolvedBy": "--resolved-by",
  retention: "--retention",
};

function flagFault(issue: z.core.$ZodIssue | undefined, flags: SettingFlags): UsageFault {
  const flag = FLAG_OF[dotted(issue?.path ?? [])] ?? "a setting";
  const given = {
    "--mode": flags.mode,
    "--if-match": flags.ifMatch,
    "--resolved-by": flags.resolvedBy,
    "--retention": flags.retention,
  }[flag];
  return new UsageFault(`${flag} ${given ?? ""}: ${issue?.message ?? "is wrong"}`);
}
