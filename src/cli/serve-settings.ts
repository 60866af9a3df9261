/**
 * Owns the settings of `serve` as people give them: a settings file, a tokens file, flags over both, and secrets from
 * files or the environment.
 * Refuses to start anything. Read anew at SIGHUP, by the same rules.
 */

import { resolve } from "node:path";
import type { z } from "zod";
import { Settings, type SettingsInput, Tokens } from "../live/settings.ts";
import { parseWebhookSecret, type WebhookSecret } from "../live/webhook-signature.ts";
import { UsageFault } from "./exit.ts";
import type { Io } from "./io.ts";
import { checkedBy, dotted, openYaml, readText } from "./yaml-file.ts";

/** The flags of `serve` that are settings. */
export interface SettingFlags {
  readonly config?: string;
  readonly tokens?: string;
  readonly mode?: string;
  readonly ifMatch?: string;
  readonly resolvedBy?: string;
  readonly retention?: string;
}

const WEBHOOK_VARIABLE = "ZEKE_WEBHOOK_SECRET";

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
  const file = openYaml(name, what, cwd);
  if (file.data === null || file.data === undefined) {
    if (schema.safeParse({}).success) return {} as z.input<Schema>;
    throw new UsageFault(`${file.path}: the file is empty`);
  }
  checkedBy(schema, file.data, file);
  return file.data as z.input<Schema>;
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
