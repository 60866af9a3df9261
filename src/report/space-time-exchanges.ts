/**
 * Owns diagrams of bare exchanges: who asked what, and what came back, as a conformance probe knows it.
 * Refuses to know histories: nothing is told but what was asked and answered.
 */

import type { EpochMs } from "../base/time.ts";
import type { Diagram, DiagramCaption, DiagramLane } from "./space-time.ts";
import { type Instant, type Message, type Moment, place } from "./space-time-place.ts";
import { endCut } from "./trace-short.ts";

/** Steps that a diagram shows; of more, the last, and those that violate. */
export const STEPS_MAX = 20;
const LABEL_MAX = 160;

/** One request and what became of it. */
export interface ExchangeStep {
  /** A device, an account, a socket: whoever has a lane of its own. */
  readonly actor: string;
  readonly sentAtMs: EpochMs;
  /** For instance `PATCH c1 If-Match …0a`. */
  readonly label: string;
  /** For instance `200 …0b`; `lost` when no answer came, and the request may have taken effect. */
  readonly answer: { readonly label: string; readonly atMs?: EpochMs } | "lost";
  readonly violated?: boolean;
  /** The instance that was asked, where there are several. */
  readonly proxy?: string;
}

/** What stands around the exchanges. */
export interface ExchangesText {
  readonly title?: string;
  readonly caption?: readonly DiagramCaption[];
}

const PROXY_NAME = "proxy";

/** A diagram of these exchanges, in the order in which they were sent. */
export function diagramOfExchanges(steps: readonly ExchangeStep[], text: ExchangesText = {}): Diagram {
  const told = chosen(steps);
  const actors = [...new Set(told.map(({ actor }) => actor))];
  const proxies = [...new Set(told.map(({ proxy }) => proxy ?? PROXY_NAME))];
  const lanes: DiagramLane[] = [
    ...actors.map((name) => ({ name: plain(name), kind: "device" as const })),
    ...proxies.map((name) => ({ name: plain(name), kind: "proxy" as const })),
  ];
  const messages: Message[] = [];
  const moments: Moment[] = [];
  const instants = instantsOf(told);
  let offences = 0;
  told.forEach((step, index) => {
    const device = actors.indexOf(step.actor);
    const proxy = actors.length + proxies.indexOf(step.proxy ?? PROXY_NAME);
    const offence = step.violated ? { offence: ++offences } : {};
    const isLost = step.answer === "lost";
    messages.push({
      kind: "request",
      from: { lane: device, when: instants[2 * index] as Instant },
      to: { lane: proxy },
      fate: isLost ? "lost" : "arrives",
      text: endCut(plain(step.label), LABEL_MAX),
      textAt: "from",
      ...(isLost ? offence : {}),
    });
    if (step.answer === "lost") return;
    messages.push({
      kind: "answer",
      from: { lane: proxy },
      to: { lane: device, when: instants[2 * index + 1] as Instant },
      fate: "arrives",
      text: endCut(plain(step.answer.label), LABEL_MAX),
      textAt: "to",
      ...offence,
    });
  });
  const startMs = told.reduce((least, { sentAtMs }) => Math.min(least, sentAtMs), told[0]?.sentAtMs ?? 0);
  const left = steps.length - told.length;
  return {
    title: plain(text.title ?? ""),
    caption: (text.caption ?? []).map(({ label, text: words }) => ({ label, text: plain(words) })),
    lanes,
    ...place({ lanes, moments, messages, spells: [], startMs }),
    notes: left > 0 ? [`${left} earlier ${left === 1 ? "exchange is" : "exchanges are"} left out`] : [],
  };
}

/** The last of them, and all that violate as far as there is room, in the order of sending. */
function chosen(steps: readonly ExchangeStep[]): readonly ExchangeStep[] {
  const ranked = steps
    .map((step, index) => ({ step, index }))
    .sort(
      (left, right) =>
        Number(right.step.violated ?? false) - Number(left.step.violated ?? false) ||
        right.step.sentAtMs - left.step.sentAtMs ||
        right.index - left.index,
    )
    .slice(0, STEPS_MAX);
  return ranked
    .sort((left, right) => left.step.sentAtMs - right.step.sentAtMs || left.index - right.index)
    .map(({ step }) => step);
}

/** Two instants a step, sending and answer; an answer without a time of its own comes right after its request. */
function instantsOf(steps: readonly ExchangeStep[]): readonly Instant[] {
  const times = steps.flatMap(({ sentAtMs, answer }) => [
    sentAtMs,
    answer === "lost" ? sentAtMs : Math.max(sentAtMs, answer.atMs ?? sentAtMs),
  ]);
  const order = times.map((at, index) => ({ at, index })).sort((a, b) => a.at - b.at || a.index - b.index);
  const instants: Instant[] = [];
  order.forEach(({ at, index }, rank) => {
    instants[index] = { order: rank, at };
  });
  return instants;
}

/** Foreign text in which nothing steers a terminal or turns the line around; letters stay what they are. */
function plain(words: string): string {
  return words.replaceAll(/[\p{C}\p{Zl}\p{Zp}]/gu, "\ufffd");
}
