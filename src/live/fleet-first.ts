/**
 * Owns what accounts hold before a live fleet begins: its records, made by the plain client of each account, in batches
 * where the target has them.
 * Refuses to know why one could not be made: a phone works with what is there.
 */

import { stream } from "../base/prng.ts";
import { ENTITIES, type Entity } from "../protocol/entity.ts";
import { Author } from "../simulation/author.ts";
import type { FirstRecord, RawClient } from "./fleet-raw.ts";
import { type FleetStage, seedName } from "./fleet-stage.ts";

/** Requests under way. */
const AT_ONCE = 32;
/** In one batch: no target's limit on a body is near. */
const TOGETHER_MAX = 50;

export interface FirstOptions {
  /** Of an account, each with records of its own. */
  readonly groups: number;
  /** Of each group. */
  readonly records: Readonly<Record<Entity, number>>;
  readonly itemsPerList: number;
  /** Mutations that the target takes in one batch; 0 or 1: one by one. */
  readonly batchMax: number;
}

interface Part {
  readonly account: number;
  readonly records: readonly FirstRecord[];
}

/** Makes them. Fulfils when each was answered, whatever the answer. */
export async function populate(
  stage: FleetStage,
  plain: readonly RawClient[],
  options: FirstOptions,
): Promise<void> {
  const parts = partsOf(stage, plain.length, options);
  let underWay = 0;
  let isLast = false;
  await new Promise<void>((resolve) => {
    const more = (): void => {
      while (underWay < AT_ONCE && !isLast) {
        const { value, done } = parts.next();
        if (done === true) isLast = true;
        else {
          underWay++;
          create(plain[value.account], value.records, options.batchMax, () => {
            underWay--;
            more();
          });
        }
      }
      if (underWay === 0) resolve();
    };
    more();
  });
}

function create(
  client: RawClient | undefined,
  records: readonly FirstRecord[],
  batchMax: number,
  done: () => void,
): void {
  const [first] = records;
  if (client === undefined || first === undefined) done();
  else if (batchMax > 1) client.createsTogether(records, done);
  else client.creates(first.entity, first.id, first.fields, done);
}

/** As many records of one account together as one request makes. */
function* partsOf(
  { names, seed }: FleetStage,
  accounts: number,
  { groups, records, itemsPerList, batchMax }: FirstOptions,
): Generator<Part> {
  const author = new Author(stream(seed, "seed"), "s");
  const together = Math.max(1, Math.min(TOGETHER_MAX, batchMax));
  for (let account = 0; account < accounts; account++) {
    let part: FirstRecord[] = [];
    for (let group = 0; group < groups; group++)
      for (const entity of ENTITIES)
        for (let nth = 0; nth < records[entity]; nth++) {
          const id = seedName(names, group, account, entity, nth);
          part.push({ entity, id, fields: author.newFields(entity, itemsPerList) });
          if (part.length < together) continue;
          yield { account, records: part };
          part = [];
        }
    if (part.length > 0) yield { account, records: part };
  }
}
