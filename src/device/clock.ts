/**
 * Owns the device's idea of the server's time, and its sequence of timestamps and ids.
 * Refuses to trust the wall clock further than to the first `Date` header [QUE-16].
 */

import type { EpochMs } from "../base/time.ts";
import { KEYS } from "./keys.ts";
import type { Device } from "./state.ts";
import { put } from "./storage.ts";

/** A whole-second `Date` says half a second too little on average, and up to half a second either way. */
const COARSE_DATE_MS = 500;
/** Differences below this are latency, not clocks. */
const OFFSET_ERROR_MS = 50;
/** The stored offset is renewed when it is off by this much. */
const STORED_ERROR_MS = 250;
const ID_BLOCKS = 3;
const ID_BLOCK_WIDTH = 7;

/** The clock entry as it is stored. */
export interface StoredClock {
  readonly offsetMs: number;
  readonly lastStampMs: EpochMs;
  readonly sequence: number;
}

/** The server's time now, as well as the device knows it. The monotonic clock carries it over steps of the wall clock. */
export function serverNow(device: Device): EpochMs {
  return Math.round(device.nowMs + device.anchorMs);
}

/** Takes up what was stored; later the monotonic clock alone counts. */
export function anchorClock(device: Device, stored: StoredClock | undefined): void {
  device.offsetMs = stored?.offsetMs ?? 0;
  device.lastStampMs = stored?.lastStampMs ?? 0;
  device.sequence = stored?.sequence ?? 0;
  device.anchorMs = device.wallMs + device.offsetMs - device.nowMs;
}

/** [QUE-16] one look at the server's clock: its `Date`, in an answer to a request sent at `sentAtMs` (monotonic). */
export function sampleClock(device: Device, dateMs: EpochMs, sentAtMs: number): void {
  const halfTripMs = Math.max(0, device.nowMs - sentAtMs) / 2;
  const coarseMs = dateMs % 1_000 === 0 ? COARSE_DATE_MS : 0;
  const anchorMs = dateMs + coarseMs + halfTripMs - device.nowMs;
  if (Math.abs(anchorMs - device.anchorMs) > halfTripMs + coarseMs + OFFSET_ERROR_MS)
    device.anchorMs = anchorMs;
  const offsetMs = Math.round(device.nowMs + device.anchorMs - device.wallMs);
  if (Math.abs(offsetMs - device.offsetMs) <= STORED_ERROR_MS) return;
  device.offsetMs = offsetMs;
  storeClock(device);
}

/** The timestamp of a new edit: the server's time, and above every one before it, whatever the clocks do. */
export function nextStamp(device: Device): EpochMs {
  device.lastStampMs = Math.max(serverNow(device), device.lastStampMs + 1, 0);
  return device.lastStampMs;
}

/** Counts on; the count is stored with the edit that used it. */
function nextSequence(device: Device): number {
  device.sequence++;
  storeClock(device);
  return device.sequence;
}

/**
 * [QUE-13] an id that nobody else makes, in the same millisecond or under a wrong clock: 96 random bits, and the
 * sequence number for drivers whose randomness starts anew with each process.
 */
export function makeId(device: Device, prefix: string): string {
  let text = `${prefix}_`;
  for (let i = 0; i < ID_BLOCKS; i++)
    text += device.random.uint32().toString(36).padStart(ID_BLOCK_WIDTH, "0");
  return `${text}_${nextSequence(device).toString(36)}`;
}

function storeClock(device: Device): void {
  const { offsetMs, lastStampMs, sequence } = device;
  const stored: StoredClock = { offsetMs, lastStampMs, sequence };
  put(device, KEYS.clock, stored);
}
