/**
 * Owns the profile of a target: its shape, its defaults, and what of the environment stands in it as `${NAME}`.
 * Refuses to read files, and to ask the target: cli/ and live/ do.
 */

import { z } from "zod";
import { ENTITIES, STRATEGIES } from "../protocol/entity.ts";
import { isPattern } from "./pattern.ts";

const Count = z.number().int().positive();
const Header = z
  .string()
  .regex(/^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/, "a header's name has no spaces and no colon");
const Path = z.string().regex(/^\/\S*$/, "a path begins with /");

/** The paths of the protocol by the names that a profile has for them. */
export const PATHS = {
  contacts: "/api/contacts",
  tasks: "/api/tasks",
  lists: "/api/lists",
  capabilities: "/api/sync/capabilities",
  events: "/api/sync/events",
  changes: "/api/sync/changes",
  batch: "/api/sync/batch",
  register: "/api/push/register",
  topics: "/api/push/topics",
  webhook: "/api/webhooks/zeke",
} as const;

const PathNames = z.enum(Object.keys(PATHS) as [keyof typeof PATHS, ...(keyof typeof PATHS)[]]);

const Account = z.strictObject({
  name: z.string().min(1),
  token: z.string().regex(/^\S+$/, "a token is not empty and has no spaces"),
});

const EntityProfile = z.strictObject({
  /** The name of its collection in paths, where it is another. */
  collection: z
    .string()
    .regex(/^[\w.-]+$/, "a collection is one part of a path")
    .optional(),
  strategy: z.enum(STRATEGIES).optional(),
  /** For people: ids carry the run id already. */
  tag: z.string().optional(),
});

const DEFAULT_LIMITS = { concurrency: 8, requestsMax: 20_000 } as const;

