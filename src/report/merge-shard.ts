/**
 * Owns what a shard of a run leaves for merging, and the proof that some of them are one run: all there, none twice,
 * made by one version, by the same rules, of one seed and one set of settings.
 * Refuses to know what was run, and how it is put together.
 */

import { z } from "zod";
import { canonicalJson, type Json } from "../base/canonical-json.ts";
import { hashString } from "../base/prng.ts";
import { RULES } from "../protocol/rules/registry.ts";

export const SHARD_SCHEMA = "zeke-sync/shard@1";
export const SHARD_FILE = "shard.json";

const SHARDED = ["simulate", "explore", "prove", "conformance"] as const;

const JsonValue: z.ZodType<Json> = z.json();
const Count = z.number().int().min(0);

/** What every shard.json has; `body` is the command's own. */
export const ShardFile = z.strictObject({
  schema: z.literal(SHARD_SCHEMA),
  command: z.enum(SHARDED),
  version: z.string(),
  /** Digest of the rule registry, and of all settings that decide the run. */
  rules: z.string(),
  settings: z.string(),
  seed: Count,
  /** The `index`-th of `of`, from 1. */
  shard: z.strictObject({ index: z.number().int().min(1), of: z.number().int().min(1) }),
  /** The command that does the whole in one run. */
  again: z.string(),
  /** The shard's own report, and what merging needs beside it. */
  report: JsonValue,
  body: JsonValue,
});
export type ShardFile = z.output<typeof ShardFile>;

/** A shard, and what it is called where it is told of. */
export interface NamedShard {
  readonly name: string;
  readonly shard: ShardFile;
}

/** A shard.json of a run; `shard.index` from 0, as commands count. */
export function shardFile(
  made: Omit<ShardFile, "schema" | "rules" | "settings" | "shard" | "body" | "report"> & {
    readonly settings: unknown;
    readonly shard: { readonly index: number; readonly of: number };
    readonly report: unknown;
    readonly body: unknown;
  },
): ShardFile {
  const { command, version, seed, again, shard, settings, report, body } = made;
  return {
    schema: SHARD_SCHEMA,
    command,
    version,
    rules: digestOf(RULES),
    settings: digestOf(settings),
    seed,
    shard: { index: shard.index + 1, of: shard.of },
    again,
    report: report as Json,
    body: body as Json,
  };
}

/** The digest of a JSON value: 16 hex digits. */
export function digestOf(value: unknown): string {
  const text = canonicalJson(value);
  return [0x811c9dc5, 0x5bd1e995]
    .map((basis) => (hashString(text, basis) >>> 0).toString(16).padStart(8, "0"))
    .join("");
}

/** Why these are not all the shards of one run, a sentence each; empty when they are. */
export function troublesOf(shards: readonly NamedShard[]): readonly string[] {
  const [first] = shards;
  if (first === undefined) return ["there is no shard to merge"];
  const mixed = MUST_AGREE.flatMap(([what, read]) => {
    const odd = shards.find(({ shard }) => read(shard) !== read(first.shard));
    return odd === undefined
      ? []
      : [
          `${first.name} and ${odd.name} are not of one run: ${what} ${read(first.shard)} and ${read(odd.shard)}`,
        ];
  });
  // What is missing can only be told of one run.
  return mixed.length > 0 ? mixed : gaps(shards, first.shard.shard.of);
}

const MUST_AGREE: readonly (readonly [what: string, read: (shard: ShardFile) => string | number])[] = [
  ["commands", ({ command }) => command],
  ["made by the versions", ({ version }) => version],
  ["judged by the rules", ({ rules }) => rules],
  ["seeds", ({ seed }) => seed],
  ["settings", ({ settings }) => settings],
  ["numbers of shards", ({ shard }) => shard.of],
];

/** Shards that a sentence names. */
const SHOWN_MAX = 10;

function gaps(shards: readonly NamedShard[], of: number): readonly string[] {
  const names = new Map<number, string[]>();
  for (const { name, shard } of shards) {
    const { index } = shard.shard;
    names.set(index, [...(names.get(index) ?? []), name]);
  }
  const numbers = Array.from({ length: of }, (_, nth) => nth + 1);
  const missing = numbers.filter((index) => !names.has(index)).map((index) => `${index}/${of}`);
  const twice = [...names].filter(([, files]) => files.length > 1);
  const strange = [...names.keys()].filter((index) => index > of);
  return [
    ...(missing.length === 0
      ? []
      : [
          `${missing.length === 1 ? "shard" : "shards"} ${shown(missing)} missing: run with --shard ${missing[0]}`,
        ]),
    ...twice.map(
      ([index, files]) => `shard ${index}/${of} is there ${files.length} times: ${files.join(", ")}`,
    ),
    ...strange.map((index) => `shard ${index}/${of} is not one of ${of}`),
  ];
}

/** The first of them, and how many more. */
function shown(names: readonly string[]): string {
  const more = names.length - SHOWN_MAX;
  return more <= 0 ? names.join(", ") : `${names.slice(0, SHOWN_MAX).join(", ")} and ${more} more`;
}
