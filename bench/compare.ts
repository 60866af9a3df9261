/**
 * Owns the comparison of servers under one load: rounds in turn, so that a machine that slows down slows all, and the
 * median of the ratios within a round.
 * Refuses a round in which anything failed.
 */

import type { LoadOptions } from "./load.ts";
import type { ClientCalls } from "./serve-client.ts";
import type { Child } from "./serve-process.ts";
import type { ServerCalls } from "./serve-server.ts";
import { count, median } from "./serve-table.ts";

export interface Side {
  readonly name: string;
  readonly server: Child<ServerCalls>;
  readonly load: LoadOptions;
}

export interface Round {
  readonly rate: number;
  /** CPU time of the server per request, microseconds. */
  readonly cpu: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly bytes: number;
  /** Shares of a core that server and client took. */
  readonly serverBusy: number;
  readonly clientBusy: number;
}

export interface Length {
  readonly rounds: number;
  readonly seconds: number;
}

/** The rounds of each side, in the order of the sides. A first round warms up and does not count. */
export class Comparison {
  readonly sides: readonly { readonly name: string; readonly rounds: readonly Round[] }[];

  constructor(sides: Comparison["sides"]) {
    this.sides = sides;
  }

  /** The median of one side's figure to another's, round by round. */
  ratio(name: string, base: string, figure: keyof Round): number {
    const left = this.of(name);
    const right = this.of(base);
    return median(left.map((round, index) => round[figure] / (right[index] as Round)[figure]));
  }

  notes(): readonly string[] {
    return this.sides.map(({ name, rounds }) => {
      const of = (figure: keyof Round): number => median(rounds.map((round) => round[figure]));
      const percent = (share: number): string => `${Math.round(share * 100)} %`;
      return (
        `${name.padEnd(28)} ${count(of("rate")).padStart(7)} requests/s  ${of("cpu").toFixed(0).padStart(5)} us CPU/request  ` +
        `p50 ${of("p50Ms").toFixed(2).padStart(6)} ms  p99 ${of("p99Ms").toFixed(2).padStart(6)} ms  ${Math.round(of("bytes"))} B  ` +
        `busy: server ${percent(of("serverBusy"))}, client ${percent(of("clientBusy"))}`
      );
    });
  }

  private of(name: string): readonly Round[] {
    const side = this.sides.find((one) => one.name === name);
    if (side === undefined) throw new Error(`${name} was not measured`);
    return side.rounds;
  }
}

export async function compare(
  client: Child<ClientCalls>,
  sides: readonly Side[],
  { rounds, seconds }: Length,
): Promise<Comparison> {
  const runs: { name: string; side: Side; load: number; rounds: Round[] }[] = [];
  for (const side of sides) {
    runs.push({ name: side.name, side, load: await client.ask("openLoad", side.load), rounds: [] });
  }
  for (const { side, load } of runs) await measure(client, side, load, seconds * 2);
  for (let round = 0; round < rounds; round++) {
    for (const run of runs) run.rounds.push(await measure(client, run.side, run.load, seconds));
  }
  for (const { load } of runs) await client.ask("closeLoad", load);
  return new Comparison(runs);
}

async function measure(
  client: Child<ClientCalls>,
  { name, server }: Side,
  load: number,
  seconds: number,
): Promise<Round> {
  // Nothing is under way before and after, so all of this cost is of these requests.
  const before = await server.ask("cpu", undefined);
  const run = await client.ask("runLoad", { load, seconds });
  const cpu = (await server.ask("cpu", undefined)) - before;
  if (run.faults > 0)
    throw new Error(`${name}: ${run.faults} calls failed, the first with ${run.firstFault}`);
  return {
    rate: run.requests / run.seconds,
    cpu: cpu / run.requests,
    p50Ms: run.p50Ms,
    p99Ms: run.p99Ms,
    bytes: run.bytes,
    serverBusy: cpu / 1e6 / run.seconds,
    clientBusy: run.cpu / 1e6 / run.seconds,
  };
}
