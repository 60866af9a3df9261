/**
 * Owns the stories that tests of diagrams draw: two phones write one contact, and each rule that can break on the way.
 * Refuses to judge: violations are written by hand.
 */

import type { Violation } from "../checkers/port.ts";
import * as make from "../history/facts.fixture.ts";
import type { Fact, OnDevice, Roster } from "../history/facts.ts";

/** A roster of `count` devices of one account. */
export function rosterOf(count: number): Roster {
  return {
    devices: Array.from({ length: count }, (_, nth) => ({
      name: ["phone", "tablet"][nth] ?? `d${nth}`,
      account: 0,
    })),
    accounts: [{ name: "account-0" }],
  };
}

export const violated = (rule: string, at: number, evidence: readonly Fact[]): Violation => ({
  rule,
  at,
  expected: `contact c1 unchanged at ${make.rev(2)}`,
  actual: "device 1 changed contact c1",
  because: "the write did not know the record as it stood",
  evidence,
});

/** A write of contact c1, from the thumb to the answer: edited, sent, committed, answered. */
export function write(n: number, base: number, on: OnDevice, some: { readonly name?: string } = {}) {
  const { at, device, account } = on;
  const mutation = `m${n}`;
  const key = `k-m${n}`;
  const payload = { name: some.name ?? `name ${n}` };
  const request = n;
  return {
    edited: make.edited({ ...on, mutation, payload, base: make.rev(base) }),
    sent: make.sent({
      ...on,
      at: at + 10,
      request,
      mutations: [make.mutation({ key, payload, ifMatch: make.rev(base) })],
    }),
    committed: make.committed(n, { at: at + 50, account, device, key, previous: make.rev(n - 1) }),
    answered: make.answered({
      ...on,
      at: at + 90,
      request,
      results: [make.shows(make.record("c1", n), { key })],
    }),
  };
}

export const PHONE: OnDevice = { at: 0, device: 0, account: 0 };
export const TABLET: OnDevice = { at: 0, device: 1, account: 0 };

/** The phone moves c1 on; the tablet, which did not hear of it, writes on the old revision, and is not refused. */
export function staleWrite() {
  const phone = write(2, 1, { ...PHONE, at: 1_000 });
  const tablet = write(3, 1, { ...TABLET, at: 2_000 });
  const facts: readonly Fact[] = [
    make.phase("agitate"),
    make.started({ ...TABLET, at: 500, cold: true }),
    phone.edited,
    phone.sent,
    phone.committed,
    make.offline({ ...TABLET, at: 1_060 }),
    phone.answered,
    make.online({ ...TABLET, at: 1_900 }),
    tablet.edited,
    tablet.sent,
    tablet.committed,
    tablet.answered,
  ];
  const violation = violated("MRG-1", tablet.committed.at, [phone.committed, tablet.committed]);
  return { facts, violation, phone, tablet };
}