/** A profile; everything may be left out. */
export const Profile = z.strictObject({
  target: z
    .strictObject({
      baseUrl: z
        .string()
        .regex(/^https?:\/\/[^\s?#]+$/, "an address is written https://host/path, without ? and #")
        .optional(),
      paths: z.partialRecord(PathNames, Path).default({}),
      headers: z.record(Header, z.string()).default({}),
    })
    .prefault({}),
  accounts: z
    .tuple([Account, Account])
    .refine(
      ([first, second]) => first.token !== second.token,
      "both have the same token; isolation needs two accounts",
    )
    .default([
      { name: "a", token: "tok-a" },
      { name: "b", token: "tok-b" },
    ]),
  entities: z.partialRecord(z.enum(ENTITIES), EntityProfile).default({}),
  phases: z.array(z.number().int().min(1).max(5)).min(1).optional(),
  revisions: z
    .strictObject({
      pattern: z.string().refine(isPattern, "not a regular expression").default("^rev_\\d{10}_[0-9a-z]{6,}$"),
      order: z.enum(["ascii", "opaque"]).default("ascii"),
    })
    .prefault({}),
  limits: z
    .strictObject({
      /** Undefined: 50, and 1000 for a target on this machine. */
      requestsPerSecond: Count.optional(),
      concurrency: Count.max(256).default(DEFAULT_LIMITS.concurrency),
      requestsMax: Count.default(DEFAULT_LIMITS.requestsMax),
      timeoutSeconds: Count.default(10),
    })
    .prefault({}),
  push: z.strictObject({ sinkPort: z.number().int().min(0).max(65_535).optional() }).prefault({}),
  webhooks: z
    .strictObject({
      secret: z.string().startsWith("whsec_", "a secret begins with whsec_").optional(),
      /** How the target names both accounts in webhooks; the names of the accounts where it is left out. */
      accounts: z.tuple([z.string().min(1), z.string().min(1)]).optional(),
    })
    .prefault({}),
  expiredRevision: z.string().min(1).optional(),
  /** A further token of the first account that ends during a run, and when: RFC 3339, or epoch seconds as in a JWT. */
  expiring: z
    .strictObject({
      token: z.string().regex(/^\S+$/, "a token is not empty and has no spaces"),
      at: z.union(
        [z.iso.datetime({ offset: true }), z.string().regex(/^\d{9,11}$/), z.number().int().positive()],
        "an instant is written 2030-01-31T12:00:00Z, or in epoch seconds",
      ),
    })
    .optional(),
  /** Members of capabilities that the target does not tell, or not truly. */
  capabilities: z.record(z.string(), z.unknown()).default({}),
});
export type Profile = z.infer<typeof Profile>;

/** One `${NAME}` that the environment does not have. */
interface UnsetVariable {
  readonly path: readonly PropertyKey[];
  readonly name: string;
}

export interface Expanded {
  readonly data: unknown;
  readonly unset: readonly UnsetVariable[];
  /** What came from the environment: to be hidden wherever it is shown. */
  readonly secrets: readonly string[];
}

/** Puts the environment's values where `${NAME}` stands in any text. */
export function expandEnv(data: unknown, env: Readonly<Record<string, string | undefined>>): Expanded {
  const unset: UnsetVariable[] = [];
  const secrets: string[] = [];
  const expand = (value: unknown, path: readonly PropertyKey[]): unknown => {
    if (Array.isArray(value)) return value.map((one, at) => expand(one, [...path, at]));
    if (typeof value === "object" && value !== null)
      return Object.fromEntries(
        Object.entries(value).map(([name, one]) => [name, expand(one, [...path, name])]),
      );
    if (typeof value !== "string") return value;
    return value.replaceAll(/\$\{([A-Za-z_]\w*)\}/g, (_whole, name: string) => {
      const found = env[name];
      if (found === undefined || found === "") unset.push({ path, name });
      else secrets.push(found);
      return found ?? "";
    });
  };
  return { data: expand(data, []), unset, secrets };
}

/** From the paths of the protocol to those of the target. */
export function renamedPaths({ target, entities }: Profile): ReadonlyMap<string, string> {
  const renamed = new Map<string, string>();
  for (const [name, path] of Object.entries(PATHS)) {
    const entity = ENTITIES.find((one) => `${one}s` === name);
    const collection = entity === undefined ? undefined : entities[entity]?.collection;
    const own =
      target.paths[name as keyof typeof PATHS] ??
      (collection === undefined ? undefined : `/api/${collection}`);
    if (own !== undefined && own !== path) renamed.set(path, own);
  }
  return renamed;
}

/** What the profile says in the words of capabilities, over what the target says. */
export function correctionsOf({ capabilities, entities, phases }: Profile): {
  readonly [member: string]: unknown;
} {
  const strategies = ENTITIES.flatMap((entity) => {
    const strategy = entities[entity]?.strategy;
    return strategy === undefined
      ? []
      : [{ entity, collection: entities[entity]?.collection ?? `${entity}s`, strategy }];
  });
  return {
    ...capabilities,
    ...(phases === undefined ? {} : { phases }),
    ...(strategies.length === 0 ? {} : { entities: strategies }),
  };
}

const LOCAL = /^https?:\/\/(?:localhost|127\.\d+\.\d+\.\d+|\[::1\])(?::|\/|$)/;
const PER_SECOND_LOCAL = 1_000;
const PER_SECOND = 50;

/** Whether a target is on this machine. */
export function isLocal(baseUrl: string): boolean {
  return LOCAL.test(baseUrl);
}

/** How many requests a second a target may be sent. */
export function requestsPerSecondOf({ limits }: Profile, baseUrl: string): number {
  return limits.requestsPerSecond ?? (isLocal(baseUrl) ? PER_SECOND_LOCAL : PER_SECOND);
}

/** Everything in a profile that must never be shown. */
export function secretsOf({ accounts, webhooks, expiring }: Profile): readonly string[] {
  const others = [webhooks.secret, expiring?.token].filter((one) => one !== undefined);
  return [...accounts.map(({ token }) => token), ...others];
}
